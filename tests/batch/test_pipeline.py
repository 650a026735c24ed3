"""Many files: read ahead, through the network, written behind; whatever fails, fails alone."""

import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest

from restorecli.batch import pipeline
from restorecli.batch import transfer as transferring
from restorecli.batch.pipeline import Outcome, run_batch
from restorecli.batch.plan import Job
from restorecli.batch.transfer import Transfer
from restorecli.errors import FileThereError, InputError, NetworkOutputError, OutOfMemoryError, OutputError
from restorecli.images import Image, WriteOptions, read

REPORT = "what a restorer tells"


@dataclass(frozen=True)
class Restored:
    image: Image
    report: str


class Inverting:
    """A stand-in for a Restorer; `before` is called with each image's number."""

    def __init__(self, before: Callable[[int], None] = lambda number: None) -> None:
        self.seen = 0
        self._before = before

    def restore_image(self, image: Image, *, progress: Callable[[int, int], None] | None = None) -> Restored:
        self.seen += 1
        self._before(self.seen - 1)
        if progress is not None:
            progress(1, 1)
        return Restored(image.with_pixels(np.ascontiguousarray(255 - image.pixels)), REPORT)


@pytest.fixture
def jobs(tmp_path: Path) -> list[Job]:
    """Eight small pictures, each of one value."""
    made = []
    for number in range(8):
        source = tmp_path / f"{number}.png"
        cv2.imwrite(str(source), np.full((8, 8, 3), number, np.uint8))
        made.append(Job(source, tmp_path / "out" / f"{number}.png"))
    return made


def run(jobs: list[Job], restorer: Inverting | None = None, **options) -> list[Outcome]:
    outcomes: list[Outcome] = []
    run_batch(jobs, restorer or Inverting(), outcomes.append, **options)
    return outcomes


def test_every_file_is_restored_and_reported_in_order(jobs: list[Job]):
    outcomes = run(jobs)
    assert [outcome.job for outcome in outcomes] == jobs
    for number, outcome in enumerate(outcomes):
        assert outcome.error is None
        assert outcome.report == REPORT
        assert outcome.size == (8, 8)
        assert outcome.receipt is not None
        assert outcome.job.target is not None
        assert (read(outcome.job.target).pixels == 255 - number).all()


def test_progress_names_the_job(jobs: list[Job]):
    seen = []
    run(jobs, on_progress=lambda *update: seen.append(update))
    assert seen == [(job, 1, 1) for job in jobs]


def test_what_fails_fails_alone(jobs: list[Job], tmp_path: Path):
    assert jobs[1].source is not None
    jobs[1].source.write_bytes(b"not an image")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "2.png").write_bytes(b"there already")
    jobs[3] = replace(jobs[3], target=tmp_path / "0.png" / "3.png")  # a file is no folder

    def fail(number: int) -> None:
        error = {2: NetworkOutputError("not finite"), 3: MemoryError(), 4: ZeroDivisionError("a bug")}.get(
            number
        )
        if error is not None:
            raise error

    outcomes = run(jobs, Inverting(fail))
    kinds = [type(outcome.error) for outcome in outcomes]
    # The second and third file never reach the network, so its numbers run two behind.
    expected = [type(None), InputError, FileThereError, OutputError, NetworkOutputError, OutOfMemoryError]
    assert kinds == [*expected, ZeroDivisionError, type(None)]
    assert (tmp_path / "out" / "2.png").read_bytes() == b"there already"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0.png", "2.png", "7.png"]


def test_fail_fast_stops_at_the_first_failure(jobs: list[Job]):
    assert jobs[2].source is not None
    jobs[2].source.write_bytes(b"")
    restorer = Inverting()
    outcomes = run(jobs, restorer, fail_fast=True)
    assert [outcome.error is None for outcome in outcomes] == [True, True, False]
    assert restorer.seen == 2


def test_interrupted_it_finishes_and_reports_what_is_being_written(
    jobs: list[Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write = transferring.write

    def write_slowly(*arguments):
        time.sleep(0.3)
        return write(*arguments)

    monkeypatch.setattr(transferring, "write", write_slowly)

    def interrupt(number: int) -> None:
        if number == 3:
            raise KeyboardInterrupt

    outcomes: list[Outcome] = []
    with pytest.raises(KeyboardInterrupt):
        run_batch(jobs, Inverting(interrupt), outcomes.append)
    assert [outcome.job for outcome in outcomes] == jobs[:3]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0.png", "1.png", "2.png"]


def test_an_interrupt_while_the_last_ones_are_written_loses_none(jobs: list[Job]):
    outcomes: list[Outcome] = []

    def take(outcome: Outcome) -> None:
        outcomes.append(outcome)
        if len(outcomes) == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_batch(jobs, Inverting(), take)
    written = [job for job in jobs if job.target is not None and job.target.exists()]
    assert [outcome.job for outcome in outcomes] == written


def test_reading_stays_one_large_image_ahead(jobs: list[Job], monkeypatch: pytest.MonkeyPatch):
    reads: list[int] = []
    original = transferring.read

    def counted(*arguments, **options):
        reads.append(1)
        return original(*arguments, **options)

    monkeypatch.setattr(transferring, "read", counted)
    monkeypatch.setattr(pipeline, "WAITING_BYTES", 1)  # every image is a large one
    ahead = []

    def look(number: int) -> None:
        time.sleep(0.05)  # time enough for a reader that would not stop
        ahead.append(len(reads) - number - 1)

    run(jobs, Inverting(look))
    assert max(ahead) == 1


def test_writing_stays_one_large_image_behind(jobs: list[Job], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pipeline, "WAITING_BYTES", 1)
    writing, most = [0], [0]
    lock = threading.Lock()
    write = transferring.write

    def counted(*arguments):
        with lock:
            writing[0] += 1
            most[0] = max(most[0], writing[0])
        time.sleep(0.02)
        receipt = write(*arguments)
        with lock:
            writing[0] -= 1
        return receipt

    monkeypatch.setattr(transferring, "write", counted)
    assert all(outcome.error is None for outcome in run(jobs))
    assert most == [1]


def test_reading_and_writing_run_beside_the_network(jobs: list[Job], monkeypatch: pytest.MonkeyPatch):
    """Each step takes 50 ms: one after the other that is 8 * 150 ms, side by side 8 * 50 ms and a little."""

    def slow(step):
        def run_slowly(*arguments, **options):
            time.sleep(0.05)
            return step(*arguments, **options)

        return run_slowly

    monkeypatch.setattr(transferring, "read", slow(transferring.read))
    monkeypatch.setattr(transferring, "write", slow(transferring.write))
    start = time.perf_counter()
    run(jobs, Inverting(lambda number: time.sleep(0.05)))
    assert time.perf_counter() - start < 0.9


def test_no_pixels_outlive_their_turn(jobs: list[Job]):
    class Watching(Inverting):
        def restore_image(self, image: Image, **options) -> Restored:
            alive.append(sum(pixels() is not None for pixels in given))
            given.append(weakref.ref(image.pixels))
            return super().restore_image(image, **options)

    def fail(number: int) -> None:
        if number % 2:
            raise InputError("of no use") from OSError("and why")

    given, alive = [], []
    outcomes = run(jobs, Watching(fail))
    assert [outcome.error is None for outcome in outcomes] == [True, False] * 4
    assert alive == [0] * 8  # not while the next one is waited for, and not with what is told of a failure
    assert not any(pixels() is not None for pixels in given)


def test_standard_streams(tmp_path: Path):
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    encoded = cv2.imencode(".png", pixels)[1].tobytes()
    out = BytesIO()
    transfer = Transfer(standard_input=encoded, standard_output=out)
    (outcome,) = run([Job(None, None)], transfer=transfer)
    assert outcome.error is None
    assert outcome.receipt is not None
    assert (outcome.receipt.path, outcome.receipt.format) == ("-", "PNG")
    decoded = cv2.imdecode(np.frombuffer(out.getvalue(), np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(decoded, 255 - pixels)


@pytest.mark.parametrize(("lossless", "signature"), [(False, b"\xff\xd8\xff"), (True, b"\x89PNG")])
def test_standard_output_has_the_format_that_a_file_would_have(lossless: bool, signature: bytes):
    encoded = cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8))[1].tobytes()
    out = BytesIO()
    run([Job(None, None)], transfer=Transfer(lossless=lossless, standard_input=encoded, standard_output=out))
    assert out.getvalue().startswith(signature)


def test_nobody_reading_ends_the_batch(jobs: list[Job]):
    class Closed(BytesIO):
        def write(self, _):
            raise BrokenPipeError

    encoded = cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].tobytes()
    with pytest.raises(BrokenPipeError):
        run([Job(None, None)], transfer=Transfer(standard_input=encoded, standard_output=Closed()))


def test_what_was_not_sent_is_let_go():
    """Else the buffer behind it cannot be closed, which Python 3.13 says where it is collected."""

    class Full(BytesIO):
        def write(self, data):
            self.taken = data
            raise OSError(28, "No space left on device")

    encoded = cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].tobytes()
    full = Full()
    (outcome,) = run([Job(None, None)], transfer=Transfer(standard_input=encoded, standard_output=full))
    assert isinstance(outcome.error, OutputError)
    with pytest.raises(ValueError, match="released"):
        len(full.taken)


def test_overwriting_is_asked_for(jobs: list[Job]):
    run(jobs)
    assert all(isinstance(outcome.error, OutputError) for outcome in run(jobs))
    transfer = Transfer(write=WriteOptions(overwrite=True))
    assert all(outcome.error is None for outcome in run(jobs, transfer=transfer))
