"""The training loop: one plain loop that can be killed at any moment and goes on where it stood."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ..engine.device import pick_device
from ..engine.probe import keep_freed_memory
from ..errors import OutputError
from ..wording import reason
from . import checkpoint
from .data import Ahead, Sampler, read_pixels, recipe_paths
from .recipe import Recipe
from .training import Training
from .validate import HeldOut

RECIPE = "recipe.toml"
LOG = "log.jsonl"
Row = dict[str, Any]
Report = Callable[[Row], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What belongs to the machine and not to the recipe."""

    data: Path
    out: Path
    device: str = "cpu"
    threads: int | None = None
    init: Path | None = None
    stop_after: float | None = None  # seconds of this call; the schedule goes on with the next one
    save_every: float = 120.0  # seconds
    part_bytes: int | None = None


def train(recipe: Recipe, recipe_text: str, options: Options, report: Report) -> Training:
    """Trains until the schedule has run out; goes on from a checkpoint in options.out."""
    device, _ = pick_device(options.device)
    keep_freed_memory()
    if options.threads:
        torch.set_num_threads(options.threads)
    training_paths, held_out_paths = recipe_paths(
        recipe.sources, options.data, recipe.validation.hold_out_every
    )
    sampler = Sampler([read_pixels(path) for path in training_paths], recipe)
    held_out = HeldOut([read_pixels(path) for path in held_out_paths], recipe)
    training = Training(recipe, sampler, device)
    saved = checkpoint.load(options.out)
    if saved is not None:
        training.load(saved)
    elif options.init is not None:
        training.start_from(options.init)
    with made(options.out, "--out"):  # after all that may be refused: a slip leaves nothing behind
        (options.out / RECIPE).write_text(recipe_text)
    log = Log(options.out / LOG, training.step, report)
    start = {"event": "start", "step": training.step, "images": len(training_paths)}
    log.write(start | {"origin": training.origin or "random weights"})
    _run(training, held_out, options, log)
    return training


@contextmanager
def made(folder: Path, option: str) -> Iterator[None]:
    """The folder, made, to write into; what goes wrong is an OutputError that names the option."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        is_file = isinstance(error, FileExistsError)
        why = "this is a file, not a folder" if is_file else f"cannot be written: {reason(error)}"
        raise OutputError(f"{folder}: {why}", hint=f"{option} FOLDER names another") from error


def _run(training: Training, held_out: HeldOut, options: Options, log: "Log") -> None:
    began = time.monotonic()
    before = training.seconds
    saved_at = 0.0
    meter = Meter()
    batches = training.sampler if training.device.type == "cpu" else Ahead(training.sampler)
    while training.progress < 1:
        start = time.monotonic()
        batch = batches.next()
        drawn = time.monotonic()
        loss = training.learn(batch)
        now = time.monotonic()
        elapsed = now - began
        validate = _is_due(training, before + elapsed)
        training.seconds = before + elapsed
        meter.add(loss, drawn - start, now - start)
        if training.step % Meter.every == 0 or training.progress >= 1:
            log.write(meter.row(training))
        if validate and training.progress < 1:
            log.write(_validation(training, held_out))
        if options.stop_after is not None and elapsed > options.stop_after:
            break
        if elapsed - saved_at > options.save_every:
            saved_at = elapsed
            checkpoint.save(options.out, training.state(), part_bytes=options.part_bytes)
    if training.progress >= 1:
        log.write(_validation(training, held_out))
    if isinstance(batches, Ahead):
        batches.close()
    checkpoint.save(options.out, training.state(), part_bytes=options.part_bytes)


def _is_due(training: Training, seconds: float) -> bool:
    """Whether a validation falls between the last step's end and this one's."""
    validation = training.recipe.validation
    if validation.every_steps:
        return training.step % validation.every_steps == 0
    every = 60 * validation.every_minutes
    return training.seconds // every < seconds // every


def _validation(training: Training, held_out: HeldOut) -> Row:
    return {
        "event": "validation",
        "step": training.step,
        "seconds": round(training.seconds, 1),
        "progress": round(training.progress, 5),
        "psnr": held_out.scores(training.average, training.device),
    }


class Meter:
    """Sums up the steps since the last row."""

    every = 100

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.data_seconds = self.all_seconds = 0.0

    def add(self, loss: float, data_seconds: float, all_seconds: float) -> None:
        self.losses.append(loss)
        self.data_seconds += data_seconds
        self.all_seconds += all_seconds

    def row(self, training: Training) -> Row:
        """A row of the log; starts to count anew."""
        schedule = training.recipe.schedule
        pixels = len(self.losses) * schedule.batch * schedule.crop**2  # of the targets
        row = {
            "event": "steps",
            "step": training.step,
            "seconds": round(training.seconds, 1),
            "progress": round(training.progress, 5),
            "loss": sum(self.losses) / len(self.losses),
            "megapixels_per_second": round(pixels / 1e6 / self.all_seconds, 3),
            "data_share": round(self.data_seconds / self.all_seconds, 4),
        }
        self.__init__()
        return row


def read_log(path: Path) -> list[Row]:
    """The rows that were written whole: a kill may have left half of the last one."""
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return [json.loads(line) for line in lines]


class Log:
    """One JSON document a line. Rows behind the step that a resumed training starts from are taken back."""

    def __init__(self, path: Path, step: int, report: Report) -> None:
        self.path, self.report = path, report
        path.write_text("".join(json.dumps(row) + "\n" for row in read_log(path) if row["step"] <= step))

    def write(self, row: Row) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps(row) + "\n")
        self.report(row)
