"""Results of a batch, encoded and written by a pool while the network is at the next images."""

import os
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path, PurePath
from typing import BinaryIO

from ..errors import FileThereError, OutputError
from ..images import Image, Receipt, output_extension, write
from ..wording import reason
from .outcome import WAITING_BYTES, WAITING_IMAGES, Outcome, Transfer, attempt, bytes_of

WRITERS = min(4, os.cpu_count() or 1)


class Writers:
    """A pool of writers; outcomes are reported in the order in which their jobs came."""

    def __init__(self, on_outcome: Callable[[Outcome], None]) -> None:
        self.failed = False
        self._on_outcome = on_outcome
        self._pool = ThreadPoolExecutor(WRITERS, thread_name_prefix="restore-write")
        self._pending: deque[tuple[Future[Outcome], int]] = deque()

    def __enter__(self) -> "Writers":
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
        size = bytes_of(image)
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
        error = None if finished.exception() else finished.result().error
        if error is not None and not isinstance(error, FileThereError):
            self.failed = True

    def _report_first(self) -> None:
        outcome = self._pending[0][0].result()
        self._pending.popleft()
        self._on_outcome(outcome)


def _write_one(outcome: Outcome, image: Image, transfer: Transfer) -> Outcome:
    start = time.perf_counter()
    receipt, error = attempt(lambda: _write(image, outcome.job.target, transfer))
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
    receipt = write(image, buffer, replace(transfer.write, format=extension))
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
