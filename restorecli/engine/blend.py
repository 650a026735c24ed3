"""Tiles to finished rows, through one band of float accumulators that is as high as a tile.

However large the photo, only this band and the tiles in flight are float. Most of a tile counts fully and
lies where no tile was before: that part is copied, and only ramps are multiplied and added.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..spec import Window
from .tiling import Axis, Grid, blend_weights


def blend(
    grid: Grid,
    tiles: Iterable[tuple[Window, np.ndarray]],
    *,
    channels: int,
    scale: int = 1,
    halo: int = 0,
) -> Iterator[tuple[int, np.ndarray]]:
    """Weighted tiles, added up: yields (first row, rows (n, width * scale, channels)), top to bottom.

    `tiles` come in the grid's own order, each (h * scale, w * scale, channels). The rows may be changed in
    place by whoever takes them; they are valid until the next ones are asked for.
    """
    height, width = grid.rows.length * scale, grid.columns.length * scale
    rows = _spans(grid.rows, halo, scale)
    columns = _spans(grid.columns, halo, scale, channels)
    band = np.empty((grid.rows.size * scale, grid.columns.end * scale * channels), np.float32)
    top = 0

    def finished(count: int) -> tuple[int, np.ndarray]:
        return top, band[:count].reshape(count, -1, channels)[:, :width]

    for window, tile in tiles:
        if window.top * scale > top:
            # No later window reaches above this one's top.
            done = window.top * scale - top
            yield finished(done)
            band[:-done] = band[done:].copy()
            top += done
        lines = tile.reshape(len(tile), -1)
        place = band[:, window.left * scale * channels :]
        for down in rows[window.top]:
            for across in columns[window.left]:
                _paste(lines, place, down, across)
    yield finished(height - top)


@dataclass(frozen=True, slots=True, eq=False)
class _Span:
    """A run of places in a window, along one axis, that are pasted in one way."""

    place: slice
    weights: np.ndarray | None  # None: all one
    fresh: bool  # no window before this one counts here


def _spans(axis: Axis, halo: int, scale: int, channels: int = 1) -> dict[int, list[_Span]]:
    """By the start of each window, where it counts and how; every place is `channels` numbers wide."""
    spans: dict[int, list[_Span]] = {}
    reached = 0  # by the windows so far, where they count
    for start, weights in zip(axis.starts, blend_weights(axis, halo, scale), strict=True):
        places = np.arange(axis.size * scale)
        fresh = places + start * scale >= reached
        kind = np.select([weights == 0, weights == 1], [0, 1], 2) + 3 * fresh
        cuts = [0, *(np.flatnonzero(np.diff(kind)) + 1).tolist(), len(places)]
        spans[start] = [
            _Span(
                slice(first * channels, last * channels),
                None if weights[first] == 1 else weights[first:last].repeat(channels),
                bool(fresh[first]),
            )
            for first, last in pairwise(cuts)
            if weights[first] > 0
        ]
        reached = max(reached, int(np.flatnonzero(weights)[-1]) + 1 + start * scale)
    return spans


def _paste(lines: np.ndarray, band: np.ndarray, down: _Span, across: _Span) -> None:
    source, target = lines[down.place, across.place], band[down.place, across.place]
    if down.weights is not None:
        source = source * down.weights[:, None]
    if across.weights is not None:
        source = source * across.weights
    if down.fresh and across.fresh:
        target[...] = source
    else:
        target += source
