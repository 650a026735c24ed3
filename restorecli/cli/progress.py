"""The progress display: one row for the file, one for the whole, on stderr."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

NAME_WIDTH = 32


class Display:
    """Two rows that stay below what is printed, and vanish at the end."""

    def __init__(self, files: int) -> None:
        self._files = files
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}", markup=False),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._name = ""
        self._file = self._progress.add_task("", total=None, unit="tiles")
        self._whole = self._progress.add_task("all", total=files, unit="files", visible=files > 1)

    def __enter__(self) -> "Display":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self, name: str, tiles_done: int, tiles: int, files_done: int) -> None:
        if name != self._name:
            self._name = name
            short = name if len(name) <= NAME_WIDTH else "…" + name[1 - NAME_WIDTH :]
            self._progress.reset(self._file, total=tiles, description=short)
        self._progress.update(self._file, completed=tiles_done, total=tiles)
        self._progress.update(self._whole, completed=files_done + tiles_done / max(tiles, 1))

    def print(self, line: str) -> None:
        self._progress.console.print(Text.from_ansi(line), soft_wrap=True, highlight=False)
