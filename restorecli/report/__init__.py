"""One self-contained HTML page: a table, PSNR against time, and pictures to slide over each other.

page.py       what a page holds: plain frozen data
spots.py      which part of a picture to look at: the largest error, the largest difference
pictures.py   pixels to data URIs, exactly, and large ones made smaller
plot.py       plots as SVG: PSNR against time, and a training's scores as they rise
render.py     a page to HTML, piece by piece, and to a file that is there whole or not at all

page.html is its template, page.css and page.js stand in it. Nothing is loaded from anywhere.
"""

from .page import Comparison, Page, Picture, Point, Table
from .pictures import enlarged, profile, reduced, shown
from .plot import curves
from .render import render, write_report
from .spots import cut, largest_difference, largest_error, spots_of

__all__ = [
    "Comparison",
    "Page",
    "Picture",
    "Point",
    "Table",
    "curves",
    "cut",
    "enlarged",
    "largest_difference",
    "largest_error",
    "profile",
    "reduced",
    "render",
    "shown",
    "spots_of",
    "write_report",
]
