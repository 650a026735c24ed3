"""Files that are there whole or not at all: written under a temporary name, then renamed.

with atomic_file(target, overwrite=False) as stream: ...    what a user asked for: refusals are OutputErrors
    Follower(target, source, in_place)                      such a target, that takes the place of a photo or
                                                            stands beside it: with its permissions
write_whole(target, content)                                files of our own: the system's errors as they are
sweep_temporaries(folder)                                   removes what killed runs left behind
"""

import os
import re
import secrets
import stat
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from platform import node
from typing import BinaryIO

from .errors import FileThereError, OutputError
from .wording import printable, reason

TEMPORARY_SUFFIX = ".restore-tmp"
_TEMPORARY_NAME = re.compile(rb"\..*\.(\d+)-([0-9a-f]{6})[0-9a-f]{8}\.restore-tmp", re.DOTALL)
_MAX_NAME_BYTES = 255
_OLD = 24 * 3600  # seconds; no write takes as long
_ACCESS_LIST = "system.posix_acl_access"  # without it the bits of the group would say more than they did
_VERSION = ("st_dev", "st_ino", "st_size", "st_mtime_ns")  # what every save changes one of
_HOST = f"{zlib.crc32(node().encode()) & 0xFFFFFF:06x}"  # a folder on the network is written from many


@dataclass(frozen=True, slots=True)
class Follower(os.PathLike[str]):
    """The target of a result that is made from a file: it gets that file's permissions, and in place it
    replaces nothing but the version that was read.
    """

    path: Path
    source: os.stat_result  # of before the file was read
    in_place: bool

    def __fspath__(self) -> str:
        return os.fspath(self.path)


@contextmanager
def atomic_file(target: str | os.PathLike[str], *, overwrite: bool) -> Iterator[BinaryIO]:
    """A file to write to, that becomes `target` when the block ends well and disappears when it does not.

    Without `overwrite` a target that is there, or turns up meanwhile, is refused. Devices and pipes have
    nothing to protect, and are written as they are.
    """
    path = Path(os.path.realpath(target))  # a link is written through, as by any other program
    name = printable(target)
    follower = target if isinstance(target, Follower) else None
    try:
        old = path.stat() if path.exists() else None
        _check_target(path, old, overwrite, name)
        if old and not stat.S_ISREG(old.st_mode):
            with path.open("wb") as stream:
                yield stream
            return
        mode = follower.source.st_mode if follower else old.st_mode if old else None
        with _temporary(path, is_private=mode is not None) as (stream, temporary):
            yield stream
            _close(stream)
            if old:
                _give_owner_and_attributes(temporary, path, old)
            if mode is not None:
                with suppress(PermissionError):  # a file system without them
                    temporary.chmod(mode & 0o777)
            if follower and follower.in_place:
                _refuse_another_version(path, follower.source, name)
            _put_in_place(temporary, path, overwrite, name)
    except OSError as error:
        raise OutputError(f"{name}: cannot be written: {reason(error)}") from error


def write_whole(target: Path, content: bytes) -> None:
    """The content under that name, in place of what is there: no reader ever sees half of it, and a full disk
    leaves nothing. Raises OSError as the system gives it; the folder must be there.
    """
    with _temporary(target) as (stream, temporary):
        stream.write(content)
        _close(stream)
        temporary.replace(target)


def attributes_of(path: Path) -> dict[str, bytes]:
    """The extended attributes that a file can take along: labels of the system are given by the system."""
    kept = {}
    if hasattr(os, "listxattr"):
        with suppress(OSError):  # a file system without them
            for name in os.listxattr(path):
                if name == _ACCESS_LIST or not name.startswith(("security.", "system.")):
                    kept[name] = os.getxattr(path, name)
    return kept


@contextmanager
def _temporary(path: Path, *, is_private: bool = False) -> Iterator[tuple[BinaryIO, Path]]:
    """A new file beside `path`, gone afterwards unless it was renamed; a private one only its owner reads."""
    temporary = _temporary_for(path)
    try:
        with _created(temporary, 0o600 if is_private else 0o666) as stream:
            yield stream, temporary
    except BaseException:  # interrupts too: nothing half-written may stay
        with suppress(OSError):  # Windows keeps what another process has open
            temporary.unlink(missing_ok=True)
        raise


def _close(stream: BinaryIO) -> None:
    """Before the file is renamed all of it is on the disk."""
    stream.flush()
    os.fsync(stream.fileno())
    stream.close()


def _check_target(path: Path, old: os.stat_result | None, overwrite: bool, name: str) -> None:
    if old and stat.S_ISDIR(old.st_mode):
        raise OutputError(f"{name}: this is a folder", hint="add a slash to write into it, or name a file")
    if old and stat.S_ISREG(old.st_mode) and not overwrite:
        raise FileThereError(name)
    if not path.parent.is_dir():
        raise OutputError(f"{name}: there is no folder {printable(path.parent)}")


def _give_owner_and_attributes(temporary: Path, path: Path, old: os.stat_result) -> None:
    """What replaces a file belongs to whom the file belonged, as far as one may say so."""
    with suppress(PermissionError):
        if hasattr(os, "chown") and (old.st_uid, old.st_gid) != (os.getuid(), os.getgid()):
            os.chown(temporary, old.st_uid, old.st_gid)
    for name, value in attributes_of(path).items():
        with suppress(OSError):  # not ours to give: who asks attributes_of() again sees that it is gone
            os.setxattr(temporary, name, value)


def _refuse_another_version(path: Path, source: os.stat_result, name: str) -> None:
    """Between reading and here somebody may have saved the file: nothing of theirs is lost."""
    try:
        now = path.stat()
    except FileNotFoundError:
        raise OutputError(f"{name}: is gone since it was read; it was not written again") from None
    if any(getattr(now, key) != getattr(source, key) for key in _VERSION):
        hint = f"restore the newer version in a run of its own: --in-place {name}"
        raise OutputError(f"{name}: changed since it was read; the newer version stays as it is", hint=hint)


def _temporary_for(path: Path) -> Path:
    tail = f".{os.getpid()}-{_HOST}{secrets.token_hex(4)}{TEMPORARY_SUFFIX}".encode()
    name = os.fsencode(path.name)[: _MAX_NAME_BYTES - 1 - len(tail)]
    return path.with_name(os.fsdecode(b"." + name + tail))


def _created(temporary: Path, mode: int) -> BinaryIO:
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(temporary, flags, mode), "wb")  # of the mode the umask takes its part


def _put_in_place(temporary: Path, path: Path, overwrite: bool, name: str) -> None:
    if overwrite:
        temporary.replace(path)
        return
    try:
        if os.name == "nt":
            temporary.rename(path)  # refuses what is there
            return
        os.link(temporary, path)  # refuses too, where rename would replace
    except FileExistsError:
        raise FileThereError(name) from None
    except (OSError, AttributeError):  # a file system or system without hard links
        if os.path.lexists(path):
            raise FileThereError(name) from None
        temporary.replace(path)
        return
    temporary.unlink()


def sweep_temporaries(folder: str | os.PathLike[str]) -> int:
    """Removes what killed runs left in a folder; how many files that were.

    A temporary of a living process stays, and one of another machine until it is a day old.
    """
    swept = 0
    try:
        paths = list(Path(folder).iterdir())
    except OSError:  # no such folder yet, or none that may be read: nothing to sweep
        return 0
    for path in paths:
        match = _TEMPORARY_NAME.fullmatch(os.fsencode(path.name))
        if match and _is_stale(path, int(match[1]), match[2].decode()):
            with suppress(OSError):
                path.unlink()
                swept += 1
    return swept


def _is_stale(path: Path, pid: int, host: str) -> bool:
    if host == _HOST and os.name != "nt" and not _is_alive(pid):  # os.kill of Windows would end the process
        return True
    with suppress(OSError):
        return pid != os.getpid() and time.time() - path.lstat().st_mtime > _OLD
    return False


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
