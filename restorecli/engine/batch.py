"""Many files through one Restorer: a thread reads ahead, the network runs here, a pool writes.

    reader --(bounded by bytes)--> network, in the calling thread --(bounded by bytes)--> writers

A file that fails is an Outcome like any other. Outcomes come in the order of the jobs.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

from ..images import Image
from .outcome import Outcome, Transfer, attempt
from .plan import Job
from .read_ahead import Loaded, reading_ahead
from .restorer import Restored
from .write_behind import Writers


class RestoresImages(Protocol):
    """The part of Restorer that a batch needs."""

    def restore_image(
        self, image: Image, *, progress: Callable[[int, int], None] | None = None
    ) -> Restored: ...


def run_batch(
    jobs: Sequence[Job],
    restorer: RestoresImages,
    on_outcome: Callable[[Outcome], None],
    *,
    transfer: Transfer = Transfer(),
    on_progress: Callable[[Job, int, int], None] | None = None,
    fail_fast: bool = False,
) -> None:
    """Restores all jobs. Interrupted, it finishes and reports what is being written, then raises."""
    with reading_ahead(jobs, transfer) as images, Writers(on_outcome) as writers:
        for loaded in images:
            _pass_through(loaded, restorer, writers, transfer, on_progress)
            if fail_fast and writers.failed:
                break


def _pass_through(
    loaded: Loaded,
    restorer: RestoresImages,
    writers: Writers,
    transfer: Transfer,
    on_progress: Callable[[Job, int, int], None] | None,
) -> None:
    """One image to the network and the writers. A function of its own: no pixels outlive their turn."""
    job, image = loaded.job, loaded.image
    if image is None:
        writers.report(Outcome(job, loaded.seconds, error=loaded.error))
        return
    start = time.perf_counter()
    progress = None if on_progress is None else partial(on_progress, job)
    restored, error = attempt(lambda: restorer.restore_image(image, progress=progress))
    outcome = Outcome(job, loaded.seconds + time.perf_counter() - start, image.notes, error=error)
    if restored is None:
        writers.report(outcome)
    else:
        writers.write(replace(outcome, report=restored.report), restored.image, transfer)
