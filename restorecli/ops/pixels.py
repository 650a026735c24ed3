"""Photos of any kind as arrays: what the functions that look at a photo begin with."""

import numpy as np
from torch import Tensor

# Rec. 601, full range: luma, and blue and red less luma, of red, green and blue. What JPEG stores.
LUMA_AND_CHROMA = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))


def white(dtype: np.dtype) -> float:
    """The value of white: 255, 65535, or 1 for float."""
    return float(np.iinfo(dtype).max) if dtype.kind == "u" else 1.0


def as_pixels(photo: np.ndarray | Tensor) -> np.ndarray:
    """(H, W, C)."""
    if isinstance(photo, Tensor):
        return photo.detach().float().cpu().permute(1, 2, 0).numpy()
    return photo[:, :, None] if photo.ndim == 2 else photo
