"""A page to HTML, piece by piece, so that not all pictures are encoded in memory at once."""

import base64
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path

import numpy as np

from ..wording import printable
from .page import Comparison, Page, Picture, Table
from .pictures import data_uri
from .plot import plots
from .spots import cut

ZOOM = 4
_WIDEST, _HIGHEST = 1056, 720  # what a picture may take of the page, in CSS pixels
_LARGEST_SCALE = 2  # of small pictures
_BRIEF = 18  # characters of a cell that stays on one line
_WORTH_IT = 1.25  # less than this only blurs
_NUMBER = re.compile(r"[-+−]?\d[\d,.]*( ?(%|dB|[mµ]?s|[kKMG]i?B|MP|px|[x×]))?|[-–—]?|∞|inf", re.ASCII)


def render(page: Page) -> Iterator[str]:
    """The whole document; its pieces joined are the text of one HTML file.

    What the template's marks stand for is never searched for marks again, and every text is escaped.
    """
    style, script = _file("page.css"), _file("page.js")
    filled = {
        "title": lambda: iter([text(page.title)]),
        "policy": lambda: iter([_policy(style, script)]),
        "style": lambda: iter([style]),
        "script": lambda: iter([script]),
        "content": lambda: _content(page),
    }
    for place, part in enumerate(re.split(r"\{\{(\w+)\}\}", _file("page.html"))):
        if place % 2:
            yield from filled[part]()
        else:
            yield part


def text(value: str) -> str:
    """Any text, names of files too, as HTML shows it."""
    return escape(printable(value))


@cache
def _file(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Nothing may be loaded, and nothing runs but the script that came with the page."""
    one, other = (
        base64.b64encode(hashlib.sha256(source.encode()).digest()).decode() for source in (style, script)
    )
    return f"default-src 'none'; img-src data:; style-src 'sha256-{one}'; script-src 'sha256-{other}'"


def _content(page: Page) -> Iterator[str]:
    yield f"<header><h1>{text(page.title)}</h1>"
    if page.subtitle:
        yield f'<p class="subtitle">{text(page.subtitle)}</p>'
    yield "</header>\n"
    for table in page.tables:
        yield from _table(table)
    figures = list(plots(page.points))
    if figures:
        yield '<section><h2>Quality against time</h2><p class="hint">Up is better, left is faster.</p>\n'
        yield '<div class="plots">\n'
        yield from figures
        yield "</div></section>\n"
    if page.comparisons:
        yield "<section><h2>Pictures</h2>\n"
        for number, comparison in enumerate(page.comparisons, start=1):
            yield from _comparison(comparison, number)
        yield "</section>\n"
    if page.notes:
        notes = "".join(f"<li>{text(note)}</li>" for note in page.notes)
        yield f'<section class="notes"><h2>Notes</h2><ul>{notes}</ul></section>\n'
    if page.footer:
        yield f"<footer>{text(page.footer)}</footer>\n"


def _table(table: Table) -> Iterator[str]:
    columns = range(len(table.columns))
    kind = [_kind([row[column] for row in table.rows]) for column in columns]
    # Focusable, so that arrow keys reach what a narrow screen cuts off.
    yield "<section>"
    if table.title:
        yield f"<h2>{text(table.title)}</h2>\n"
    label = text(table.title or "Table")
    yield f'<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table>\n<thead><tr>'
    yield from (f'<th scope="col"{kind[column]}>{text(table.columns[column])}</th>' for column in columns)
    yield "</tr></thead>\n<tbody>\n"
    for row in table.rows:
        yield "<tr>"
        yield from (f"<td{kind[column]}>{text(row[column])}</td>" for column in columns)
        yield "</tr>\n"
    yield "</tbody></table></div></section>\n"


def _kind(cells: list[str]) -> str:
    """Numbers stand flush right; short words are not broken into lines."""
    if all(_NUMBER.fullmatch(cell) for cell in cells):
        return ' class="number"'
    return ' class="brief"' if all(len(cell) <= _BRIEF for cell in cells) else ""


def _comparison(comparison: Comparison, number: int) -> Iterator[str]:
    name, height, width = f"picture-{number}", *comparison.pictures[0][1].shape[:2]
    scale = _scale(height, width)
    yield f'<article class="comparison" aria-labelledby="{name}">'
    yield f'<h3 id="{name}">{text(comparison.name)}</h3>\n'
    if comparison.caption:
        yield f'<p class="caption">{text(comparison.caption)}</p>\n'
    yield '<div class="views"><div class="pictures">\n'
    for label, pixels in comparison.pictures:
        yield _figure(label, pixels, scale, comparison)
    window = comparison.worst
    if window is not None:
        frame = f'<rect x="{window.left}" y="{window.top}" width="{window.width}" height="{window.height}"/>'
        yield f'<svg class="where" viewBox="0 0 {width} {height}" aria-hidden="true">{frame * 2}</svg>\n'
    yield "</div>\n"
    if window is not None:
        where = (
            f"{window.width} × {window.height} pixels at {window.left}, {window.top}, {ZOOM} times as large"
        )
        yield f'<div class="spot"><h4>{text(comparison.worst_title)} <span class="hint">{where}</span></h4>\n'
        yield '<div class="crops">\n'
        for picture in spot(comparison):
            yield _figure(*picture, ZOOM, comparison)
        yield "</div></div>\n"
    yield "</div></article>\n"


def _scale(height: int, width: int) -> float:
    """Small pictures are shown larger, large ones smaller, and what nearly fits as it is."""
    scale = min(_LARGEST_SCALE, _WIDEST / width, _HIGHEST / height)
    return 1.0 if 1 < scale < _WORTH_IT else scale


def spot(comparison: Comparison) -> tuple[Picture, ...]:
    """The same small part of every picture."""
    window = comparison.worst
    if window is None:
        return ()
    return tuple((label, cut(pixels, window)) for label, pixels in comparison.pictures)


def _figure(label: str, pixels: np.ndarray, scale: float, comparison: Comparison) -> str:
    height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
    return (
        f'<figure><img alt="{text(f"{comparison.name}: {label}")}" width="{width}" height="{height}" '
        f'draggable="false" src="{data_uri(pixels, comparison.icc)}">'
        f"<figcaption>{text(label)}</figcaption></figure>\n"
    )
