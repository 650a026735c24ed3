"""A scene and a protocol card to an input and its target, and to the figures of a result.

Images are (C, h, w) float32 in [0, 1]; gray ones have one channel.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor

from ..errors import InputError
from ..ops import metrics, shots
from ..ops.degrade import DEGRADATIONS, to_8_bit
from ..ops.resize import matlab_bicubic
from ..tasks import TASKS, Card
from .folders import Item, load
from .results import WORSE, ImageScore

_SMALLEST_SHOT = 16  # side of an image that a camera's filters fit into
_RGB2GRAY = (0.298936, 0.587043, 0.114021)  # Matlab's weights of red, green and blue


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """What goes in and what should come out."""

    name: str
    input: Tensor
    target: Tensor


def make_case(item: Item, place: int, card: Card, level: float | str | None) -> Case:
    """The case of the `place`-th scene of its set."""
    generator = Generator()
    if card.seed is not None:
        generator.manual_seed(card.seed + (place if card.seed_per_image else 0))
    image = as_tensor(load(item.target))
    if card.damage in shots.SHOTS:
        return _shot(item.name, card, image, generator)
    clean = _as_asked(image, card)
    if card.damage == "pairs":
        if item.input is None:
            raise InputError(f"{item.name}: there is no input for it", hint=f"{card.name} is for pairs")
        damaged = _as_asked(as_tensor(load(item.input)), card)
        channels = max(len(damaged), len(clean))
        return Case(item.name, damaged.expand(channels, -1, -1), clean.expand(channels, -1, -1))
    if TASKS[card.task].enlarges:
        return _small_and_large(item, card, clean, int(float(level or 0)), generator)
    if card.in_colour:
        clean = clean.expand(3, -1, -1)
    amount = float(level) if isinstance(level, (int, float)) else card.strength
    return Case(item.name, *shots.damage(card.damage, clean, amount, generator))


def _shot(name: str, card: Card, image: Tensor, generator: Generator) -> Case:
    """Taken in colour, and made gray afterwards where the card is. What is wanted is in 8 bits too."""
    height, width = image.shape[-2:]
    if min(height, width) < _SMALLEST_SHOT:
        raise InputError(f"{name}: {width}x{height}, too small for {card.name}")
    damaged, target = shots.damage(card.damage, image.expand(3, -1, -1), card.strength, generator)
    return Case(name, _as_asked(damaged, card), _as_asked(to_8_bit(target), card))


def _as_asked(image: Tensor, card: Card) -> Tensor:
    """Gray where the card says so, in 8 bits."""
    if not card.gray or len(image) == 1:
        return image
    exact = image.double()  # float32 rounds some halves to the wrong side
    if card.gray == "rgb2ycbcr":
        return to_8_bit(metrics.matlab_luma(exact)).float()
    return to_8_bit((exact * exact.new_tensor(_RGB2GRAY)[:, None, None]).sum(0, keepdim=True)).float()


def _small_and_large(item: Item, card: Card, clean: Tensor, scale: int, generator: Generator) -> Case:
    if card.damage == "bicubic_down_float":
        height, width = (side // scale for side in clean.shape[-2:])
        whole = clean[..., : height * scale, : width * scale].double()
        small = matlab_bicubic(whole, (height, width), scale=1 / scale).float()
    elif card.damage == "bicubic_down" and scale in item.small:
        small = as_tensor(load(item.small[scale]))
    else:
        small = DEGRADATIONS[card.damage](clean, scale, generator)
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


def measure(result: Tensor, case: Case, card: Card) -> ImageScore:
    """The figures of a result (C, h, w), in float64."""
    result = result.clamp(0, 1)
    if card.rounding == "8 bit":
        result = to_8_bit(result)
    border = 0
    if card.crop == "scale":
        border = case.target.shape[-1] // case.input.shape[-1]
    inner = [_cropped(image, border) for image in (result, case.target)]
    judged, target = (_as_judged(image, card) for image in inner)
    comparable = case.input.shape == case.target.shape and card.damage != "mosaic"
    given = _as_judged(_cropped(case.input.clamp(0, 1), border), card) if comparable else None
    psnr = metrics.psnr(judged, target)
    psnr_input = None if given is None else metrics.psnr(given, target)
    height, width = case.target.shape[-2:]
    return ImageScore(
        name=case.name,
        height=height,
        width=width,
        psnr=_finite(psnr),
        ssim=metrics.ssim(judged, target, edges=card.ssim),
        psnr_input=_finite(psnr_input),
        psnr_to_input=None if given is None else _finite(metrics.psnr(judged, given)),
        psnr_luma=_finite(metrics.psnr_y(*(image.expand(3, -1, -1) for image in inner))),
        worse=None if psnr_input is None else psnr < psnr_input - WORSE,
    )


def _cropped(image: Tensor, border: int) -> Tensor:
    height, width = image.shape[-2:]
    return image[..., border : height - border, border : width - border]


def _as_judged(image: Tensor, card: Card) -> Tensor:
    if card.score == "all channels":
        return image.double()
    # The luma of a gray image is that of one with three equal channels.
    colours = image.flip(-3) if card.luma == "bgr" else image
    return metrics.matlab_luma(colours.double().expand(3, -1, -1))


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
