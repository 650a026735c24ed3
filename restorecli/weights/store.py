"""Weights that came from elsewhere, converted once and kept in the cache folder.

    CACHE/weights/ID.json                    what it is, where it came from, how it is proved
    CACHE/weights/ID-<sha256>.safetensors    the tensors by our names, in float32

Finds and keeps files, and knows nothing of networks: load.py makes what is kept. The record names the file
that it is about, and is written last: two processes that store the same weights at once leave a pair that
fits together. Light to import: the listing of weights reads records.
"""

import hashlib
import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from ..atomic import write_whole
from ..errors import WeightsError
from ..places import CACHE_VARIABLE, cache_folder
from ..proof import Digest
from ..registry import REINSTALL, weights_path
from ..spec import WeightsEntry
from ..wording import reason

Proof = Literal["sha256", "git blob", "keys and shapes"]

CONVERTER = 1  # raised when convert.py gives other tensors than before: what is stored is then brought again
SHA256, GIT_BLOB, KEYS = "sha256", "git blob", "keys and shapes"
MARK = 12  # digits of the sha256 in a file's name


@dataclass(frozen=True, slots=True)
class Stored:
    """One converted file in the cache."""

    path: Path
    proof: Proof  # of the file it was made from
    sha256: str  # of the converted file
    size: int  # of the converted file
    origin: str  # an address, or the name of an imported file
    source: Digest  # of the file it was made from
    date: str
    converter: int  # which CONVERTER made it


def folder() -> Path:
    return cache_folder() / "weights"


def located(entry: WeightsEntry) -> tuple[Path, str | None] | None:
    """The file of a row and the sha256 it must have; None where it has yet to be brought.

    A file of the package or of the user's own has one place only, and may be missing there.
    """
    path = weights_path(entry)
    if path is not None:
        return path, entry.sha256
    kept = record(entry)
    return None if kept is None else (kept.path, kept.sha256)


def is_here(entry: WeightsEntry) -> bool:
    """Whether a row can be used as things are: nothing need be fetched, brought or put back."""
    found = located(entry)
    return entry.source == "none" or (found is not None and found[0].is_file())


def record(entry: WeightsEntry) -> Stored | None:
    """What is kept for a row; None where there is nothing, or something that the row does not mean."""
    try:
        data = json.loads(_record_path(entry).read_bytes())
        source = Digest(**data["source"])
        path = folder() / Path(data["file"]).name
        found = Stored(
            path, prove(entry, source), data["sha256"], data["size"], data["origin"], source,
            data["date"], data["converter"],
        )  # fmt: skip
        meant = found.converter == CONVERTER and data["network"] == _network(entry)
        there = path.stat().st_size == found.size
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not meant or not there or (is_pinned(entry) and found.proof == KEYS and not data["unproved"]):
        return None
    return found


def remedy(entry: WeightsEntry) -> str:
    """What to type where a file is damaged or gone."""
    if entry.source == "embedded":
        return REINSTALL
    if entry.source == "file":
        return f"restore weights info {entry.id}"
    return f"restore weights remove {entry.id}, and bring it again"


def is_pinned(entry: WeightsEntry) -> bool:
    """Whether the row says by a hash which file it means."""
    return entry.sha256 is not None or entry.git_blob is not None


def prove(entry: WeightsEntry, found: Digest) -> Proof:
    """How far a file is the one that the row means. That its keys and shapes fit is checked in any case."""
    if entry.sha256 is not None:
        return SHA256 if found.sha256 == entry.sha256 else KEYS
    return GIT_BLOB if found.git_blob == entry.git_blob else KEYS


def address(entry: WeightsEntry) -> str:
    """Where the row points, in one word."""
    if entry.source == "hub":
        return f"hf://{entry.repo}@{entry.revision}/{entry.file}"
    return entry.url or entry.page or entry.file or ""


def keep(entry: WeightsEntry, content: bytes, source: Digest, origin: str, *, unproved: bool) -> Stored:
    """Keeps a converted file, in place of what was kept for the row before.

    `source` is what it was made from, which `unproved` says need not be what the row's hash means.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    target = folder() / f"{entry.id}-{sha256[:MARK]}.safetensors"
    about = {
        "id": entry.id,
        "file": target.name,
        "sha256": sha256,
        "size": len(content),
        "network": _network(entry),
        "origin": origin,
        "source": asdict(source),
        "unproved": unproved,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "converter": CONVERTER,
    }
    try:
        folder().mkdir(parents=True, exist_ok=True)
        write_whole(target, content)
        write_whole(_record_path(entry), json.dumps(about, indent=1).encode())
    except OSError as error:
        raise WeightsError(
            f"{entry.id}: cannot be kept in {folder()}: {reason(error)}",
            hint=f"{CACHE_VARIABLE}=FOLDER names another folder",
        ) from error
    for path in _files(entry):
        if path != target:
            _unlink(path)
    kept = record(entry)
    if kept is None:  # a second process has removed it meanwhile, or the disk forgets
        raise WeightsError(f"{entry.id}: what was just written to {folder()} is not there")
    return kept


def remove(entry: WeightsEntry) -> int:
    """Deletes what is kept for a row; how many bytes that were."""
    freed = 0
    for path in (_record_path(entry), *_files(entry)):
        with suppress(OSError):
            size = path.stat().st_size
            path.unlink()
            freed += size
    return freed


def _record_path(entry: WeightsEntry) -> Path:
    return folder() / f"{entry.id}.json"


def _files(entry: WeightsEntry) -> list[Path]:
    """The converted files of a row, also those that no record names any more."""
    name = re.compile(re.escape(entry.id) + rf"-[0-9a-f]{{{MARK}}}\.safetensors")
    try:
        return [path for path in folder().iterdir() if name.fullmatch(path.name)]
    except OSError:
        return []


def _unlink(path: Path) -> None:
    with suppress(OSError):  # Windows keeps what another process has open
        path.unlink(missing_ok=True)


def _network(entry: WeightsEntry) -> dict[str, Any]:
    """What decides whether a file fits, as JSON gives it back."""
    return json.loads(json.dumps({"name": entry.model.network, "params": dict(entry.model.params)}))
