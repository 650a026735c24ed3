"""Noise with a size: grain of film and scans, and what is left of noise after it was smoothed or resized."""

import torch
from torch import Generator, Tensor

from .camera import gaussian_taps, soften
from .draw import happens, uniform


def sized_noise(image: Tensor, radius: float, generator: Generator) -> Tensor:
    """Noise of deviation 1 in the image's shape (..., h, w), smoothed by a Gaussian of that radius."""
    noise = torch.empty_like(image).normal_(generator=generator)
    if radius < 0.1:  # reaches no neighbour
        return noise
    return soften(noise, radius) / gaussian_taps(radius).square().sum()


def mixed_colours(noise: Tensor, generator: Generator) -> Tensor:
    """(3, h, w) of independent channels -> of channels that share a part, each of deviation 1."""
    kind = uniform(generator)
    if kind < 0.25:
        return noise
    if kind < 0.45:
        return noise[:1].expand_as(noise)  # luma alone, as of black-and-white film scanned in colour
    mixing = torch.eye(3) + torch.rand(3, 3, generator=generator) * uniform(generator, 0.2, 1.5)
    mixing = mixing / mixing.norm(dim=1, keepdim=True)
    return torch.einsum("ij,jhw->ihw", mixing, noise)


def grain(
    image: Tensor, sigma: float, generator: Generator, *, radius: float = 1.5, coloured: bool = True
) -> Tensor:
    """(3, h, w) with grain: strongest in midtones, where sigma is its deviation on the scale of 0 to 255."""
    noise = sized_noise(image, radius, generator)
    noise = mixed_colours(noise, generator) if coloured else noise[:1].expand_as(noise)
    tone = image.clamp(0, 1)
    floor = uniform(generator, 0.15, 0.6)
    return image + noise * (floor + (1 - floor) * 4 * tone * (1 - tone)) * (sigma / 255)


def coloured_noise(image: Tensor, sigma: float, generator: Generator) -> Tensor:
    """(3, h, w) with noise of two sizes and any share between channels, more or less with brightness."""
    noise = mixed_colours(sized_noise(image, uniform(generator, 0, 1.2), generator), generator)
    if happens(generator, 0.6):
        coarse = mixed_colours(sized_noise(image, uniform(generator, 0.8, 3), generator), generator)
        share = uniform(generator)
        noise = (1 - share) ** 0.5 * noise + share**0.5 * coarse
    slope = uniform(generator, -0.8, 0.8)
    return image + noise * (1 + slope * (image.clamp(0, 1) - 0.5)) * (sigma / 255)
