"""The figures of single images to a row of the table."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..engine.restorer import Report
from ..selection import select
from ..spec import WeightsEntry
from ..tasks import TASKS
from .job import Job, Options
from .methods import Method
from .published import of_method, of_weights
from .results import AND, ImageScore, Score

_REASONS = 3  # why a set is not whole: so many in a row's note


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


def row_of(job: Job, method: Method, options: Options, measured: Measured) -> Score:
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
        psnr=_average([score.psnr for score in scores]),
        ssim=sum(score.ssim for score in scores) / len(scores),
        psnr_input=_average([score.psnr_input for score in scores]),
        psnr_to_input=_average([score.psnr_to_input for score in scores]),
        psnr_luma=_average([score.psnr_luma for score in scores]),
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
