"""What `restore bench` and `restore train evaluate` can be asked for: each option once.

No `from __future__ import annotations` here: the commands are built from annotations.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import typer
from typer.core import TyperGroup

from ..errors import UsageError
from ..settings import Settings
from ..tasks import TASKS
from .options import (
    OUTPUT,
    Json,
    LicencePolicy,
    WeightsFile,
    as_command,
    flag,
    names,
    options_of,
    parameter,
    settings_from,
    settings_options,
    value,
)

WHAT = "What to measure"

# A level of which several can be measured: a number. Of a word (a pattern) the card decides.
LEVELS = {
    task.level.name: task for task in TASKS.values() if task.level is not None and task.level.kind is not str
}
Levels = dict[str, tuple[str, ...]]  # as they were given, by their names

Markdown = Annotated[bool, flag(OUTPUT, "--markdown", help="The table in Markdown.")]
Csv = Annotated[bool, flag(OUTPUT, "--csv", help="The table as CSV.")]
Short = Annotated[bool, flag(OUTPUT, "--short", help="One row for each set, its levels side by side.")]


class RunFirst(TyperGroup):
    """`restore bench ...` means `restore bench run ...`, and `restore train RECIPE` likewise."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and not args[0].startswith("-"):
            is_run = args[0] not in self.commands
        else:
            is_run = not self.no_args_is_help
        if is_run:
            args = ["run", *args]
        return super().parse_args(ctx, args)


def complete_sets() -> list[str]:
    from ..bench.sets import MINI, catalogue

    return [MINI, *catalogue().sets]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """On what, and what is told of it."""

    sets: Annotated[
        str,
        value(
            WHAT,
            "--set",
            "-s",
            metavar="NAME,..",
            help="Standard sets by name, fetched when first used; NAME=FOLDER for a copy of yours.",
            default="the images that ship with restorecli",
            autocompletion=complete_sets,
        ),
    ] = ""
    protocol: Annotated[
        str | None,
        value(WHAT, metavar="CARD", help="How inputs are made and results scored.", default="by the set"),
    ] = None
    limit: Annotated[
        int | None, value(WHAT, metavar="N", help="Only the first images of each set.", default="all", min=1)
    ] = None
    partial: Annotated[
        bool, flag(WHAT, "--partial", help="Measure what is there of a set that is not whole, and say so.")
    ] = False
    told: Annotated[bool, flag(WHAT, "--told", help="Tell the level to networks that can be told it.")] = (
        False
    )
    baselines: Annotated[
        Literal["all", "simple", "none"],
        typer.Option(
            help="Beside the weights: classical methods, or only the input (bicubic, bilinear).",
            rich_help_panel=WHAT,
        ),
    ] = "all"
    weights_file: WeightsFile = None
    license: LicencePolicy = None
    json: Json = False
    markdown: Markdown = False
    csv: Csv = False
    short: Short = False
    figures: Annotated[
        bool, flag(OUTPUT, "--figures", help="JSON without times and memory: the same on every run.")
    ] = False
    per_image: Annotated[
        Path | None, value(OUTPUT, metavar="FILE", help="The scores of every image, as .csv or .json.")
    ] = None
    report: Annotated[
        Path | None, value(OUTPUT, metavar="FILE", help="One HTML page with table, plot and pictures.")
    ] = None
    overwrite: Annotated[bool, flag(OUTPUT, "--overwrite", "-f", help="Replace files that are there.")] = (
        False
    )

    @property
    def form(self) -> str:
        return form_of(
            json=self.json, markdown=self.markdown, csv=self.csv, figures=self.figures, short=self.short
        )


Asked = TypeVar("Asked", bound=Measuring)


def form_of(*, short: bool, **wanted: bool) -> str:
    """The one form of the answer that was asked for. Tables for people can be short: others have all rows."""
    asked = [name for name, is_wanted in wanted.items() if is_wanted]
    if len(asked) > 1:
        raise UsageError(f"--{asked[0]} and --{asked[1]} contradict each other", hint="give one of them")
    form = asked[0] if asked else "table"
    if short and form not in ("table", "markdown"):
        raise UsageError(
            f"--{form} and --short contradict each other", hint=f"--{form} has a row for each level"
        )
    return form


def measuring_command(
    kind: type[Asked], run: Callable[[Asked, Levels, Settings], None]
) -> Callable[..., None]:
    """A command with the fields of `kind`, the levels of all tasks, and what weights are run with."""

    def command(**values: Any) -> None:
        levels = {name: names(f"--{name}", text) for name in LEVELS if (text := values.pop(name))}
        settings = settings_from(values)
        run(kind(**values), levels, settings)

    settings = settings_options(("device", "precision", "windows", "ensemble"), precision="fp32")
    made = as_command(command, options_of(kind), _levels(), settings)
    made.__doc__ = run.__doc__
    return made


def _levels() -> Iterator[inspect.Parameter]:
    for name, task in LEVELS.items():
        assert task.level is not None
        what = f"{task.level.help.partition('. ')[0].rstrip('.')}: {task.name}."
        option = value(WHAT, f"--{name}", metavar="N,..", help=what, default="as in the papers")
        yield parameter(name, Annotated[str, option], "")
