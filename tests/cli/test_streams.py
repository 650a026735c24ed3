"""Standard streams that are closed, full, unbuffered, or asked for too much."""

import errno
import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from running import Run, make_picture, tree

from restorecli.cli import stopping
from restorecli.cli.app import main
from restorecli.cli.output import Output

REPOSITORY = Path(__file__).parents[2]
IDENTITY = ("--model", "identity", "--device", "cpu")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    make_picture(tmp_path / "a.png")
    return tmp_path


class FullDisk(io.RawIOBase):
    """Takes `room` bytes, by pieces as an unbuffered stream does, then has no space left."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        piece = bytes(data[: min(self.room, 100)])
        if not piece:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.room -= len(piece)
        self.held += piece
        return len(piece)

    def fileno(self) -> int:
        return os.open(os.devnull, os.O_WRONLY)


def with_stdout(raw: FullDisk, *words: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="utf-8", write_through=True))  # type: ignore[arg-type] - as python -u has it
        patch.setattr(sys, "stderr", io.StringIO())
        code = main(["denoise", "a.png", *words, *IDENTITY])
        return code, sys.stderr.getvalue()  # type: ignore[attr-defined] - the StringIO from above


def test_an_unbuffered_stream_gets_all_of_the_image(monkeypatch: pytest.MonkeyPatch):
    raw = FullDisk(room=10**6)
    assert with_stdout(raw, "-o", "-", monkeypatch=monkeypatch) == (0, "")
    with Image.open(io.BytesIO(raw.held)) as image, Image.open("a.png") as source:
        np.testing.assert_array_equal(np.array(image), np.array(source))


@pytest.mark.parametrize("words", [["-o", "-"], ["--json"], ["-q"], []])
def test_a_full_disk_behind_standard_output_is_an_error_of_one_line(
    words: list[str], monkeypatch: pytest.MonkeyPatch
):
    code, stderr = with_stdout(FullDisk(room=5), *words, monkeypatch=monkeypatch)
    assert code == 1
    (line,) = stderr.splitlines()
    assert line.startswith("error: ")
    assert "standard output: cannot be written: no space left on device" in line


@pytest.mark.parametrize("stream", ["stdin", "stdout", "stderr"])
def test_a_closed_stream_does_no_harm(here: Path, stream: str, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patch:
        patch.setattr(sys, stream, None)
        code = main(["denoise", "a.png", *IDENTITY])
        getattr(sys, stream).close()
    assert code == 0
    assert tree(here) == ["a.denoise.png", "a.png"]


def test_an_image_for_a_closed_stream_is_refused(here: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", None)
        code = main(["denoise", "a.png", "-o", "-", *IDENTITY])
        sys.stdout.close()
    assert code == 2
    assert "standard output is closed" in capsys.readouterr().err


def test_an_image_and_words_never_share_standard_output(here: Path, restore: Run):
    result = restore("denoise", "-", "a.png", stdin=(here / "a.png").read_bytes())
    assert (result.code, result.stdout) == (2, b"")
    assert tree(here) == ["a.png"]


def test_standard_input_has_one_name_in_the_document(restore: Run):
    for data in (b"not an image", Path("a.png").read_bytes()):
        document = restore("denoise", "-", "-o", "b.png", "--json", stdin=data).json
        assert document["files"][0]["source"] == "-"


def test_a_bug_shows_its_traceback_line_by_line(capsys: pytest.CaptureFixture[str]):
    try:
        raise ZeroDivisionError("\x1b[31m")
    except ZeroDivisionError as error:
        Output().bug(error)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-2] == "ZeroDivisionError: \\x1b[31m"
    assert "report it" in lines[-1]


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="terminals are not closed by a signal here")
def test_a_closed_terminal_ends_the_work_tidily_unless_the_caller_had_it_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with stopping.tidy_stop():
            os.kill(os.getpid(), signal.SIGHUP)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        with pytest.raises(stopping.Stopped) as caught, stopping.tidy_stop():
            os.kill(os.getpid(), signal.SIGHUP)
        assert caught.value.exit_code == 128 + signal.SIGHUP
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_line_is_there_as_soon_as_its_file_is(here: Path):
    """What reads the paths works on them while the next are made."""
    make_picture(here / "b.png", size=(1500, 1500))
    words = [sys.executable, "-m", "restorecli", "denoise", "a.png", "b.png", "-q", "--tile", "16", *IDENTITY]
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"}
    process = subprocess.Popen(
        words, env=environment | {"PYTHONPATH": str(REPOSITORY)}, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"a.denoise.png\n"
    assert process.poll() is None
    assert not (here / "b.denoise.png").exists()
    process.kill()
    process.communicate()
