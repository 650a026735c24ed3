"""restore compare: one photo through several weights, side by side on a page.

No `from __future__ import annotations` here: the command is built from annotations.
"""

import webbrowser
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from .. import registry
from ..tasks import TASKS
from . import compare_work as work
from .commands import examples
from .options import (
    INPUT,
    OUTPUT,
    RESTORING,
    SPEED,
    Device,
    Json,
    LicencePolicy,
    PrecisionOption,
    Quiet,
    RestoreOptions,
    WeightsFile,
    WindowsOption,
    complete_models,
    flag,
    value,
)
from .output import Output, mode_of

SUMMARY = "Compare weights on a photo of yours, on one page."
HELP = (
    "Restores a photo with several weights and writes one page that shows the results over each other. It "
    "has a slider between any two pictures, the spot where the results differ most, seconds and megapixels "
    "per second, and needs neither a network nor another file."
)
EPILOG = examples(
    (
        ("The default weights beside the photo", "restore compare photo.jpg"),
        ("Which weights suit this photo?", "restore compare photo.jpg --model auto,identity --open"),
        ("Another task", "restore compare photo.jpg --task dejpeg -o page.html"),
    )
)


def add_command(app: typer.Typer) -> None:
    app.command("compare", help=HELP, short_help=SUMMARY, epilog=EPILOG, rich_help_panel="More")(compare)


def _complete_list(context: typer.Context, incomplete: str) -> Iterator[str]:
    before, comma, _ = incomplete.rpartition(",")
    yield from (before + comma + name for name in complete_models(context))


def compare(
    photo: Annotated[str, typer.Argument(metavar="PHOTO", help="One image file.", show_default=False)],
    model: Annotated[
        str,
        value(
            RESTORING,
            "--model",
            "-m",
            metavar="A,B,C",
            help="Weights by id, networks by name, identity, or auto.",
            default=True,
            autocompletion=_complete_list,
        ),
    ] = registry.AUTO,
    task: Annotated[
        str | None,
        value(
            RESTORING,
            metavar="TASK",
            help="What to repair.",
            default="by the weights or the level, otherwise denoise",
            autocompletion=lambda: list(TASKS),
        ),
    ] = None,
    sigma: Annotated[float | None, value(RESTORING, metavar="N", help="Of the noise: denoise.")] = None,
    quality: Annotated[int | None, value(RESTORING, metavar="N", help="Of the JPEG: dejpeg.")] = None,
    scale: Annotated[
        int | None, value(RESTORING, metavar="N", help="How many times larger: upscale.")
    ] = None,
    pattern: Annotated[str | None, value(RESTORING, metavar="BAYER", help="Of a mosaic: demosaic.")] = None,
    weights_file: WeightsFile = None,
    license: LicencePolicy = None,
    max_pixels: Annotated[
        int | None, value(INPUT, metavar="N", help="Refuse larger images.", default="400 million", min=1)
    ] = None,
    output: Annotated[
        str | None,
        value(
            OUTPUT,
            "--output",
            "-o",
            metavar="PATH",
            help="The page, or a folder (ending in /). Otherwise PHOTO.compare.html beside the photo.",
        ),
    ] = None,
    overwrite: Annotated[
        bool, flag(OUTPUT, "--overwrite", "-f", help="Replace a page that is there.")
    ] = False,
    open_page: Annotated[bool, flag(OUTPUT, "--open", help="Show the page in the browser.")] = False,
    device: Device = "auto",
    precision: Annotated[
        PrecisionOption, typer.Option(help="Of the networks' numbers.", rich_help_panel=SPEED)
    ] = PrecisionOption.AUTO,
    tile: Annotated[
        str,
        value(SPEED, metavar="auto|N|0", help="Pixels a side; 0: the whole image at once.", default=True),
    ] = "auto",
    windows: Annotated[
        WindowsOption,
        typer.Option(help="paper: as the networks' authors cut images.", rich_help_panel=SPEED),
    ] = WindowsOption.OURS,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """One photo through several weights, and the page that shows them over each other."""
    out = Output(mode_of(json=json, quiet=quiet))
    options: dict[str, Any] = {
        "device": device,
        "precision": precision.value,
        "tile": RestoreOptions(tile=tile).tile_size,
        "windows": windows.value,
    }
    levels = {"sigma": sigma, "quality": quality, "scale": scale, "pattern": pattern}
    wish = work.checked(photo, model, task, levels, output, overwrite)
    attempts = work.compare(wish, options, max_pixels, overwrite, out)
    if open_page and not webbrowser.open(wish.target.absolute().as_uri()):
        out.warn(f"no browser was found: open {wish.target} yourself")
    if any(attempt.error is not None for attempt in attempts):
        raise typer.Exit(1)
