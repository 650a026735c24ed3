"""What is measured: baselines, and weights run as the command runs them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ..engine.restorer import Report, Restorer
from ..images import Image
from ..registry import AUTO, choose, foreseen, goes_by_noise, name_for_all
from ..spec import TaskName, WeightsEntry
from ..tasks import TASKS
from .baselines import Baseline, baselines_for
from .job import Job, Level, Options

Ran = tuple[Tensor, Report | None]  # the result, and of weights how they were run
BeforeLoading = Callable[[WeightsEntry], None]


@dataclass(frozen=True, slots=True)
class Method:
    """Weights or a baseline; `start` makes it ready to run, and may fail where weights do."""

    name: str  # before it has run; with auto, the weights that were used name the row
    kind: Literal["weights", "baseline"]
    start: Callable[[], Callable[[Tensor], Ran]]
    told: bool = False  # the level


def methods(job: Job, options: Options, before: BeforeLoading | None = None) -> list[Method]:
    """Baselines, then weights."""
    baselines = baselines_for(job.card.task, job.level, options.baselines)
    return [
        *(_classical(baseline, job.level) for baseline in baselines),
        *(_weights(model, job, options, before) for model in models_for(job)),
    ]


def methods_in(job: Job, options: Options) -> int:
    """How many rows there will be."""
    return len(job.models) + len(baselines_for(job.card.task, job.level, options.baselines))


def models_for(job: Job) -> list[str]:
    """The ids that the names of --model stand for, each once; one that decides image by image stays."""
    channels = 1 if job.card.gray or (job.images.gray and not job.card.in_colour) else 3
    level = as_known(job.card.task, job.level)

    def stands_for(name: str) -> str:
        row, _ = choose(job.card.task, name, level, channels=channels)
        return name if name == AUTO or goes_by_noise(job.card.task, name, level) else row.id

    return list(dict.fromkeys(stands_for(name) for name in job.models))


def as_known(task: TaskName, level: Level) -> Level:
    """Levels are floats in tables; a quality or a scale is a whole number."""
    known = TASKS[task].level
    return int(level) if known is not None and known.kind is int and isinstance(level, float) else level


def _classical(baseline: Baseline, level: Level) -> Method:
    return Method(baseline.name, "baseline", lambda: lambda image: (baseline.run(image, level), None))


def _weights(model: str, job: Job, options: Options, before: BeforeLoading | None) -> Method:
    task = TASKS[job.card.task]
    level = as_known(task.name, job.level)
    is_choice = task.level is not None and bool(task.level.choices)
    can_be_told = any(row.model.steerable for row in foreseen(task.name, model, level))
    told = options.told and level is not None and not is_choice and can_be_told

    def start() -> Callable[[Tensor], Ran]:
        restorer = Restorer(
            task.name,
            model=model,
            level=level if is_choice or told else None,
            device=options.device,
            precision=options.precision,
            windows=options.windows,
            ensemble=options.ensemble,
            before_loading=before,
            load=False,
        )

        def restore(image: Tensor) -> Ran:
            restored = restorer.restore_image(Image.from_array(image.permute(1, 2, 0).numpy()))
            return torch.from_numpy(restored.image.pixels).permute(2, 0, 1), restored.report

        return restore

    return Method(name_for_all(task.name, model, level), "weights", start, told)
