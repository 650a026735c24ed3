"""How one photo was restored: by what, where, how much of it changed, and that in words."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ..images import Image
from ..ops.noise import Noise
from ..ops.pixels import white
from ..selection import Chosen, LevelFrom
from ..spec import ModelSpec
from ..tasks import Task, Value
from .model import Model, Run

UNSEEN = 0.25  # rms of the change, in levels of 255, below which nobody sees a difference
NOISY = 1.5  # sigma that is worth a hint
TOO_SMALL = 6  # pixels a side, of which no noise can be measured


@dataclass(frozen=True, slots=True)
class Report:
    """How one image was restored."""

    weights: str
    tiles: int
    tile: tuple[int, int]  # height, width
    overlap: int
    device: str
    precision: str
    retried_fp32: int
    level: Value
    seconds: float
    notes: tuple[str, ...] = ()
    windows: str = "ours"  # or paper: as the network's authors cut images
    level_from: LevelFrom = "blind"
    chosen: str = ""  # why these weights
    found: str | None = None  # in the image, and taken back without the weights
    noise: Noise | None = None  # of the image as it came, where the choice of weights asked for it
    change: float | None = None  # rms, in levels of 255; None where the result is of another size or kind
    unchanged: bool = False  # nobody would see the difference
    done: str | None = None  # what was taken out, or why nothing was, in words


@dataclass(frozen=True, slots=True)
class Restored:
    image: Image
    report: Report


def report_on(
    run: Run, model: Model, task: Task, chosen: Chosen, *, found: str | None, seconds: float
) -> Report:
    """What is known without looking at the pixels again."""
    notes = list(run.notes)
    if chosen.note is not None:
        notes.append(chosen.note)
    if run.retried:
        notes.append(f"{run.retried} of {len(run.grid)} tiles were run again in float32")
    spec = chosen.entry.model
    if spec.channels < run.pixels.shape[2]:
        notes.append("these weights are gray only: the luma was restored, the chroma passed through")
    if chosen.level is not None and not _level_counts(task, spec, chosen.entry.level):
        assert task.level is not None
        notes.append(f"{task.level.name} has no effect: these weights find it by themselves")
    return Report(
        weights=chosen.entry.id,
        tiles=len(run.grid),
        tile=(run.grid.rows.size, run.grid.columns.size),
        overlap=run.overlap,
        device=str(model.device),
        precision=run.precision,
        retried_fp32=run.retried,
        level=chosen.level,
        level_from=chosen.level_from,
        chosen=chosen.reason,
        seconds=seconds,
        notes=tuple(notes),
        windows=model.settings.windows,
        found=found,
    )


def _level_counts(task: Task, spec: ModelSpec, level: Value) -> bool:
    """Whether the level goes into the network, or decided which one it is or what it sees."""
    return spec.steerable or level is not None or (task.level is not None and bool(task.level.choices))


def levels_between(before: np.ndarray, after: np.ndarray, alpha: np.ndarray | None = None) -> float | None:
    """How far two images are apart: rms over what is seen of all channels, in levels of 255."""
    if before.shape != after.shape:
        return None
    if alpha is not None and not alpha.all():
        before, after = before[alpha != 0], after[alpha != 0]
    if before.dtype.kind == "f":  # a result is clipped; that alone is no change
        before = before.clip(0, 1)
    return 255 / white(before.dtype) * float(cv2.norm(before, after)) / max(before.size, 1) ** 0.5


def judged(report: Report, task: Task, image: Image, measure: Callable[[], Noise]) -> Report:
    """The report with what was done in words, or that nothing was, why, and what to try.

    `measure` gives the photo's noise, where it has yet to be measured.
    """
    if report.change is None:
        return report
    if report.change >= UNSEEN:
        return replace(report, done=task.done.format(report.change) if task.done else None)
    report = replace(report, unchanged=True)
    if task.idle:
        return replace(report, done=f"came out as it went in: {task.idle}")
    noise = report.noise or measure()
    why = "it is too small to measure its noise"
    if min(image.pixels.shape[:2]) >= TOO_SMALL:
        why = _why_unchanged(noise, report.level)
    return replace(report, noise=noise, done=f"came out as it went in: {why}")


def _why_unchanged(noise: Noise, level: Value) -> str:
    if noise.sigma < NOISY:
        return f"there is hardly any noise (sigma {noise.sigma:.1f} measured)"
    found = f"noise of sigma {noise.sigma:.1f} was measured"
    if isinstance(level, (int, float)) and level < noise.sigma:
        return f"{found}; --sigma {min(math.ceil(noise.sigma), 100)} takes it"
    return f"{found}, but it looks like texture; restore dejpeg may mend it if it is JPEG blocks"
