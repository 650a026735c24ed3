"""What `restore train evaluate` brings to the bench: a network that is in no list, and damages by name."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ..engine.restorer import Restorer
from ..errors import UsageError
from ..images import Image
from ..ops import shots
from ..spec import ModelSpec
from ..tasks import TASKS, Card
from .job import Job, Options
from .methods import Method, Ran, known_level

_SEED = 1
_DRAWN = ("rain", "blur", *shots.SHOTS)  # each image gets its own
_MEANS = {
    "noise": "sigma", "noise8": "sigma", "correlated": "sigma", "shot": "sigma", "jpeg": "quality",
    "jpeg444": "quality", "bicubic_down": "scale", "mosaic": "pattern",
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A network, and what its weights are called."""

    name: str
    task: str
    network: nn.Module
    spec: ModelSpec

    def __post_init__(self) -> None:
        task, scale = TASKS[self.task], self.spec.scale
        if scale > 1 and not (task.enlarges and task.level is not None and task.level.accepts(scale)):
            raise UsageError(f"{self.name} enlarges {scale} times, which {self.task} does not")

    @property
    def is_gray(self) -> bool:
        return self.spec.channels == 1

    def method(self, job: Job, options: Options) -> "TrainedMethod":
        """Run as `restore` runs weights; but alone, whatever may be found in the photo before."""
        known = TASKS[self.task].level
        is_choice = known is not None and bool(known.choices)
        told = options.told and job.level is not None and not is_choice and self.spec.steerable

        def start() -> Callable[[Tensor], Ran]:
            restorer = Restorer.from_network(
                self.network,
                replace(self.spec, finds_kernel=False),
                task=self.task,
                level=known_level(TASKS[self.task], job.level) if is_choice or told else None,
                settings=options.settings,
            )

            def restore(image: Tensor) -> Ran:
                restored = restorer.restore_image(Image.from_array(image.permute(1, 2, 0).numpy()))
                return torch.from_numpy(restored.image.pixels).permute(2, 0, 1), restored.report

            return restore

        return TrainedMethod(self.name, "weights", start, told, self.spec.network)


@dataclass(frozen=True, slots=True)
class TrainedMethod(Method):
    network: str = ""


def damage_card(text: str, trained: Trained) -> Card:
    """`noise:25` as a card: all channels scored, nothing rounded that the damage does not round."""
    name, _, number = text.partition(":")
    if name not in shots.DAMAGES:
        raise UsageError(f"there is no damage {name!r}", hint=f"one of: {', '.join(shots.DAMAGES)}")
    try:
        amount = float(number or 0)
    except ValueError as error:
        raise UsageError(f"{text}: {number!r} is not a number", hint=f"--damage {name}:25") from error
    low, high = (1, 100) if name.startswith("jpeg") else (0, math.inf)
    if not low <= amount <= high:
        raise UsageError(f"{text}: the level is not in {low:g} to {high:g}", hint=f"--damage {name}:25")
    if number and name in shots.SHOTS:
        raise UsageError(f"{text}: {name} has no level", hint=f"--damage {name}")
    shrinks, scale = name == "bicubic_down", trained.spec.scale
    if shrinks != (scale > 1) or (shrinks and amount != scale):
        wanted = f"bicubic_down:{scale}" if scale > 1 else "noise:25"
        raise UsageError(
            f"{name}:{amount:g} is not what {trained.spec.network} with scale {scale} repairs",
            hint=f"--damage {wanted}",
        )
    known = TASKS[trained.task].level
    level = None
    if known is not None and known.name == _MEANS.get(name):
        level = amount if number else known.default
    return Card(
        text,
        trained.task,
        f"{text} by restorecli, of the clean images; seeded with 1"
        + (", 2, 3, ... image by image" if name in _DRAWN else " for each image"),
        damage=name,
        levels=() if level is None else (level,),
        strength=amount,
        seed=_SEED,
        seed_per_image=name in _DRAWN,
        crop="scale" if shrinks else "none",
    )
