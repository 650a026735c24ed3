"""restore weights: what weights there are.

No `from __future__ import annotations` here: the commands are built from annotations.
"""

import difflib
from dataclasses import asdict
from typing import Annotated

import typer

from .. import registry
from ..errors import UsageError
from ..spec import WeightsEntry
from ..tasks import TASKS
from .options import Json, Quiet
from .output import Output, mode_of

app = typer.Typer(help="Show the weights that restorecli knows.", no_args_is_help=True)


@app.callback()
def weights() -> None:
    """Show the weights that restorecli knows."""


@app.command("list")
def list_weights(
    task: Annotated[
        str | None, typer.Option(help="Only those for this task.", autocompletion=lambda: list(TASKS))
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the weights: id, task, size, licence, and which is the default."""
    output = Output(mode_of(json=json, quiet=quiet))
    if task is not None and task not in TASKS:
        near = difflib.get_close_matches(task, TASKS, n=1) or list(TASKS)
        raise UsageError(f"unknown task {task!r}", hint=f"--task {near[0]}")
    rows = [row for row in registry.entries() if task in (None, row.task)]
    output.document([_as_data(row) for row in rows])
    table = [("ID", "TASK", "LEVEL", "NETWORK", "SIZE", "LICENCE", ""), *(_cells(row) for row in rows)]
    widths = [max(len(cells[column]) for cells in table) for column in range(len(table[0]))]
    for place, cells in enumerate(table if rows else []):
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
        output.result(line, rows[place - 1].id if place else None)
    without = [
        name for name in TASKS if not any(row.task == name and row.default for row in registry.entries())
    ]
    if without and task in (None, *without):
        output.note(f"no default weights yet for {', '.join(without)}")


def _as_data(row: WeightsEntry) -> dict[str, object]:
    path = registry.weights_path(row)
    return {**asdict(row), "available": path is not None and path.exists()}


def _cells(row: WeightsEntry) -> tuple[str, ...]:
    level = (
        "any" if row.level is None else f"{row.level:g}" if isinstance(row.level, (int, float)) else row.level
    )
    size = f"{row.size / 1e6:.1f} MB" if row.size else "?"
    return (row.id, row.task, level, row.model.network, size, row.licence, "default" if row.default else "")
