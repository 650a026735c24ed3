"""weights.toml to checked rows. An error names file, row and key."""

import math
import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from urllib.parse import urlsplit

from .checked import CheckError, read_table
from .errors import WeightsError
from .facts import with_facts
from .spec import WeightsEntry
from .tasks import TASKS
from .wording import reason

AUTO, IDENTITY = "auto", "identity"  # what --model also takes
ROW_LIST = "a list of weights is a TOML file of [[weights]] rows"

ID = r"[a-z0-9][a-z0-9._-]*"
REPO = r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*"
HASHES = {"sha256": 64, "git_blob": 40, "revision": 40}
NEEDED: dict[str, tuple[str, ...]] = {
    "embedded": ("file", "sha256"),
    "file": ("file",),
    "hub": ("repo", "revision", "file"),
    "url": ("url",),
    "manual": ("page", "instructions"),
}


def read_entries(path: Path, remedy: str = ROW_LIST) -> tuple[WeightsEntry, ...]:
    """The rows of a weights file; CheckError names file, row and key. `remedy`: for one that is not there."""
    rows = _read_document(path, remedy).get("weights", [])
    if not isinstance(rows, list):
        raise CheckError(f"{path}: 'weights' is not a list of rows", hint="rows start with [[weights]]")
    found: dict[str, WeightsEntry] = {}
    for number, row in enumerate(_with_variants(path, rows), start=1):
        name = row.get("id", number) if isinstance(row, dict) else number
        where = f"{path}: row {name!r}"
        entry = _read_row(row, where)
        if entry.id in found:
            raise CheckError(f"{where}: id: another row has it already")
        if entry.source == "file" and entry.file:
            entry = replace(entry, file=str(path.absolute().parent / entry.file))
        found[entry.id] = entry
    return tuple(found.values())


def _read_document(path: Path, remedy: str) -> dict[str, object]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WeightsError(f"{path}: {reason(error)}", hint=remedy) from error
    except ValueError as error:  # no TOML, no UTF-8, a number of thousands of digits
        raise CheckError(f"{path}: {error}") from error
    except RecursionError as error:
        raise CheckError(f"{path}: tables or lists too deep inside each other") from error
    unknown = [key for key in document if key != "weights"]
    if unknown:
        raise CheckError(f"{path}: unknown key {unknown[0]!r}", hint="rows start with [[weights]]")
    return {key: _as_json_has_it(value) for key, value in document.items()}


def _as_json_has_it(value: object) -> object:
    """TOML has dates, nan and inf, and JSON has none: they are kept as they are written."""
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _as_json_has_it(inner) for key, inner in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return [_as_json_has_it(inner) for inner in value] if isinstance(value, list) else value


def _with_variants(path: Path, rows: list[object]) -> Iterator[object]:
    """Every row; for one with variants, each of those with what they share."""
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict) or "variants" not in row:
            yield row
            continue
        shared = {key: value for key, value in row.items() if key != "variants"}
        where = f"{path}: row {number}: variants"
        if not isinstance(row["variants"], list):
            raise CheckError(f"{where}: is not a list of rows", hint="each starts with [[weights.variants]]")
        for variant in row["variants"]:
            if not isinstance(variant, dict):
                raise CheckError(f"{where}: {variant!r} is not a table")
            twice = [key for key in variant if key in shared]
            if twice:
                raise CheckError(f"{where}: {twice[0]!r} stands in what they share, too")
            yield shared | variant


def _read_row(row: object, where: str) -> WeightsEntry:
    if not isinstance(row, dict):
        raise CheckError(f"{where}: is not a table")
    entry = read_table(WeightsEntry, row, where)
    entry = replace(entry, model=with_facts(entry.model, row["model"], f"{where}: model"))
    if entry.task not in TASKS:
        raise CheckError(f"{where}: task: {entry.task!r} is not one of {', '.join(map(repr, TASKS))}")
    if entry.id in (AUTO, IDENTITY):
        raise CheckError(f"{where}: id: {entry.id!r} has a meaning of its own")
    if not re.fullmatch(ID, entry.id):
        raise CheckError(f"{where}: id: small letters, digits, '-', '_' and '.'; it becomes a file's name")
    _check_source(entry, where)
    level = TASKS[entry.task].level
    if entry.level is not None and (level is None or not level.accepts(entry.level)):
        allowed = f"is not {level.describe()}" if level else f"{entry.task} has no level"
        raise CheckError(f"{where}: level: {entry.level!r} {allowed}")
    return entry


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a bracket that does not close, a port that is no number
        return False


def _check_source(entry: WeightsEntry, where: str) -> None:
    """What the place that a file comes from asks of its row."""
    if entry.source == "none":
        raise CheckError(f"{where}: source: a row stands for a file")
    for key in NEEDED[entry.source]:
        if not getattr(entry, key):
            raise CheckError(f"{where}: {key}: is missing; a row with source {entry.source!r} has one")
    for key, digits in HASHES.items():
        value = getattr(entry, key)
        if value is not None and not re.fullmatch(rf"[0-9a-f]{{{digits}}}", value):
            raise CheckError(f"{where}: {key}: {value!r} is not {digits} digits of 0-9a-f")
    if entry.source == "url" and not (entry.sha256 or entry.git_blob):
        raise CheckError(f"{where}: sha256: is missing, and git_blob too; one proves a file from an address")
    if entry.url is not None and not _is_address(entry.url):
        raise CheckError(f"{where}: url: {entry.url!r} does not start with https:// and a host")
    if entry.repo is not None and not re.fullmatch(REPO, entry.repo):
        raise CheckError(f"{where}: repo: {entry.repo!r} is not USER/NAME")
    for key in ("size", "about_size"):
        size = getattr(entry, key)
        if size is not None and not 0 < size < 1 << 63:
            raise CheckError(f"{where}: {key}: {size} is not the size of a file")
    if "\0" in (entry.file or ""):
        raise CheckError(f"{where}: file: {entry.file!r} is no name of a file")
