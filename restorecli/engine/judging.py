"""What was done to a photo, in words; or that it came out as it went in, why, and what to try."""

import math
from dataclasses import replace

from ..images import Image
from ..ops.noise import Noise
from ..spec import Task
from .choosing import noise_of
from .row import Report

UNSEEN = 0.25  # rms of the change, in levels of 255, below which nobody sees a difference
NOISY = 1.5  # sigma that is worth a hint
TOO_SMALL = 6  # pixels a side, of which no noise can be measured


def judged(task: Task, image: Image, report: Report) -> Report:
    """The report with what was done, or why nothing was."""
    if report.change is None:
        return report
    if report.change >= UNSEEN:
        return replace(report, done=task.done.format(report.change) if task.done else None)
    report = replace(report, unchanged=True)
    if task.idle:
        return replace(report, done=f"came out as it went in: {task.idle}")
    noise = report.noise or noise_of(image)
    why = "it is too small to measure its noise"
    if min(image.pixels.shape[:2]) >= TOO_SMALL:
        why = _why(noise, report)
    return replace(report, noise=noise, done=f"came out as it went in: {why}")


def _why(noise: Noise, report: Report) -> str:
    if noise.sigma < NOISY:
        return f"there is hardly any noise (sigma {noise.sigma:.1f} measured)"
    found = f"noise of sigma {noise.sigma:.1f} was measured"
    if isinstance(report.level, (int, float)) and report.level < noise.sigma:
        return f"{found}; --sigma {min(math.ceil(noise.sigma), 100)} takes it"
    return f"{found}, but it looks like texture; restore dejpeg may mend it if it is JPEG blocks"
