"""Which weights an image gets: those for its colours, and nearest to its damage."""

from dataclasses import dataclass
from typing import Literal

from ..errors import InputError
from ..images import Image, hidden_black, shows_gray
from ..ops.noise import Noise, measure_noise
from ..registry import choose, goes_by_noise, takes_measuring
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
    noise: Noise | None = None  # of the photo, where it was measured for this choice
    note: str | None = None  # what the user should know about this choice


def choose_weights(task: Task, model: str, level: Value) -> Chosen:
    """By what was asked for, without looking at an image; `level` is given or the task's default."""
    return describe(task, *choose(task.name, model, level), level)


def describe(
    task: Task, entry: WeightsEntry, reason: str, level: Value, noise: Noise | None = None
) -> Chosen:
    """A row that is decided, with where its level is from."""
    if level is not None:
        is_default = task.level is not None and level == task.level.default
        return Chosen(entry, reason, level, "default" if is_default else "asked", noise)
    if entry.level is not None:
        return Chosen(entry, reason, entry.level, "weights", noise)
    return Chosen(entry, reason, noise=noise)


def choose_for(task: Task, model: str, level: Value, image: Image) -> Chosen:
    """The weights for this image: for its colours and its kind of noise, and nearest to its damage.

    Where weights are for one level each, one that is not given is measured.
    """
    channels = 1 if shows_gray(image.pixels, image.alpha) else image.channels
    by_noise = goes_by_noise(task.name, model, level)
    noise = noise_of(image) if by_noise else None
    white = noise is not None and noise.white
    entry, reason = choose(task.name, model, level, channels=channels, white_noise=white)
    if by_noise:
        reason += f", as the noise is {'white' if white else 'not white'}"
    if level is not None or not takes_measuring(entry, model):
        return describe(task, entry, reason, level, noise)
    assert task.level is not None
    assert task.level.high is not None
    name = task.level.name
    if name == "quality":
        measured = float(quality_of(image, entry))
    else:
        noise = noise or noise_of(image)
        measured = noise.sigma
    level = min(measured, task.level.high)
    entry, _ = choose(task.name, model, level, channels=channels, white_noise=white)
    assert isinstance(entry.level, (int, float))
    return Chosen(
        entry,
        f"{name} {measured:.3g} measured; nearest: {entry.level:g}",
        measured,
        "measured",
        noise,
        _far_weaker(name, measured, float(entry.level)),
    )


def noise_of(image: Image) -> Noise:
    """Of what is seen of it."""
    return measure_noise(hidden_black(image.pixels, image.alpha))


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
