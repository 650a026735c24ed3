"""Weights and baselines over the cases of sets: figures, seconds, memory."""

import platform
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from ..engine.device import pick_device
from ..engine.probe import peak_memory
from ..engine.restorer import Report, Restorer
from ..errors import RestoreError, UsageError
from ..images import Image
from ..ops.degrade import to_8_bit
from ..registry import choose
from ..spec import TaskName, WeightsEntry
from ..tasks import TASKS
from .baselines import Baseline, Which, baselines_for
from .cases import Case, Figures, make_case, measure
from .folders import ImageSet
from .gallery import OnImage, Shot
from .protocols import Protocol
from .published import of_method, of_weights
from .results import ImageScore, Machine, Problem, Score

Level = float | str | None
Progress = Callable[[str, int, int, int], None]  # what runs, images done, all images of it, rows done before

_WARM_UP = 64  # side of the part of the first image that goes through first, unmeasured
_REASONS = 3  # why a set is not whole: so many in a row's note


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


Ran = tuple[Tensor, Report | None]


@dataclass(frozen=True, slots=True)
class Method:
    """Weights or a baseline, ready to run; `run` gives the result, and of weights how they were run."""

    name: str
    run: Callable[[Tensor], Ran]
    entry: WeightsEntry | None = None


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who is told while it runs."""

    progress: Progress | None = None
    on_image: OnImage | None = None
    before: Callable[[WeightsEntry], None] | None = None  # weights are used


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
    for done, method in enumerate(_methods(job, options, watcher), start=before):
        if isinstance(method, Problem):
            yield method
            continue
        try:
            yield _row(job, method, options, watcher, done)
        except UsageError:
            raise
        except RestoreError as error:
            yield Problem(f"{method.name} on {images.title}", (error.message,), error.hint or "")


def methods_in(job: Job, options: Options) -> int:
    """How many rows there will be."""
    return len(job.models) + len(baselines_for(job.card.task, job.level, options.baselines))


def _methods(job: Job, options: Options, watcher: Watcher) -> Iterator[Method | Problem]:
    for baseline in baselines_for(job.card.task, job.level, options.baselines):
        yield _classical(baseline, job.level)
    for entry in entries_for(job):
        if watcher.before is not None:
            watcher.before(entry)
        try:
            yield _network(entry, job, options)
        except UsageError:
            raise
        except RestoreError as error:
            yield Problem(f"{entry.id} on {job.images.title}", (error.message,), error.hint or "")


def entries_for(job: Job) -> list[WeightsEntry]:
    """The rows of weights.toml that answer, each once."""
    channels = 1 if job.images.gray or job.card.gray else 3
    level = as_known(job.card.task, job.level)
    found = (choose(job.card.task, name, level, channels=channels)[0] for name in job.models)
    return list({entry.id: entry for entry in found}.values())


def as_known(task: TaskName, level: Level) -> Level:
    """Levels are floats in tables; a quality or a scale is a whole number."""
    known = TASKS[task].level
    return int(level) if known is not None and known.kind is int and isinstance(level, float) else level


def _classical(baseline: Baseline, level: Level) -> Method:
    return Method(baseline.name, lambda image: (baseline.run(image, level), None))


def _network(entry: WeightsEntry, job: Job, options: Options) -> Method:
    task = TASKS[job.card.task]
    level = as_known(task.name, job.level)
    is_choice = task.level is not None and bool(task.level.choices)
    restorer = Restorer(
        task.name,
        model=entry.id,
        level=level if is_choice or (options.told and entry.model.steerable) else None,
        device=options.device,
        precision=options.precision,
        windows=options.windows,
        ensemble=options.ensemble,
    )

    def restore(image: Tensor) -> Ran:
        restored = restorer.restore_image(Image.from_array(image.permute(1, 2, 0).numpy()))
        return torch.from_numpy(restored.image.pixels).permute(2, 0, 1), restored.report

    return Method(entry.id, restore, entry)


def _row(job: Job, method: Method, options: Options, watcher: Watcher, before: int) -> Score:
    images, card = job.images, job.card
    device, _ = pick_device(options.device if method.entry is not None else "cpu")
    scores: list[ImageScore] = []
    memory: list[int | None] = []
    reports: list[Report] = []
    largest = 0
    for place, item in enumerate(images.items):
        case = make_case(item, place, card, job.level)
        if not place and method.entry is not None:
            method.run(case.input[:, :_WARM_UP, :_WARM_UP])
        # Watching the memory takes as long as small images do: those larger than all before are enough.
        is_larger, largest = case.target.numel() > largest, max(largest, case.target.numel())
        result, report, seconds, peak = _timed(method, case, device if is_larger else None)
        figures = measure(result, case, card)
        scores.append(_image_score(case, figures, seconds))
        memory.append(peak)
        reports += [report] if report is not None else []
        if watcher.on_image is not None and method.entry is not None:
            watcher.on_image(_shot(job, method.name, case, result, figures))
        if watcher.progress is not None:
            watcher.progress(f"{method.name}: {job.name}", place + 1, len(images.items), before)
    return _mean(job, method, options, scores, memory, reports)


def _timed(
    method: Method, case: Case, device: torch.device | None
) -> tuple[Tensor, Report | None, float, int | None]:
    """The result with its seconds (of weights, those that `restore` counts) and the device's peak memory."""
    found: list[Ran] = []
    spent: list[float] = []

    def work() -> None:
        start = time.perf_counter()
        with torch.inference_mode():
            found.append(method.run(case.input))
        spent.append(time.perf_counter() - start)

    peak = None if device is None else peak_memory(work, device)
    if device is None:
        work()
    (result, report), (seconds,) = found[0], spent
    return result, report, seconds if report is None else report.seconds, peak


def _image_score(case: Case, figures: Figures, seconds: float) -> ImageScore:
    height, width = case.target.shape[-2:]
    return ImageScore(case.name, height, width, **asdict(figures), seconds=seconds)


def _mean(
    job: Job,
    method: Method,
    options: Options,
    scores: Sequence[ImageScore],
    memory: Sequence[int | None],
    reports: Sequence[Report],
) -> Score:
    images, card, level, entry = job.images, job.card, job.level, method.entry
    megapixels = sum(score.height * score.width for score in scores) / 1e6
    shortened = [images.shortened] if images.shortened else []
    reasons = (*shortened, *images.reasons[:_REASONS])
    more = len(images.reasons) - _REASONS
    published = of_method(method.name, images.row, card, level)
    if entry is not None:
        published = of_weights(entry, images.row, card, level)
    return Score(
        task=card.task,
        set=images.title,
        protocol=card.name,
        level=level,
        model=method.name,
        kind="baseline" if entry is None else "weights",
        psnr=_average([score.psnr for score in scores]),
        ssim=sum(score.ssim for score in scores) / len(scores),
        psnr_input=_average([score.psnr_input for score in scores]),
        psnr_to_input=_average([score.psnr_to_input for score in scores]),
        psnr_luma=_average([score.psnr_luma for score in scores]),
        images=len(scores),
        seconds_per_megapixel=sum(score.seconds or 0 for score in scores) / megapixels,
        whole=not reasons,
        note="; ".join(reasons) + (f"; and {more} more" if more > 0 else ""),
        network=entry.model.network if entry is not None else "",
        told=options.told and entry is not None and entry.model.steerable,
        weights_sha256=entry.sha256[:12] if entry is not None and entry.sha256 else None,
        precision=reports[0].precision if reports else "fp32",
        device=reports[0].device if reports else "cpu",
        windows=options.windows if entry is not None else "ours",
        tile=max((report.tile for report in reports), default=None),
        ensemble=options.ensemble and entry is not None,
        peak_memory=max((peak for peak in memory if peak is not None), default=None),
        published=published,
        per_image=tuple(scores),
        exact=sum(score.psnr is None for score in scores),
    )


def _average(values: Sequence[float | None]) -> float | None:
    """The mean of per-image figures, as papers have it; None where one of them is infinite or not there."""
    there = [value for value in values if value is not None]
    return sum(there) / len(there) if there and len(there) == len(values) else None


def _shot(job: Job, model: str, case: Case, result: Tensor, figures: Figures) -> Shot:
    result = result.clamp(0, 1)
    return Shot(
        task=job.card.task,
        set=job.images.title,
        protocol=job.card.name,
        level=job.level,
        model=model,
        name=case.name,
        psnr=figures.psnr,
        psnr_input=figures.psnr_input,
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
