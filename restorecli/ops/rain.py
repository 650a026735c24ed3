"""Rain made on purpose: streaks of many kinds, added to a photo.

Streaks are specks of light smeared along a line. Two kinds were seen in pairs with and without rain: single
bright streaks, and curtains of fine ones that overlap. Both are gray, and nearly as strong on bright ground
as on dark.
"""

import math

import torch
from torch import Generator, Tensor

from .blur import line_kernel
from .draw import happens, uniform


def rain(image: Tensor, generator: Generator, *, haze: float = 0.0) -> Tensor:
    """(C, h, w) with rain before it, clipped; `haze` is the share of the light that comes from the air."""
    height, width = image.shape[-2:]
    angle = uniform(generator, -0.9, 0.9)  # from the vertical
    light = torch.zeros(height, width)
    for _ in range(1 + happens(generator, 0.4) + happens(generator, 0.2)):
        kind = _single_streaks if happens(generator, 0.6) else _curtain
        light += kind((height, width), angle + uniform(generator, -0.08, 0.08), generator)
    if happens(generator, 0.2):
        light *= _slope((height, width), generator)
    veil = image * (1 - haze) + haze * uniform(generator, 0.7, 0.95)
    # Added, or mixed in so that it vanishes before white.
    fading = uniform(generator, 0.3, 1) if happens(generator, 0.3) else 0.0
    return (veil + light * (1 - fading * veil)).clamp(0, 1)


def _single_streaks(size: tuple[int, int], angle: float, generator: Generator) -> Tensor:
    """Each streak has a brightness of its own; the brightest reach `strength`."""
    density = math.exp(uniform(generator, math.log(3e-4), math.log(6e-3)))
    specks = (torch.rand(size, generator=generator) < density).float()
    specks *= 0.25 + 0.75 * torch.rand(size, generator=generator)
    length, thickness = uniform(generator, 6, 45), uniform(generator, 0.4, 1.6)
    smeared = _smear(specks, angle, length, thickness)
    # A streak's own brightness, whatever its length and thickness: the smeared speck's peak.
    peak = 1 / (length * max(1.0, thickness * math.sqrt(2 * math.pi)))
    strength = uniform(generator, 0.1, 0.55)
    return (smeared / peak).clamp(0, 1.3) * strength


def _curtain(size: tuple[int, int], angle: float, generator: Generator) -> Tensor:
    """Noise smeared to fine lines; what lies above a threshold is seen."""
    length, thickness = uniform(generator, 8, 50), uniform(generator, 0.4, 1.2)
    lines = _smear(torch.randn(size, generator=generator), angle, length, thickness)
    lines = lines / lines.std()
    return (lines - uniform(generator, -1.2, 1.8)).clamp(0, 4) * uniform(generator, 0.02, 0.12)


def _smear(specks: Tensor, angle: float, length: float, thickness: float) -> Tensor:
    """Along a line `length` pixels long, softened by `thickness`; what leaves at one edge enters opposite."""
    size = specks.shape
    reach = 2 * (math.ceil(length) // 2) + 1
    line = torch.fft.rfft2(_folded(line_kernel(reach, length, math.pi / 2 + angle), size))
    rows, columns = torch.fft.fftfreq(size[0])[:, None], torch.fft.rfftfreq(size[1])
    soft = torch.exp(-2 * (math.pi * thickness) ** 2 * (rows.square() + columns.square()))
    return torch.fft.irfft2(torch.fft.rfft2(specks) * line * soft, s=size)


def _folded(kernel: Tensor, size: tuple[int, ...]) -> Tensor:
    """On a sheet of another size, whose opposite edges touch."""
    rows, columns = (torch.arange(kernel.shape[0]) % length for length in size)
    sheet = torch.zeros(size)
    index = (rows[:, None] * size[1] + columns).flatten()
    sheet.view(-1).index_add_(0, index, kernel.flatten())
    return sheet


def _slope(size: tuple[int, int], generator: Generator) -> Tensor:
    """From nearly nothing to all, across the photo in some direction."""
    angle = uniform(generator, 0, 2 * math.pi)
    rows, columns = torch.linspace(-1, 1, size[0])[:, None], torch.linspace(-1, 1, size[1])
    return (0.5 + 0.5 * (math.sin(angle) * rows + math.cos(angle) * columns)).clamp(0, 1)
