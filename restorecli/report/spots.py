"""Which part of a picture to look at: where a result errs most, or where results differ most."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import cv2
import numpy as np

from ..spec import Window

SIDE = 64  # of a spot, in pixels: four times that beside three others still fits a page

Map = np.ndarray[Any, np.dtype[np.float32]]


def largest_error(result: np.ndarray, truth: np.ndarray, side: int = SIDE) -> Window | None:
    """The spot where the squared error, smoothed over about its size, is largest; None without any."""
    return next(_spots(_squared(result, truth), side, side), None)


def largest_difference(pictures: Sequence[np.ndarray], side: int = SIDE) -> Window | None:
    """The spot where the pictures differ most among each other; None where they are equal."""
    return next(_spots(_spread(pictures), side, side), None)


def spots_of(pictures: Sequence[np.ndarray], count: int, height: int, width: int) -> tuple[Window, ...]:
    """Up to `count` windows that do not overlap, from the largest difference among the pictures on."""
    return tuple(islice(_spots(_spread(pictures), height, width), count))


def cut(pixels: np.ndarray, window: Window) -> np.ndarray:
    """That part of a picture."""
    return pixels[window.top : window.top + window.height, window.left : window.left + window.width]


def _squared(one: np.ndarray, other: np.ndarray) -> Map:
    return np.square(one.astype(np.float32) - other).sum(axis=2)


def _spread(pictures: Sequence[np.ndarray]) -> Map:
    lowest, highest = pictures[0], pictures[0]
    for picture in pictures[1:]:
        lowest, highest = np.minimum(lowest, picture), np.maximum(highest, picture)
    return _squared(highest, lowest)


def _spots(amount: Map, height: int, width: int) -> Iterator[Window]:
    """Windows around the largest smoothed amounts, moved inside the picture; none overlaps another."""
    height, width = min(height, amount.shape[0]), min(width, amount.shape[1])
    # Zeros outside: an edge must not count its own pixels twice.
    sigma = max(1.0, min(height, width) / 6)
    smooth = cv2.GaussianBlur(amount, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
    # The window of each possible middle.
    tops = np.clip(np.arange(amount.shape[0]) - height // 2, 0, amount.shape[0] - height)
    lefts = np.clip(np.arange(amount.shape[1]) - width // 2, 0, amount.shape[1] - width)
    while smooth.max() > 0:
        row, column = np.unravel_index(int(smooth.argmax()), smooth.shape)
        top, left = int(tops[row]), int(lefts[column])
        yield Window(top, left, height, width)
        smooth[np.ix_(abs(tops - top) < height, abs(lefts - left) < width)] = 0
