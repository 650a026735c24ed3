"""What a file is: its digest, whether it is the one that is meant, or a web page in its place."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from .spec import Remote

CHUNK = 1 << 20
HEAD = 512  # bytes that tell what a file is
# What a login, a portal or a download limit sends in place of a file.
WEB_PAGE = (b"<!doctype", b"<html", b"<?xml", b"<head")


@dataclass(frozen=True, slots=True)
class Digest:
    """What proves a file."""

    sha256: str
    # What git names a file by. It proves less than sha256, but it is what the authors' commit gives.
    git_blob: str
    size: int


def digest(path: Path) -> Digest:
    """sha256, git blob id and size of a file, read once."""
    size = path.stat().st_size
    sha256 = hashlib.sha256()
    blob = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            sha256.update(chunk)
            blob.update(chunk)
    return Digest(sha256.hexdigest(), blob.hexdigest(), size)


def problem(path: Path, remote: Remote) -> str | None:
    """What is wrong with a file, in words; None where it is what `remote` says."""
    size = path.stat().st_size
    wrong = None
    if remote.size not in (None, size):
        wrong = f"has {size} bytes, not {remote.size}"
    elif remote.sha256 or remote.git_blob:
        found = digest(path)
        if remote.git_blob not in (None, found.git_blob):
            wrong = f"has the git blob {found.git_blob}, not {remote.git_blob}"
        if remote.sha256 not in (None, found.sha256):
            wrong = f"has the sha256 {found.sha256}, not {remote.sha256}"
    return "is a web page" if wrong and is_web_page(head(path)) else wrong


def head(path: Path) -> bytes:
    """The first bytes of a file."""
    with path.open("rb") as stream:
        return stream.read(HEAD)


def is_web_page(start: bytes) -> bool:
    """Whether a file that begins so is a page for people, or XML."""
    return start.lstrip().lower().startswith(WEB_PAGE)
