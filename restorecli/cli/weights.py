"""restore weights: what weights there are, and one of them in full.

No `from __future__ import annotations` here: the commands are built from annotations.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer

from .. import registry
from ..spec import WeightsEntry
from ..tasks import TASKS
from ..weights import licence, store
from ..wording import level_text, megabytes
from . import weights_files, weights_remote
from .options import Json, Quiet, WeightsFile
from .output import Output, mode_of

app = typer.Typer(
    help="Show, bring and check the weights that restorecli knows.",
    epilog="restore weights list --task derain, restore weights info mhnet-derain",
    no_args_is_help=True,
)

HEAD = ("ID", "LEVEL", "NETWORK", "SIZE", "FROM", "PROOF", "HERE", "LICENCE")
# Where a file comes from, for people.
FROM = {"embedded": "package", "file": "file", "hub": "Hub", "url": "web", "manual": "by hand"}


@app.callback()
def weights() -> None:
    """Show, bring and check the weights that restorecli knows."""


@app.command("list")
def list_weights(
    task: Annotated[
        str | None, typer.Option(help="Only those for this task.", autocompletion=lambda: list(TASKS))
    ] = None,
    weights_file: WeightsFile = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the weights by task: level, size, where from, how proved, whether here, and licence."""
    output = Output(mode_of(json=json, quiet=quiet))
    rows = weights_files.rows_for(task, weights_file)
    output.document([as_data(row) for row in rows])
    _show_table(output, rows)
    with_default = {row.task for row in registry.entries(weights_file) if row.default}
    without = [name for name in TASKS if name not in with_default]
    if without and task in (None, *without):
        output.note(f"no default weights yet for {', '.join(without)}")
    if any(row.source == "manual" for row in rows):
        output.note("by hand: restore weights info ID says where to get the file, and import takes it")


def _show_table(output: Output, rows: list[WeightsEntry]) -> None:
    cells = {row.id: _cells(row) for row in rows}
    widths = [max(map(len, column)) for column in zip(HEAD, *cells.values(), strict=True)]

    def line(texts: Iterable[str]) -> str:
        return "  ".join(text.ljust(width) for text, width in zip(texts, widths, strict=True)).rstrip()

    groups = [[row for row in rows if row.task == task] for task in TASKS]
    for place, group in enumerate(filter(None, groups)):
        if place:
            output.result("")
        output.result(line((group[0].task.upper(), *HEAD[1:])))
        for row in group:
            output.result(line(cells[row.id]), row.id)


def _cells(row: WeightsEntry) -> tuple[str, ...]:
    here = "yes" if store.is_here(row) else "-"
    if row.default:
        only = ["gray"] * (row.model.channels == 1) + ["white"] * row.white_noise
        here += f", default ({', '.join(only)})" if only else ", default"
    of_file = (size_text(row), FROM[row.source], proof(row), here, row.licence)
    return (row.id, level_words(row), row.model.network, *of_file)


def level_words(row: WeightsEntry) -> str:
    if row.level is None:
        return "any" if row.automatic else "?"  # not picked by a level, as it is not known for which it is
    return level_text(row.level)


def size_text(row: WeightsEntry) -> str:
    if row.size is not None:
        return megabytes(row.size)
    return f"~{megabytes(row.about_size, 0)}" if row.about_size is not None else "?"


def proof(row: WeightsEntry) -> str:
    """How far the file that is here is proved; of one that is not, how far it can be."""
    kept = store.record(row)
    if kept is not None:
        return kept.proof
    return store.SHA256 if row.sha256 else store.GIT_BLOB if row.git_blob else store.KEYS


def as_data(row: WeightsEntry) -> dict[str, Any]:
    """A row as JSON, with what is here of it."""
    kept = store.record(row)
    found = store.located(row)
    file = found[0] if found is not None and found[0].is_file() else None
    return {
        **asdict(row),
        "available": file is not None,
        "path": None if file is None else str(file),
        "proof": proof(row),
        "permissive": licence.is_permissive(row),
        "stored": weights_files.stored_data(kept) if kept else None,
    }


@app.command("info")
def info(
    id: weights_files.Id, weights_file: WeightsFile = None, json: Json = False, quiet: Quiet = False
) -> None:
    """Show one row in full: where it comes from, how it is proved, what it can do, its published figures."""
    output = Output(mode_of(json=json, quiet=quiet))
    row = registry.find(id, weights_file)
    output.document(as_data(row))
    lines = list(_facts(row))
    width = max(len(name) for name, _ in lines)
    for name, text in lines:
        output.result(f"{name.ljust(width)}  {text}")
    output.note(next_step(row))


def next_step(row: WeightsEntry) -> str:
    """What to type next with these weights."""
    if store.is_here(row):
        return f"restore {row.task} photo.png --model {row.id}"
    if row.source == "manual":
        return f"{row.instructions} Then: restore weights import {row.id} FILE"
    return f"restore weights pull {row.id}"


def _facts(row: WeightsEntry) -> Iterator[tuple[str, str]]:
    model = row.model
    params = ", ".join(f"{key} {value}" for key, value in model.params.items())
    yield "id", row.id
    its_default = f", its default{f' for {row.photos}' if row.photos else ''}"
    yield "task", row.task + (its_default if row.default else "")
    known = TASKS[row.task].level
    if known is not None:
        yield known.name, level_words(row)
    yield "network", model.network + (f" ({params})" if params else "")
    yield "pictures", "gray; of a colour photo the luma" if model.channels == 1 else "colour"
    yield "tile", f"{model.tile}, overlap {model.overlap}"
    yield "precision", ", ".join(model.dtypes)
    yield "licence", row.licence + ("" if licence.is_permissive(row) else " (not known as permissive)")
    yield "size", size_text(row)
    yield "from", f"{FROM[row.source]}: {store.address(row)}"
    if row.page and row.page != store.address(row):
        yield "page", row.page
    yield from _proofs(row)
    for name, text in (("trained for", row.trained_for), ("limits", row.limits)):
        if text:
            yield name, text
    if not row.automatic:
        yield "picked", "only by this id"
    for figure in row.published:
        level = (
            "" if figure.level is None or known is None else f" at {known.name} {level_text(figure.level)}"
        )
        yield "published", f"{figure.set}{level}: {figure.psnr:.2f} dB ({figure.protocol})"
    for key, value in row.provenance.items():
        yield key, "; ".join(map(str, value)) if isinstance(value, list) else str(value)


def _proofs(row: WeightsEntry) -> Iterator[tuple[str, str]]:
    for name, value in (("sha256", row.sha256), ("git blob", row.git_blob)):
        if value:
            yield name, value
    kept = store.record(row)
    if kept is not None:
        yield "here", f"{kept.path}, since {kept.date}, from {kept.origin}"
        yield "proved by", kept.proof
    elif (path := registry.weights_path(row)) is not None:
        yield "here", str(path) if path.is_file() else "no: the file is missing"
    else:
        yield "here", f"no; it can be proved by {proof(row)}"


app.command("pull")(weights_remote.pull)
app.command("import")(weights_files.import_weights)
app.command("verify")(weights_files.verify)
app.command("remove")(weights_files.remove)
app.command("mirror")(weights_remote.mirror)
