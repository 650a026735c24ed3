"""What others gave us (names of files, the system's words) as text that can stand in a message."""

import os
import unicodedata

_HARMFUL = ("Cc", "Zl", "Zp")  # kinds of characters: control codes and line ends


def printable(text: str | os.PathLike[str]) -> str:
    """For any terminal and on one line: bytes that are not UTF-8, line breaks and escape codes escaped."""
    text = os.fspath(text).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(ascii(char)[1:-1] if unicodedata.category(char) in _HARMFUL else char for char in text)


def reason(error: OSError) -> str:
    """What the operating system says about a failure, without the path and the number."""
    return (error.strerror or str(error) or type(error).__name__).lower()
