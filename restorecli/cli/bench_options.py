"""What `restore bench` and `restore train evaluate` can be asked for: each option once.

No `from __future__ import annotations` here: the commands are built from annotations.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import typer
from typer.core import TyperGroup

from .. import registry
from ..errors import UsageError
from ..tasks import TASKS
from .options import (
    OUTPUT,
    SPEED,
    Device,
    Json,
    LicencePolicy,
    PrecisionOption,
    WeightsFile,
    WindowsOption,
    complete_models,
    flag,
    names,
    value,
)

WHAT = "What to measure"
NO_MODEL = "none"

# A level of which several can be measured: a number. Of a word (a pattern) the card decides.
LEVELS = {
    task.level.name: task for task in TASKS.values() if task.level is not None and task.level.kind is not str
}

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
class BenchOptions:
    """What is measured, how, and what is told of it."""

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
    set_dir: Annotated[
        list[Path] | None,
        value(
            WHAT,
            metavar="FOLDER",
            help="Clean images, or pairs (input/ and target/). Can be repeated.",
        ),
    ] = None
    model: Annotated[
        str,
        value(
            WHAT,
            "--model",
            "-m",
            metavar="A,B,C",
            help="Weights by id, networks by name, identity, auto, or none.",
            default=True,
            autocompletion=complete_models,
        ),
    ] = registry.AUTO
    levels: Mapping[str, str] = field(default_factory=dict)  # as they were given, by their names in LEVELS
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
    windows: Annotated[
        WindowsOption,
        typer.Option(help="paper: networks see the windows of their authors.", rich_help_panel=WHAT),
    ] = WindowsOption.OURS
    ensemble: Annotated[bool, flag(WHAT, "--ensemble", help="Mean over 8 turned and flipped copies.")] = False
    weights_file: WeightsFile = None
    license: LicencePolicy = None
    device: Device = "auto"
    precision: Annotated[
        PrecisionOption, typer.Option(help="Of the networks' numbers.", rich_help_panel=SPEED)
    ] = PrecisionOption.FP32
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

    @property
    def models(self) -> tuple[str, ...]:
        """Of none, the baselines alone are measured."""
        return () if self.model == NO_MODEL else names("--model", self.model) or (registry.AUTO,)

    @property
    def words(self) -> dict[str, tuple[str, ...]]:
        """Of the levels that were given."""
        return {name: names(f"--{name}", text) for name, text in self.levels.items() if text}


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


def takes_options(*left_out: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command the options of BenchOptions, as one value after its own parameters."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(BenchOptions, include_extras=True)
        own = list(inspect.signature(command).parameters.values())[:-1]

        def called(**values: Any) -> None:
            mine = {parameter.name: values.pop(parameter.name) for parameter in own}
            levels = {name: values.pop(name) for name in LEVELS}
            command(**mine, options=BenchOptions(levels=levels, **values))

        found = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
        for each in fields(BenchOptions):
            if each.name == "levels":
                found += [_parameter(name, _level(name), "") for name in LEVELS]
            elif each.name not in left_out:
                found.append(_parameter(each.name, hints[each.name], each.default))
        called.__signature__ = inspect.Signature(found)  # type: ignore[attr-defined] - read by inspect
        called.__annotations__ = {parameter.name: parameter.annotation for parameter in found}
        called.__doc__, called.__name__ = command.__doc__, command.__name__
        return called

    return decorate


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _level(name: str) -> Any:
    task = LEVELS[name]
    assert task.level is not None
    what = f"{task.level.help.partition('. ')[0].rstrip('.')}: {task.name}."
    return Annotated[str, value(WHAT, f"--{name}", metavar="N,..", help=what, default="as in the papers")]
