"""restore compare: one photo through several weights, side by side on a page.

No `from __future__ import annotations` here: the command is built from annotations.
"""

import os
import webbrowser
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .. import __version__, registry
from ..errors import FileThereError, InputError, OutputError, UsageError
from ..read_rows import AUTO
from ..selection import select
from ..settings import RESTORING, Settings
from ..spec import WeightsEntry
from ..tasks import TASKS, Value, find_level, find_task
from ..weights import licence
from ..wording import duration
from .account import describe
from .commands import examples
from .first_use import tell
from .options import (
    OUTPUT,
    Damaged,
    Json,
    LicencePolicy,
    MaxPixels,
    Quiet,
    WeightsFile,
    as_command,
    as_level,
    complete_models,
    flag,
    level_option,
    names,
    options_of,
    settings_from,
    settings_options,
    value,
)
from .output import Output, mode_of
from .stopping import Stopped, tidy_stop

if TYPE_CHECKING:
    from ..compare.attempts import Attempt, Comparison
    from ..images import Image

HELP = (
    "Restores a photo with several weights and writes one page that shows the results over each other. It "
    "has a slider between any two pictures, the spot where the results differ most, seconds and megapixels "
    "per second, and needs neither a network nor another file."
)
EPILOG = examples(
    (
        ("The default weights beside the photo", "restore compare photo.jpg"),
        ("Which weights suit this photo?", "restore compare photo.jpg --model auto,identity --open"),
        ("Another task", "restore compare photo.jpg --task dejpeg -o page.html"),
    )
)
DEFAULT_TASK = "denoise"
SUFFIXES = (".html", ".htm")


def add_command(app: typer.Typer) -> None:
    """Its options are its own, the levels of all tasks, and what of Settings makes sense here."""
    levels = {task.level.name: (task.level, task.name) for task in TASKS.values() if task.level}
    command = as_command(
        compare,
        options_of(CompareOptions),
        [level_option(level, name, of=task) for name, (level, task) in levels.items()],
        settings_options(("device", "precision", "tile", "windows")),
    )
    app.command("compare", help=HELP, epilog=EPILOG)(command)


def _complete_list(context: typer.Context, incomplete: str) -> Iterator[str]:
    before, comma, _ = incomplete.rpartition(",")
    yield from (before + comma + name for name in complete_models(context))


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareOptions:
    """What `restore compare` was asked for, besides levels and settings."""

    photo: Annotated[str, typer.Argument(metavar="PHOTO", help="One image file.", show_default=False)]
    model: Annotated[
        str,
        value(
            RESTORING,
            "--model",
            "-m",
            metavar="A,B,C",
            help="Weights by id, networks by name, identity, or auto.",
            default=True,
            autocompletion=_complete_list,
        ),
    ] = AUTO
    task: Annotated[
        str | None,
        value(
            RESTORING,
            metavar="TASK",
            help="What to repair.",
            default="by the weights or the level, otherwise denoise",
            autocompletion=lambda: list(TASKS),
        ),
    ] = None
    weights_file: WeightsFile = None
    license: LicencePolicy = None
    max_pixels: MaxPixels = None
    damaged: Damaged = False
    output: Annotated[
        str | None,
        value(
            OUTPUT,
            "--output",
            "-o",
            metavar="PATH",
            help="The page, or a folder (ending in /). Otherwise PHOTO.compare.html beside the photo.",
        ),
    ] = None
    overwrite: Annotated[bool, flag(OUTPUT, "--overwrite", "-f", help="Replace a page that is there.")] = (
        False
    )
    open_page: Annotated[bool, flag(OUTPUT, "--open", help="Show the page in the browser.")] = False
    json: Json = False
    quiet: Quiet = False


def compare(**values: Any) -> None:
    """One photo through several weights, and the page that shows them over each other."""
    settings = settings_from(values)
    known = {task.level.name: task.level for task in TASKS.values() if task.level}
    levels = {name: as_level(known[name], values.pop(name)) for name in list(values) if name in known}
    options = CompareOptions(**values)
    out = Output(mode_of(json=options.json, quiet=options.quiet))
    wanted = _checked(options, levels)
    done = _work(wanted, settings, options, out)
    if options.open_page and not webbrowser.open(wanted.target.absolute().as_uri()):
        out.warn(f"no browser was found: open {wanted.target} yourself")
    if any(attempt.error is not None for attempt in done):
        raise typer.Exit(1)


def _checked(options: CompareOptions, levels: dict[str, Value]) -> "Comparison":
    """What was asked for, as far as it makes sense without looking at the photo."""
    hint = "restore compare photo.jpg"
    if not options.photo:
        raise UsageError("the name of the photo is empty", hint=hint)
    if os.path.isdir(options.photo):  # noqa: PTH112 - pathlib raises where it may not look
        raise InputError(f"{options.photo}: this is a folder, not an image", hint=hint)
    rows = registry.entries(options.weights_file)
    models = names("--model", options.model) or (AUTO,)
    task = find_task(options.task or _task_of(models, levels, rows))
    level = find_level(task, None, levels)
    selections = tuple(select(task, name, level, rows) for name in dict.fromkeys(models))
    for selection in selections:
        licence.check(selection.usable, licence.policy(options.license))
    target = _target(options.photo, options.output, options.overwrite)
    from ..compare.attempts import Comparison

    return Comparison(options.photo, target, task, level, selections)


def _task_of(models: tuple[str, ...], levels: dict[str, Value], rows: tuple[WeightsEntry, ...]) -> str:
    """The task that the weights are for, or the level belongs to, or the default."""
    tasks = dict.fromkeys(row.task for row in rows if row.id in models)
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


def _work(wanted: "Comparison", settings: Settings, options: CompareOptions, out: Output) -> "list[Attempt]":
    """The photo through all weights, and the page. Weights that fail are left out, and said."""
    from ..compare.attempts import Watcher, attempts
    from ..compare.page import page_of
    from ..engine.probe import keep_freed_memory
    from ..images import DEFAULT_MAX_PIXELS, read
    from ..report import write_report

    max_pixels = options.max_pixels or DEFAULT_MAX_PIXELS
    image = read(wanted.photo, max_pixels=max_pixels, damaged=options.damaged)
    keep_freed_memory()
    done: list[Attempt] = []
    try:
        with tidy_stop():
            with out.progress(len(wanted.selections)) as show:
                watcher = Watcher(
                    before=lambda entry: tell(entry, out),
                    chosen=lambda device, precision: (
                        out.note(f"{device.value} ({device.reason}), {precision.value} ({precision.reason})")
                        if settings.device == "auto"
                        else None
                    ),
                    same=lambda name, id: out.note(f"{name} is {id}, which is compared already"),
                    progress=show,
                )
                for attempt in attempts(wanted, image, settings, watcher):
                    done.append(attempt)
                    if (error := attempt.error) is not None:
                        named = "" if error.message.startswith(f"{attempt.name}:") else f"{attempt.name}: "
                        out.warn(named + error.message + (f" ({error.hint})" if error.hint else ""))
            if all(attempt.restored is None for attempt in done):
                assert done[-1].error is not None
                raise done[-1].error
            write_report(page_of(wanted, image, done), wanted.target, overwrite=options.overwrite)
    except Stopped as stop:
        out.note("interrupted: no page was written")
        raise typer.Exit(stop.exit_code) from None
    _tell(wanted, image, done, out)
    return done


def _tell(wanted: "Comparison", image: "Image", done: "list[Attempt]", out: Output) -> None:
    for note in image.notes:
        out.warn(f"{wanted.photo}: {note}")
    models: list[dict[str, Any]] = []
    words: list[str] = []
    for attempt in done:
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
    out.result(f"{wanted.photo} -> {wanted.target}   {', '.join(words)}", str(wanted.target))
    size = {"width": image.width, "height": image.height}
    out.document(
        {
            "restorecli": __version__,
            "task": wanted.task.name,
            "photo": wanted.photo,
            "target": str(wanted.target),
            **size,
            "models": models,
        }
    )
