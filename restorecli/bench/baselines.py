"""What costs no download: classical methods to stand beside the networks; tasks name them.

Each takes (C, h, w) float32 in about [0, 1] and the level, and is told the true level: that is their best.
Where there is no level to tell (real noise), denoising has one method of a fixed strength: one fitted to each
image would know the answer.
"""

from typing import Literal

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..ops import demosaic
from ..ops.resize import matlab_bicubic
from ..tasks import TASKS, Baseline, Value

Which = Literal["all", "simple", "none"]  # simple: the input, or the plainest way to fill it in


def nlm(image: Tensor, level: Value) -> Tensor:
    """As strong as the noise."""
    strength = max(_number(level), 1.0)
    if len(image) == 1:
        return _non_local_means(image, 0.9 * strength, 0)
    return _non_local_means(image, 0.7 * strength, strength)


def nlm_untold(image: Tensor, level: Value) -> Tensor:
    """As people use it on real photos: h 4 for luma and colour, whatever the noise is."""
    return _non_local_means(image, 4, 4)


def _non_local_means(image: Tensor, luma: float, chroma: float) -> Tensor:
    """OpenCV's, which works on 8 bits."""
    pixels = np.ascontiguousarray((image.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy())
    if len(image) == 1:
        result = cv2.fastNlMeansDenoising(pixels[:, :, 0], None, luma, 7, 21)[:, :, None]
    else:
        # OpenCV takes BGR, and turns it into luma and chroma.
        bgr = np.ascontiguousarray(pixels[:, :, ::-1])
        found = cv2.fastNlMeansDenoisingColored(bgr, None, luma, chroma, 7, 21)
        result = np.ascontiguousarray(found[:, :, ::-1])
    return torch.from_numpy(result).permute(2, 0, 1).float() / 255


def total_variation(image: Tensor, weight: float, rounds: int = 30) -> Tensor:
    """The image near this one with the least sum of steps (Rudin, Osher, Fatemi), by Chambolle's projection.

    Channels share their edges.
    """
    dual = image.new_zeros(2, *image.shape)
    step = 0.249
    result = image
    for _ in range(rounds):
        result = image - weight * _divergence(dual)
        slope = _gradient(result)
        length = slope.square().sum((0, 1), keepdim=True).sqrt()
        dual = (dual - step / weight * slope) / (1 + step / weight * length)
    return result


def _gradient(image: Tensor) -> Tensor:
    return torch.stack((F.pad(image.diff(dim=-2), (0, 0, 0, 1)), F.pad(image.diff(dim=-1), (0, 1))))


def _divergence(field: Tensor) -> Tensor:
    """Minus the adjoint of _gradient."""
    down, right = field
    rows = F.pad(down[..., :-1, :], (0, 0, 1, 1)).diff(dim=-2)
    columns = F.pad(right[..., :-1], (1, 1)).diff(dim=-1)
    return rows + columns


def unsharp(image: Tensor, level: Value) -> Tensor:
    """Twice what a small Gaussian takes away, added."""
    soft = cv2.GaussianBlur(image.permute(1, 2, 0).numpy(), (0, 0), 1.5)
    planes = torch.from_numpy(soft.reshape(*image.shape[1:], -1)).permute(2, 0, 1)
    return image + 1.0 * (image - planes)


def bicubic(image: Tensor, level: Value) -> Tensor:
    """Matlab's."""
    scale = int(_number(level))
    height, width = image.shape[-2:]
    return matlab_bicubic(image.double(), (height * scale, width * scale), scale=scale).float()


def malvar(mosaic: Tensor, level: Value) -> Tensor:
    """Of a mosaic with three channels, zeros where nothing was measured; the level is its pattern."""
    return demosaic.malvar(mosaic.sum(0), str(level))


def bilinear(mosaic: Tensor, level: Value) -> Tensor:
    return demosaic.bilinear(mosaic.sum(0), str(level))


def _number(level: Value) -> float:
    assert isinstance(level, (int, float))
    return float(level)


def unchanged(image: Tensor, level: Value) -> Tensor:
    return image


def tv_for_noise(image: Tensor, level: Value) -> Tensor:
    return total_variation(image, 0.0045 * max(_number(level), 1.0))


def tv_for_jpeg(image: Tensor, level: Value) -> Tensor:
    return total_variation(image, 0.25 / max(_number(level), 1.0))


def baselines_for(task: str, level: Value, which: Which = "all") -> tuple[Baseline, ...]:
    """Those that make sense: most methods want to be told a level. The simplest comes first."""
    fitting = tuple(row for row in TASKS[task].baselines if row.told in (None, level is not None))
    return {"all": fitting, "simple": fitting[:1], "none": ()}[which]
