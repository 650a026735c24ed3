"""The windows in which the authors ran their networks: each quarter of the image on its own, quartered again
while it is large. Published numbers depend on it, because attention sees no further than its window.

There is no blending: windows overlap, and each pixel is taken from the one whose quarter it is in. All
windows of an image have the same size, and rows are cut independently of columns, so that they are a grid:
the engine runs that (quad_tree_cuts), in_quad_tree says as the authors do what has to come out.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from ..errors import InputError
from ..spec import TaskName


@dataclass(frozen=True, slots=True)
class QuadTree:
    """How one of the papers cuts an image."""

    margin: int  # what a window has beyond its quarter's side, that side rounded down to `align`
    smaller_than: int  # a window with fewer pixels is not cut again
    align: int = 1
    align_to_scale: bool = False  # the side also grows by what it leaves when divided by the scale
    ensemble: bool = False  # the authors' commands average each window over its eight positions

    def side(self, length: int, scale: int = 1) -> int:
        """A window's side, for an image's side."""
        side = length // 2 // self.align * self.align + self.margin
        return side + side % scale if self.align_to_scale else side

    def smallest(self, scale: int = 1) -> int:
        """The smallest side an image may have, so that its windows lie inside."""
        return next(length for length in range(1, 1000) if self.side(length, scale) <= length)


_PANET_DENOISE = QuadTree(10, 6800)
_PANET = QuadTree(10, 6400)
_RNAN = QuadTree(12, 10000, align=4)
_DAGL = QuadTree(24, 10000, align=4, ensemble=True)

# (network, task): what the authors' test code does.
PAPER_WINDOWS: dict[tuple[str, TaskName], QuadTree] = {
    ("panet", "denoise"): _PANET_DENOISE,
    ("panet", "dejpeg"): _PANET,
    ("panet", "demosaic"): _PANET,
    ("paedsr", "upscale"): QuadTree(10, 6400, align_to_scale=True),
    ("rnan", "denoise"): _RNAN,
    ("rnan", "dejpeg"): _RNAN,
    ("rnan", "demosaic"): _RNAN,
    ("rnan", "upscale"): QuadTree(12, 30000, align=4),
    ("dagl", "denoise"): _DAGL,
    ("dagl", "dejpeg"): _DAGL,
    ("dagl", "demosaic"): QuadTree(12, 10000, align=4, ensemble=True),
}


def in_quad_tree(network: Callable[[Tensor], Tensor], x: Tensor, tree: QuadTree, scale: int = 1) -> Tensor:
    """x (B, C, h, w) -> what the network makes of it window by window, (B, C', h * scale, w * scale).

    `tree.ensemble` is the caller's: it says what to hand in as the network.
    """
    height, width = x.shape[-2:]
    if min(height, width) < tree.smallest(scale):
        raise _too_small(height, width, tree, scale)
    rows, columns = tree.side(height, scale), tree.side(width, scale)
    small = rows * columns < tree.smaller_than
    result: Tensor | None = None
    for window_top, top, bottom in _halves(height, rows):
        for window_left, left, right in _halves(width, columns):
            window = x[..., window_top : window_top + rows, window_left : window_left + columns]
            y = network(window) if small else in_quad_tree(network, window, tree, scale)
            if result is None:
                result = y.new_empty(*y.shape[:2], height * scale, width * scale)
            inner_rows = slice((top - window_top) * scale, (bottom - window_top) * scale)
            inner_columns = slice((left - window_left) * scale, (right - window_left) * scale)
            target = result[..., top * scale : bottom * scale, left * scale : right * scale]
            target.copy_(y[..., inner_rows, inner_columns])
    assert result is not None
    return result


@dataclass(frozen=True, slots=True)
class Cuts:
    """One axis in windows of `size`: from each of `starts`, the pixels from its bound to the next one."""

    size: int
    starts: tuple[int, ...]
    bounds: tuple[int, ...]  # one more than starts


def quad_tree_cuts(height: int, width: int, tree: QuadTree, scale: int = 1) -> tuple[Cuts, Cuts]:
    """Rows and columns of in_quad_tree's windows, without those of which no pixel is taken."""
    rows, columns = height, width
    depth = 0
    while depth == 0 or rows * columns >= tree.smaller_than:
        if min(rows, columns) < tree.smallest(scale):
            raise _too_small(height, width, tree, scale)
        rows, columns, depth = tree.side(rows, scale), tree.side(columns, scale), depth + 1
    return _cut(height, depth, tree, scale), _cut(width, depth, tree, scale)


def _cut(length: int, depth: int, tree: QuadTree, scale: int) -> Cuts:
    """An axis halved `depth` times."""
    size = length
    windows = [(0, 0, length)]  # start, and from where to where pixels are taken
    for _ in range(depth):
        side = tree.side(size, scale)
        windows = [
            (start + part_start, max(first, start + part_first), min(last, start + part_last))
            for start, first, last in windows
            for part_start, part_first, part_last in _halves(size, side)
        ]
        size = side
    # Long images are halved until both sides are small: the short one comes to the same window many times.
    bounds = {start: first for start, first, last in reversed(windows) if first < last}
    starts = tuple(sorted(bounds))
    return Cuts(size, starts, (*(bounds[start] for start in starts), length))


def _too_small(height: int, width: int, tree: QuadTree, scale: int) -> InputError:
    """Also where the image is large, but so long that its short side is halved too often."""
    least = tree.smallest(scale)
    return InputError(
        f"{width}x{height} is too small for the paper's windows, which need {least} pixels a side",
        hint="--windows ours takes any size",
    )


def _halves(length: int, side: int) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """For both halves of a side: where the window starts, and from where to where its pixels are taken."""
    return (0, 0, length // 2), (length - side, length // 2, length)
