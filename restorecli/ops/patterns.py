"""What screens and printers draw and cameras do not: checkers, lines, dither and halftone dots.

A network that has only seen photos takes them for noise beyond all measure, and what it gives for them can be
anything.
"""

import math

import torch
from torch import Generator, Tensor

from .draw import happens, uniform

# Where (row, column) of a 2x2 cell stands in the order in which dither turns its pixels on.
_FIRST_ORDER = torch.tensor([[0.0, 2.0], [3.0, 1.0]])


def with_flat(image: Tensor, generator: Generator) -> Tensor:
    """(3, h, w) in [0, 1] with one colour, of any strength, in a rectangle of any size."""
    top, bottom, left, right = _rectangle(image, generator)
    colour = torch.rand(3, 1, 1, generator=generator)
    if happens(generator, 0.5):  # the colours of drawings: each of the three off, full or between
        colour = (2 * colour - 0.5).clamp(0, 1)
    drawn = image.clone()
    drawn[:, top:bottom, left:right] = colour
    return drawn


def with_pattern(image: Tensor, generator: Generator) -> Tensor:
    """(3, h, w) in [0, 1] with a pattern in a rectangle of any size, often over all of it."""
    top, bottom, left, right = _rectangle(image, generator)
    drawn = image.clone()
    part = image[:, top:bottom, left:right]
    thresholds = _thresholds((bottom - top, right - left), generator)
    if happens(generator, 0.5):
        shown = part if happens(generator, 0.5) else part.mean(0, keepdim=True)  # the photo, dithered
    else:
        shown = torch.tensor(uniform(generator, 0.1, 0.9))
    low, high = _two_colours(generator)
    drawn[:, top:bottom, left:right] = torch.where(shown > thresholds, high, low)
    return drawn


def _rectangle(image: Tensor, generator: Generator) -> tuple[int, int, int, int]:
    """Top, bottom, left, right: anywhere, and often all of the image."""
    height, width = image.shape[-2:]
    top, bottom = _part(height, generator)
    left, right = _part(width, generator)
    if happens(generator, 0.4):
        return 0, height, 0, width
    return top, bottom, left, right


def _part(length: int, generator: Generator) -> tuple[int, int]:
    size = round(uniform(generator, min(8, length), length))
    start = int(uniform(generator, 0, length - size + 1))
    return start, start + size


def _two_colours(generator: Generator) -> tuple[Tensor, Tensor]:
    """(3, 1, 1) each: black and white, two grays, or any two."""
    kind = uniform(generator)
    if kind < 0.4:
        return torch.zeros(3, 1, 1), torch.ones(3, 1, 1)
    values = torch.rand(2, 3 if kind > 0.7 else 1, generator=generator).expand(2, 3)
    low, high = values.clone().unsqueeze(-1).unsqueeze(-1)
    return low, high


def _thresholds(size: tuple[int, int], generator: Generator) -> Tensor:
    """(h, w) between 0 and 1: a pixel is on where what is shown is above."""
    rows, columns = torch.arange(size[0])[:, None], torch.arange(size[1])[None]
    kind = uniform(generator)
    if kind < 0.3:
        cell = 1 + happens(generator, 0.3)
        return ((rows // cell + columns // cell) % 2).float() * 0.9 + 0.05
    if kind < 0.55:
        down, across = [(1, 0), (0, 1), (1, 1), (1, -1)][int(uniform(generator, 0, 4))]
        period = 2 + int(uniform(generator, 0, 3))
        return ((down * rows + across * columns) % period + 0.5) / period
    if kind < 0.8:
        order = ordered(1 + int(uniform(generator, 0, 3)))
        return order[rows % len(order), columns % len(order)]
    # Dots that grow, on a grid that is turned, as in print.
    period, angle = uniform(generator, 2.5, 8), uniform(generator, 0, math.pi / 2)
    along = (rows * math.cos(angle) + columns * math.sin(angle)) * (2 * math.pi / period)
    aside = (columns * math.cos(angle) - rows * math.sin(angle)) * (2 * math.pi / period)
    return 0.5 + 0.25 * (along.cos() + aside.cos())


def ordered(doublings: int) -> Tensor:
    """The thresholds of ordered dither, after Bayer: (2^n, 2^n), each value once."""
    order = _FIRST_ORDER
    for _ in range(doublings - 1):
        cell = torch.kron(torch.ones(2, 2), order)
        order = 4 * cell + torch.kron(_FIRST_ORDER, torch.ones_like(order))
    return (order + 0.5) / order.numel()
