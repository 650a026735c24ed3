"""Any damage that images can be given, by its name: a card where no card of a task is for it."""

import math

from ..errors import UsageError
from ..ops import shots
from ..spec import WeightsEntry
from ..tasks import TASKS, Card

_DRAWN = ("rain", "blur", "photo_down", *shots.SHOTS)  # each image gets its own
_MEANS = {
    "noise": "sigma", "noise8": "sigma", "correlated": "sigma", "shot": "sigma", "jpeg": "quality",
    "jpeg444": "quality", "bicubic_down": "scale", "photo_down": "scale", "mosaic": "pattern",
}  # fmt: skip


def damage_card(text: str, entry: WeightsEntry) -> Card:
    """`noise:25` as a card for these weights: nothing is rounded that the damage does not round."""
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
    shrinks, scale = name in ("bicubic_down", "photo_down"), entry.model.scale
    if shrinks != (scale > 1) or (shrinks and amount != scale):
        wanted = f"bicubic_down:{scale}" if scale > 1 else "noise:25"
        raise UsageError(
            f"{name}:{amount:g} is not what {entry.model.network} with scale {scale} repairs",
            hint=f"--damage {wanted}",
        )
    known = TASKS[entry.task].level
    level = None
    if known is not None and known.name == _MEANS.get(name):
        level = amount if number else known.default
    seeds = "1, 2, 3, ... image by image" if name in _DRAWN else "1 for each image"
    return Card(
        text, entry.task, f"{text}, made by restorecli of a clean image; seeded with {seeds}",
        damage=name, levels=() if level is None else (level,), strength=amount, seed=1,
        seed_per_image=name in _DRAWN, gray="rgb2gray" if entry.model.channels == 1 else "",
        crop="scale" if shrinks else "none",
    )  # fmt: skip
