"""Whether a file is the one that is meant."""

import hashlib
from pathlib import Path

from ..spec import Remote

CHUNK = 1 << 20
WEB_PAGE = (b"<!doctype html", b"<html")


def problem(path: Path, remote: Remote) -> str | None:
    """What is wrong with a file, in words; None where it is what `remote` says."""
    size = path.stat().st_size
    is_page = is_web_page(path)
    if remote.size is not None and size != remote.size:
        return "is a web page" if is_page else f"has {size} bytes, not {remote.size}"
    meant = {"sha256": remote.sha256, "git blob": remote.git_blob}
    hashes = {
        "sha256": hashlib.sha256(),
        # What git names a file by. It proves less than sha256, but it is what the authors' commit gives.
        "git blob": hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False),
    }
    wanted = [hashes[name] for name, value in meant.items() if value is not None]
    with path.open("rb") as stream:
        while wanted and (chunk := stream.read(CHUNK)):
            for hash_ in wanted:
                hash_.update(chunk)
    for name, value in meant.items():
        found = hashes[name].hexdigest()
        if value is not None and found != value:
            return "is a web page" if is_page else f"has the {name} {found}, not {value}"
    return None


def is_web_page(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(512).lstrip().lower().startswith(WEB_PAGE)
