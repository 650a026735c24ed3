"""Methods over the cases of sets: figures, seconds and memory image by image, and the row they make."""

import platform
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from ..engine.device import pick_device
from ..engine.probe import peak_memory
from ..engine.restorer import Report
from ..errors import RestoreError, UsageError
from ..ops.degrade import to_8_bit
from ..selection import select
from ..spec import WeightsEntry
from ..tasks import TASKS
from .cases import Case, make_case, measure
from .gallery import OnImage, Shot
from .job import Job, Options
from .methods import BeforeLoading, Method, Ran, methods
from .results import AND, MEANS, ImageScore, Machine, Problem, Score, level_words
from .sets import of_method, of_weights

Progress = Callable[[str, int, int, int], None]  # what runs, images done, all images of it, rows done before

_REASONS = 3  # why a set is not whole: so many in a row's note
_WARM_UP = 64  # side of the part of the first image that goes through first, unmeasured


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who is told while it runs."""

    progress: Progress | None = None
    on_image: OnImage | None = None
    before: BeforeLoading | None = None  # weights are used


@dataclass(slots=True)
class Measured:
    """Image by image, what a method did to a set."""

    scores: list[ImageScore] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)  # none of baselines
    memory: list[int | None] = field(default_factory=list)

    def used(self, job: Job) -> list[WeightsEntry]:
        """The weights, those of most images first."""
        counts = Counter(report.weights for report in self.reports)
        task = TASKS[job.card.task]
        return [select(task, id, None, job.rows).rows[0] for id, _ in counts.most_common()]


def run(
    job: Job, options: Options, watcher: Watcher = Watcher(), before: int = 0
) -> Iterator[Score | Problem]:
    """The rows of one set at one level: baselines, then weights; or the reasons why there are none."""
    images = job.images
    if images.reasons and not options.partial:
        yield Problem(
            images.title, images.reasons, hint="--partial measures the rest, and says so in the table"
        )
        return
    if not images.items:
        yield Problem(images.title, ("there is no image to measure on",))
        return
    there: set[tuple[object, ...]] = set()
    for done, method in enumerate(methods(job, options, watcher.before), start=before):
        try:
            row = _row_of(job, method, options, _measure(job, method, options, watcher, done))
        except UsageError:
            raise
        except RestoreError as error:
            yield Problem(f"{method.name} on {images.title}", (error.message,), error.hint or "")
            continue
        if row.key not in there:  # auto may have come to weights that were asked for too
            there.add(row.key)
            yield row


def _measure(job: Job, method: Method, options: Options, watcher: Watcher, before: int) -> Measured:
    images, card, is_network = job.images, job.card, method.kind == "weights"
    device, _ = pick_device(options.settings.device if is_network else "cpu")
    ready = method.start()
    measured = Measured()
    largest = 0
    for place, item in enumerate(images.items):
        case = make_case(item, place, card, job.level)
        if not place and is_network:
            ready(case.input[:, :_WARM_UP, :_WARM_UP])
        # Watching the memory takes as long as small images do: those larger than all before are enough.
        is_larger, largest = case.target.numel() > largest, max(largest, case.target.numel())
        result, report, seconds, peak = _timed(ready, case, device if is_larger else None)
        score = replace(measure(result, case, card), seconds=seconds)
        measured.scores.append(score)
        measured.memory.append(peak)
        measured.reports += [report] if report is not None else []
        if watcher.on_image is not None and is_network:
            watcher.on_image(_shot(job, method.name, case, result, score))
        if watcher.progress is not None:
            watcher.progress(f"{method.name}: {job.name}", place + 1, len(images.items), before)
    return measured


def _timed(
    method: Callable[[Tensor], Ran], case: Case, device: torch.device | None
) -> tuple[Tensor, Report | None, float, int | None]:
    """The result with its seconds (of weights, those that `restore` counts) and the device's peak memory."""
    found: list[Ran] = []
    spent: list[float] = []

    def work() -> None:
        start = time.perf_counter()
        with torch.inference_mode():
            found.append(method(case.input))
        spent.append(time.perf_counter() - start)

    peak = None if device is None else peak_memory(work, device)
    if device is None:
        work()
    (result, report), (seconds,) = found[0], spent
    return result, report, seconds if report is None else report.seconds, peak


def _row_of(job: Job, method: Method, options: Options, measured: Measured) -> Score:
    images, card, scores, reports = job.images, job.card, measured.scores, measured.reports
    used, is_network = measured.used(job), method.kind == "weights"
    name = AND.join(entry.id for entry in used) or method.name
    megapixels = sum(score.height * score.width for score in scores) / 1e6
    note = _why_not_whole(job)
    return Score(
        task=card.task,
        set=images.title,
        protocol=card.name,
        level=job.level,
        model=name,
        kind=method.kind,
        ssim=sum(score.ssim for score in scores) / len(scores),
        **{name: _average([getattr(score, name) for score in scores]) for name in MEANS},
        images=len(scores),
        seconds_per_megapixel=sum(score.seconds or 0 for score in scores) / megapixels,
        whole=not note,
        note=note,
        network=AND.join(dict.fromkeys(entry.model.network for entry in used)),
        told=method.told,
        weights_sha256=AND.join(entry.sha256[:12] for entry in used if entry.sha256) or None,
        precision=reports[0].precision if reports else "fp32",
        device=reports[0].device if reports else "cpu",
        windows=options.settings.windows if is_network else "ours",
        tile=max((report.tile for report in reports), default=None),
        ensemble=options.settings.ensemble and is_network,
        peak_memory=max((peak for peak in measured.memory if peak is not None), default=None),
        published=_published(job, name, used),
        per_image=tuple(scores),
        exact=sum(score.psnr is None for score in scores),
        worse=_count([score.worse for score in scores]),
    )


def _why_not_whole(job: Job) -> str:
    """Nothing for a whole set."""
    reasons = job.images.reasons
    shown = [job.images.shortened] if job.images.shortened else []
    shown += reasons[:_REASONS]
    more = len(reasons) - _REASONS
    return "; ".join(shown) + (f"; and {more} more" if more > 0 else "")


def _published(job: Job, name: str, used: Sequence[WeightsEntry]) -> float | None:
    """The figure of a paper for this very method."""
    place = job.images.row, job.card, job.level
    if len(used) == 1:
        return of_weights(used[0], *place)
    return of_method(name, *place)


def _average(values: Sequence[float | None]) -> float | None:
    """The mean of per-image figures, as papers have it; None where one of them is infinite or not there."""
    there = [value for value in values if value is not None]
    return sum(there) / len(there) if there and len(there) == len(values) else None


def _count(values: Sequence[bool | None]) -> int | None:
    """How many are true; None where it was not asked of any."""
    there = [value for value in values if value is not None]
    return sum(there) if there else None


def _shot(job: Job, model: str, case: Case, result: Tensor, score: ImageScore) -> Shot:
    result, words = result.clamp(0, 1), level_words(job.card.task, job.level)
    return Shot(
        where=", ".join(filter(None, (job.images.title, job.card.name, words))),
        model=model,
        name=case.name,
        psnr=score.psnr,
        psnr_input=score.psnr_input,
        input=_pixels(case.input.clamp(0, 1)),
        output=_pixels(to_8_bit(result) if job.card.rounding == "8 bit" else result),
        truth=_pixels(case.target),
    )


def _pixels(image: Tensor) -> np.ndarray:
    return np.ascontiguousarray(image.permute(1, 2, 0).float().numpy())


def machine(device: str) -> Machine:
    """What it ran on."""
    picked, choice = pick_device(device)
    name = platform.processor() or platform.machine()
    return Machine(
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        torch=torch.__version__,
        device=f"{picked} ({name})" if picked.type == "cpu" else f"{picked}: {choice.reason}",
        threads=torch.get_num_threads(),
    )
