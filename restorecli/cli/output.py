"""The one place that prints.

stdout carries data and nothing else: result lines for people, paths with --quiet, one document with --json.
Everything else goes to stderr: progress (only on a terminal), warnings, errors, the summary.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TextIO

import typer

from ..errors import LostAnswerError, UsageError
from ..wording import printable, reason

EXIT_NOBODY_READS = 141  # what a shell shows for a command that SIGPIPE ended
REPORT_BUG = "this is a bug in restorecli: please report it with the lines above"

Progress = Callable[[str, int, int, int], None]  # name of the file, tiles done, tiles in all, files done


class Mode(Enum):
    HUMAN = "human"
    JSON = "json"
    QUIET = "quiet"


def mode_of(*, json: bool, quiet: bool) -> Mode:
    if json and quiet:
        raise UsageError("--json and --quiet contradict each other", hint="give one of them")
    return Mode.JSON if json else Mode.QUIET if quiet else Mode.HUMAN


class Output:
    """Where a command's words go."""

    def __init__(self, mode: Mode = Mode.HUMAN, *, verbose: bool = False, is_silent: bool = False) -> None:
        self.mode = mode
        self.verbose = verbose
        self._is_silent = is_silent  # standard output carries an image
        self._above_progress: Callable[[str], None] | None = None

    # ------------------------------------------------------------------------------------------ data

    def result(self, line: str, path: str | None = None) -> None:
        """A line of the answer: `line` for people, `path` (if there is one) with --quiet."""
        if self._is_silent:
            return
        if self.mode is Mode.QUIET and path is not None:
            _write(os.fsencode(path) + b"\n")  # byte for byte, so that other programs find the files
        elif self.mode is Mode.HUMAN:
            if self._above_progress is not None and sys.stdout.isatty():
                self._above_progress(printable(line))
            else:
                _write(printable(line) + "\n")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[str]) -> None:
        """A table for people: drawn on a terminal, plain columns elsewhere; `numbers` are set flush right."""
        if self.mode is not Mode.HUMAN:
            return
        rows = [[printable(cell) for cell in row] for row in rows]
        if sys.stdout.isatty():
            from .drawn_table import draw  # rich costs as much as everything else in `restore --help`

            draw(columns, rows, numbers)
            return
        widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
        for row in (columns, *rows):
            parts = (
                cell.rjust(width) if name in numbers else cell.ljust(width)
                for name, cell, width in zip(columns, row, widths, strict=True)
            )
            _write("  ".join(parts).rstrip() + "\n")

    def text(self, content: str) -> None:
        """An answer in a form of its own that was asked for: Markdown, CSV."""
        _write(content)

    def document(self, content: object) -> None:
        """The answer to --json. Bytes of names that are not UTF-8 come as escaped surrogates."""
        if self.mode is Mode.JSON:
            _write(json.dumps(content) + "\n")

    # ---------------------------------------------------------------------------------------- words

    def note(self, text: str) -> None:
        if self.mode is Mode.HUMAN:
            self._say(printable(text))

    def detail(self, text: str) -> None:
        if self.verbose:
            self._say(_styled(printable(text), dim=True))

    def warn(self, text: str) -> None:
        if self.mode is not Mode.QUIET:
            self._say(f"{_styled('warning:', fg='yellow')} {printable(text)}")

    def error(self, message: str, hint: str | None = None) -> None:
        self._say(f"{_styled('error:', fg='red', bold=True)} {printable(message)}")
        if hint:
            self._say(f"{_styled('hint:', fg='cyan')} {printable(hint)}")

    def bug(self, error: BaseException) -> None:
        """An error of ours: with its traceback, and what to do with it."""
        for line in "".join(traceback.format_exception(error)).splitlines():
            self._say(printable(line))
        self.error(REPORT_BUG)

    def _say(self, line: str) -> None:
        if self._above_progress is not None:
            self._above_progress(line)
        else:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()

    # ------------------------------------------------------------------------------------- progress

    @contextmanager
    def progress(self, files: int) -> Iterator[Progress | None]:
        """A display of the file and of the whole with the time left; None where nobody would see it."""
        if self.mode is not Mode.HUMAN or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
            yield None
            return
        from .progress import Display  # rich costs as much as everything else in `restore --help`

        with Display(files) as display:
            self._above_progress = display.print
            try:
                yield display.update
            finally:
                self._above_progress = None


def _styled(text: str, *, fg: str | None = None, bold: bool = False, dim: bool = False) -> str:
    colourful = sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return typer.style(text, fg=fg, bold=bold or None, dim=dim or None) if colourful else text


def _write(data: str | bytes) -> None:
    """All of it to standard output, at once: what reads it may be waiting for this line.

    Without a buffer (PYTHONUNBUFFERED) the stream takes what fits, and only says how much that was.
    """
    rest = data if isinstance(data, bytes) else data.encode(sys.stdout.encoding, "backslashreplace")
    try:
        while rest:
            rest = rest[sys.stdout.buffer.write(rest) :]
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise LostAnswerError(f"standard output: cannot be written: {reason(error)}") from error


def open_closed_streams() -> None:
    """Where the caller closed a stream (`>&-`, as services do) Python has None."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - open to the end


def is_closed(stream: TextIO) -> bool:
    """Whether it was closed and is now what open_closed_streams() made of it."""
    return getattr(stream, "name", None) == os.devnull


def be_robust(*streams: TextIO) -> None:
    """No character may stop a stream: what its encoding does not have is escaped."""
    for stream in streams:
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
