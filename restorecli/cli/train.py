"""restore train: makes weights from a recipe, exports them, measures them.

No `from __future__ import annotations` here: the commands are built from annotations. torch is imported
inside the commands, so that help stays light.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ..errors import InputError
from ..registry import PACKAGE
from .output import Mode, Output

_MIB = 2**20
RECIPES = ", ".join(sorted(path.stem for path in (PACKAGE / "train" / "recipes").glob("*.toml")))


class RecipeFirst(TyperGroup):
    """`restore train RECIPE.toml` means `restore train run RECIPE.toml`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=RecipeFirst,
    help="Train weights from a recipe, export and measure them.",
    epilog="restore train denoise --data photos/ trains; the same line goes on after a stop.",
    no_args_is_help=True,
)

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a training (its --out).")]


@app.command("run")
def run(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help=f"A TOML file, or one of: {RECIPES}.")],
    data: Annotated[Path, typer.Option(help="The folder that holds the recipe's folders of images.")],
    out: Annotated[
        Path | None, typer.Option(help="Where checkpoint and log go. [runs/NAME]", show_default=False)
    ] = None,
    init: Annotated[
        Path | None, typer.Option(help="Start from these exported weights.", show_default=False)
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads.", show_default=False)] = None,
    stop_after: Annotated[
        float | None,
        typer.Option(help="Minutes after which this call ends, its state saved.", show_default=False),
    ] = None,
    save_every: Annotated[float, typer.Option(help="Minutes between checkpoints.")] = 2.0,
    part_size: Annotated[
        int | None, typer.Option(min=1, help="Largest checkpoint file, in MiB.", show_default=False)
    ] = None,
) -> None:
    """Train until the recipe's schedule has run out; goes on where an earlier call was stopped."""
    from ..train.loop import Options, train
    from ..train.recipe import find_recipe, load_recipe

    path = find_recipe(recipe)
    checked = load_recipe(path)
    options = Options(
        data=data,
        out=out or Path("runs") / checked.name,
        device=device,
        threads=threads,
        init=init,
        stop_after=None if stop_after is None else 60 * stop_after,
        save_every=60 * save_every,
        part_bytes=None if part_size is None else part_size * _MIB,
    )
    output = Output()
    output.note(f"{checked.name}: checkpoint and log go to {options.out}")
    train(checked, path.read_text(), options, lambda row: output.note(progress_line(row)))


@app.command("export")
def export(
    run: RunFolder,
    to: Annotated[Path, typer.Option(help="Where the weights and their model card go.")] = Path(),
    name: Annotated[
        str | None,
        typer.Option(help="Name of the files and id of the row. [NETWORK-RECIPE]", show_default=False),
    ] = None,
    figures: Annotated[
        list[Path] | None,
        typer.Option(help="What evaluate --json gave, for the card; can be repeated.", show_default=False),
    ] = None,
) -> None:
    """Write fp16 safetensors and a model card; print the row for weights.toml."""
    from ..train.export import export as export_training
    from ..train.export import read_training

    trained = read_training(run)
    name = name or f"{trained.recipe.model.network}-{trained.recipe.name}"
    rows = [row for path in figures or () for row in _read_figures(path)]
    output = Output()
    for line in export_training(trained, to, name, rows).splitlines():
        output.result(line)


@app.command("curve")
def curve(
    run: RunFolder,
    to: Annotated[Path, typer.Option(help="The SVG to write.")] = Path("curve.svg"),
    overwrite: Annotated[
        bool, typer.Option("--overwrite", "-f", help="Replace a file that is there.")
    ] = False,
) -> None:
    """Plot the validation scores of a training's log."""
    from ..atomic import atomic_file
    from ..train.curve import curve as draw
    from ..train.loop import LOG

    drawn = draw(run / LOG)
    with atomic_file(to, overwrite=overwrite) as stream:
        stream.write(drawn.encode())
    Output().result(str(to), path=str(to))


@app.command("evaluate")
def evaluate(
    weights: Annotated[str, typer.Argument(help="The folder of a training, or an id of weights.toml.")],
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDERS...", help="Sets of clean images.")],
    damage: Annotated[list[str], typer.Option(help="NAME:LEVEL, as noise:25; can be repeated.")],
    told: Annotated[bool, typer.Option("--told", help="Tell the network the level.")] = False,
    bf16: Annotated[bool, typer.Option("--bf16", help="In bfloat16.")] = False,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    json: Annotated[bool, typer.Option("--json", "-j", help="One JSON document on stdout.")] = False,
) -> None:
    """Measure weights on whole sets of clean images that are damaged here."""
    from ..train.evaluate import Damage
    from ..train.evaluate import evaluate as measure
    from ..train.export import find_weights

    output = Output(Mode.JSON if json else Mode.HUMAN)
    damages = [Damage.parse(text, known=told) for text in damage]
    network, model = find_weights(weights)
    rows = measure(
        network,
        model,
        folders,
        damages,
        bf16=bf16,
        device=device,
        done=lambda figure: output.result(figure_line(figure.as_row())),
    )
    output.document([row.as_row() for row in rows])


def progress_line(row: Mapping[str, Any]) -> str:
    """A row of the training's log in words."""
    if row["event"] == "start":
        return f"step {row['step']}, {row['images']} training images"
    place = f"{100 * row['progress']:5.1f} %  step {row['step']}"
    if row["event"] == "validation":
        scores = ", ".join(f"{name} {value:.2f}" for name, value in row["psnr"].items())
        return f"{place}  validation PSNR: {scores}"
    return f"{place}  loss {row['loss']:.5f}  {row['megapixels_per_second']:.2f} Mpx/s"


def figure_line(row: Mapping[str, Any]) -> str:
    from ..train.export import decibels

    return (
        f"{row['set']}  {row['damage']} {row['level']:g}  {row['precision']}  "
        f"{decibels(row['psnr_damaged'])} -> {decibels(row['psnr'])} dB (Y {decibels(row['psnr_y'])})  "
        f"SSIM {row['ssim']:.4f}  {row['seconds_per_megapixel']:.2f} s/Mpx"
    )


def _read_figures(path: Path) -> list[dict[str, Any]]:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: {error}", hint="restore train evaluate ... --json > figures.json"
        ) from error
