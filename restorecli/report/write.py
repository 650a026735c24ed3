"""A page to a file that is there whole or not at all."""

import os
from pathlib import Path

from ..atomic import atomic_file
from .page import Page
from .render import render


def write_report(page: Page, target: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Writes the page; without `overwrite` a file that is there is refused. The path, for what comes next."""
    with atomic_file(target, overwrite=overwrite) as stream:
        for piece in render(page):  # pictures are encoded one by one: the page is never whole in memory
            stream.write(piece.encode())
    return Path(target)
