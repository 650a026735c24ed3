"""Transparency: what stands under it must not bleed into what is seen."""

import cv2
import numpy as np

from .decode import is_gray


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
