"""Which weights an image gets: those for its colours, and nearest to its damage."""

from dataclasses import dataclass
from typing import Literal

from ..errors import InputError
from ..images import Image, shows_gray
from ..ops.estimate import noise_sigma
from ..registry import choose, takes_measuring
from ..spec import Task, WeightsEntry

Value = float | str | None  # of a level

# asked: given by the user; default: what the task takes where nothing is given; measured: from the image;
# weights: the one they are for; blind: none, the network finds out by itself.
LevelFrom = Literal["asked", "default", "measured", "weights", "blind"]

# Damage much weaker than the weights are for: they take detail for it.
FAR_BELOW_SIGMA = 0.7
FAR_ABOVE_QUALITY = 20


@dataclass(frozen=True, slots=True)
class Chosen:
    """A row of weights with the level it is used at, and why."""

    entry: WeightsEntry
    reason: str
    level: Value = None
    level_from: LevelFrom = "blind"
    note: str | None = None  # what the user should know about this choice


def choose_weights(task: Task, model: str, level: Value, channels: int = 3) -> Chosen:
    """By what was asked for, without looking at the image; `level` is given or the task's default."""
    entry, reason = choose(task.name, model, level, channels=channels)
    return describe(task, entry, reason, level)


def describe(task: Task, entry: WeightsEntry, reason: str, level: Value) -> Chosen:
    """A row that is decided, with where its level is from."""
    if level is not None:
        is_default = task.level is not None and level == task.level.default
        return Chosen(entry, reason, level, "default" if is_default else "asked")
    if entry.level is not None:
        return Chosen(entry, reason, entry.level, "weights")
    return Chosen(entry, reason)


def choose_for(task: Task, model: str, level: Value, image: Image) -> Chosen:
    """The weights for this image; where they are for one level each, one that is not given is measured."""
    channels = 1 if shows_gray(image.pixels, image.alpha) else image.channels
    chosen = choose_weights(task, model, level, channels)
    if level is not None or not takes_measuring(chosen.entry, model):
        return chosen
    assert task.level is not None
    name = task.level.name
    measured = float(quality_of(image, chosen.entry)) if name == "quality" else noise_sigma(image.pixels)
    assert task.level.high is not None
    entry, _ = choose(task.name, model, min(measured, task.level.high), channels=channels)
    assert isinstance(entry.level, (int, float))
    words = f"{name} {measured:.3g} measured"
    return Chosen(
        entry,
        f"{words}; nearest: {entry.level:g}",
        measured,
        "measured",
        _far_weaker(name, measured, float(entry.level)),
    )


def quality_of(image: Image, entry: WeightsEntry) -> int:
    """As its file was saved with; InputError where there is no telling."""
    if image.origin.quality is None:
        kind = "an array" if image.origin.format == "ARRAY" else f"a {image.origin.format} file"
        raise InputError(
            f"{kind} does not tell the JPEG quality of its photo, and {entry.model.network} needs it",
            hint="--quality 20, or another guess; without --model it is not needed",
        )
    return image.origin.quality


def _far_weaker(name: str, measured: float, nearest: float) -> str | None:
    is_sigma = name == "sigma"
    if measured >= FAR_BELOW_SIGMA * nearest if is_sigma else measured <= nearest + FAR_ABOVE_QUALITY:
        return None
    return (
        f"{name} {measured:.3g} measured, but the nearest weights are for {nearest:g}: detail may go too; "
        f"without --model the default weights fit themselves"
    )
