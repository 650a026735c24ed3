"""A scene and a protocol card to an input and its target, and to the figures of a result.

Images are (C, h, w) float32 in [0, 1]; gray ones have one channel.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor

from ..errors import InputError
from ..ops import metrics
from ..ops.degrade import DEGRADATIONS, to_8_bit
from ..ops.resize import matlab_bicubic
from .folders import Item, load
from .protocols import Protocol

_RGB2GRAY = (0.298936, 0.587043, 0.114021)  # Matlab's weights of red, green and blue


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """What goes in and what should come out."""

    name: str
    input: Tensor
    target: Tensor


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one result; None where images are equal or cannot be compared."""

    psnr: float | None
    ssim: float
    psnr_input: float | None
    psnr_to_input: float | None
    psnr_luma: float | None


def make_case(item: Item, place: int, card: Protocol, level: float | str | None) -> Case:
    """The case of the `place`-th scene of its set."""
    clean = _as_asked(as_tensor(load(item.target)), card)
    if card.damage == "pairs":
        if item.input is None:
            raise InputError(f"{item.name}: there is no input for it", hint=f"{card.name} is for pairs")
        damaged = _as_asked(as_tensor(load(item.input)), card)
        channels = max(len(damaged), len(clean))
        return Case(item.name, damaged.expand(channels, -1, -1), clean.expand(channels, -1, -1))
    if card.task == "upscale":
        return _small_and_large(item, card, clean, int(float(level or 0)))
    if card.task == "demosaic":
        clean = clean.expand(3, -1, -1)
    generator = Generator()
    if card.seed is not None:
        generator.manual_seed(card.seed + (place if card.seed_per_image else 0))
    amount = float(level) if isinstance(level, (int, float)) else card.strength
    return Case(item.name, DEGRADATIONS[card.damage](clean, amount, generator), clean)


def _as_asked(image: Tensor, card: Protocol) -> Tensor:
    """Gray where the card says so, in 8 bits."""
    if not card.gray or len(image) == 1:
        return image
    exact = image.double()  # float32 rounds some halves to the wrong side
    if card.gray == "rgb2ycbcr":
        return to_8_bit(metrics.matlab_luma(exact)).float()
    return to_8_bit((exact * exact.new_tensor(_RGB2GRAY)[:, None, None]).sum(0, keepdim=True)).float()


def _small_and_large(item: Item, card: Protocol, clean: Tensor, scale: int) -> Case:
    if card.damage == "bicubic_down_float":
        height, width = (side // scale for side in clean.shape[-2:])
        whole = clean[..., : height * scale, : width * scale].double()
        small = matlab_bicubic(whole, (height, width), scale=1 / scale).float()
    elif scale in item.small:
        small = as_tensor(load(item.small[scale]))
    else:
        small = DEGRADATIONS[card.damage](clean, scale, Generator())
    # Where a side cannot be divided by the scale, imresize rounded up and the set's maker cut off, or not.
    height, width = (
        min(side, large // scale) for side, large in zip(small.shape[-2:], clean.shape[-2:], strict=True)
    )
    small, target = small[..., :height, :width], clean[..., : height * scale, : width * scale]
    if min(target.shape[-2:]) <= 2 * scale:  # the border of `scale` pixels is not judged
        raise InputError(
            f"{item.name}: {clean.shape[-1]}x{clean.shape[-2]}, too small to be enlarged {scale} times"
        )
    channels = max(len(small), len(target))
    return Case(item.name, small.expand(channels, -1, -1), target.expand(channels, -1, -1))


def as_tensor(pixels: np.ndarray) -> Tensor:
    """(H, W, C) of any depth -> (C, h, w) float32."""
    white = 1 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max
    planes = np.ascontiguousarray(pixels.transpose(2, 0, 1)).astype(np.float32)
    return torch.from_numpy(planes) / white


def measure(result: Tensor, case: Case, card: Protocol) -> Figures:
    """The figures of a result (C, h, w), in float64."""
    result = result.clamp(0, 1)
    if card.rounding == "8 bit":
        result = to_8_bit(result)
    border = 0
    if card.crop == "scale":
        border = case.target.shape[-1] // case.input.shape[-1]
    judged, target = (_as_judged(image, card, border) for image in (result, case.target))
    comparable = case.input.shape == case.target.shape and card.damage != "mosaic"
    given = _as_judged(case.input.clamp(0, 1), card, border) if comparable else None
    return Figures(
        psnr=_finite(metrics.psnr(judged, target)),
        ssim=metrics.ssim(judged, target, edges=card.ssim),
        psnr_input=None if given is None else _finite(metrics.psnr(given, target)),
        psnr_to_input=None if given is None else _finite(metrics.psnr(judged, given)),
        psnr_luma=_finite(
            metrics.psnr(*(_luma(_cropped(image.double(), border)) for image in (result, case.target)))
        ),
    )


def _as_judged(image: Tensor, card: Protocol, border: int) -> Tensor:
    image = _cropped(image.double(), border)
    if card.score == "all channels":
        return image
    return _luma(image.flip(-3) if card.luma == "bgr" else image)


def _cropped(image: Tensor, border: int) -> Tensor:
    height, width = image.shape[-2:]
    return image[..., border : height - border, border : width - border]


def _luma(image: Tensor) -> Tensor:
    """Of a gray image as of one with three equal channels."""
    return metrics.matlab_luma(image.expand(3, -1, -1))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
