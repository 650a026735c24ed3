"""The options that all restoring commands share, each declared once.

No `from __future__ import annotations` here: the commands are built from these annotations.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import typer

from .. import registry
from ..errors import RestoreError, UsageError
from ..tasks import TASKS
from ..weights import licence

RESTORING = "Restoring"
WEIGHTS = "Weights"
INPUT = "Input"
OUTPUT = "Output"
SPEED = "Speed and memory"
REPORTING = "Reporting"
MOST_TILES = 1_000_000  # at a time: more than any memory holds


class PrecisionOption(StrEnum):
    AUTO = "auto"
    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"


class WindowsOption(StrEnum):
    OURS = "ours"
    PAPER = "paper"


def complete_ids() -> list[str]:
    return _ids_for(None)


def complete_models(context: typer.Context) -> list[str]:
    """Those of the task that is asked for, where one is: the command refuses the others."""
    words = (context.info_name, context.params.get("task"), *context.args)  # args: bench's, not read yet
    task = next((word for word in words if word in TASKS), None)
    return [registry.AUTO, *_ids_for(task), registry.IDENTITY]


def _ids_for(task: str | None) -> list[str]:
    try:
        return [entry.id for entry in registry.entries() if task in (None, entry.task)]
    except RestoreError:  # a list of the user's that cannot be read: the command will say so
        return []


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


def _use_weights_file(context: typer.Context, path: str | None) -> str | None:
    context.with_resource(registry.weights_file(path))
    return path


def _use_licence_policy(context: typer.Context, policy: str | None) -> str | None:
    context.with_resource(licence.policy(policy))
    return policy


# Both hold from where they are read to the end of the command: whatever looks for weights minds them.
WeightsFile = Annotated[
    str | None,
    typer.Option(
        "--weights-file",
        metavar="FILE",
        help=f"Also the rows of this list, like weights.toml. [{registry.FILE_VARIABLE}]",
        callback=_use_weights_file,
        show_default=False,
        rich_help_panel=WEIGHTS,
    ),
]
Device = Annotated[
    str,
    value(
        SPEED,
        "--device",
        "-d",
        metavar="NAME",
        help="auto, cpu, cuda, mps or xpu.",
        default=True,
        autocompletion=complete_devices,
    ),
]
LicencePolicy = Annotated[
    str | None,
    typer.Option(
        "--license",
        metavar="any|permissive",
        help=f"permissive refuses weights under other or unknown licences. [{licence.POLICY_VARIABLE}]",
        callback=_use_licence_policy,
        show_default=False,
        rich_help_panel=WEIGHTS,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOptions:
    """What a restoring command was asked for, besides its task and level."""

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
    ] = registry.AUTO
    weights_file: WeightsFile = None
    license: LicencePolicy = None
    strength: Annotated[
        float,
        value(RESTORING, metavar="N", help="How much of the repair to apply.", default=True, min=0, max=1),
    ] = 1.0
    ensemble: Annotated[
        bool, flag(RESTORING, "--ensemble", help="Mean over 8 turned and flipped copies: 8 times slower.")
    ] = False

    find_kernel: Annotated[
        bool,
        typer.Option(
            "--kernel/--no-kernel",
            help="Take back the one blur that explains the photo, if there is one; or the network alone.",
            rich_help_panel=RESTORING,
        ),
    ] = True

    recursive: Annotated[
        bool, flag(INPUT, "--recursive", "-r", help="Folders with all that is below them.")
    ] = False
    from_file: Annotated[
        str | None,
        value(INPUT, metavar="LIST", help="Read names from a file, one a line or NUL between; - for stdin."),
    ] = None
    max_pixels: Annotated[
        int | None,
        value(INPUT, metavar="N", help="Refuse larger images.", default="400 million", min=1),
    ] = None

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

    device: Device = "auto"
    precision: Annotated[
        PrecisionOption, typer.Option(help="Of the network's numbers.", rich_help_panel=SPEED)
    ] = PrecisionOption.AUTO
    tile: Annotated[
        str,
        value(SPEED, metavar="auto|N|0", help="Pixels a side; 0: the whole image at once.", default=True),
    ] = "auto"
    overlap: Annotated[
        int | None,
        value(SPEED, metavar="N", help="Pixels that tiles share.", default="by the weights", min=0),
    ] = None
    windows: Annotated[
        WindowsOption,
        typer.Option(help="paper: as the network's authors cut images.", rich_help_panel=SPEED),
    ] = WindowsOption.OURS
    batch: Annotated[
        int | None,
        value(SPEED, metavar="N", help="Tiles at a time.", default="auto", min=1, max=MOST_TILES),
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

    @property
    def tile_size(self) -> int | str:
        if self.tile == "auto":
            return "auto"
        if not self.tile.isdecimal():
            raise UsageError(f"--tile {self.tile}: not a size", hint="--tile auto, --tile 512, or --tile 0")
        return int(self.tile)


def names(option: str, text: str) -> tuple[str, ...]:
    """What an option that takes a list was given: names with commas between."""
    found = [name.strip() for name in text.split(",")] if text else []
    if not all(found):
        raise UsageError(f"{option} {text}: a name is missing", hint="names with commas between")
    return tuple(found)
