"""Images of a batch, decoded by a thread that stays a bounded number of bytes ahead of the network."""

import os
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import FileThereError, InputError
from ..images import Image, lost_in_place, read
from .files import same_file
from .outcome import WAITING_BYTES, WAITING_IMAGES, Transfer, attempt, bytes_of
from .plan import Job


@dataclass(frozen=True, slots=True)
class Loaded:
    """One job's image, or why there is none."""

    job: Job
    image: Image | None
    error: Exception | None
    seconds: float


@contextmanager
def reading_ahead(jobs: Sequence[Job], transfer: Transfer) -> Iterator[Iterator[Loaded]]:
    """Images in the order of the jobs, decoded by a thread that stays a bounded number of bytes ahead."""
    waiting: deque[Loaded] = deque()
    changed = threading.Condition()
    stopped = False

    def room() -> bool:
        full = len(waiting) >= WAITING_IMAGES or sum(bytes_of(it.image) for it in waiting) >= WAITING_BYTES
        return stopped or not full

    def read_all() -> None:
        for job in jobs:
            with changed:
                changed.wait_for(room)
                if stopped:
                    return
            loaded = _load(job, transfer)
            with changed:
                waiting.append(loaded)
                changed.notify_all()
            del loaded  # the thread must not keep an image alive while it waits for room

    def take_all() -> Iterator[Loaded]:
        for _ in jobs:
            with changed:
                changed.wait_for(lambda: waiting)
                loaded = waiting.popleft()
                changed.notify_all()
            yield loaded
            del loaded

    # A daemon: an interrupted command does not wait for the decoding of an image that nobody will use.
    threading.Thread(target=read_all, name="restore-read", daemon=True).start()
    try:
        yield take_all()
    finally:
        with changed:
            stopped = True
            changed.notify_all()


def _load(job: Job, transfer: Transfer) -> Loaded:
    start = time.perf_counter()
    source = job.source if job.source is not None else transfer.standard_input
    assert source is not None
    image, error = attempt(lambda: _read(job, source, transfer))
    return Loaded(job, image, error, time.perf_counter() - start)


def _read(job: Job, source: Path | bytes, transfer: Transfer) -> Image:
    if job.target is not None and not transfer.write.overwrite and os.path.lexists(job.target):
        # It was not there when all was planned: a second command is at the same files.
        raise FileThereError(job.target)
    image = read(source, max_pixels=transfer.max_pixels)
    if job.source is not None and job.target is not None and same_file(job.source, job.target):
        lost = lost_in_place(image.origin, job.target.suffix)
        if lost is not None:
            raise InputError(
                f"{job.source}: not replaced: {lost}",
                hint="leave --in-place off: the result is written beside it",
            )
    return image
