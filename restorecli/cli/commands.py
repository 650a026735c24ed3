"""One command per row of TASKS, each with its own help, examples and level option.

No `from __future__ import annotations` here: the commands are built from annotations.
"""

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand

from ..errors import RestoreError
from ..registry import entries
from ..tasks import TASKS, Task
from .options import (
    RestoreOptions,
    as_command,
    as_level,
    level_option,
    options_of,
    settings_from,
    settings_options,
)
from .output import EXIT_NOBODY_READS
from .restore import restore


def add_commands(app: typer.Typer) -> None:
    """The commands of all tasks, each with its own help, examples and level option."""
    for task in TASKS.values():
        app.command(
            task.name,
            help=task.description,
            short_help=task.summary,
            epilog=examples(task.examples),
            rich_help_panel="Restore",
            cls=TaskCommand,
        )(_command(task))


class TaskCommand(TyperCommand):
    """Its help says what the default weights were made for; their list is read only where help is asked."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        self.help = "\n\n".join((self.help or "", *about_defaults(self.name or "")))
        super().format_help(ctx, formatter)


_WITHOUT_BLUR = "Where no single blur is found, a network does what it can. Its"


def about_defaults(task: str) -> list[str]:
    """What a task's default weights were made for, and where they are weak: a paragraph each."""
    try:
        rows = [row for row in entries() if row.task == task and row.default]
    except RestoreError:  # of a list of the user's own: said by the command itself; help is help all the same
        return []
    told = [
        f"{_WITHOUT_BLUR if row.model.finds_kernel else 'The default'} weights were trained for: "
        f"{row.trained_for} {row.limits}"
        for row in rows
        if row.trained_for and not row.photos
    ]
    others = "; ".join(f"{row.id} for {row.photos}" for row in rows if row.photos)
    if others:
        told.append(f"Each photo is looked at, and some get weights of their own: {others}.")
    if any(row.white_noise for row in rows):
        told.append("White noise is what no camera's file holds: each pixel has its own, as in test images.")
    return list(dict.fromkeys(told))


def examples(lines: tuple[tuple[str, str], ...]) -> str:
    width = max(len(line) for _, line in lines)
    return "\n\n".join(
        ["[bold]Examples[/bold]", *(f"{line.ljust(width)}   [dim]{what}[/dim]" for what, line in lines)]
    )


def _command(task: Task) -> Callable[..., None]:
    def run(*, level: Any = None, **values: Any) -> None:
        settings = settings_from(values)
        try:
            restore(task, as_level(task.level, level), settings, RestoreOptions(**values))
        except BrokenPipeError:
            raise typer.Exit(EXIT_NOBODY_READS) from None

    return as_command(
        run,
        [] if task.level is None else [level_option(task.level)],
        options_of(RestoreOptions),
        settings_options(without=() if task.first else ("find_kernel",)),
    )
