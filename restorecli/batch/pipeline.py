"""Many files through one restorer: a thread reads ahead, the network runs here, a pool writes.

    reader --(bounded by bytes)--> network --(bounded by bytes)--> writers

A file that fails is an Outcome like any other. Outcomes come in the order of the jobs, in the calling thread.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ..errors import FileThereError, OutOfMemoryError, RestoreError
from ..images import Image, Receipt
from .plan import Job
from .transfer import Transfer

# Pixels that may wait on either side of the network. One image larger than this waits alone, so that a batch
# of 100-megapixel photos holds one ahead, one in the network and one behind.
WAITING_BYTES = 64 * 2**20
WAITING_IMAGES = 32
WRITERS = min(4, os.cpu_count() or 1)

Result = TypeVar("Result")
Progress = Callable[[int, int], None]  # tiles done, all tiles


class Restored(Protocol):
    """What a restorer gives back."""

    @property
    def image(self) -> Image: ...
    @property
    def report(self) -> Any: ...


class RestoresImages(Protocol):
    """The part of Restorer that a batch needs."""

    def restore_image(self, image: Image, *, progress: Progress | None = None) -> Restored: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one job: a receipt and the restorer's report, or the error."""

    job: Job
    source: os.stat_result | None = None  # the file, as it was before it was read
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    size: tuple[int, int] | None = None  # height, width of the result
    report: Any = None
    receipt: Receipt | None = None
    error: Exception | None = None  # anything but a RestoreError is a bug of ours


Passed = tuple[Outcome, Image | None]  # from one step to the next; no image: it has failed


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
    with _Writers(on_outcome, transfer) as writers, closing(_Reader(jobs, transfer)) as reader:
        for job in jobs:
            progress = None if on_progress is None else partial(on_progress, job)
            # Without a name for what is passed on: no pixels outlive their turn.
            writers.put(*_restored(*reader.take(), restorer, progress))
            if fail_fast and writers.failed:
                break


def _attempt(outcome: Outcome, work: Callable[[], Result]) -> tuple[Outcome, Result | None]:
    """One step of one file, timed. Its outer edge: a bug in one file must not cost the other files."""
    start, result, error = time.perf_counter(), None, None
    try:
        result = work()
    except BrokenPipeError:
        raise  # nobody reads what we write: the whole command ends
    except MemoryError:
        error = OutOfMemoryError("not enough memory for this image", hint="a smaller --tile may fit")
    except RestoreError as known:
        # Without the way it took: on it lie pixels, and it may wait behind others for its turn to be told.
        error = known.with_traceback(None)
        error.__cause__ = error.__context__ = None
    except Exception as bug:
        error = bug
    seconds = outcome.seconds + time.perf_counter() - start
    return replace(outcome, seconds=seconds, error=error), result


def _restored(
    outcome: Outcome, image: Image | None, restorer: RestoresImages, progress: Progress | None
) -> Passed:
    if image is None:
        return outcome, None
    outcome, restored = _attempt(outcome, lambda: restorer.restore_image(image, progress=progress))
    outcome = replace(outcome, notes=image.notes)
    if restored is None:
        return outcome, None
    result = restored.image
    return replace(outcome, report=restored.report, size=(result.height, result.width)), result


def _bytes_of(image: Image | None) -> int:
    arrays = () if image is None else (image.pixels, image.alpha)
    return sum(array.nbytes for array in arrays if array is not None)


def _is_full(waiting: Sequence[int], more: int = 0) -> bool:
    """Whether images of these sizes leave no room for one more, of a size that need not be known."""
    return len(waiting) >= WAITING_IMAGES or (bool(waiting) and sum(waiting) + more > WAITING_BYTES)


def _status(path: Path | None) -> os.stat_result | None:
    try:
        return None if path is None else path.stat()
    except OSError:  # reading it will say so
        return None


class _Reader:
    """A thread that decodes images in the order of the jobs, a bounded number of bytes ahead."""

    def __init__(self, jobs: Sequence[Job], transfer: Transfer) -> None:
        self._jobs, self._transfer = jobs, transfer
        self._waiting: deque[Passed] = deque()
        self._changed = threading.Condition()
        self._stopped = False
        # A daemon: an interrupted command does not wait for the decoding of an image that nobody will use.
        threading.Thread(target=self._read_all, name="restore-read", daemon=True).start()

    def close(self) -> None:
        with self._changed:
            self._stopped = True
            self._waiting.clear()
            self._changed.notify_all()

    def take(self) -> Passed:
        """The next image, or why there is none."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting)
            self._changed.notify_all()
            return self._waiting.popleft()

    def _read_all(self) -> None:
        for job in self._jobs:
            with self._changed:
                self._changed.wait_for(self._may_go_on)
                if self._stopped:
                    return
            outcome = Outcome(job, _status(job.source))
            read_one = _attempt(outcome, partial(self._transfer.load, job))
            with self._changed:
                self._waiting.append(read_one)
                self._changed.notify_all()
            del read_one  # the thread must not keep an image alive while it waits for room

    def _may_go_on(self) -> bool:
        return self._stopped or not _is_full([_bytes_of(image) for _, image in self._waiting])


class _Writers:
    """A pool that writes in the background; outcomes are reported in the order in which their jobs came."""

    def __init__(self, on_outcome: Callable[[Outcome], None], transfer: Transfer) -> None:
        self.failed = False
        self._on_outcome, self._transfer = on_outcome, transfer
        self._pool = ThreadPoolExecutor(WRITERS, thread_name_prefix="restore-write")
        self._pending: deque[tuple[Future[Outcome], int]] = deque()

    def __enter__(self) -> "_Writers":
        return self

    def __exit__(self, *_: object) -> None:
        """Results that are there are written and reported, also when interrupted: they cost nothing more."""
        interrupted: BaseException | None = None
        while self._pending:
            try:
                self._report_first()
            except KeyboardInterrupt as interrupt:
                interrupted = interrupt
        self._pool.shutdown(wait=True)
        if interrupted is not None:
            raise interrupted

    def put(self, outcome: Outcome, image: Image | None) -> None:
        """Takes an image to write, or an outcome alone; waits while too many bytes are on their way."""
        size = _bytes_of(image)
        if image is None:
            future: Future[Outcome] = Future()
            future.set_result(outcome)
        else:
            while _is_full([waiting for _, waiting in self._pending], size):
                self._report_first()
            future = self._pool.submit(self._write_one, outcome, image)
        future.add_done_callback(self._look_for_failure)
        self._pending.append((future, size))
        while self._pending and self._pending[0][0].done():
            self._report_first()

    def _write_one(self, outcome: Outcome, image: Image) -> Outcome:
        outcome, receipt = _attempt(outcome, lambda: self._transfer.save(image, outcome.job, outcome.source))
        return replace(outcome, receipt=receipt)

    def _look_for_failure(self, finished: Future[Outcome]) -> None:
        """Known at once, though it is reported when its turn comes."""
        error = None if finished.exception() else finished.result().error
        if error is not None and not isinstance(error, FileThereError):
            self.failed = True

    def _report_first(self) -> None:
        outcome = self._pending[0][0].result()
        self._pending.popleft()
        self._on_outcome(outcome)
