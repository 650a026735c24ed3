"""The files of a set, from where they are pinned to folders in the cache.

    CACHE/sets/NAME-<12 digits of the row>/clean/, input/, target/, LR_x2/ ...

Archives are unpacked next to that and put in place whole. Nothing that an archive says decides where a file
goes: of each member only the last part of its name is used.
"""

import hashlib
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from ..errors import InputError, WeightsError
from ..hub.fetching import fetch
from ..images import can_read
from ..places import CACHE_VARIABLE, cache_folder
from ..spec import Remote
from ..wording import reason
from .folders import Groups, images_in
from .sets import BenchSet, SetFile

_CHUNK = 1 << 20
MOST_BYTES = 4 << 30  # that an archive may become: far more than any of the sets

Progress = Callable[[str, int, int | None], None]  # name of the file, bytes here, bytes in all


def fetch_set(row: BenchSet, scales: tuple[int, ...] = (), progress: Progress | None = None) -> Groups:
    """The images of a set by what they are; small ones only of the scales asked for."""
    if not row.files:
        raise InputError(
            f"{row.title} is not fetched: a copy of it has to be got by hand",
            hint=f"from {row.page}; then --set {row.name}=FOLDER",
        )
    groups: dict[str, tuple[Path, ...]] = {}
    for file in row.files:
        if file.folder.startswith("LR_x") and int(file.folder[-1]) not in scales:
            continue
        role = "target" if file.folder == "clean" else file.folder
        try:
            groups[role] = images_in(_folder_of(row, file, progress))
        except WeightsError as error:
            hint = error.hint or f"--set {row.name}=FOLDER takes a copy of your own"
            raise InputError(f"{row.title}: {error.message}", hint=hint) from error
    return groups


def _folder_of(row: BenchSet, file: SetFile, progress: Progress | None) -> Path:
    """The folder of one row of `files`, filled if it is not there."""
    digits = hashlib.sha256(repr((row.name, file, tuple(row.pixels))).encode()).hexdigest()[:12]
    target = cache_folder() / "sets" / f"{row.name}-{digits}" / file.folder
    if target.is_dir():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=target.parent))
        try:
            for remote in file.remotes(tuple(row.pixels)):
                _fill(part, fetch(remote, progress=_named(progress, remote)), remote, file.inside)
            if not images_in(part):
                raise InputError(
                    f"{row.title}: there are no images in {file.inside or file.file or file.url}"
                )
            part.replace(target)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        hint = f"{CACHE_VARIABLE}=FOLDER names another cache"
        raise InputError(f"{target}: {reason(error)}", hint=hint) from error
    return target


def _named(progress: Progress | None, remote: Remote) -> Callable[[int, int | None], None] | None:
    return None if progress is None else lambda here, whole: progress(remote.name, here, whole)


def _fill(folder: Path, path: Path, remote: Remote, inside: str) -> None:
    """One fetched file into the folder: an image as it is, of an archive its images."""
    name = remote.name.lower()
    if name.endswith((".tar.gz", ".tgz", ".tar", ".zip")):
        unpack(path, folder, inside, is_zip=name.endswith(".zip"))
    else:
        shutil.copyfile(path, folder / remote.name)


def unpack(archive: Path, folder: Path, inside: str = "", *, is_zip: bool) -> None:
    """The images that lie directly in a folder `inside` of an archive (in any, if that is empty)."""
    room = MOST_BYTES
    try:
        with _members(archive, is_zip=is_zip) as members:
            for name, size, opened in members:
                place = PurePosixPath(name.replace("\\", "/"))
                if not can_read(place) or place.name.startswith("."):
                    continue
                if not _is_inside(place, inside):
                    continue
                target = folder / place.name
                room -= size
                if room < 0:
                    raise InputError(
                        f"{archive.name}: unpacked it would be larger than {MOST_BYTES >> 30} GB"
                    )
                if target.exists():
                    raise InputError(f"{archive.name}: holds two images named {place.name}")
                with opened() as source, target.open("wb") as sink:
                    _copy(source, sink, size)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise InputError(f"{archive.name}: not an archive that can be unpacked: {error}") from error


def _is_inside(place: PurePosixPath, inside: str) -> bool:
    """Whether the folder that a member lies in ends like `inside`."""
    wanted = PurePosixPath(inside).parts
    return not wanted or place.parent.parts[-len(wanted) :] == wanted


Member = tuple[str, int, Callable[[], IO[bytes]]]


@contextmanager
def _members(archive: Path, *, is_zip: bool) -> Iterator[Iterator[Member]]:
    """Name, size and content of the plain files in an archive: no links, no devices."""
    if is_zip:
        with zipfile.ZipFile(archive) as zipped:
            yield (
                (info.filename, info.file_size, partial(zipped.open, info))
                for info in zipped.infolist()
                if not info.is_dir()
            )
    else:
        with tarfile.open(archive) as tarred:
            yield (
                (info.name, info.size, partial(_content, tarred, info)) for info in tarred if info.isfile()
            )


def _content(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(info)
    assert content is not None
    return content


def _copy(source: IO[bytes], sink: IO[bytes], size: int) -> None:
    """Never more than was announced, whatever the archive turns out to hold."""
    while size > 0 and (data := source.read(min(_CHUNK, size))):
        sink.write(data)
        size -= len(data)
