"""One command per row of TASKS, each with its own help, examples and level option.

No `from __future__ import annotations` here: the commands are built from annotations.
"""

import inspect
from collections.abc import Callable
from dataclasses import fields
from enum import Enum
from typing import Any, get_type_hints

import typer
from typer.core import TyperCommand

from ..errors import RestoreError
from ..registry import entries
from ..spec import Level, Task
from ..tasks import TASKS
from .options import RESTORING, RestoreOptions
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
    """A function whose signature has the fields of RestoreOptions and the level of the task."""

    def command(**values: Any) -> None:
        level = values.pop("level", None)
        if task.level is not None and isinstance(level, Enum):
            level = task.level.kind(level.value)
        options = RestoreOptions(**values)
        try:
            restore(task, level, options)
        except BrokenPipeError:
            raise typer.Exit(EXIT_NOBODY_READS) from None

    hints = get_type_hints(RestoreOptions, include_extras=True)
    parameters = [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
        )
        for field in fields(RestoreOptions)
        if task.finds_kernel or field.name != "find_kernel"
    ]
    if task.level is not None:
        parameters.insert(1, _level_parameter(task.level))
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] - read by inspect
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _level_parameter(level: Level) -> inspect.Parameter:
    if level.choices:
        kind: Any = Enum(level.name.capitalize(), {str(choice): str(choice) for choice in level.choices})
        default = None if level.default is None else kind(str(level.default))
        option = typer.Option(default, f"--{level.name}", help=level.help, rich_help_panel=RESTORING)
    else:
        kind = level.kind | None
        option = typer.Option(
            level.default,
            f"--{level.name}",
            metavar="N",
            min=level.low,
            max=level.high,
            help=level.help,
            show_default=False,
            rich_help_panel=RESTORING,
        )
    return inspect.Parameter("level", inspect.Parameter.KEYWORD_ONLY, default=option, annotation=kind)
