"""What is measured: baselines, and weights run as the command runs them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ..engine.restorer import Report, Restorer
from ..images import Image
from ..read_rows import AUTO
from ..selection import select
from ..spec import WeightsEntry
from ..tasks import TASKS, Baseline, Task, Value, part
from ..weights import licence
from .baselines import baselines_for
from .job import Job, Options

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
    task = TASKS[job.card.task]

    def stands_for(name: str) -> str:
        found = select(task, name, known_level(task, job.level), job.rows)
        return name if name == AUTO or found.by_noise else found.for_photo(channels=channels).entry.id

    return list(dict.fromkeys(stands_for(name) for name in job.models))


def known_level(task: Task, level: Value) -> Value:
    """As the task has it, where a table gives a float."""
    return task.level.as_kind(level) if task.level is not None else level


def _classical(baseline: Baseline, level: Value) -> Method:
    return Method(baseline.name, "baseline", lambda: lambda image: (part(baseline.run)(image, level), None))


def _weights(model: str, job: Job, options: Options, before: BeforeLoading | None) -> Method:
    task = TASKS[job.card.task]
    level = known_level(task, job.level)
    selection = select(task, model, level, job.rows)
    is_choice = task.level is not None and bool(task.level.choices)
    can_be_told = any(row.model.steerable for row in selection.foreseen)
    told = options.told and level is not None and not is_choice and can_be_told

    def start() -> Callable[[Tensor], Ran]:
        used = selection if is_choice or told else select(task, model, None, job.rows)
        licence.check(used.usable, options.licence)
        restorer = Restorer(
            used, settings=options.settings, before_loading=before, load=False, network=job.network
        )

        def restore(image: Tensor) -> Ran:
            restored = restorer.restore_image(Image.from_array(image.permute(1, 2, 0).numpy()))
            return torch.from_numpy(restored.image.pixels).permute(2, 0, 1), restored.report

        return restore

    return Method(selection.name, "weights", start, told)
