"""Luma and chroma, for networks that know gray only."""

import numpy as np

_RED, _GREEN, _BLUE = 0.299, 0.587, 0.114  # BT.601, as in JPEG


def split_luma(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """RGB (H, W, 3) of any depth to luma (H, W, 1) and chroma (H, W, 2): float32, luma in [0, 1]."""
    top = np.float32(1 if pixels.dtype == np.float32 else np.iinfo(pixels.dtype).max)
    rgb = pixels.astype(np.float32) / top
    red, green, blue = rgb[:, :, 0], rgb[:, :, 1], rgb[:, :, 2]
    luma = _RED * red + _GREEN * green + _BLUE * blue
    chroma = np.stack([(blue - luma) / (2 - 2 * _BLUE), (red - luma) / (2 - 2 * _RED)], axis=2)
    return luma[:, :, None], chroma


def join_luma(luma: np.ndarray, chroma: np.ndarray) -> np.ndarray:
    """Back to RGB (H, W, 3), float32. Not clipped: that happens once, when the result is rounded."""
    y, blue_difference, red_difference = luma[:, :, 0], chroma[:, :, 0], chroma[:, :, 1]
    red = y + (2 - 2 * _RED) * red_difference
    blue = y + (2 - 2 * _BLUE) * blue_difference
    green = (y - _RED * red - _BLUE * blue) / _GREEN
    return np.stack([red, green, blue], axis=2).astype(np.float32, copy=False)
