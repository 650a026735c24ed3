"""A file that the user got by hand to weights: the file itself, or the right one of those in a zip."""

import lzma
import os
import re
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from ..errors import WeightsError
from ..spec import WeightsEntry
from .convert import CUT_OFF, reason_of
from .load import converted, empty_network, take
from .store import Stored, folder

SUFFIXES = (".pt", ".pth", ".ckpt", ".bin", ".safetensors", ".tar")
SPARE = 8  # a training's checkpoint also has the optimiser's numbers, a few for each weight
LISTED = 8  # files that a message names
# RuntimeError: it wants a password; NotImplementedError: a compression of its own; ValueError: a name that
# is said to be UTF-8 and is not
BROKEN_ZIP = (
    OSError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, NotImplementedError,
    ValueError, struct.error,
)  # fmt: skip


def import_file(
    entry: WeightsEntry, path: Path, *, member: str | None = None, unproved: bool = False
) -> Stored:
    """Checks, converts and keeps a weights file; WeightsError where it is not what the row says.

    `member` names the one file to take of a zip that holds several.
    """
    if path.is_dir():
        raise WeightsError(f"{path}: this is a folder", hint="name the weights file in it")
    if not path.exists():
        raise WeightsError(f"{path}: no such file")
    try:
        if not _is_archive(path):
            return take(entry, path, origin=path.name, unproved=unproved)
        with zipfile.ZipFile(path) as archive:
            return _import_member(entry, path, archive, member, unproved=unproved)
    except BROKEN_ZIP as error:
        raise WeightsError(f"{path} cannot be unpacked: {reason_of(error)}", hint=CUT_OFF) from error


def means(entry: WeightsEntry, name: str) -> bool:
    """Whether a file's name, with its folders, is the one that its authors give the row's file."""
    wanted = PurePosixPath(entry.file or (entry.url or "").rpartition("/")[2]).parts
    parts = PurePosixPath(name.replace("\\", "/")).parts
    bare = (*parts[:-1], PurePosixPath(parts[-1]).stem) if parts else ()
    length = len(wanted)
    starts = range(len(parts) - length + 1)
    return not wanted or any(
        wanted in (parts[start : start + length], bare[start : start + length]) for start in starts
    )


def _is_archive(path: Path) -> bool:
    """Whether it is a zip of files. What PyTorch saves is a zip too, of one pickle and its numbers."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return not any(PurePosixPath(name).name == "data.pkl" for name in archive.namelist())


def _import_member(
    entry: WeightsEntry, path: Path, archive: zipfile.ZipFile, member: str | None, *, unproved: bool
) -> Stored:
    names = _members(archive, path, member)
    if member is None:
        # Weights for several levels have the same keys and shapes: only the name tells them apart.
        names = [name for name in names if entry.file and means(entry, name)] or names
    chosen = names[0] if len(names) == 1 else _the_one_that_fits(entry, path, archive, names)
    with _unpacked(entry, archive, chosen) as file:
        return take(entry, file, origin=f"{path.name}/{chosen}", unproved=unproved)


def _members(archive: zipfile.ZipFile, path: Path, member: str | None) -> list[str]:
    found = [
        name for name in archive.namelist() if name.lower().endswith(SUFFIXES) and "__MACOSX" not in name
    ]
    if member is not None:
        asked = [name for name in archive.namelist() if name == member]
        if not asked:
            raise WeightsError(f"{path}: no file {member!r} in it", hint=f"there are: {_listed(found)}")
        return asked
    if not found:
        raise WeightsError(f"{path}: no weights file in it, only {_listed(archive.namelist())}")
    return found


def _the_one_that_fits(entry: WeightsEntry, path: Path, archive: zipfile.ZipFile, names: list[str]) -> str:
    fitting, last = [], ""
    for name in names:
        try:
            with _unpacked(entry, archive, name) as file:
                converted(entry, file)
            fitting.append(name)
        except WeightsError as error:
            last = error.message
    if not fitting:
        raise WeightsError(f"{path}: none of the {len(names)} weights files in it is for {entry.id}; {last}")
    if len(fitting) > 1:
        raise WeightsError(
            f"{path}: {len(fitting)} of the files in it fit {entry.id}: {_listed(fitting)}",
            hint=f"--member {fitting[0]!r} takes that one",
        )
    return fitting[0]


@contextmanager
def _unpacked(entry: WeightsEntry, archive: zipfile.ZipFile, name: str) -> Iterator[Path]:
    """One file of the zip, for as long as it is needed; an error about it names it as the zip does."""
    limit = SPARE * sum(tensor.nbytes for tensor in empty_network(entry).state_dict().values()) + (1 << 20)
    if archive.getinfo(name).file_size > limit:
        raise WeightsError(f"{name} is too large to be weights for {entry.id}")
    folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpacked-", dir=folder()) as place:
        # The zip's own name could be a path to elsewhere (on Windows C:name is one), or too long for a file.
        target = Path(place) / re.sub(r"[^\w.-]", "_", name)[-80:]
        with archive.open(name) as packed, target.open("wb") as stream:
            shutil.copyfileobj(packed, stream)
        try:
            yield target
        except WeightsError as error:
            told = error.message.replace(f"{target.parent}{os.sep}", "").replace(target.name, name)
            raise WeightsError(told, hint=error.hint) from error


def _listed(names: Iterable[str]) -> str:
    files = [name for name in names if not name.endswith("/")]
    more = len(files) - LISTED
    return (", ".join(files[:LISTED]) or "nothing") + (f" and {more} more" if more > 0 else "")
