"""Which damage a training sample gets: the mixes that a recipe chooses from, made of ops/degrade.py."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Generator, Tensor

from ..ops import degrade
from ..ops.blur import blur, random_kernel
from ..ops.camera import soften
from ..ops.draw import happens, log_uniform, uniform
from ..ops.grain import coloured_noise
from ..ops.patterns import with_flat, with_pattern
from ..ops.rain import rain
from ..ops.resize import matlab_bicubic


def quantisation(quality: float) -> float:
    """How coarsely libjpeg quantises, in percent of its tables; never zero."""
    return max(5000 / quality if quality < 50 else 200 - 2 * quality, 1.0)


Sample = tuple[Tensor, Tensor, float]  # damaged, target, level; NaN where the damage has none


class Mix(Protocol):
    """Damages a clean image that is `margin` pixels larger on every side than the target."""

    @property
    def margin(self) -> int: ...
    @property
    def scale(self) -> int: ...  # how many times smaller the damaged image is
    def __call__(self, clean: Tensor, generator: Generator) -> Sample: ...


@runtime_checkable
class Steered(Mix, Protocol):
    """Damage with a level that the network can be told, also another one than the true one."""

    def left(self, level: float, told: float) -> float: ...
    def other_level(self, generator: Generator) -> float: ...


def without_margin(image: Tensor, margin: int) -> Tensor:
    return image[..., margin : image.shape[-2] - margin, margin : image.shape[-1] - margin]


def noise_left(level: float, told: float) -> float:
    """The share of noise of sigma `level` that stays where the network is told to take `told`.

    If the noise were told-strong noise on a photo with grain of its own, this were the likeliest grain.
    """
    return max(0.0, 1 - (told / level) ** 2) if level > 0 else 0.0


@dataclass(frozen=True, slots=True)
class NoiseMix:
    """Sigma from `sigma_low` to `sigma_high`, more often weak than strong where `skew` is above 1.

    The shares say which part of the samples is nearly clean, clipped to 8 bits, correlated, signal-dependent
    (the rest gets float Gaussian noise), and which part holds a drawn pattern.
    """

    margin: ClassVar[int] = 0
    scale: ClassVar[int] = 1
    sigma_low: float = 0.0
    sigma_high: float = 55.0
    skew: float = 1.0
    gray_share: float = 0.25
    clean_share: float = 0.1
    clean_sigma: float = 3.0
    clipped_share: float = 0.2
    correlated_share: float = 0.08
    shot_share: float = 0.1
    pattern_share: float = 0.0

    def left(self, level: float, told: float) -> float:
        return noise_left(level, told)

    def other_level(self, generator: Generator) -> float:
        return uniform(generator, self.sigma_low, self.sigma_high)

    def __call__(self, clean: Tensor, generator: Generator) -> Sample:
        """(3, h, w) -> damaged, target, level."""
        if self.pattern_share > 0 and happens(generator, self.pattern_share):
            clean = with_pattern(clean, generator)
        target = degrade.to_gray(clean) if happens(generator, self.gray_share) else clean
        if happens(generator, self.clean_share):
            sigma = uniform(generator, 0, self.clean_sigma)
        else:
            sigma = self.sigma_low + (self.sigma_high - self.sigma_low) * uniform(generator) ** self.skew
        kind = uniform(generator)
        if kind < self.correlated_share:
            radius = uniform(generator, 0.35, 0.7)
            damaged = degrade.correlated_noise(target, sigma, generator, radius=radius)
        elif kind < self.correlated_share + self.shot_share:
            floor = uniform(generator, 0.1, 0.6)
            damaged = degrade.signal_dependent_noise(target, sigma, generator, floor=floor)
            sigma = 255 * (damaged - target).std().item()
        else:
            damaged = degrade.gaussian_noise(target, sigma, generator)
        if happens(generator, self.clipped_share):
            damaged = degrade.to_8_bit(damaged)
        return damaged, target, sigma


@dataclass(frozen=True, slots=True)
class JpegMix:
    """JPEG of quality `quality_low` to `quality_high`, more often strong than weak where `skew` is above 1.

    The shares say which part of the samples is nearly clean, gray, has its 8x8 grid elsewhere (a cropped
    JPEG), was compressed twice with two grids, or keeps its colour at full resolution.
    """

    margin: ClassVar[int] = 0
    scale: ClassVar[int] = 1
    quality_low: int = 10
    quality_high: int = 95
    skew: float = 1.0
    gray_share: float = 0.3
    clean_share: float = 0.06
    shifted_share: float = 0.15
    double_share: float = 0.15
    full_colour_share: float = 0.35

    def left(self, level: float, told: float) -> float:
        """The share of the error of quality `level` that stays where the network is told a better quality."""
        return max(0.0, 1 - (quantisation(told) / quantisation(level)) ** 2)

    def other_level(self, generator: Generator) -> float:
        return float(self.quality(generator))

    def __call__(self, clean: Tensor, generator: Generator) -> Sample:
        """(3, h, w) -> damaged, target, level."""
        target = degrade.to_gray(clean) if happens(generator, self.gray_share) else clean
        subsampling = "4:4:4" if happens(generator, self.full_colour_share) else "4:2:0"
        if happens(generator, self.clean_share):
            quality = round(uniform(generator, 97, 100))
        else:
            quality = self.quality(generator)
        shift = (int(uniform(generator, 0, 8)), int(uniform(generator, 0, 8)))
        kind = uniform(generator)
        if kind < self.double_share:
            first = self.quality(generator)
            damaged = degrade.double_jpeg(target, first, quality, subsampling=subsampling, shift=shift)
        elif kind < self.double_share + self.shifted_share:
            damaged = degrade.jpeg(target, quality, subsampling=subsampling, shift=shift)
        else:
            damaged = degrade.jpeg(target, quality, subsampling=subsampling)
        return damaged, target, float(quality)

    def quality(self, generator: Generator) -> int:
        share = uniform(generator) ** self.skew
        return round(self.quality_low + (self.quality_high - self.quality_low) * share)


@dataclass(frozen=True, slots=True)
class MosaicMix:
    """GRBG mosaics, some of them with the light noise of a sensor, stronger in bright parts or everywhere."""

    margin: ClassVar[int] = 0
    scale: ClassVar[int] = 1
    noisy_share: float = 0.2
    sigma_high: float = 5.0

    def __call__(self, clean: Tensor, generator: Generator) -> Sample:
        damaged = clean
        if happens(generator, self.noisy_share):
            sigma, floor = uniform(generator, 0, self.sigma_high), uniform(generator, 0.1, 1)
            damaged = degrade.signal_dependent_noise(clean, sigma, generator, floor=floor)
            damaged = degrade.to_8_bit(damaged)
        return degrade.mosaic(damaged), clean, float("nan")


@cache
def _shrinking(length: int, scale: int) -> Tensor:
    """What matlab_bicubic does along one axis, as a matrix: many times faster for crops of one size."""
    return matlab_bicubic(torch.eye(length), (length // scale, length))


@cache
def _lanczos(length: int, scale: int) -> Tensor:
    """The same of what most programs shrink by."""
    rows = Image.fromarray(np.eye(length, dtype=np.float32)).resize(
        (length, length // scale), Image.Resampling.LANCZOS
    )
    return torch.from_numpy(np.array(rows))


@dataclass(frozen=True, slots=True)
class DownMix:
    """Made smaller as Matlab's imresize does, in 256 steps as the files of the test sets are.

    `photo_share` of the samples are small as photos are: soft or not, shrunk by another kernel, with slight
    noise, and stored as JPEG. What is wanted is the clean large image all the same.
    """

    scale: int = 2
    photo_share: float = 0.0
    pattern_share: float = 0.0

    @property
    def margin(self) -> int:
        """What the kernel of the outermost pixels reaches: two small pixels, in whole ones of them."""
        return 4 * self.scale

    def __call__(self, clean: Tensor, generator: Generator) -> Sample:
        if self.pattern_share > 0 and happens(generator, self.pattern_share):
            clean = with_pattern(clean, generator)
        if self.photo_share > 0 and happens(generator, self.photo_share):
            small = self._as_photo(clean, generator)
        else:
            small = self._shrunk(_shrinking, clean)
        return without_margin(small, 4), without_margin(clean, self.margin), float("nan")

    def _shrunk(self, matrix: Callable[[int, int], Tensor], image: Tensor) -> Tensor:
        rows, columns = (matrix(length, self.scale) for length in image.shape[-2:])
        return degrade.to_8_bit(degrade.to_8_bit(rows @ image) @ columns.T)

    def _as_photo(self, clean: Tensor, generator: Generator) -> Tensor:
        soft = soften(clean, uniform(generator, 0.3, 0.4 * self.scale)) if happens(generator, 0.4) else clean
        kernel = uniform(generator)
        if kernel < 0.25:
            small = self._shrunk(_shrinking, soft)
        elif kernel < 0.5:
            small = self._shrunk(_lanczos, soft)
        elif kernel < 0.75:
            small = F.avg_pool2d(soft, self.scale)
        else:
            size = [length // self.scale for length in soft.shape[-2:]]
            small = F.interpolate(soft[None], size, mode="bilinear", antialias=True)[0]
        if happens(generator, 0.6):
            noise = coloured_noise if happens(generator, 0.6) else degrade.gaussian_noise
            small = noise(small, log_uniform(generator, 0.5, 7), generator)
        if happens(generator, 0.7):
            quality = round(95 - 35 * uniform(generator) ** 1.5)
            subsampling = "4:2:0" if happens(generator, 0.65) else "4:4:4"
            shift = (int(uniform(generator, 0, 8)), int(uniform(generator, 0, 8)))
            return degrade.jpeg(small, quality, subsampling=subsampling, shift=shift)
        return degrade.to_8_bit(small)


@dataclass(frozen=True, slots=True)
class RainMix:
    """Streaks of rain; a share of the photos stays dry, so that dry photos stay as they are.

    Shares of them hold a drawn pattern or one flat colour: of those `drawn_dry_share` stays dry.
    """

    margin: ClassVar[int] = 0
    scale: ClassVar[int] = 1
    clean_share: float = 0.1
    hazy_share: float = 0.1
    heavy_share: float = 0.35
    pattern_share: float = 0.0
    flat_share: float = 0.0
    drawn_dry_share: float = 0.9

    def __call__(self, clean: Tensor, generator: Generator) -> Sample:
        dry_share, kind = self.clean_share, uniform(generator)
        if kind < self.pattern_share + self.flat_share:
            draw = with_pattern if kind < self.pattern_share else with_flat
            clean, dry_share = degrade.to_8_bit(draw(clean, generator)), self.drawn_dry_share
        if happens(generator, dry_share):
            return clean, clean, float("nan")
        haze = uniform(generator, 0, 0.1) if happens(generator, self.hazy_share) else 0.0
        rainy = rain(clean, generator, haze=haze, heavy_share=self.heavy_share)
        return degrade.to_8_bit(rainy), clean, float("nan")


@dataclass(frozen=True, slots=True)
class BlurMix:
    """Shake, defocus and motion up to `size` pixels, with slight noise; a share stays sharp."""

    scale: ClassVar[int] = 1
    size: int = 25
    clean_share: float = 0.12
    sigma_high: float = 2.0

    @property
    def margin(self) -> int:
        return self.size // 2

    def __call__(self, clean: Tensor, generator: Generator) -> Sample:
        target = without_margin(clean, self.margin)
        if happens(generator, self.clean_share):
            return target, target, float("nan")
        blurred = blur(clean, random_kernel(self.size, generator), generator)
        sigma = uniform(generator, 0, self.sigma_high)
        damaged = degrade.gaussian_noise_8_bit(without_margin(blurred, self.margin), sigma, generator)
        return damaged, target, float("nan")
