"""Arrays and tensors in, the same kind out: the doors of Restorer beside Image."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ..errors import UsageError
from ..images import Image

RestoresImage = Callable[[Image], Image]


def through_array(restore: RestoresImage, array: np.ndarray) -> np.ndarray:
    """(H, W) or (H, W, 1 to 4) uint8, uint16 or float in [0, 1]; the result is of the same kind and dtype."""
    result = as_array(restore(Image.from_array(array)))
    if array.ndim == 2 and result.shape[2] == 1:
        result = result[:, :, 0]
    return result.astype(array.dtype, copy=False)


def as_array(image: Image) -> np.ndarray:
    """The pixels (H, W, C) of an image, with its alpha as the last channel."""
    if image.alpha is None:
        return image.pixels
    return np.dstack((image.pixels, image.alpha))


def through_tensor(restore: RestoresImage, tensor: Tensor) -> Tensor:
    """(C, H, W) or (B, C, H, W) float in [0, 1], C 1 or 3; the result has its dtype and device."""
    if tensor.ndim not in (3, 4) or tensor.shape[-3] not in (1, 3) or 0 in tensor.shape:
        raise UsageError(
            f"not images: a tensor of shape {tuple(tensor.shape)}",
            hint="pass (channels, height, width) or (batch, channels, height, width) with 1 or 3 channels",
        )
    if not tensor.is_floating_point():
        raise UsageError(
            f"a tensor of type {tensor.dtype} is not supported", hint="pass float in [0, 1], or a numpy array"
        )
    batch = tensor.detach().reshape(-1, *tensor.shape[-3:])
    arrays = (image.float().cpu().permute(1, 2, 0).numpy() for image in batch)
    results = [restore(Image.from_array(array)).pixels for array in arrays]
    stacked = torch.from_numpy(np.stack(results)).permute(0, 3, 1, 2).contiguous()
    return stacked.reshape(*tensor.shape[:-3], *stacked.shape[1:]).to(tensor)
