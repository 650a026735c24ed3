"""The rows of weights that count: those of the package, of the user's own list, and of a list that is named.

Light on purpose: help, completion and the listing of weights need it. selection.py says which of them answer.
"""

import os
from dataclasses import replace
from functools import cache
from pathlib import Path

from .errors import WeightsError
from .places import config_folder
from .read_rows import read_entries
from .spec import WeightsEntry
from .tasks import TASKS
from .wording import did_you_mean

PACKAGE = Path(__file__).resolve().parent
LISTING = "restore weights list"
REINSTALL = "pip install --force-reinstall restorecli"
FILE_VARIABLE = "RESTORE_WEIGHTS_FILE"

ListFile = str | os.PathLike[str] | None  # --weights-file: its rows count too, and win over all others


def list_file() -> Path:
    """weights.toml: inside the package when installed from a wheel, beside it in a checkout."""
    inside = PACKAGE / "weights.toml"
    return inside if inside.exists() else PACKAGE.parent / "weights.toml"


def lists(weights_file: ListFile = None) -> tuple[Path, ...]:
    """The files that rows come from. Those of the package first; a later row replaces one with its id."""
    own = config_folder() / "weights.toml"
    given = weights_file or os.environ.get(FILE_VARIABLE)
    named = (Path(given).absolute(),) if given else ()
    try:
        owned = (own,) if own.is_file() else ()
    except OSError:  # a folder that this user may not enter is nobody's settings
        owned = ()
    return (list_file(), *owned, *named)


def entries(weights_file: ListFile = None) -> tuple[WeightsEntry, ...]:
    """All rows that count."""
    return _layered(lists(weights_file))


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


def find(id: str, weights_file: ListFile = None) -> WeightsEntry:
    """The row with an id."""
    known = {row.id: row for row in entries(weights_file)}
    if id not in known:
        raise WeightsError(
            f"no weights named {id!r}", hint=did_you_mean(id, known) or f"{LISTING} shows what there is"
        )
    return known[id]
