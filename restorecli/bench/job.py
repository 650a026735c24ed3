"""What is to be measured: one set at one level, and how."""

from dataclasses import dataclass

from .baselines import Which
from .folders import ImageSet
from .protocols import Protocol

Level = float | str | None


@dataclass(frozen=True, slots=True)
class Options:
    """How weights are run; the same for all."""

    device: str = "auto"
    precision: str = "fp32"
    windows: str = "ours"
    ensemble: bool = False
    told: bool = False  # networks that can be told the level are
    partial: bool = False
    baselines: Which = "all"


@dataclass(frozen=True, slots=True)
class Job:
    """One set at one level."""

    images: ImageSet
    card: Protocol
    level: Level
    models: tuple[str, ...]  # as for --model

    @property
    def name(self) -> str:
        return f"{self.images.title} {self.card.name}"
