"""Random numbers for damage: all from the generator that is passed in."""

import torch
from torch import Generator


def uniform(generator: Generator, low: float = 0.0, high: float = 1.0) -> float:
    return low + (high - low) * torch.rand((), generator=generator).item()


def happens(generator: Generator, chance: float) -> bool:
    return uniform(generator) < chance
