"""A page to HTML, piece by piece, so that not all pictures are encoded in memory at once.

page.html is a template of Jinja's; every text in it is escaped, and never looked at for marks again.
"""

import base64
import hashlib
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from ..atomic import atomic_file
from ..wording import printable
from .page import Page, Table
from .pictures import data_uri
from .plot import plots
from .spots import cut

ZOOM = 4
_WIDEST, _HIGHEST = 1056, 720  # what a picture may take of the page, in CSS pixels
_LARGEST_SCALE = 2  # of small pictures
_BRIEF = 18  # characters of a cell that stays on one line
_WORTH_IT = 1.25  # less than this only blurs
_NUMBER = re.compile(r"[-+−]?\d[\d,.]*( ?(%|dB|[mµ]?s|[kKMG]i?B|MP|px|[x×]))?|[-–—]?|∞|inf", re.ASCII)
_FOLDER = Path(__file__).parent


def write_report(page: Page, target: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """A file that is there whole or not at all; without `overwrite` one that is there is refused."""
    with atomic_file(target, overwrite=overwrite) as stream:
        for piece in render(page):  # pictures are encoded one by one: the page is never whole in memory
            stream.write(piece.encode())
    return Path(target)


def render(page: Page) -> Iterator[str]:
    """The whole document; its pieces joined are the text of one HTML file."""
    style, script = (Markup((_FOLDER / name).read_text(encoding="utf-8")) for name in ("page.css", "page.js"))
    return _template().generate(
        page=page,
        plots=[Markup(plot) for plot in plots(page.points)],
        style=style,
        script=script,
        policy=Markup(_policy(style, script)),
        zoom=ZOOM,
        kinds_of=_kinds,
        scale_of=_scale,
        side=lambda pixels, scale: max(1, round(pixels * scale)),
        cut=cut,
        data_uri=data_uri,
    )


@cache  # one template
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        finalize=lambda value: printable(value) if type(value) is str else value,  # names of files too
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html")


def _policy(style: str, script: str) -> str:
    """Nothing may be loaded, and nothing runs but the script that came with the page."""
    one, other = (
        base64.b64encode(hashlib.sha256(source.encode()).digest()).decode() for source in (style, script)
    )
    return f"default-src 'none'; img-src data:; style-src 'sha256-{one}'; script-src 'sha256-{other}'"


def _kinds(table: Table) -> list[str]:
    """Of each column: numbers stand flush right; short words are not broken into lines."""

    def kind(cells: list[str]) -> str:
        if all(_NUMBER.fullmatch(cell) for cell in cells):
            return "number"
        return "brief" if all(len(cell) <= _BRIEF for cell in cells) else ""

    return [kind([row[place] for row in table.rows]) for place in range(len(table.columns))]


def _scale(pixels: np.ndarray) -> float:
    """Small pictures are shown larger, large ones smaller, and what nearly fits as it is."""
    height, width = pixels.shape[:2]
    scale = min(_LARGEST_SCALE, _WIDEST / width, _HIGHEST / height)
    return 1.0 if 1 < scale < _WORTH_IT else scale
