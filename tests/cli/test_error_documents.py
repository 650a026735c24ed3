"""With --json every error is one document on standard output, whoever refuses what."""

import subprocess
import sys
from pathlib import Path

import pytest
from running import Run, make_picture

from restorecli import proof
from restorecli.cli import doctor, weights_files
from restorecli.errors import EXIT_BUG


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    make_picture(tmp_path / "a.png")
    (tmp_path / "bad.pt").write_bytes(b"not weights")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("denoise a.png --strength 1.5 --json", 2, "--strength"),
        ("denoise a.png --json --sigma strong", 2, "--sigma"),
        ("denoise a.png --no-such --json", 2, "--no-such"),
        ("denoise a.png -jf --model nothing", 3, "no weights named 'nothing'"),
        ("denoise a.png -qj", 2, "--json and --quiet contradict each other"),
        ("compare a.png --json --quiet", 2, "--json and --quiet contradict each other"),
        ("compare no.png --json", 1, "no.png: there is no such file"),
        ("bench --json --csv", 2, "--json and --csv contradict each other"),
        ("bench denoise --set cbsd86 --json", 2, "there is no set 'cbsd86'"),
        ("weights import rnan-demosaic bad.pt --json", 3, "bad.pt"),
        ("weights info nothing -j", 3, "nothing"),
        ("train evaluate nothing . --damage noise:25 --json", 2, "nothing"),
        ("nonsense --json", 2, "nonsense"),
    ],
)
def test_an_error_is_a_document(restore: Run, words: str, code: int, message: str):
    result = restore(*words.split(), identity=False)
    assert result.code == code, result.stderr
    error = result.json["error"]
    assert message in error["message"]
    assert error["exit_code"] == code
    assert result.errors == [f"error: {error['message']}"]
    assert (f"hint: {error['hint']}" in result.stderr) == (error["hint"] is not None)


@pytest.mark.parametrize(
    "words", [("--strength", "1.5"), ("--strength", "1.5", "--", "--json"), ("-m", "json"), ("-mj",)], ids=str
)
def test_there_is_no_document_unasked(restore: Run, words: tuple[str, ...]):
    result = restore("denoise", "a.png", *words, identity=False)
    assert result.code != 0
    assert result.stdout == b""


def test_an_answer_that_was_given_is_not_followed_by_another(restore: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(weights_files, "digest", lambda path: proof.Digest("0" * 64, "0" * 40, 1))
    result = restore("weights", "verify", "compact-denoise", "--json", identity=False)
    assert result.code == 3
    assert [row["id"] for row in result.json] == ["compact-denoise"]


def test_a_bug_is_a_document_too(restore: Run, monkeypatch: pytest.MonkeyPatch):
    def fail() -> None:
        raise ValueError("no")

    monkeypatch.setattr(doctor, "_versions", fail)
    result = restore("doctor", "--json", identity=False)
    assert result.code == EXIT_BUG
    error = result.json["error"]
    assert (error["kind"], error["message"], error["exit_code"]) == ("ValueError", "no", EXIT_BUG)


def test_a_full_disk_is_said_once():
    with Path("/dev/full").open("wb") as disk:
        words = [sys.executable, "-m", "restorecli", "denoise", "a.png", "--tile", "big", "--json"]
        ended = subprocess.run(words, stdout=disk, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 2
    refused, full = (line for line in ended.stderr.splitlines() if line.startswith("error: "))
    assert refused.startswith("error: --tile big")
    assert full.startswith("error: standard output: cannot be written")
