"""The command, run in this process through the same main() as from a shell: importing torch takes seconds."""

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from imported import write_rows
from running import Result, Run

from restorecli.cli.app import main


@pytest.fixture
def restore(monkeypatch: pytest.MonkeyPatch) -> Run:
    """restore("denoise", path, ..., stdin=b"") -> Result, on the identity network and the CPU unless told."""

    def run(*words: object, stdin: bytes = b"", identity: bool = True) -> Result:
        arguments = [str(word) for word in words]
        if identity and "--model" not in arguments:
            arguments += ["--model", "identity"]
        if identity and "--device" not in arguments:
            arguments += ["--device", "cpu"]
        out, err = io.BytesIO(), io.BytesIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
            patch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding="utf-8"))
            patch.setattr(sys, "stderr", io.TextIOWrapper(err, encoding="utf-8"))
            code = main(arguments)
            sys.stdout.flush()
            sys.stderr.flush()
            return Result(code, out.getvalue(), err.getvalue().decode())

    return run


@pytest.fixture
def bring(restore: Run, own_folders: Path) -> Callable[..., Result]:
    """bring(id, file, ...) -> what `restore weights import` did; the user's list has small networks."""
    write_rows(own_folders / "config")
    return lambda *words: restore("weights", "import", *words, identity=False)
