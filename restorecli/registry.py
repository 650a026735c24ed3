"""weights.toml as checked rows, and which row answers to a task, a --model and a level.

Light on purpose: help, completion and the listing of weights need it.
"""

import difflib
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import cast

from .checked import CheckError, read_table
from .errors import UsageError, WeightsError
from .spec import ModelSpec, TaskName, WeightsEntry
from .tasks import TASKS

PACKAGE = Path(__file__).resolve().parent
IDENTITY = "identity"
AUTO = "auto"
LISTING = "restore weights list"
REINSTALL = "pip install --force-reinstall restorecli"

# Local networks give the same whatever the tile; this one is there to test everything but a network.
IDENTITY_MODEL = ModelSpec(network=IDENTITY, tile=512, overlap=0, halo=0, dtypes=("fp32", "bf16", "fp16"))


def list_file() -> Path:
    """weights.toml: inside the package when installed from a wheel, beside it in a checkout."""
    inside = PACKAGE / "weights.toml"
    return inside if inside.exists() else PACKAGE.parent / "weights.toml"


@cache
def entries() -> tuple[WeightsEntry, ...]:
    """The rows of weights.toml."""
    return read_entries(list_file())


def read_entries(path: Path) -> tuple[WeightsEntry, ...]:
    """The rows of a weights file; CheckError names file, row and key."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WeightsError(f"{path}: {error.strerror or error}", hint=REINSTALL) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CheckError(f"{path}: {error}") from error
    unknown = [key for key in document if key != "weights"]
    if unknown:
        raise CheckError(f"{path}: unknown key {unknown[0]!r}", hint="rows start with [[weights]]")
    rows = document.get("weights", [])
    if not isinstance(rows, list):
        raise CheckError(f"{path}: 'weights' is not a list of rows", hint="rows start with [[weights]]")
    found: dict[str, WeightsEntry] = {}
    for number, row in enumerate(rows, start=1):
        name = row.get("id", number) if isinstance(row, dict) else number
        where = f"{path}: row {name!r}"
        entry = _read_row(row, where)
        if entry.id in found:
            raise CheckError(f"{where}: id: another row has it already")
        found[entry.id] = entry
    return tuple(found.values())


def _read_row(row: object, where: str) -> WeightsEntry:
    if not isinstance(row, dict):
        raise CheckError(f"{where}: is not a table")
    entry = read_table(WeightsEntry, row, where)
    if entry.id in (AUTO, IDENTITY):
        raise CheckError(f"{where}: id: {entry.id!r} has a meaning of its own")
    if entry.source == "none" or not entry.file:
        raise CheckError(f"{where}: {'source' if entry.file else 'file'}: a row stands for a file")
    if entry.source == "embedded" and not entry.sha256:
        raise CheckError(f"{where}: sha256: an embedded file is proved by it")
    level = TASKS[entry.task].level
    if entry.level is not None and (level is None or not level.accepts(entry.level)):
        allowed = f"is not {level.describe()}" if level else f"{entry.task} has no level"
        raise CheckError(f"{where}: level: {entry.level!r} {allowed}")
    return entry


def weights_path(entry: WeightsEntry) -> Path | None:
    """Where the file of a row should be; None for a row without a file."""
    if entry.file is None:
        return None
    return (PACKAGE if entry.source == "embedded" else list_file().parent) / entry.file


def choose(
    task: str,
    model: str = AUTO,
    level: float | str | None = None,
    rows: Iterable[WeightsEntry] | None = None,
) -> tuple[WeightsEntry, str]:
    """The row that answers to `model` (an id, a network's name, identity or auto), and why."""
    if task not in TASKS:
        raise UsageError(f"unknown task {task!r}", hint=f"tasks: {', '.join(TASKS)}")
    name = cast(TaskName, task)
    if model == IDENTITY:
        return _identity(name), "asked for: leaves the picture as it is"
    rows = entries() if rows is None else tuple(rows)
    for entry in rows:
        if entry.id == model:
            return _of_task(entry, name), "asked for by its id"
    candidates = [row for row in rows if row.task == name]
    if model == AUTO:
        candidates = [row for row in candidates if row.default]
        reason = f"the default for {task}"
    else:
        candidates = [row for row in candidates if row.model.network == model]
        reason = f"asked for: {model}"
    if not candidates:
        raise _nothing_found(name, model, rows)
    entry = _nearest(name, candidates, level)
    if entry.level is None or level is None:
        return entry, reason
    return entry, f"{reason}, trained for {_level_words(name, entry.level)}"


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


def _nearest(task: TaskName, candidates: list[WeightsEntry], level: float | str | None) -> WeightsEntry:
    """The row whose level is nearest; a level out of a few choices (scale, pattern) must be met exactly."""
    known = TASKS[task].level
    wanted = level if level is not None or known is None else known.default
    if wanted is None:
        # No level: rather a row made for all of them, then the default, then the first.
        return min(candidates, key=lambda row: (row.level is not None, not row.default))
    if known is not None and known.choices:
        meeting = [row for row in candidates if row.level in (None, wanted)]
        if not meeting:
            there = ", ".join(sorted({f"{row.level}" for row in candidates}))
            raise WeightsError(
                f"no weights for {task} with {_level_words(task, wanted)} yet",
                hint=f"there are some for --{known.name} {there}; {LISTING} --task {task} shows them",
            )
        return min(meeting, key=lambda row: (row.level is None, not row.default))
    return min(
        candidates,
        key=lambda row: 0.0 if row.level is None else abs(float(row.level) - float(wanted)),
    )


def _level_words(task: TaskName, level: float | str) -> str:
    known = TASKS[task].level
    value = f"{level:g}" if isinstance(level, (int, float)) else level
    return f"{known.name} {value}" if known else value


def _nothing_found(task: TaskName, model: str, rows: Iterable[WeightsEntry]) -> WeightsError:
    if model == AUTO:
        hint = f"{LISTING} shows what there is"
        if task != "upscale":  # which identity cannot do
            hint += f"; --model {IDENTITY} runs everything but a network"
        return WeightsError(f"no weights for {task} yet", hint=hint)
    names = {name for row in rows for name in (row.id, row.model.network)} | {IDENTITY, AUTO}
    near = difflib.get_close_matches(model, sorted(names), n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"{LISTING} --task {task} shows what there is"
    return WeightsError(f"no weights named {model!r} for {task}", hint=hint)
