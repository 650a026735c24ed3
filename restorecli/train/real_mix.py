"""Damage as files hold it: camera noise, grain, and noise that was resized and stored, for training."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from ..ops import degrade
from ..ops.camera import any_camera, shoot
from ..ops.draw import happens, log_uniform, uniform
from ..ops.grain import coloured_noise, grain
from ..ops.patterns import with_pattern
from .mixes import Sample, noise_left, without_margin

EDGE = 16  # pixels around the target while it is stored, so that JPEG's grid of 16 can lie anywhere
SMALLEST, LARGEST = 0.5, 1.5  # how a photo may be resized after it was taken


@dataclass(frozen=True, slots=True)
class RealMix:
    """What cameras, phones, scanners and the web make of a photo; the shares are of all samples.

    The rest, beside camera, grain, coloured and white, is clean but for what a stored photo goes through.
    The target went through the same wanted steps (tone, sharpening, resizing), without noise and JPEG.
    """

    margin: ClassVar[int] = 96
    scale: ClassVar[int] = 1
    sigma_high: float = 55.0
    gray_share: float = 0.04
    camera_share: float = 0.5
    coloured_share: float = 0.17
    grain_share: float = 0.1
    white_share: float = 0.13
    resized_share: float = 0.25  # of camera, coloured, grain and clean ones
    jpeg_share: float = 0.75  # of the same
    pattern_share: float = 0.04
    shot_low: float = 1e-5
    shot_high: float = 1.2e-2

    def left(self, level: float, told: float) -> float:
        return noise_left(level, told)

    def other_level(self, generator: Generator) -> float:
        return self.sigma_high * uniform(generator) ** 2

    def __call__(self, clean: Tensor, generator: Generator) -> Sample:
        """(3, h, w) -> damaged, target, level: the deviation of what was done to it."""
        if happens(generator, self.pattern_share):
            clean = with_pattern(clean, generator)
        gray = degrade.is_gray(clean) or happens(generator, self.gray_share)
        kind = uniform(generator)
        side = clean.shape[-1] - 2 * self.margin
        if kind < self.white_share:
            target = without_margin(degrade.to_gray(clean) if gray else clean, self.margin)
            damaged = degrade.gaussian_noise(target, self.sigma_high * uniform(generator) ** 1.5, generator)
            damaged = degrade.to_8_bit(damaged) if happens(generator, 0.7) else damaged
            return _sample(damaged, target)
        factor = 1.0
        if happens(generator, self.resized_share):
            low, high = (SMALLEST, 1) if happens(generator, 0.65) else (1, LARGEST)
            factor = uniform(generator, low, high)
        wanted = side + 2 * EDGE
        source = _middle(clean, min(clean.shape[-1], round(wanted / factor)))
        damaged, target = self._taken(source, kind - self.white_share, generator)
        if gray:
            damaged, target = degrade.to_gray(damaged), degrade.to_gray(target)
        if factor != 1:
            mode = "bicubic" if happens(generator, 0.7) else "bilinear"
            both = torch.stack((damaged, target))
            both = F.interpolate(both, (wanted, wanted), mode=mode, antialias=happens(generator, 0.85))
            damaged, target = both.clamp(0, 1).unbind(0)
        if happens(generator, self.jpeg_share):
            damaged = _stored(damaged, generator)
        else:
            damaged = degrade.to_8_bit(damaged)
        # Half of the photos are whole files, whose grid begins where they do; the others were cut out of one.
        cut = happens(generator, 0.5)
        top, left = (EDGE - cut * int(uniform(generator, 0, EDGE)) for _ in range(2))
        place = (slice(None), slice(top, top + side), slice(left, left + side))
        return _sample(damaged[place], target[place])

    def _taken(self, photo: Tensor, kind: float, generator: Generator) -> tuple[Tensor, Tensor]:
        """The photo with its noise, and what it should be."""
        if kind < self.camera_share:
            camera = any_camera(generator, shot_low=self.shot_low, shot_high=self.shot_high)
            return shoot(photo, camera, generator)
        if kind < self.camera_share + self.coloured_share:
            return coloured_noise(photo, log_uniform(generator, 1, 35), generator), photo
        if kind < self.camera_share + self.coloured_share + self.grain_share:
            radius = uniform(generator, 0.6, 3)
            sigma = log_uniform(generator, 2, 30)
            return grain(photo, sigma, generator, radius=radius, coloured=happens(generator, 0.6)), photo
        return photo, photo


def _stored(image: Tensor, generator: Generator) -> Tensor:
    """As JPEG once or twice, of qualities that cameras and the web use."""
    subsampling = "4:2:0" if happens(generator, 0.65) else "4:4:4"
    quality = _quality(generator)
    if happens(generator, 0.15):
        shift = (int(uniform(generator, 0, 8)), int(uniform(generator, 0, 8)))
        return degrade.double_jpeg(image, _quality(generator), quality, subsampling=subsampling, shift=shift)
    return degrade.jpeg(image, quality, subsampling=subsampling)


def _quality(generator: Generator) -> int:
    """60 to 98, more often good."""
    return round(98 - 38 * uniform(generator) ** 2)


def _middle(image: Tensor, side: int) -> Tensor:
    start = (image.shape[-1] - side) // 2
    return image[..., start : start + side, start : start + side]


def _sample(damaged: Tensor, target: Tensor) -> Sample:
    return damaged.contiguous(), target.contiguous(), 255 * (damaged - target).square().mean().sqrt().item()
