"""A table on a terminal. Apart from output.py, because rich takes as long to load as everything else."""

import sys
from collections.abc import Collection, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text


def draw(columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[str]) -> None:
    """Groups of rows that begin alike are set apart; empty columns are left out."""
    kept = [place for place in range(len(columns)) if any(row[place] for row in rows)]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place in kept:
        name = columns[place]
        table.add_column(name, justify="right" if name in numbers else "left", no_wrap=name != "images")
    before: tuple[str, ...] | None = None
    for row in rows:
        group = tuple(row[place] for place in range(min(4, len(row))) if columns[place] != "images")
        if before is not None and group != before:
            table.add_section()
        before = group
        table.add_row(*(Text(row[place]) for place in kept))
    Console(file=sys.stdout).print(table)
