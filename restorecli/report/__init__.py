"""One self-contained HTML page: a table, PSNR against time, and pictures to slide over each other.

page.py       what a page holds: plain frozen data
spots.py      which part of a picture to look at: the largest error, the largest difference
pictures.py   pixels to data URIs, exactly, and large ones made smaller
plot.py       PSNR against time as inline SVG
render.py     a page to HTML, piece by piece
write.py      the pieces to a file that is there whole or not at all

page.html, page.css and page.js are what the pieces are set into. Nothing is loaded from anywhere.
"""

from .page import Comparison, Page, Picture, Point, Table
from .pictures import enlarged, profile, reduced, shown
from .render import render
from .spots import cut, largest_difference, largest_error, spots_of
from .write import write_report

__all__ = [
    "Comparison",
    "Page",
    "Picture",
    "Point",
    "Table",
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
