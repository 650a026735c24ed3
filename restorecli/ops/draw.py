"""Random numbers for damage: all from the generator that is passed in."""

import math
from collections.abc import Sequence
from typing import TypeVar

import torch
from torch import Generator

T = TypeVar("T")


def uniform(generator: Generator, low: float = 0.0, high: float = 1.0) -> float:
    return low + (high - low) * torch.rand((), generator=generator).item()


def log_uniform(generator: Generator, low: float, high: float) -> float:
    """Each power of ten as likely as another."""
    return math.exp(uniform(generator, math.log(low), math.log(high)))


def happens(generator: Generator, chance: float) -> bool:
    return uniform(generator) < chance


def pick(generator: Generator, choices: Sequence[T]) -> T:
    """Each as likely as another."""
    return choices[int(uniform(generator, 0, len(choices)))]
