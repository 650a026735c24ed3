"""Whether a file is the one that is meant."""

import hashlib
from pathlib import Path

import pytest

from restorecli.proof import digest, is_web_page, problem
from restorecli.spec import Remote

CONTENT = b"what is up, doc?"
BLOB = "bd9dbf5aae1a3862dd1526723246b20206e5fc37"  # of Pro Git's example
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "blob.bin"
    path.write_bytes(CONTENT)
    return path


def test_the_digest_is_gits(file: Path):
    found = digest(file)
    assert (found.git_blob, found.sha256, found.size) == (BLOB, SHA256, len(CONTENT))


@pytest.mark.parametrize(
    ("remote", "words"),
    [
        (Remote(), None),
        (Remote(size=16, sha256=SHA256, git_blob=BLOB), None),
        (Remote(size=17, sha256=SHA256), "has 16 bytes, not 17"),
        (Remote(size=16, sha256="0" * 64), f"has the sha256 {SHA256}, not {'0' * 64}"),
        (Remote(git_blob="0" * 40), f"has the git blob {BLOB}, not {'0' * 40}"),
    ],
)
def test_a_file_that_is_not_meant_is_told_by_what_differs(file: Path, remote: Remote, words: str | None):
    assert problem(file, remote) == words


@pytest.mark.parametrize("remote", [Remote(size=1), Remote(sha256="0" * 64), Remote(git_blob="0" * 40)])
def test_a_page_in_place_of_a_file_is_called_one(file: Path, remote: Remote):
    file.write_bytes(b"\n<!DOCTYPE html><title>Log in</title>")
    assert problem(file, remote) == "is a web page"
    assert problem(file, Remote()) is None, "it may be what is meant"


def test_web_pages():
    assert all(map(is_web_page, (b"<!doctype html>", b" \n<HTML>", b'<?xml version="1.0"?>', b"<head>")))
    assert not any(map(is_web_page, (b"", b"\x89PNG", b"<", b"html")))
