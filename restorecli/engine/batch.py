"""Many files through one Restorer: a thread reads ahead, the network runs here, a pool writes.

    reader --(bounded by bytes)--> network, in the calling thread --(bounded by bytes)--> writers

A file that fails is an Outcome like any other. Outcomes come in the order of the jobs.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from io import BytesIO
from pathlib import Path, PurePath
from typing import BinaryIO, Protocol, TypeVar

from ..errors import InputError, OutOfMemoryError, OutputError
from ..images import (
    DEFAULT_MAX_PIXELS,
    WRITABLE,
    Image,
    Receipt,
    WriteOptions,
    lost_in_place,
    output_extension,
    read,
    write,
)
from ..images.names import reason
from .files import same_file
from .plan import Job
from .restorer import Report, Restored

# Pixels that may wait on either side of the network. One image larger than this waits alone, so that a batch
# of 100-megapixel photos holds one ahead, one in the network and one behind.
WAITING_BYTES = 64 * 2**20
WAITING_IMAGES = 32
WRITERS = min(4, os.cpu_count() or 1)


Result = TypeVar("Result")


class RestoresImages(Protocol):
    """The part of Restorer that a batch needs."""

    def restore_image(
        self, image: Image, *, progress: Callable[[int, int], None] | None = None
    ) -> Restored: ...


@dataclass(frozen=True, slots=True)
class Transfer:
    """How images are read and written."""

    max_pixels: int = DEFAULT_MAX_PIXELS
    lossless: bool = False
    write: WriteOptions = field(default_factory=WriteOptions)
    standard_input: bytes | None = None
    standard_output: BinaryIO | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one job: a receipt and a report, or the error."""

    job: Job
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    size: tuple[int, int] | None = None  # height, width of the result
    report: Report | None = None
    receipt: Receipt | None = None
    error: Exception | None = None  # anything but a RestoreError is a bug of ours


@dataclass(frozen=True, slots=True)
class _Loaded:
    job: Job
    image: Image | None
    error: Exception | None
    seconds: float


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
    with _reading_ahead(jobs, transfer) as images, _Writers(on_outcome) as writers:
        for loaded in images:
            _pass_through(loaded, restorer, writers, transfer, on_progress)
            if fail_fast and writers.failed:
                break


def _pass_through(
    loaded: _Loaded,
    restorer: RestoresImages,
    writers: "_Writers",
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
    restored, error = _attempt(lambda: restorer.restore_image(image, progress=progress))
    outcome = Outcome(job, loaded.seconds + time.perf_counter() - start, image.notes, error=error)
    if restored is None:
        writers.report(outcome)
    else:
        writers.write(replace(outcome, report=restored.report), restored.image, transfer)


def _attempt(work: Callable[[], Result]) -> tuple[Result | None, Exception | None]:
    """The result, or the error. The outer edge of one file: a bug in it must not cost the other files."""
    try:
        return work(), None
    except MemoryError:
        return None, OutOfMemoryError("not enough memory for this image", hint="a smaller --tile may fit")
    except BrokenPipeError:
        raise  # nobody reads what we write: the whole command ends
    except Exception as error:
        return None, error


# ---------------------------------------------------------------------------------------------- reading


@contextmanager
def _reading_ahead(jobs: Sequence[Job], transfer: Transfer) -> Iterator[Iterator[_Loaded]]:
    """Images in the order of the jobs, decoded by a thread that stays a bounded number of bytes ahead."""
    waiting: deque[_Loaded] = deque()
    changed = threading.Condition()
    stopped = False

    def room() -> bool:
        full = len(waiting) >= WAITING_IMAGES or sum(_bytes_of(it.image) for it in waiting) >= WAITING_BYTES
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

    def take_all() -> Iterator[_Loaded]:
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


def _load(job: Job, transfer: Transfer) -> _Loaded:
    start = time.perf_counter()
    source = job.source if job.source is not None else transfer.standard_input
    assert source is not None
    image, error = _attempt(lambda: _read(job, source, transfer))
    return _Loaded(job, image, error, time.perf_counter() - start)


def _read(job: Job, source: Path | bytes, transfer: Transfer) -> Image:
    image = read(source, max_pixels=transfer.max_pixels)
    if job.source is not None and job.target is not None and same_file(job.source, job.target):
        lost = lost_in_place(image.origin, WRITABLE[job.target.suffix.lower()])
        if lost is not None:
            raise InputError(
                f"{job.source}: not replaced: {lost}",
                hint="leave --in-place off: the result is written beside it",
            )
    return image


def _bytes_of(image: Image | None) -> int:
    if image is None:
        return 0
    return image.pixels.nbytes + (image.alpha.nbytes if image.alpha is not None else 0)


# ---------------------------------------------------------------------------------------------- writing


class _Writers:
    """A pool of writers; outcomes are reported in the order in which their jobs came."""

    def __init__(self, on_outcome: Callable[[Outcome], None]) -> None:
        self.failed = False
        self._on_outcome = on_outcome
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

    def report(self, outcome: Outcome) -> None:
        """Takes an outcome that needs no writing."""
        finished: Future[Outcome] = Future()
        finished.set_result(outcome)
        self._add(finished, 0)

    def write(self, outcome: Outcome, image: Image, transfer: Transfer) -> None:
        """Writes in the background; waits while too many bytes are on their way."""
        size = _bytes_of(image)
        while self._pending and (
            len(self._pending) >= WAITING_IMAGES or sum(it[1] for it in self._pending) + size > WAITING_BYTES
        ):
            self._report_first()
        self._add(self._pool.submit(_write_one, outcome, image, transfer), size)

    def _add(self, future: "Future[Outcome]", size: int) -> None:
        future.add_done_callback(self._look_for_failure)
        self._pending.append((future, size))
        while self._pending and self._pending[0][0].done():
            self._report_first()

    def _look_for_failure(self, finished: "Future[Outcome]") -> None:
        """Known at once, though it is reported when its turn comes."""
        if finished.exception() is None and finished.result().error is not None:
            self.failed = True

    def _report_first(self) -> None:
        outcome = self._pending[0][0].result()
        self._pending.popleft()
        self._on_outcome(outcome)


def _write_one(outcome: Outcome, image: Image, transfer: Transfer) -> Outcome:
    start = time.perf_counter()
    receipt, error = _attempt(lambda: _write(image, outcome.job.target, transfer))
    seconds = outcome.seconds + time.perf_counter() - start
    size = (image.height, image.width)
    return replace(outcome, seconds=seconds, size=size, receipt=receipt, error=error)


def _write(image: Image, target: Path | None, transfer: Transfer) -> Receipt:
    if target is None:
        return _write_to_stream(image, transfer)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise OutputError(f"{target}: {error.filename} is a file, not a folder") from error
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {reason(error)}") from error
    return write(image, target, transfer.write)


def _write_to_stream(image: Image, transfer: Transfer) -> Receipt:
    """Encoded as a whole before the first byte leaves: a reader never sees half an image."""
    assert transfer.standard_output is not None
    stored_as = PurePath(f"image.{image.origin.format.lower()}")
    extension = output_extension(stored_as, lossless=transfer.lossless)
    buffer = BytesIO()
    receipt = write(image, buffer, replace(transfer.write, format=WRITABLE[extension]))
    try:
        _write_all(transfer.standard_output, buffer.getbuffer())
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"standard output: cannot be written: {reason(error)}") from error
    return replace(receipt, path="-")


def _write_all(stream: BinaryIO, data: memoryview) -> None:
    """Without a buffer (PYTHONUNBUFFERED) a stream takes what fits, and only says how much that was."""
    while data:
        data = data[stream.write(data) :]
    stream.flush()
