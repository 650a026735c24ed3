"""Names of files in messages: any name a file system holds, printable on any terminal and on one line."""

import os
import unicodedata
from typing import BinaryIO

Source = str | os.PathLike[str] | bytes | BinaryIO
Target = str | os.PathLike[str] | BinaryIO


def printable(path: str | os.PathLike[str]) -> str:
    """The path as text that can be printed: bytes that are not UTF-8 and control characters escaped."""
    text = os.fspath(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if unicodedata.category(c) not in ("Cc", "Zl", "Zp") else ascii(c)[1:-1] for c in text)


def describe(place: Source | Target) -> str:
    """What a message calls the file, the bytes or the stream."""
    if isinstance(place, bytes):
        return f"{len(place)} bytes"
    if isinstance(place, (str, os.PathLike)):
        return printable(place)
    name = getattr(place, "name", None)
    return printable(name).strip("<>") if isinstance(name, str) else "stream"


def reason(error: OSError) -> str:
    """What the operating system says about a failure, without the path and the number."""
    return (error.strerror or str(error) or type(error).__name__).lower()
