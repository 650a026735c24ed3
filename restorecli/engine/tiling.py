"""Which windows cover an image, how large they are, and how much each counts where they overlap.

A photo is covered by a grid of equal windows. All starts and sizes are multiples of what the network needs,
so that every window lies on the same phase of its strides and pixel-unshuffles as the whole image would.
The grid may reach beyond the image at the right and bottom, by less than one multiple: those pixels are made
up when a window is cut, and dropped when it is pasted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..ops.windows import PAPER_WINDOWS, QuadTree, quad_tree_cuts
from ..settings import Settings
from ..spec import Choice, ModelSpec, Window

# Tiles are not halved below this: what does not fit then does not fit because of something else.
SMALLEST_TILE = 32


@dataclass(frozen=True, slots=True)
class Tiling:
    """Side of a tile and what neighbours share, in input pixels; tile 0 is the whole image."""

    tile: int
    overlap: int
    reason: str
    tree: QuadTree | None = None  # the authors' windows instead

    @property
    def choice(self) -> Choice:
        if self.tree is not None:
            return Choice("the paper's windows", self.reason)
        return Choice(f"{self.tile}, overlap {self.overlap}" if self.tile else "whole image", self.reason)


def plan_tiling(settings: Settings, spec: ModelSpec, tree: QuadTree | None = None) -> Tiling:
    """Tile and overlap as asked for, or as the weights row says; or the authors' windows."""
    if tree is not None:
        mean = ", each the mean of its 8 positions" if tree.ensemble else ""
        reason = f"asked for: quarters of quarters, to below {tree.smaller_than} pixels{mean}"
        return Tiling(0, 0, reason, tree)
    if settings.tile != "auto":
        return tiling_of(int(settings.tile), "asked for", settings, spec)
    if spec.halo is None:
        reason = "the size these weights are used with; it is part of the result"
        return tiling_of(spec.tile, reason, settings, spec)
    # Of a tile four times its overlap, more than half is used only once.
    wanted = spec.overlap if settings.overlap is None else settings.overlap
    roomy = max(spec.tile, 4 * wanted, 8 * spec.halo)
    return tiling_of(roomy, "a local network: the tile does not show", settings, spec)


def tiling_of(tile: int, reason: str, settings: Settings, spec: ModelSpec) -> Tiling:
    """The overlap is at most half the tile, but never less than a local network sees across an edge."""
    if tile == 0:
        return Tiling(0, 0, reason)
    wanted = spec.overlap if settings.overlap is None else settings.overlap
    overlap = int(max(min(wanted, tile // 2), 2 * (spec.halo or 0)))
    least = max(2 * overlap, spec.multiple_of)
    if tile < least:
        return Tiling(least, overlap, f"{reason}, and not less than its edges take away")
    return Tiling(tile, overlap, reason)


def paper_windows(settings: Settings, network: str, task: str) -> QuadTree | None:
    """The authors' windows, where they are asked for (and there are some)."""
    return PAPER_WINDOWS.get((network, task)) if settings.windows == "paper" else None


def smallest_tile(spec: ModelSpec) -> int:
    return max(SMALLEST_TILE, 4 * (spec.halo or 0), spec.multiple_of)


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
