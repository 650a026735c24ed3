"""The rows that count, and which of them answers to a task, a --model and a level.

Light on purpose: help, completion and the listing of weights need it.
"""

import difflib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import cast

from .errors import UsageError, WeightsError
from .places import config_folder
from .read_rows import AUTO, IDENTITY, read_entries
from .spec import ModelSpec, TaskName, WeightsEntry
from .tasks import TASKS

PACKAGE = Path(__file__).resolve().parent
LISTING = "restore weights list"
REINSTALL = "pip install --force-reinstall restorecli"
FILE_VARIABLE = "RESTORE_WEIGHTS_FILE"

_given: Path | None = None  # by `weights_file`; otherwise the environment says

# Local networks give the same whatever the tile; this one is there to test everything but a network.
IDENTITY_MODEL = ModelSpec(network=IDENTITY, tile=512, overlap=0, halo=0, dtypes=("fp32", "bf16", "fp16"))


def list_file() -> Path:
    """weights.toml: inside the package when installed from a wheel, beside it in a checkout."""
    inside = PACKAGE / "weights.toml"
    return inside if inside.exists() else PACKAGE.parent / "weights.toml"


@contextmanager
def weights_file(path: str | os.PathLike[str] | None) -> Iterator[None]:
    """Within the block, the rows of this file count too, and win over all others; None changes nothing."""
    global _given
    before = _given
    _given = _given if path is None else Path(path)
    try:
        yield
    finally:
        _given = before


def lists() -> tuple[Path, ...]:
    """The files that rows come from. Those of the package first; a later row replaces one with its id."""
    own = config_folder() / "weights.toml"
    named = os.environ.get(FILE_VARIABLE)
    given = _given or (Path(named) if named else None)
    return (list_file(), *((own,) if own.is_file() else ()), *((given.absolute(),) if given else ()))


def entries() -> tuple[WeightsEntry, ...]:
    """All rows that count."""
    return _layered(lists())


@cache
def _layered(paths: tuple[Path, ...]) -> tuple[WeightsEntry, ...]:
    found: dict[str, WeightsEntry] = {}
    for path in paths:
        rows = read_entries(path, REINSTALL) if path == list_file() else read_entries(path)
        defaults = [row for row in rows if row.default]
        for id, row in found.items():
            if row.default and any(_takes_over(new, row) for new in defaults):
                found[id] = replace(row, default=False)
        found |= {row.id: row for row in rows}
    return tuple(found.values())


def _takes_over(new: WeightsEntry, old: WeightsEntry) -> bool:
    """Whether a later list's default leaves nothing to an earlier one, of the same task (and scale).

    Gray weights leave it the colour photos, those for white noise all that have other noise; weights that
    are for colour and any noise are for every photo.
    """
    known = TASKS[new.task].level
    same_level = known is None or not known.choices or new.level == old.level
    if new.white_noise:
        same_photos = old.white_noise and new.model.channels == old.model.channels
    else:
        same_photos = new.model.channels >= old.model.channels
    return new.task == old.task and same_level and same_photos


def weights_path(entry: WeightsEntry) -> Path | None:
    """Where the file of a row should be; None where it is not a file of ours or the user's own."""
    if entry.file is None or entry.source not in ("embedded", "file"):
        return None
    return (PACKAGE if entry.source == "embedded" else list_file().parent) / entry.file


def choose(
    task: str,
    model: str = AUTO,
    level: float | str | None = None,
    rows: Iterable[WeightsEntry] | None = None,
    *,
    channels: int = 3,
    white_noise: bool = False,
) -> tuple[WeightsEntry, str]:
    """The row that answers to `model` (an id, a network's name, identity or auto), and why.

    `channels` are those of the image, `white_noise` says whether its noise is. Where a network has weights
    of several kinds, those that fit the image count: colour ones and those for the noise of real photos,
    unless told otherwise.
    """
    if task not in TASKS:
        raise UsageError(f"unknown task {task!r}", hint=f"tasks: {', '.join(TASKS)}")
    name = cast(TaskName, task)
    if model == IDENTITY:
        return _identity(name), "asked for: leaves the picture as it is"
    rows = entries() if rows is None else tuple(rows)
    for entry in rows:
        if entry.id == model:
            return _of_task(entry, name), "asked for by its id"
    if model == AUTO:
        candidates = [row for row in rows if row.task == name and row.default]
        reason = f"the default for {task}"
    else:
        candidates = called(task, model, rows)
        reason = f"asked for: {model}"
    if not candidates:
        raise _nothing_found(name, model, rows)
    candidates = _meeting(name, candidates, level)
    fitting = [row for row in candidates if row.model.channels == channels] or candidates
    if model == AUTO and channels == 1 and len(fitting) < len(candidates):
        reason += " of gray photos"
    fitting = [row for row in fitting if row.white_noise == white_noise] or fitting
    entry = _nearest(name, fitting, level)
    if entry.level is None or level is None:
        return entry, reason
    return entry, f"{reason}, trained for {_level_words(name, entry.level)}"


def takes_measuring(entry: WeightsEntry, model: str) -> bool:
    """Whether `entry`, chosen without a level, is one of several for a level each: then the image decides."""
    known = TASKS[entry.task].level
    return entry.level is not None and entry.id != model and known is not None and not known.choices


def foreseen(task: str, model: str = AUTO, level: float | str | None = None) -> tuple[WeightsEntry, ...]:
    """The rows that images may get, that of colour photos with real noise first.

    Nothing where a level that was not given decides: which it will be is not known before an image is there.
    """
    rows = _by_kind(task, model, level)
    if level is None and any(takes_measuring(row, model) for row in rows):
        return ()
    return tuple({row.id: row for row in rows}.values())


def goes_by_noise(task: str, model: str = AUTO, level: float | str | None = None) -> bool:
    """Whether an image's kind of noise, white or not, decides which weights it gets."""
    return len({row.white_noise for row in _by_kind(task, model, level)}) > 1


def _by_kind(task: str, model: str, level: float | str | None) -> list[WeightsEntry]:
    kinds = ((channels, white) for white in (False, True) for channels in (3, 1))
    return [choose(task, model, level, channels=channels, white_noise=white)[0] for channels, white in kinds]


def name_for_all(task: str, model: str = AUTO, level: float | str | None = None) -> str:
    """What results can be named by before an image is looked at: the weights' id, or what was asked for."""
    rows = foreseen(task, model, level)
    shortest = min((row.id for row in rows), key=len, default=model)
    return shortest if all(row.id.startswith(shortest) for row in rows) else model


def called(task: str, model: str, rows: Iterable[WeightsEntry]) -> list[WeightsEntry]:
    """The rows that a network's name stands for: often several, for one level each."""
    return [row for row in rows if row.task == task and row.automatic and model in _names(row)]


def _names(row: WeightsEntry) -> tuple[str, str]:
    """What a network is called: PANet's for upscaling is one of its own, and goes by PANet's name too."""
    return row.model.network, row.id.partition("-")[0]


def _identity(task: TaskName) -> WeightsEntry:
    if task == "upscale":
        raise UsageError(
            "identity leaves a picture as it is: it cannot make one larger", hint=f"{LISTING} --task upscale"
        )
    return WeightsEntry(id=IDENTITY, task=task, model=IDENTITY_MODEL, source="none", licence="MIT")


def _of_task(entry: WeightsEntry, task: TaskName) -> WeightsEntry:
    if entry.task != task:
        raise WeightsError(f"{entry.id} is for {entry.task}, not for {task}", hint=f"{LISTING} --task {task}")
    return entry


def _wanted(task: TaskName, level: float | str | None) -> float | str | None:
    """The level that is given, or what the task takes where none is."""
    known = TASKS[task].level
    return level if level is not None or known is None else known.default


def _meeting(task: TaskName, candidates: list[WeightsEntry], level: float | str | None) -> list[WeightsEntry]:
    """A level out of a few choices (scale, pattern) must be met exactly; of any other, all rows may do."""
    known, wanted = TASKS[task].level, _wanted(task, level)
    if known is None or not known.choices or wanted is None:
        return candidates
    meeting = [row for row in candidates if row.level in (None, wanted)]
    if not meeting:
        there = ", ".join(sorted({_level_text(row.level) for row in candidates if row.level is not None}))
        raise WeightsError(
            f"no weights for {task} with {_level_words(task, wanted)} yet",
            hint=f"there are some for --{known.name} {there}; {LISTING} --task {task} shows them",
        )
    return meeting


def _nearest(task: TaskName, candidates: list[WeightsEntry], level: float | str | None) -> WeightsEntry:
    """The row whose level is nearest."""
    known, wanted = TASKS[task].level, _wanted(task, level)
    if wanted is None:
        # No level: rather a row made for all of them, then the default, then the first.
        return min(candidates, key=lambda row: (row.level is not None, not row.default))
    if known is not None and known.choices:  # all meet it
        return min(candidates, key=lambda row: (row.level is None, not row.default))
    return min(
        candidates,
        key=lambda row: 0.0 if row.level is None else abs(float(row.level) - float(wanted)),
    )


def _level_words(task: TaskName, level: float | str) -> str:
    known = TASKS[task].level
    return f"{known.name} {_level_text(level)}" if known else _level_text(level)


def _level_text(level: float | str) -> str:
    return f"{level:g}" if isinstance(level, (int, float)) else level


def _nothing_found(task: TaskName, model: str, rows: Iterable[WeightsEntry]) -> WeightsError:
    if model == AUTO:
        others = dict.fromkeys(_names(row)[1] for row in rows if row.task == task and row.automatic)
        hint = f"{LISTING} shows what there is"
        if others:
            hint = f"--model {' or '.join(others)} takes its authors' weights: {LISTING} --task {task}"
        if task != "upscale":  # which identity cannot do
            hint += f"; --model {IDENTITY} runs everything but a network"
        return WeightsError(f"no weights for {task} yet", hint=hint)
    tasks_of: dict[str, list[str]] = {IDENTITY: [task], AUTO: [task]}
    for row in rows:
        for name in (row.id, *_names(row)):
            tasks_of.setdefault(name, []).append(row.task)
    if model in tasks_of:
        others = " and ".join(dict.fromkeys(tasks_of[model]))
        return WeightsError(f"{model} is for {others}, not for {task}", hint=f"{LISTING} --task {task}")
    names = [name for name, tasks in tasks_of.items() if task in tasks]
    listing = f"{LISTING} --task {task} shows what there is"
    return WeightsError(f"no weights named {model!r} for {task}", hint=_near(model, names) or listing)


def find(id: str) -> WeightsEntry:
    """The row with an id."""
    rows = {row.id: row for row in entries()}
    if id not in rows:
        raise WeightsError(
            f"no weights named {id!r}", hint=_near(id, rows) or f"{LISTING} shows what there is"
        )
    return rows[id]


def _near(name: str, names: Iterable[str]) -> str | None:
    near = difflib.get_close_matches(name, sorted(names), n=3)
    return f"did you mean {' or '.join(near)}?" if near else None
