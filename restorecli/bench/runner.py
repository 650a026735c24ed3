"""Methods over the cases of sets: figures, seconds, memory."""

import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from ..engine.device import pick_device
from ..engine.probe import peak_memory
from ..engine.restorer import Report
from ..errors import RestoreError, UsageError
from ..ops.degrade import to_8_bit
from .cases import Case, Figures, make_case, measure
from .gallery import OnImage, Shot
from .job import Job, Options
from .methods import BeforeLoading, Method, Ran, methods
from .results import ImageScore, Machine, Problem, Score
from .rows import Measured, row_of

Progress = Callable[[str, int, int, int], None]  # what runs, images done, all images of it, rows done before

_WARM_UP = 64  # side of the part of the first image that goes through first, unmeasured


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who is told while it runs."""

    progress: Progress | None = None
    on_image: OnImage | None = None
    before: BeforeLoading | None = None  # weights are used


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
            row = row_of(job, method, options, _measure(job, method, options, watcher, done))
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
        figures = measure(result, case, card)
        height, width = case.target.shape[-2:]
        measured.scores.append(ImageScore(case.name, height, width, **asdict(figures), seconds=seconds))
        measured.memory.append(peak)
        measured.reports += [report] if report is not None else []
        if watcher.on_image is not None and is_network:
            watcher.on_image(_shot(job, method.name, case, result, figures))
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
