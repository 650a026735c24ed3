"""Which windows cover an image, and how much each counts where they overlap. Pure functions.

A photo is covered by a grid of equal windows. All starts and sizes are multiples of what the network needs,
so that every window lies on the same phase of its strides and pixel-unshuffles as the whole image would.
The grid may reach beyond the image at the right and bottom, by less than one multiple: those pixels are made
up when a window is cut, and dropped when it is pasted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..ops.windows import QuadTree, quad_tree_cuts
from ..spec import Window


@dataclass(frozen=True, slots=True)
class Axis:
    """Equal windows along one axis: `size` pixels from each of `starts`, for an image of `length` pixels.

    With `bounds` there is no blending: each window counts from its own bound to the next one.
    """

    length: int
    size: int
    starts: tuple[int, ...]
    bounds: tuple[int, ...] = ()

    @property
    def end(self) -> int:
        """Where the last window ends: at `length`, or behind it by less than one multiple."""
        return self.starts[-1] + self.size

    @property
    def overlap(self) -> int:
        """What two neighbours share, at least."""
        return min((left + self.size - right for left, right in pairwise(self.starts)), default=0)


@dataclass(frozen=True, slots=True)
class Grid:
    """All windows of one image, in rows."""

    rows: Axis
    columns: Axis

    @property
    def overlap(self) -> int:
        """What two neighbours share, at least."""
        return min(self.rows.overlap, self.columns.overlap)

    def __len__(self) -> int:
        return len(self.rows.starts) * len(self.columns.starts)

    def __iter__(self) -> Iterator[Window]:
        for top in self.rows.starts:
            for left in self.columns.starts:
                yield Window(top, left, self.rows.size, self.columns.size)


def plan_windows(height: int, width: int, tile: int, overlap: int, multiple: int = 1) -> Grid:
    """The windows of an image: at most `tile` high and wide, neighbours sharing at least `overlap` pixels.

    A tile that is too small for its overlap is enlarged to overlap + multiple; tile 0 is the whole image.
    """
    return Grid(plan_axis(height, tile, overlap, multiple), plan_axis(width, tile, overlap, multiple))


def plan_paper_windows(height: int, width: int, tree: QuadTree, scale: int = 1) -> Grid:
    """The windows in which a paper's authors ran their network."""
    cuts = quad_tree_cuts(height, width, tree, scale)
    return Grid(
        *(
            Axis(length, cut.size, cut.starts, cut.bounds)
            for length, cut in zip((height, width), cuts, strict=True)
        )
    )


def plan_axis(length: int, tile: int, overlap: int, multiple: int = 1) -> Axis:
    """The fewest windows that do, and of those the smallest: none is a sliver. Counts in multiples."""
    if length < 1 or tile < 0 or overlap < 0 or multiple < 1:
        raise ValueError(f"no windows for {length=}, {tile=}, {overlap=}, {multiple=}")
    units = -(-length // multiple)
    shared = -(-overlap // multiple)
    most = max(tile // multiple, shared + 1)
    if tile == 0 or units <= most:
        return Axis(length, units * multiple, (0,))
    count = -(-(units - shared) // (most - shared))
    size = -(-(units + (count - 1) * shared) // count)
    starts = tuple(place * (units - size) // (count - 1) * multiple for place in range(count))
    return Axis(length, size * multiple, starts)


def blend_weights(axis: Axis, halo: int = 0, scale: int = 1) -> np.ndarray:
    """How much each pixel of each window counts, (windows, size * scale), float32; the sum is one everywhere.

    Two neighbours meet in the middle of what they share, and each reaches beyond that by the other half. The
    outer half of its reach counts nothing, because a window's outermost pixels know least about their
    surroundings; where the `halo` is known and is more, all that the window's edge can change counts nothing.
    The ramp runs over the rest.
    """
    if axis.bounds:
        return _hard_edges(axis, scale)
    size = axis.size * scale
    starts = [start * scale for start in axis.starts]
    weights = np.ones((len(starts), size))
    for left, right in pairwise(range(len(starts))):
        shared = starts[left] + size - starts[right]
        if shared > 0:
            rising = _rise(shared, halo * scale)
            weights[left, size - shared :] *= rising[::-1]
            weights[right, :shared] *= rising
    total = np.zeros(starts[-1] + size)
    for start, weight in zip(starts, weights, strict=True):
        total[start : start + size] += weight
    assert total.min() > 0, "a pixel that no window counts for"
    for start, weight in zip(starts, weights, strict=True):
        weight /= total[start : start + size]
    return weights.astype(np.float32)


def _hard_edges(axis: Axis, scale: int) -> np.ndarray:
    places = np.add.outer(np.array(axis.starts), np.arange(axis.size))
    bounds = np.array(axis.bounds)[:, None]
    counts = (bounds[:-1] <= places) & (places < bounds[1:])
    return counts.repeat(scale, axis=1).astype(np.float32)


def _rise(shared: int, halo: int) -> np.ndarray:
    """From 0 to 1 over `shared` pixels; its mirror image is what is missing to 1."""
    margin = min(shared // 2, max(shared // 4, halo))
    ramp = shared - 2 * margin
    rising = np.ones(shared)
    rising[:margin] = 0
    rising[margin : margin + ramp] = np.sin((np.arange(ramp) + 0.5) / max(ramp, 1) * np.pi / 2) ** 2
    return rising
