"""Which damage a training sample gets: the mixes that a recipe chooses from, made of ops/degrade.py."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ..ops import degrade


def uniform(generator: Generator, low: float = 0.0, high: float = 1.0) -> float:
    return low + (high - low) * torch.rand((), generator=generator).item()


def quantisation(quality: float) -> float:
    """How coarsely libjpeg quantises, in percent of its tables; never zero."""
    return max(5000 / quality if quality < 50 else 200 - 2 * quality, 1.0)


def to_gray(image: Tensor) -> Tensor:
    """(3, h, w) -> three equal channels, in 256 steps as a gray file would hold them."""
    luma = (image * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(0, keepdim=True)
    return degrade.to_8_bit(luma).repeat(3, 1, 1)


@dataclass(frozen=True, slots=True)
class NoiseMix:
    """Sigma from `sigma_low` to `sigma_high`, more often weak than strong where `skew` is above 1.

    The shares say which part of the samples is nearly clean, clipped to 8 bits, correlated, signal-dependent;
    the rest gets float Gaussian noise.
    """

    sigma_low: float = 0.0
    sigma_high: float = 55.0
    skew: float = 1.0
    gray_share: float = 0.25
    clean_share: float = 0.1
    clean_sigma: float = 3.0
    clipped_share: float = 0.2
    correlated_share: float = 0.08
    shot_share: float = 0.1

    def left(self, level: float, told: float) -> float:
        """The share of noise of sigma `level` that stays where the network is told to take `told`.

        If the noise were told-strong noise on a photo with grain of its own, this would be the likeliest grain.
        """
        return max(0.0, 1 - (told / level) ** 2) if level > 0 else 0.0

    def other_level(self, generator: Generator) -> float:
        return uniform(generator, self.sigma_low, self.sigma_high)

    def __call__(self, clean: Tensor, generator: Generator) -> tuple[Tensor, Tensor, float]:
        """(3, h, w) -> damaged, target, level."""
        target = to_gray(clean) if uniform(generator) < self.gray_share else clean
        if uniform(generator) < self.clean_share:
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
        if uniform(generator) < self.clipped_share:
            damaged = degrade.to_8_bit(damaged)
        return damaged, target, sigma


@dataclass(frozen=True, slots=True)
class JpegMix:
    """JPEG of quality `quality_low` to `quality_high`, more often strong than weak where `skew` is above 1.

    The shares say which part of the samples is nearly clean, gray, has its 8x8 grid elsewhere (a cropped
    JPEG), was compressed twice with two grids, or keeps its colour at full resolution.
    """

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

    def __call__(self, clean: Tensor, generator: Generator) -> tuple[Tensor, Tensor, float]:
        """(3, h, w) -> damaged, target, level."""
        target = to_gray(clean) if uniform(generator) < self.gray_share else clean
        subsampling = "4:4:4" if uniform(generator) < self.full_colour_share else "4:2:0"
        if uniform(generator) < self.clean_share:
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


Mix = NoiseMix | JpegMix
