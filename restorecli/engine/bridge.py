"""Between native pixels (numpy, height x width x channels) and tensors (batch, channels, height, width).

Tensors are views of pixels in the order numpy has them, so their memory format is channels_last: nothing is
transposed on the way in or out, and convolutions like it. All that is not network is numpy: it is bound by
memory, and so gains little by threads but would often wait for one on a busy machine.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..ops.pixels import white
from ..spec import Window

# How much red, green and blue make the luma (ITU-R BT.601, full range: the one JPEG uses).
LUMA = (0.299, 0.587, 0.114)

_CHUNK = 2**18  # numbers that stay in the cache from the first step to the last


def cut(pixels: np.ndarray, window: Window) -> np.ndarray:
    """A window of (H, W, C) pixels, not to be written to; what lies beyond the image is its reflection.

    The reflection does not repeat the edge, so that a Bayer mosaic goes on in phase.
    """
    height, width = pixels.shape[:2]
    bottom, right = window.top + window.height, window.left + window.width
    if bottom <= height and right <= width:
        return pixels[window.top : bottom, window.left : right]
    rows = _reflect(np.arange(window.top, bottom), height)
    columns = _reflect(np.arange(window.left, right), width)
    return pixels[rows[:, None], columns]


def _reflect(places: np.ndarray, length: int) -> np.ndarray:
    """Places beyond the last one mirrored back into 0 .. length - 1, however far they are out."""
    if length == 1:
        return np.zeros_like(places)
    period = 2 * (length - 1)
    places = places % period
    return np.minimum(places, period - places)


def to_float(tiles: Sequence[np.ndarray], value_range: float) -> np.ndarray:
    """Tiles of one shape and dtype to a float32 batch (B, h, w, C), white at `value_range`."""
    batch = np.empty((len(tiles), *tiles[0].shape), np.float32)
    divisor = white(tiles[0].dtype) / value_range
    for number, tile in enumerate(tiles):
        np.divide(tile, divisor, out=batch[number, ...], dtype=np.float32)
    return batch


def to_native(rows: np.ndarray, result: np.ndarray, value_range: float) -> None:
    """Finished float rows to native pixels: clamped, rounded once (halves to even). Overwrites `rows`."""
    top = white(result.dtype)
    step = max(1, _CHUNK // rows[0].size)
    for first in range(0, len(rows), step):
        part = rows[first : first + step]
        if top != value_range:
            np.multiply(part, top / value_range, out=part)
        np.clip(part, 0, top, out=part)
        if result.dtype != np.float32:
            np.rint(part, out=part)
        result[first : first + step] = part


def to_tensor(batch: np.ndarray, device: torch.device) -> Tensor:
    """(B, h, w, C) -> (B, C, h, w), the same memory where the device can use it."""
    return torch.from_numpy(batch).to(device).permute(0, 3, 1, 2)


def to_array(batch: Tensor) -> np.ndarray:
    """(B, C, h, w) -> (B, h, w, C) float32."""
    return batch.permute(0, 2, 3, 1).float().cpu().contiguous().numpy()


def luma(x: Tensor) -> Tensor:
    """(B, 3, h, w) -> (B, 1, h, w)."""
    return (x * x.new_tensor(LUMA)[:, None, None]).sum(1, keepdim=True)
