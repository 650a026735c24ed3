"""Bayer mosaics: one colour a pixel, as a sensor sees it.

Networks take one phase, GRBG (green and red in the first row, blue and green in the second), as three
channels with zeros where nothing was measured. Any other phase becomes GRBG when a row or a column, or both,
is put before it; mirroring without repeating the edge keeps the phase going.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ..errors import InputError, UsageError
from .image import Image
from .pixels import is_gray

Pattern = Literal["grbg", "rggb", "bggr", "gbrg"]
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)

_CHANNEL = {"r": 0, "g": 1, "b": 2}
_SHIFT: dict[Pattern, tuple[int, int]] = {"grbg": (0, 0), "rggb": (0, 1), "bggr": (1, 0), "gbrg": (1, 1)}


@dataclass(frozen=True, slots=True, eq=False)
class Mosaic:
    """A mosaic in the phase that networks take, and how far it was moved for that."""

    pixels: np.ndarray  # (H + top, W + left, 3), GRBG, zeros where nothing was measured
    top: int
    left: int

    def crop(self, result: np.ndarray) -> np.ndarray:
        """The part of a result (H + top, W + left, ...) that belongs to the input."""
        return result[self.top :, self.left :]


def as_mosaic(image: Image, pattern: Pattern = "grbg") -> Mosaic:
    """The image as a GRBG mosaic; InputError where it is an ordinary picture or of another phase."""
    if pattern not in PATTERNS:
        raise UsageError(f"there is no Bayer pattern {pattern!r}", hint=f"use one of {', '.join(PATTERNS)}")
    single = _single_channel(image.pixels, pattern)
    top, left = _SHIFT[pattern]
    if min(single.shape) < 2:
        raise InputError("a mosaic has at least 2 x 2 pixels")
    return Mosaic(to_three_channels(np.pad(single, ((top, 0), (left, 0)), mode="reflect")), top, left)


def _single_channel(pixels: np.ndarray, pattern: Pattern) -> np.ndarray:
    if pixels.shape[2] == 1:
        return pixels[:, :, 0]
    if is_gray(pixels):  # one channel, saved as three
        return pixels[:, :, 0]
    found = patterns_of(pixels)
    if not found:
        raise InputError(
            "this is an ordinary picture, not a Bayer mosaic",
            hint="demosaic takes the raw mosaic of a sensor; for a photo use denoise or upscale",
        )
    if pattern not in found:
        raise InputError(
            f"the colours of this mosaic stand as {found[0]}, not {pattern}", hint=f"--pattern {found[0]}"
        )
    return pixels.max(axis=2)


def is_mosaic(pixels: np.ndarray) -> bool:
    """Whether pixels (H, W, 1 or 3) can be a mosaic: one channel (or three equal ones), or zero-filled."""
    return pixels.shape[2] == 1 or is_gray(pixels) or bool(patterns_of(pixels))


def patterns_of(pixels: np.ndarray) -> tuple[Pattern, ...]:
    """The patterns that three zero-filled channels agree with; several where pixels happen to be black."""
    return tuple(
        pattern
        for pattern in PATTERNS
        if not any(
            pixels[row::2, column::2, channel].any()
            for row, column, kept in _places(pattern)
            for channel in range(3)
            if channel != kept
        )
    )


def to_three_channels(mosaic: np.ndarray, pattern: Pattern = "grbg") -> np.ndarray:
    """(H, W) to (H, W, 3): each value in the channel of its colour, zeros elsewhere."""
    three = np.zeros((*mosaic.shape, 3), mosaic.dtype)
    for row, column, channel in _places(pattern):
        three[row::2, column::2, channel] = mosaic[row::2, column::2]
    return three


def to_mosaic(pixels: np.ndarray, pattern: Pattern = "grbg") -> np.ndarray:
    """What a sensor with this pattern sees of RGB (H, W, 3): one channel (H, W)."""
    mosaic = np.empty(pixels.shape[:2], pixels.dtype)
    for row, column, channel in _places(pattern):
        mosaic[row::2, column::2] = pixels[row::2, column::2, channel]
    return mosaic


def _places(pattern: Pattern) -> list[tuple[int, int, int]]:
    """(row, column, channel) of the four pixels that repeat."""
    return [(at // 2, at % 2, _CHANNEL[colour]) for at, colour in enumerate(pattern)]
