"""What messages call the file, bytes or stream that an image is read from or written to."""

import os
from typing import BinaryIO

from ..wording import printable

Source = str | os.PathLike[str] | bytes | BinaryIO
Target = str | os.PathLike[str] | BinaryIO


def describe(place: Source | Target) -> str:
    """What a message calls the file, the bytes or the stream."""
    if isinstance(place, bytes):
        return f"{len(place)} bytes"
    if isinstance(place, (str, os.PathLike)):
        return printable(place)
    name = getattr(place, "name", None)
    return printable(name).strip("<>") if isinstance(name, str) else "stream"
