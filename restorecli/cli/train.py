"""restore train: makes weights from a recipe, exports them, measures them on the bench.

No `from __future__ import annotations` here: the commands are built from annotations. torch is imported
inside the commands, so that help stays light.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import UsageError
from ..registry import PACKAGE, entries
from ..settings import Settings
from .bench import measure
from .bench_options import WHAT, Levels, Measuring, RunFirst, measuring_command
from .options import names, value
from .output import Output

_MIB = 2**20
RECIPES = ", ".join(sorted(path.stem for path in (PACKAGE / "train" / "recipes").glob("*.toml")))


app = typer.Typer(
    cls=RunFirst,
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
    text = "\n\n".join(_as_markdown(path) for path in figures or ())
    output = Output()
    for line in export_training(trained, to, name or trained.name, text).splitlines():
        output.result(line)


def _as_markdown(path: Path) -> str:
    """Stored results for a model card: the table, and how it was measured."""
    from ..bench.results import read_results
    from ..bench.tables import COLUMNS, cells, markdown

    results = read_results(path).lasting()
    table = markdown(COLUMNS, cells(results, papers=False))
    cards = (f"- {card.name}: {'; '.join(card.sentences())}." for card in results.protocols)
    return "\n".join((table, "", *cards))


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
    from ..train.export import curve as draw
    from ..train.loop import LOG

    drawn = draw(run / LOG)
    with atomic_file(to, overwrite=overwrite) as stream:
        stream.write(drawn.encode())
    Output().result(str(to), path=str(to))


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateOptions(Measuring):
    weights: Annotated[str, typer.Argument(help="The folder of a training, or an id of weights.toml.")]
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FOLDERS...",
            help="Sets of clean images, or of pairs; otherwise those that ship.",
            show_default=False,
        ),
    ] = None
    damage: Annotated[
        list[str] | None,
        value(WHAT, metavar="NAME:LEVEL", help="Instead of a protocol: noise:25, phone; can be repeated."),
    ] = None


def evaluate(asked: EvaluateOptions, levels: Levels, settings: Settings) -> None:
    """Measure weights before they ship, as `restore bench` measures those that do.

    The network alone, and of gray weights the gray of colour images.
    """
    from ..bench.damages import damage_card
    from ..bench.plan import Request, levels_of
    from ..train.export import find_weights

    row, network = find_weights(asked.weights, entries(asked.weights_file))
    cards = tuple(damage_card(text, row) for text in asked.damage or ())
    if cards and (levels or asked.protocol):
        raise UsageError("--damage says card and level by itself", hint="leave out --protocol and the level")
    scales = (float(row.model.scale),) if row.model.scale > 1 and not cards else ()
    request = Request(
        task=row.task, sets=names("--set", asked.sets), folders=tuple(asked.folders or ()),
        levels=levels_of(row.task, levels) or scales, models=(row.id,), protocol=asked.protocol,
        limit=asked.limit, rows=(row,), network=network, cards=cards, gray=row.model.channels == 1,
    )  # fmt: skip
    measure(request, asked, settings)


app.command("evaluate")(measuring_command(EvaluateOptions, evaluate))


def progress_line(row: Mapping[str, Any]) -> str:
    """A row of the training's log in words."""
    if row["event"] == "start":
        return f"step {row['step']}, {row['images']} training images"
    place = f"{100 * row['progress']:5.1f} %  step {row['step']}"
    if row["event"] == "validation":
        scores = ", ".join(f"{name} {value:.2f}" for name, value in row["psnr"].items())
        return f"{place}  validation PSNR: {scores}"
    return f"{place}  loss {row['loss']:.5f}  {row['megapixels_per_second']:.2f} Mpx/s"
