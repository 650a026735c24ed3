"""What is done to arrays of pixels: depth, transparency, and bands of rows packed on all cores."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import cv2
import numpy as np

_MAX_THREADS = 8

Part = TypeVar("Part")
Packed = TypeVar("Packed")


def is_gray(pixels: np.ndarray) -> bool:
    """Whether all channels are the same."""
    return all(np.array_equal(pixels[:, :, 0], pixels[:, :, c]) for c in range(1, pixels.shape[2]))


def grow_under_transparency(pixels: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
    """The pixels with the nearest visible colour under every fully transparent one.

    What editors leave there (black, often) is never seen, but a network looks around each pixel, and would
    draw it into the edges.
    """
    hidden = alpha == 0 if alpha is not None else None
    if hidden is None or not hidden.any() or hidden.all():
        return pixels
    _, labels = cv2.distanceTransformWithLabels(
        hidden.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    places = np.empty(int(labels.max()) + 1, np.int64)  # label of a visible pixel -> where it is
    visible = np.flatnonzero(~hidden)
    places[labels.ravel()[visible]] = visible
    grown = pixels.copy()
    flat = pixels.reshape(-1, pixels.shape[2])
    grown[hidden] = flat[places[labels[hidden]]]
    return grown


def hidden_black(pixels: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
    """The pixels with black under every fully transparent one: for what measures, and passes black over."""
    return pixels if alpha is None or alpha.all() else np.where((alpha == 0)[:, :, None], 0, pixels)


def shows_gray(pixels: np.ndarray, alpha: np.ndarray | None) -> bool:
    """Whether no colour is seen: what is fully transparent does not count, unless all is."""
    if is_gray(pixels):
        return True
    if alpha is None or alpha.all() or not alpha.any():
        return False
    return is_gray(pixels[alpha != 0][None])


def flattened(pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The pixels on white paper, as most programs show transparency where a format has none."""
    top = 1.0 if pixels.dtype == np.float32 else float(np.iinfo(pixels.dtype).max)
    opacity = alpha[:, :, None].astype(np.float32) / top
    mixed = pixels * opacity + top * (1 - opacity)
    return mixed.astype(np.float32) if pixels.dtype == np.float32 else np.rint(mixed).astype(pixels.dtype)


def to_8_bit(array: np.ndarray) -> np.ndarray:
    """Pixels of any depth as 8 bits show them best."""
    if array.dtype == np.uint16:  # 257 * x is what 8 bits mean in 16: to the nearest
        return ((array.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return array if array.dtype == np.uint8 else np.rint(np.clip(array, 0, 1) * 255).astype(np.uint8)


def to_16_bit(array: np.ndarray) -> np.ndarray:
    """Float pixels, or such that have 16 bits already."""
    return array if array.dtype == np.uint16 else np.rint(np.clip(array, 0, 1) * 65535).astype(np.uint16)


def rows_of(pixels: np.ndarray, alpha: np.ndarray | None, top: int, bottom: int) -> np.ndarray:
    """(bottom - top, W, C): a band of the image, alpha as its last channel."""
    band = pixels[top:bottom]
    return band if alpha is None else np.concatenate([band, alpha[top:bottom, :, None]], axis=2)


def on_all_cores(pack: Callable[[Part], Packed], parts: Sequence[Part]) -> Iterator[Packed]:
    """What `pack` makes of each part, in order: of the band that begins at each top, of each strip."""
    pool = ThreadPoolExecutor(max_workers=min(_MAX_THREADS, os.cpu_count() or 1))
    try:
        yield from pool.map(pack, parts)
    finally:
        pool.shutdown(cancel_futures=True)
