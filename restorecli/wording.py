"""Names, sizes, counts, levels and the system's words as text that can stand in a message."""

import difflib
import os
import unicodedata
from collections.abc import Iterable

_HARMFUL = ("Cc", "Zl", "Zp")  # kinds of characters: control codes and line ends
# What turns the direction of the letters around it: `photo\u202egnp.exe` would be shown as `photoexe.png`.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str | os.PathLike[str]) -> str:
    """For any terminal and on one line: escaped are bytes that are not UTF-8, line breaks, escape codes and
    what turns the direction of writing.
    """
    text = os.fspath(text).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(ascii(char)[1:-1] if _is_harmful(char) else char for char in text)


def _is_harmful(char: str) -> bool:
    return char in _TURNING or unicodedata.category(char) in _HARMFUL


def reason(error: OSError) -> str:
    """What the operating system says about a failure, without the path and the number."""
    return (error.strerror or str(error) or type(error).__name__).lower()


def megabytes(count: float, digits: int = 1) -> str:
    """Bytes as `4.5 MB`."""
    return f"{count / 1e6:.{digits}f} MB"


def counted(count: int, noun: str) -> str:
    """`1 file`, `3 files`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def level_text(level: float | str | None) -> str:
    """A level without its name: `25`, `0.5`, `grbg`; nothing where there is none."""
    return f"{level:g}" if isinstance(level, (int, float)) else level or ""


def near(name: str, names: Iterable[str], most: int = 1) -> list[str]:
    """What may have been meant by a name that is not among `names`, the likeliest first."""
    return difflib.get_close_matches(name, list(names), n=most)


def did_you_mean(name: str, names: Iterable[str]) -> str | None:
    """A question that names what was probably meant."""
    close = near(name, sorted(names), most=3)
    return f"did you mean {' or '.join(close)}?" if close else None


def duration(seconds: float) -> str:
    """0.4 s, 12 s, 3 min 20 s, 2 h 5 min."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left} min" if hours else f"{minutes} min {rest} s"
