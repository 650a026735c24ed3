"""The progress of a download, on stderr."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..wording import printable
from .output import Mode, Output

Progress = Callable[[int, int | None], None]  # bytes that are here, bytes in all where that is known


def is_watched(output: Output) -> bool:
    """Whether somebody would see a display."""
    return output.mode is Mode.HUMAN and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


@contextmanager
def download_bar(output: Output, name: str) -> Iterator[Progress | None]:
    """A bar that vanishes at the end; None where nobody would see it."""
    if not is_watched(output):
        yield None
        return
    # rich costs as much as everything else in `restore --help`
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as bars:
        bar = bars.add_task(printable(name), total=None)
        yield lambda done, total: bars.update(bar, completed=done, total=total)
