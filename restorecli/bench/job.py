"""What is to be measured: one set at one level, and how."""

from dataclasses import dataclass, field

from torch import nn

from ..registry import entries
from ..settings import Settings
from ..spec import WeightsEntry
from ..tasks import Card, Value
from ..weights.licence import Policy
from .baselines import Which
from .folders import ImageSet


@dataclass(frozen=True, slots=True)
class Options:
    """How weights are run; the same for all."""

    settings: Settings = field(default_factory=lambda: Settings(precision="fp32"))
    told: bool = False  # networks that can be told the level are
    partial: bool = False
    baselines: Which = "all"
    licence: Policy = "any"


@dataclass(frozen=True, slots=True)
class Job:
    """One set at one level."""

    images: ImageSet
    card: Card
    level: Value
    models: tuple[str, ...]  # as for --model
    rows: tuple[WeightsEntry, ...] = field(default_factory=entries)  # that they may stand for
    network: nn.Module | None = None  # of the one row, where its weights are in no file yet

    @property
    def name(self) -> str:
        return f"{self.images.title} {self.card.name}"
