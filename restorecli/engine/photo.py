"""A photo to the pixels that a network takes, and back; arrays and tensors as photos."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor

from ..errors import InputError, UsageError
from ..images import Image, as_mosaic, grow_under_transparency, hidden_black, is_gray
from ..images.bayer import PATTERNS, Mosaic
from ..ops.noise import Noise, measure_noise
from ..spec import WeightsEntry
from ..tasks import Value


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Pixels as a network wants them."""

    pixels: np.ndarray
    mosaic: Mosaic | None = None


def prepared(image: Image, pattern: Value = None) -> Prepared:
    """An image as it is; with a `pattern` it is a Bayer mosaic."""
    if pattern is not None:
        mosaic = as_mosaic(image, next(each for each in PATTERNS if each == pattern))
        return Prepared(mosaic.pixels, mosaic)
    pixels = grow_under_transparency(image.pixels, image.alpha)
    # A gray photo saved as colour stays gray, and is what the same photo saved as gray would be.
    return Prepared(pixels[:, :, :1] if is_gray(pixels) else pixels)


def finished(image: Image, given: Prepared, result: np.ndarray) -> Image:
    """The image with what became of its pixels, in its own channels and with its transparency."""
    if given.mosaic is not None:
        result = np.ascontiguousarray(given.mosaic.crop(result))
    elif result.shape[2] < image.channels:
        result = np.repeat(result, image.channels, axis=2)
    alpha = image.alpha
    if alpha is not None and result.shape[:2] == alpha.shape:
        # What nobody sees stays as it was.
        np.copyto(result, image.pixels, where=(alpha == 0)[:, :, None])
    elif alpha is not None:
        height, width = result.shape[:2]
        alpha = cv2.resize(alpha, (width, height), interpolation=cv2.INTER_CUBIC)
        if alpha.dtype == np.float32:
            alpha = alpha.clip(0, 1)
    return image.with_pixels(result, alpha)


def noise_of(image: Image) -> Noise:
    """Of what is seen of it."""
    return measure_noise(hidden_black(image.pixels, image.alpha))


def quality_of(image: Image, entry: WeightsEntry) -> int:
    """As its file was saved with; InputError where there is no telling."""
    if image.origin.quality is None:
        kind = "an array" if image.origin.format == "ARRAY" else f"a {image.origin.format} file"
        raise InputError(
            f"{kind} does not tell the JPEG quality of its photo, and {entry.model.network} needs it",
            hint="--quality 20, or another guess; without --model it is not needed",
        )
    return image.origin.quality


RestoresImage = Callable[[Image], Image]
_PILLOW_MODES = ("L", "LA", "RGB", "RGBA")


def through_array(restore: RestoresImage, array: np.ndarray) -> np.ndarray:
    """(H, W) or (H, W, 1 to 4) uint8, uint16 or float in [0, 1]; the result is of the same kind and dtype."""
    result = as_array(restore(Image.from_array(array)))
    if array.ndim == 2 and result.shape[2] == 1:
        result = result[:, :, 0]
    return result.astype(array.dtype, copy=False)


def through_pillow(restore: RestoresImage, picture: Pillow.Image) -> Pillow.Image:
    """A Pillow image of mode L, LA, RGB or RGBA; the result is of the same mode, with its `info`."""
    if picture.mode not in _PILLOW_MODES:
        raise UsageError(
            f"a Pillow image of mode {picture.mode} is not supported", hint="picture.convert('RGB')"
        )
    result = Pillow.fromarray(through_array(restore, np.array(picture)))
    result.info = dict(picture.info)
    return result


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
