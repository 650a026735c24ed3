"""What `restore compare` does between its options and its page: check, restore, tell."""

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .. import __version__, registry
from ..errors import FileThereError, InputError, OutputError, RestoreError, UsageError
from ..spec import Task
from ..tasks import TASKS
from ..weights import licence
from .account import describe, duration
from .first_use import tell
from .options import names
from .output import Output, Progress
from .stopping import Stopped, tidy_stop

if TYPE_CHECKING:
    from ..engine.restorer import Restored
    from ..images import Image

DEFAULT_TASK = "denoise"
SUFFIXES = (".html", ".htm")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be compared, checked before any work."""

    photo: str
    target: Path
    task: Task
    level: float | str | None
    models: tuple[str, ...]  # as for --model


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of the photo with one set of weights."""

    name: str  # the weights' id; the network's name where it did not come to a choice
    restored: "Restored | None" = None
    error: RestoreError | None = None
    limits: str = ""


def checked(
    photo: str,
    model: str,
    task: str | None,
    levels: dict[str, float | str | None],
    output: str | None,
    overwrite: bool,
) -> Wish:
    """What was asked for, as far as it makes sense without looking at the photo."""
    from ..engine.settings import find_level, find_task

    _check_photo(photo)
    models = names("--model", model) or (registry.AUTO,)
    known = find_task(task or _task_of(models, levels))
    level = find_level(known, None, levels)
    for name in models:
        licence.check(registry.choose(known.name, name, level)[0])
    return Wish(photo, _target(photo, output, overwrite), known, level, tuple(dict.fromkeys(models)))


def _check_photo(photo: str) -> None:
    """Refuses what no page can be named after."""
    hint = "restore compare photo.jpg"
    if not photo:
        raise UsageError("the name of the photo is empty", hint=hint)
    if os.path.isdir(photo):  # noqa: PTH112 - pathlib raises where it may not look
        raise InputError(f"{photo}: this is a folder, not an image", hint=hint)


def _task_of(models: tuple[str, ...], levels: dict[str, float | str | None]) -> str:
    """The task that the weights are for, or the level belongs to, or the default."""
    tasks = dict.fromkeys(row.task for row in registry.entries() if row.id in models)
    if len(tasks) > 1:
        raise UsageError(f"these weights are for {' and '.join(tasks)}", hint="compare one task at a time")
    given = {name for name, level in levels.items() if level is not None}
    by_level = [task.name for task in TASKS.values() if task.level is not None and task.level.name in given]
    return next(iter((*tasks, *by_level)), DEFAULT_TASK)


def _target(photo: str, output: str | None, overwrite: bool) -> Path:
    """Where the page goes; refused early where something stands there."""
    name = f"{Path(photo).stem}.compare.html"
    if output is None:
        target = Path(photo).with_name(name)
    elif output.endswith((os.sep, "/")) or Path(output).is_dir():
        target = Path(output) / name
        if not target.parent.is_dir():
            raise OutputError(f"{output}: there is no such folder", hint=f"mkdir -p {output}")
    else:
        target = Path(output)
        if target.suffix.lower() not in SUFFIXES:
            raise UsageError(f"-o {output}: compare writes a page", hint=f"-o {target.stem or 'page'}.html")
    if os.path.lexists(target) and not overwrite:
        raise FileThereError(target)
    return target


def compare(
    wish: Wish, options: dict[str, Any], max_pixels: int | None, overwrite: bool, out: Output
) -> list[Attempt]:
    """The photo through all weights, and the page. Weights that fail are left out, and said."""
    from ..engine.heap import keep_freed_memory
    from ..images import DEFAULT_MAX_PIXELS, read
    from ..report import write_report
    from .compare_page import page_of

    image = read(wish.photo, max_pixels=max_pixels or DEFAULT_MAX_PIXELS)
    keep_freed_memory()
    try:
        with tidy_stop():
            attempts = _attempts(wish, image, options, out)
            if all(attempt.restored is None for attempt in attempts):
                assert attempts[-1].error is not None
                raise attempts[-1].error
            write_report(page_of(wish, image, attempts), wish.target, overwrite=overwrite)
    except Stopped as stop:
        out.note("interrupted: no page was written")
        raise typer.Exit(stop.exit_code) from None
    _tell(wish, image, attempts, out)
    return attempts


def _attempts(wish: Wish, image: "Image", options: dict[str, Any], out: Output) -> list[Attempt]:
    """One after the other, so that no more than one network is in memory."""
    from ..engine.choosing import choose_for

    attempts: list[Attempt] = []
    with out.progress(len(wish.models)) as show:
        for place, model in enumerate(wish.models):
            name = model
            try:
                entry = choose_for(wish.task, model, wish.level, image).entry
                name = entry.id
                if any(attempt.name == name for attempt in attempts):
                    out.note(f"{model} is {name}, which is compared already")
                    continue
                progress = None if show is None else partial(_show, show, name, place)
                restored = _restored(wish, model, image, options, out, progress)
            except RestoreError as error:
                if len(wish.models) == 1 or isinstance(error, UsageError):
                    raise
                named = "" if error.message.startswith(f"{name}:") else f"{name}: "
                out.warn(named + error.message + (f" ({error.hint})" if error.hint else ""))
                attempts.append(Attempt(name, error=error))
            else:
                attempts.append(Attempt(name, restored, limits=entry.limits))
    return attempts


def _show(show: Progress, name: str, before: int, done: int, total: int) -> None:
    show(name, done, total, before)


def _restored(
    wish: Wish,
    model: str,
    image: "Image",
    options: dict[str, Any],
    out: Output,
    progress: Callable[[int, int], None] | None,
) -> "Restored":
    from ..engine.restorer import Restorer

    restorer = Restorer(
        wish.task.name,
        model=model,
        level=wish.level,
        before_loading=lambda entry: tell(entry, out),
        **options,
    )
    if options["device"] == "auto" and model == wish.models[0]:
        device, precision, *_ = restorer.choices
        out.note(f"{device.value} ({device.reason}), {precision.value} ({precision.reason})")
    return restorer.restore_image(image, progress=progress)


def _tell(wish: Wish, image: "Image", attempts: list[Attempt], out: Output) -> None:
    for note in image.notes:
        out.warn(f"{wish.photo}: {note}")
    models: list[dict[str, Any]] = []
    words: list[str] = []
    for attempt in attempts:
        if attempt.restored is None:
            assert attempt.error is not None
            models.append({"weights": attempt.name, "status": "failed", "error": describe(attempt.error)})
            words.append(f"{attempt.name} failed")
            continue
        report = attempt.restored.report
        for note in report.notes:
            out.warn(f"{attempt.name}: {note}")
        models.append({"status": "restored", **asdict(report)})
        words.append(f"{attempt.name} {duration(report.seconds)}")
    out.result(f"{wish.photo} -> {wish.target}   {', '.join(words)}", str(wish.target))
    size = {"width": image.width, "height": image.height}
    out.document(
        {
            "restorecli": __version__,
            "task": wish.task.name,
            "photo": wish.photo,
            "target": str(wish.target),
            **size,
            "models": models,
        }
    )
