"""What costs no download: classical methods to stand beside the networks.

Each takes (C, h, w) float32 in about [0, 1] and the level, and is told the true level: that is their best.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..networks.compact import fill_mosaic
from ..ops.resize import matlab_bicubic
from ..spec import TaskName

INPUT = "input"

Level = float | str | None
Which = Literal["all", "simple", "none"]  # simple: the input, or the plainest way to fill it in


@dataclass(frozen=True, slots=True)
class Baseline:
    name: str
    run: Callable[[Tensor, Level], Tensor]


def nlm(image: Tensor, level: Level) -> Tensor:
    """OpenCV's non-local means, which works on 8 bits; as strong as the noise."""
    pixels = np.ascontiguousarray((image.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy())
    strength = max(_number(level), 1.0)
    if len(image) == 1:
        result = cv2.fastNlMeansDenoising(pixels[:, :, 0], None, 0.9 * strength, 7, 21)[:, :, None]
    else:
        # OpenCV takes BGR, and turns it into luma and chroma.
        bgr = np.ascontiguousarray(pixels[:, :, ::-1])
        found = cv2.fastNlMeansDenoisingColored(bgr, None, 0.7 * strength, strength, 7, 21)
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


def unsharp(image: Tensor, level: Level) -> Tensor:
    """Twice what a small Gaussian takes away, added."""
    soft = cv2.GaussianBlur(image.permute(1, 2, 0).numpy(), (0, 0), 1.5)
    planes = torch.from_numpy(soft.reshape(*image.shape[1:], -1)).permute(2, 0, 1)
    return image + 1.0 * (image - planes)


def bicubic(image: Tensor, level: Level) -> Tensor:
    """Matlab's."""
    scale = int(_number(level))
    height, width = image.shape[-2:]
    return matlab_bicubic(image.double(), (height * scale, width * scale), scale=scale).float()


def malvar(mosaic: Tensor, level: Level) -> Tensor:
    """Malvar, He, Cutler (2004): bilinear, corrected by the slope of the colour that was measured.

    The mosaic is GRBG, three channels with zeros.
    """
    raw = F.pad(mosaic.sum(0)[None, None], (2, 2, 2, 2), mode="reflect")
    cross, along, across, apart = (F.conv2d(raw, kernel)[0, 0] for kernel in _MALVAR)
    result = mosaic.clone()
    red, green, blue = result
    green[0::2, 1::2], green[1::2, 0::2] = cross[0::2, 1::2], cross[1::2, 0::2]
    red[0::2, 0::2], red[1::2, 1::2] = along[0::2, 0::2], across[1::2, 1::2]
    blue[0::2, 0::2], blue[1::2, 1::2] = across[0::2, 0::2], along[1::2, 1::2]
    red[1::2, 0::2], blue[0::2, 1::2] = apart[1::2, 0::2], apart[0::2, 1::2]
    return result


def _malvar_kernels() -> tuple[Tensor, ...]:
    """Green from a cross; a colour that lies left and right, above and below, and across the corners."""
    cross = torch.tensor(
        [[0, 0, -1, 0, 0], [0, 0, 2, 0, 0], [-1, 2, 4, 2, -1], [0, 0, 2, 0, 0], [0, 0, -1, 0, 0]]
    )
    along = torch.tensor(
        [[0, 0, 0.5, 0, 0], [0, -1, 0, -1, 0], [-1, 4, 5, 4, -1], [0, -1, 0, -1, 0], [0, 0, 0.5, 0, 0]]
    )
    apart = torch.tensor(
        [[0, 0, -1.5, 0, 0], [0, 2, 0, 2, 0], [-1.5, 0, 6, 0, -1.5], [0, 2, 0, 2, 0], [0, 0, -1.5, 0, 0]]
    )
    return tuple(kernel[None, None] / 8 for kernel in (cross.float(), along, along.T, apart))


_MALVAR = _malvar_kernels()


def bilinear(mosaic: Tensor, level: Level) -> Tensor:
    """The mean of the nearest measured values of each colour."""
    return fill_mosaic(mosaic[None])[0]


def _number(level: Level) -> float:
    assert isinstance(level, (int, float))
    return float(level)


def _unchanged(image: Tensor, level: Level) -> Tensor:
    return image


def _tv_for_noise(image: Tensor, level: Level) -> Tensor:
    return total_variation(image, 0.0045 * max(_number(level), 1.0))


def _tv_for_jpeg(image: Tensor, level: Level) -> Tensor:
    return total_variation(image, 0.25 / max(_number(level), 1.0))


_AS_IT_IS = Baseline(INPUT, _unchanged)

BASELINES: Mapping[TaskName, tuple[Baseline, ...]] = {
    "denoise": (_AS_IT_IS, Baseline("NLM (OpenCV)", nlm), Baseline("total variation", _tv_for_noise)),
    "dejpeg": (_AS_IT_IS, Baseline("total variation", _tv_for_jpeg)),
    "demosaic": (Baseline("bilinear", bilinear), Baseline("Malvar", malvar)),
    "upscale": (Baseline("bicubic", bicubic),),
    "derain": (_AS_IT_IS,),
    "deblur": (_AS_IT_IS, Baseline("unsharp mask", unsharp)),
}


def baselines_for(task: TaskName, level: Level, which: Which = "all") -> tuple[Baseline, ...]:
    """Those that make sense: most methods want to be told a level. The simplest comes first."""
    if level is None and task in ("denoise", "dejpeg"):
        which = "simple" if which == "all" else which
    return {"all": BASELINES[task], "simple": BASELINES[task][:1], "none": ()}[which]
