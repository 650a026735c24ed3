"""The options of the commands, each declared once: those of a Restorer by its Settings, the others here.

No `from __future__ import annotations` here: the commands are built from these annotations.
"""

import inspect
from collections.abc import Callable, Collection, Iterable
from dataclasses import MISSING, dataclass, fields
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import typer
from typer.models import OptionInfo

from .. import registry
from ..errors import RestoreError, UsageError
from ..read_rows import AUTO, IDENTITY
from ..settings import RESTORING, SPEED, Option, Settings
from ..tasks import TASKS, Level
from ..weights import licence

WEIGHTS = "Weights"
INPUT = "Input"
OUTPUT = "Output"
REPORTING = "Reporting"
PANELS = (None, RESTORING, WEIGHTS, INPUT, OUTPUT, SPEED, REPORTING)  # as help shows them


def complete_ids(context: typer.Context) -> list[str]:
    return _ids_for(None, context)


def complete_models(context: typer.Context) -> list[str]:
    """Those of the task that is asked for, where one is: the command refuses the others."""
    words = (context.info_name, context.params.get("task"), *context.args)  # args: bench's, not read yet
    task = next((word for word in words if word in TASKS), None)
    return [AUTO, *_ids_for(task, context), IDENTITY]


def _ids_for(task: str | None, context: typer.Context) -> list[str]:
    try:
        rows = registry.entries(context.params.get("weights_file"))
    except RestoreError:  # a list of the user's that cannot be read: the command will say so
        return []
    return [entry.id for entry in rows if task in (None, entry.task)]


def complete_devices() -> list[str]:
    return ["auto", "cpu", "cuda", "mps", "xpu"]


def flag(panel: str, *names: str, help: str) -> Any:
    return typer.Option(*names, metavar="", help=help, rich_help_panel=panel)


def value(panel: str, *names: str, metavar: str, help: str, default: str | bool = False, **more: Any) -> Any:
    """`default` is what help shows as the default, where that is not the value itself (True)."""
    return typer.Option(
        *names, metavar=metavar, help=help, show_default=default, rich_help_panel=panel, **more
    )


Json = Annotated[bool, flag(REPORTING, "--json", "-j", help="One JSON document on stdout.")]
Quiet = Annotated[bool, flag(REPORTING, "--quiet", "-q", help="Only errors; result paths on stdout.")]
MaxPixels = Annotated[
    int | None,
    value(INPUT, "--max-pixels", metavar="N", help="Refuse larger images.", default="400 million", min=1),
]
Damaged = Annotated[bool, flag(INPUT, "--damaged", help="Restore what is left of damaged files.")]
WeightsFile = Annotated[
    str | None,
    value(
        WEIGHTS,
        "--weights-file",
        metavar="FILE",
        help=f"Also the rows of this list, like weights.toml. [{registry.FILE_VARIABLE}]",
    ),
]
LicencePolicy = Annotated[
    str | None,
    value(
        WEIGHTS,
        "--license",
        metavar="any|permissive",
        help=f"permissive refuses weights under other or unknown licences. [{licence.POLICY_VARIABLE}]",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOptions:
    """What a restoring command was asked for, besides its task, its level and its settings."""

    inputs: Annotated[
        list[str] | None,
        typer.Argument(metavar="INPUTS", help="Files, folders, globs; - for stdin.", show_default=False),
    ] = None

    model: Annotated[
        str,
        value(
            RESTORING,
            "--model",
            "-m",
            metavar="NAME",
            help="Weights by id, a network by name, identity, or auto.",
            default=True,
            autocompletion=complete_models,
        ),
    ] = AUTO
    weights_file: WeightsFile = None
    license: LicencePolicy = None

    recursive: Annotated[
        bool, flag(INPUT, "--recursive", "-r", help="Folders with all that is below them.")
    ] = False
    from_file: Annotated[
        str | None,
        value(INPUT, metavar="LIST", help="Read names from a file, one a line or NUL between; - for stdin."),
    ] = None
    max_pixels: MaxPixels = None
    damaged: Damaged = False

    output: Annotated[
        str | None,
        value(
            OUTPUT,
            "--output",
            "-o",
            metavar="PATH",
            help="A file, a folder (ending in /), or - for stdout. Otherwise beside each input.",
        ),
    ] = None
    name: Annotated[
        str | None,
        value(
            OUTPUT,
            metavar="TEMPLATE",
            help="Names of results. Fields: {stem} {ext} {task} {model} {level} {suffix} {parent}. "
            "Otherwise {stem}.{task}.{ext}, in an output folder {stem}.{ext}.",
        ),
    ] = None
    overwrite: Annotated[bool, flag(OUTPUT, "--overwrite", "-f", help="Replace results that are there.")] = (
        False
    )
    in_place: Annotated[bool, flag(OUTPUT, "--in-place", help="Replace the inputs.")] = False
    strip: Annotated[
        bool, flag(OUTPUT, "--strip", help="Leave out EXIF and XMP; the colour profile stays.")
    ] = False
    jpeg_quality: Annotated[
        int | None,
        value(
            OUTPUT,
            metavar="N",
            help="Quality of JPEGs.",
            default="as the input, at least 92",
            min=1,
            max=100,
        ),
    ] = None

    json: Json = False
    quiet: Quiet = False
    verbose: Annotated[bool, flag(REPORTING, "--verbose", "-v", help="Also what was chosen, and why.")] = (
        False
    )
    dry_run: Annotated[
        bool, flag(REPORTING, "--dry-run", help="Only show files, tiles, time and memory.")
    ] = False
    fail_fast: Annotated[bool, flag(REPORTING, "--fail-fast", help="Stop at the first failure.")] = False


# ------------------------------------------------------------------------------ from data to a command


def as_command(run: Callable[..., None], *groups: Iterable[inspect.Parameter]) -> Callable[..., None]:
    """A function for typer with these parameters, by the panels of help; `run` gets their values by name."""
    parameters = [each for group in groups for each in group]
    parameters.sort(key=lambda each: PANELS.index(_panel(each)))

    # Arguments first: typer takes them in this order.
    parameters.sort(key=lambda each: isinstance(get_args(each.annotation)[1], OptionInfo))

    def command(**values: Any) -> None:
        run(**values)

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] - read by inspect
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command


def _panel(each: inspect.Parameter) -> str | None:
    info = get_args(each.annotation)[1]
    return info.rich_help_panel if info.rich_help_panel in PANELS else None


def parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def options_of(kind: type) -> list[inspect.Parameter]:
    """The annotated fields of a dataclass; the others are filled in by the command."""
    hints = get_type_hints(kind, include_extras=True)
    return [
        parameter(
            field.name,
            hints[field.name],
            inspect.Parameter.empty if field.default is MISSING else field.default,
        )
        for field in fields(kind)
        if get_origin(hints[field.name]) is Annotated
    ]


def settings_options(
    names: Collection[str] | None = None, *, without: Collection[str] = (), **defaults: Any
) -> list[inspect.Parameter]:
    """Those of Settings, or some of them, with other defaults where those are given."""
    hints = get_type_hints(Settings)
    return [
        parameter(
            field.name,
            _annotated(field.name, hints[field.name], field.metadata["option"]),
            defaults.get(field.name, field.default),
        )
        for field in fields(Settings)
        if field.name not in without and (names is None or field.name in names)
    ]


def _annotated(name: str, kind: Any, option: Option) -> Any:
    names = option.names or (f"--{name.replace('_', '-')}",)
    if kind is bool:
        shown: dict[str, Any] = {"metavar": ""} if "/" not in names[0] else {}
        return Annotated[bool, typer.Option(*names, help=option.help, rich_help_panel=option.panel, **shown)]
    if get_origin(kind) is Literal:
        return Annotated[kind, typer.Option(*names, help=option.help, rich_help_panel=option.panel)]
    more: dict[str, Any] = {"min": option.low, "max": option.high}
    if name == "device":
        more["autocompletion"] = complete_devices
    if str in get_args(kind):  # a number or a word: see settings_from
        kind = str
    typed = value(
        option.panel, *names, metavar=option.metavar, help=option.help, default=option.shown, **more
    )
    return Annotated[kind, typed]


def settings_from(values: dict[str, Any], **others: Any) -> Settings:
    """The settings among the values of a command, which are taken out of them."""
    given = {field.name: values.pop(field.name) for field in fields(Settings) if field.name in values}
    tile = given.get("tile", AUTO)
    if tile != AUTO:
        if not tile.isdecimal():
            raise UsageError(f"--tile {tile}: not a size", hint="--tile auto, --tile 512, or --tile 0")
        given["tile"] = int(tile)
    return Settings(**given, **others)


def level_option(level: Level, name: str = "level", *, of: str = "") -> inspect.Parameter:
    """A task's level under its own name; `of` says whose, where a command is for several tasks."""
    help = f"{level.help} ({of})" if of else level.help
    if level.choices:
        kind: Any = Literal[tuple(str(choice) for choice in level.choices)]
        default = None if of or level.default is None else str(level.default)
        option = typer.Option(
            f"--{level.name}", help=help, show_default=default is not None, rich_help_panel=RESTORING
        )
        return parameter(name, Annotated[kind if default else kind | None, option], default)
    # Of several tasks, find_level says in whose words a level is wrong.
    bounds: dict[str, Any] = {} if of else {"min": level.low, "max": level.high}
    option = value(RESTORING, f"--{level.name}", metavar="N", help=help, **bounds)
    return parameter(name, Annotated[level.kind | None, option], level.default)


def as_level(level: Level | None, value: Any) -> float | str | None:
    """What its option gave, as the task has it."""
    return level.kind(value) if level is not None and level.choices and value is not None else value


def names(option: str, text: str) -> tuple[str, ...]:
    """What an option that takes a list was given: names with commas between."""
    found = [name.strip() for name in text.split(",")] if text else []
    if not all(found):
        raise UsageError(f"{option} {text}: a name is missing", hint="names with commas between")
    return tuple(found)
