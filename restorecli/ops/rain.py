"""Rain made on purpose: streaks of many kinds, added to a photo.

Streaks are specks of light smeared along a line. Three kinds were seen in pairs with and without rain: single
bright streaks with a direction of their own; sheets of dense streaks, up to six over one another and a few
degrees apart, which is heavy rain; and veils of fine soft lines that leave no gaps. All are gray, add up, and
are as strong on bright ground as on dark, until they clip.
"""

import math

import torch
from torch import Generator, Tensor

from .blur import line_kernel
from .draw import happens, log_uniform, uniform

STEEPEST = 0.9  # from the vertical, in radians
LONGEST = 110.0  # pixels


def rain(image: Tensor, generator: Generator, *, haze: float = 0.0, heavy_share: float = 0.35) -> Tensor:
    """(C, h, w) with rain before it, clipped; `haze` is the share of the light that comes from the air.

    `heavy_share` is the chance that the rain is heavy.
    """
    size = (image.shape[-2], image.shape[-1])
    heavy = happens(generator, heavy_share)
    light = heavy_rain(size, generator) if heavy else light_rain(size, generator)
    if happens(generator, 0.12):
        light = light * _slope(size, generator)
    veil = image * (1 - haze) + haze * uniform(generator, 0.7, 0.95)
    # Added, or mixed in so that it vanishes before white.
    fading = uniform(generator, 0.3, 1) if happens(generator, 0.15) else 0.0
    return (veil + light * (1 - fading * veil)).clamp(0, 1)


def light_rain(size: tuple[int, int], generator: Generator) -> Tensor:
    """One kind of rain, or two, in about one direction."""
    angle = _angle(generator, STEEPEST)
    kind = uniform(generator)
    if kind < 0.12:
        return _veil(size, angle, generator)
    light = torch.zeros(size)
    if kind < 0.85:  # near and far drops: each kind has a length of its own
        for _ in range(1 + happens(generator, 0.6) + happens(generator, 0.3)):
            coverage = log_uniform(generator, 0.005, 0.35)
            light += _streaks(size, angle + uniform(generator, -0.05, 0.05), coverage, generator)
    if kind > 0.75:
        light += _sheet(size, angle, generator)
    return light


def heavy_rain(size: tuple[int, int], generator: Generator) -> Tensor:
    """Sheets over one another, whose directions differ a little, or cross."""
    angle = _angle(generator, 0.5)
    spread = uniform(generator, 0.02, 0.3)
    light = torch.zeros(size)
    for _ in range(2 + int(uniform(generator, 0, 4))):
        turned = angle + uniform(generator, -spread, spread)
        if happens(generator, 0.6):
            light += _streaks(size, turned, uniform(generator, 0.3, 1.2), generator, shortest=30)
        else:
            light += _sheet(size, turned, generator, shortest=30)
    if happens(generator, 0.15):
        light += _veil(size, angle, generator)
    # However many sheets, their brightness is that of rain: few sheets are bright ones.
    strength = log_uniform(generator, 0.09, 0.5)
    return (light * (strength / light.mean().clamp(min=1e-4))).clamp(max=uniform(generator, 0.6, 1.1))


def _angle(generator: Generator, steepest: float) -> float:
    """Rain falls: near the vertical is likelier."""
    return steepest * 0.5 * (uniform(generator, -1, 1) + uniform(generator, -1, 1))


def _streaks(
    size: tuple[int, int], angle: float, coverage: float, generator: Generator, *, shortest: float = 10
) -> Tensor:
    """Single streaks that would cover about that share of the photo; some kinds of rain come in bundles."""
    length, thickness = log_uniform(generator, shortest, LONGEST), log_uniform(generator, 0.3, 1.5)
    chance = torch.full(size, coverage / (length * max(1.5, 2.5 * thickness)))
    if happens(generator, 0.4):
        chance *= _clumps(size, generator)
    specks = (torch.rand(size, generator=generator) < chance).float()
    if not specks.any():  # a small photo has rain too
        specks.view(-1)[int(uniform(generator, 0, specks.numel()))] = 1
    # Each streak has a brightness of its own.
    specks *= 0.1 + 0.9 * torch.rand(size, generator=generator) ** uniform(generator, 0.5, 2)
    smeared = _smear(specks, angle, length, thickness)
    # A streak's own brightness, whatever its length and thickness: the smeared speck's peak.
    peak = 1 / (length * max(1.0, thickness * math.sqrt(2 * math.pi)))
    # Above 1 the middle of a streak is flat and its ends are hard, as of a drop in focus.
    hardness = log_uniform(generator, 0.8, 2.5)
    return (smeared / peak * hardness).clamp(0, 1.3) * uniform(generator, 0.08, 0.7)


def _sheet(size: tuple[int, int], angle: float, generator: Generator, *, shortest: float = 12) -> Tensor:
    """Dense streaks with clear gaps: smeared noise, of which only what lies above a threshold is seen."""
    length, thickness = log_uniform(generator, shortest, LONGEST), log_uniform(generator, 0.3, 0.8)
    lines = _smear(torch.randn(size, generator=generator), angle, length, thickness)
    lines = lines / lines.std()
    lines = (lines - uniform(generator, -0.5, 1.5)).clamp(min=0)
    top = uniform(generator, 1, 4)  # where a streak is as bright as it gets: low ones are flat
    return (lines / top).clamp(max=1) * uniform(generator, 0.08, 0.6)


def _veil(size: tuple[int, int], angle: float, generator: Generator) -> Tensor:
    """Fine soft lines everywhere: only the darkest are cut off."""
    length, thickness = uniform(generator, 6, 60), uniform(generator, 0.4, 1.8)
    lines = _smear(torch.randn(size, generator=generator), angle, length, thickness)
    lines = lines / lines.std()
    return (lines + uniform(generator, 0.5, 2.5)).clamp(0, 5) * uniform(generator, 0.015, 0.07)


def _clumps(size: tuple[int, int], generator: Generator) -> Tensor:
    """Soft patches, zero to about three, one in the mean."""
    field = _smear(torch.randn(size, generator=generator), 0.0, 3.0, uniform(generator, 4, 20))
    patches = (field / field.std()).clamp(min=0)
    return patches / patches.mean()


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
