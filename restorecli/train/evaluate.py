"""Figures: weights on whole sets of clean images, damaged in named ways.

Each image's noise comes from a generator seeded anew (with 1), the input is neither rounded nor clipped
unless the damage says so, the score is of the clamped float output without cropping: the protocol of the
papers' float-noise tables. Rain, blur and shots are drawn, so that each image gets its own: number n of a set
by its names' order is seeded with n, from 1 on. Of enlarged images `scale` pixels are cropped at each edge. A
whole image is one tile. Gray weights are measured on the gray of colour images; of shots on that of the shot.
"""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from ..engine.device import pick_device
from ..errors import UsageError
from ..ops import degrade, shots
from ..ops.demosaic import bilinear
from ..ops.metrics import psnr, psnr_y, ssim
from ..ops.resize import matlab_bicubic
from ..spec import ModelSpec
from .data import as_image, image_paths, read_pixels
from .training import channels_last

_SEED = 1
_DRAWN = ("rain", "blur", *shots.SHOTS)


@dataclass(frozen=True, slots=True)
class Damage:
    """`noise:25` taken apart; `known` tells the network the level."""

    name: str
    level: float
    known: bool = False

    @classmethod
    def parse(cls, text: str, *, known: bool = False) -> "Damage":
        name, _, level = text.partition(":")
        if name not in shots.DAMAGES:
            raise UsageError(f"there is no damage {name!r}", hint=f"one of: {', '.join(shots.DAMAGES)}")
        try:
            strength = float(level or 0)
        except ValueError as error:
            raise UsageError(f"{text}: {level!r} is not a number", hint=f"--damage {name}:25") from error
        low, high = (1, 100) if name.startswith("jpeg") else (0, math.inf)
        if not low <= strength <= high:
            raise UsageError(f"{text}: the level is not in {low:g} to {high:g}", hint=f"--damage {name}:25")
        if level and name in shots.SHOTS:
            raise UsageError(f"{text}: {name} has no level", hint=f"--damage {name}")
        return cls(name, strength, known and name not in shots.SHOTS)


@dataclass(frozen=True, slots=True)
class Figure:
    """The means over one set; PSNR in dB."""

    set: str
    images: int
    damage: str
    level: float
    told: bool  # the network was told the level
    precision: str
    psnr_damaged: float  # of a mosaic, and of a small image: filled or enlarged simply
    psnr: float
    psnr_y: float
    ssim: float
    psnr_to_damaged: float  # how far the result is from its input: what is done to a clean photo
    seconds_per_megapixel: float

    def as_row(self) -> dict[str, object]:
        """For JSON, which knows no infinity: the PSNR of equal images is null."""
        return {key: _as_json(value) for key, value in asdict(self).items()}


def _as_json(value: object) -> object:
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    return value


def evaluate(
    network: nn.Module,
    spec: ModelSpec,
    folders: Sequence[Path],
    damages: Sequence[Damage],
    *,
    bf16: bool = False,
    device: str = "cpu",
    done: Callable[[Figure], None] = lambda figure: None,
) -> list[Figure]:
    """One figure per set and damage; `done` is called with each as it comes."""
    network = channels_last(network.to(pick_device(device)[0]))
    for damage in damages:
        _check(damage, spec)
    figures: list[Figure] = []
    for folder in folders:
        images = [as_image(read_pixels(path)) for path in image_paths(folder)]
        for damage in damages:
            figures.append(_figure(network, spec, folder.name, images, damage, bf16))
            done(figures[-1])
    return figures


def _check(damage: Damage, spec: ModelSpec) -> None:
    """UsageError for damage that makes images of another size than the network takes."""
    shrinks = damage.name.startswith("bicubic_down")
    if shrinks != (spec.scale > 1) or (shrinks and damage.level != spec.scale):
        wanted = f"bicubic_down:{spec.scale}" if spec.scale > 1 else "noise:25"
        raise UsageError(
            f"{damage.name}:{damage.level:g} is not what {spec.network} with scale {spec.scale} repairs",
            hint=f"--damage {wanted}",
        )


def _figure(
    network: nn.Module, spec: ModelSpec, name: str, images: Iterable[Tensor], damage: Damage, bf16: bool
) -> Figure:
    scores: list[Scores] = []
    seconds = megapixels = 0.0
    for number, clean in enumerate(images, start=1):
        generator = Generator().manual_seed(number if damage.name in _DRAWN else _SEED)
        clean = _whole(clean, spec.scale)
        gray = spec.channels == 1
        damaged, clean = shots.damage(damage.name, clean, damage.level, generator, gray=gray)
        start = time.perf_counter()
        level = damage.level if damage.known else None
        restored = restore(network, spec, damaged, level, bf16=bf16).clamp(0, 1)
        seconds += time.perf_counter() - start
        megapixels += clean[0].numel() / 1e6
        simple = _simply(damaged, damage, spec.scale).clamp(0, 1)
        scores.append(score(*(_without_edge(image, spec.scale) for image in (simple, restored, clean))))
    means = Scores(*(sum(column) / len(scores) for column in zip(*scores, strict=True)))
    return Figure(
        set=name,
        images=len(scores),
        damage=damage.name,
        level=damage.level,
        told=damage.known,
        precision="bf16" if bf16 else "fp32",
        **means._asdict(),
        seconds_per_megapixel=seconds / megapixels,
    )


def _whole(clean: Tensor, scale: int) -> Tensor:
    """Cut so that `scale` divides its sides."""
    height, width = (length // scale * scale for length in clean.shape[-2:])
    return clean[..., :height, :width]


def _without_edge(image: Tensor, scale: int) -> Tensor:
    return image if scale == 1 else image[..., scale:-scale, scale:-scale]


def _simply(damaged: Tensor, damage: Damage, scale: int) -> Tensor:
    """What the result is compared with: the damaged image, made one of the result's kind where it is not."""
    if damage.name == "mosaic":
        return bilinear(damaged.sum(0), "grbg")
    if scale == 1:
        return damaged
    height, width = damaged.shape[-2:]
    return matlab_bicubic(damaged, (height * scale, width * scale))


class Scores(NamedTuple):
    psnr_damaged: float
    psnr: float
    psnr_y: float
    ssim: float
    psnr_to_damaged: float


def score(damaged: Tensor, restored: Tensor, clean: Tensor) -> Scores:
    return Scores(
        psnr_damaged=psnr(damaged, clean),
        psnr=psnr(restored, clean),
        psnr_y=psnr_y(restored, clean),
        ssim=ssim(restored, clean),
        psnr_to_damaged=psnr(restored, damaged),
    )


@torch.inference_mode()
def restore(
    network: nn.Module, spec: ModelSpec, image: Tensor, level: float | None = None, *, bf16: bool = False
) -> Tensor:
    """(3, h, w) as one tile, its sides brought to multiples by reflection; gray stays gray."""
    height, width = image.shape[-2:]
    down, right = (-length % spec.multiple_of for length in (height, width))
    device = next(network.parameters()).device
    batch = F.pad(image[None, : spec.channels], (0, right, 0, down), mode="reflect").to(device)
    batch = batch.contiguous(memory_format=torch.channels_last)
    levels = None if level is None else torch.tensor([level], device=device)
    with torch.autocast(device.type, torch.bfloat16, enabled=bf16):  # as the engine does
        result = network(batch, levels) if spec.steerable else network(batch)
    result = result[0, :, : height * spec.scale, : width * spec.scale].float().cpu()
    return result.mean(0, keepdim=True).expand(3, -1, -1) if degrade.is_gray(image) else result
