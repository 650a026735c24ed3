"""What the user names (files, folders, globs, lists, standard input) to the files that are meant.

Everything stays `str` or `Path` with surrogate escapes, so that names that are not UTF-8 pass unharmed.
"""

import glob
import os
import re
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path, PurePath

from ..errors import InputError, UsageError
from ..images import TEMPORARY_SUFFIX, can_read
from ..places import STANDARD_STREAM
from ..tasks import TASKS
from ..wording import reason

OWN_RESULT = re.compile(rf".+\.({'|'.join(TASKS)})\.[^.]+", re.IGNORECASE)
EntryOf = Callable[[Path], str]


@dataclass(frozen=True, slots=True)
class Found:
    """One input file."""

    path: Path | None  # None: standard input
    place: str = "."  # its folder below the one that was named: mirrored under the output folder
    by_name: bool = True  # False: met in a folder or by a glob


@dataclass(frozen=True, slots=True)
class Problem:
    """An input that cannot be restored, known before work starts."""

    path: str
    error: InputError


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that was found."""

    files: tuple[Found, ...]
    problems: tuple[Problem, ...]
    alone: bool  # the user named exactly one file
    passed_over: tuple[Path, ...] = ()  # results of ours in a folder or behind a glob


def find_inputs(
    names: Iterable[str],
    listed: Iterable[str] = (),
    *,
    recursive: bool = False,
    output_folder: Path | None = None,
) -> Inputs:
    """The files behind the names, each once, in order; what is not there becomes a Problem.

    `names` come from the command line, `listed` from a list, where every name is taken literally.
    """
    names, listed = list(names), list(listed)
    if names.count(STANDARD_STREAM) > 1:
        raise UsageError("standard input (-) can be read only once")
    if "" in (*names, *listed):
        raise UsageError("an empty name is no input", hint="is a variable of the shell not set?")
    found: dict[str, Found] = {}
    problems: list[Problem] = []
    passed_over: list[Path] = []
    alone = len(names) == 1 and not listed
    entry_of = entry_finder()
    for number, name in enumerate((*names, *listed)):
        path, literal = Path(name), number >= len(names)
        if name == STANDARD_STREAM and not literal:
            found[name] = Found(None)
            continue
        is_pattern = not literal and glob.has_magic(name) and not os.path.lexists(name)
        if not is_pattern and not is_folder(path):
            found.setdefault(entry_of(path), Found(path))
            continue
        alone = False
        if len(names) > 1 and same_file(path, output_folder):
            continue  # `restore denoise * -o results/` names it on its second run
        if is_pattern:
            root, images = _by_pattern(name, output_folder, entry_of)
            if not images:
                problems.append(Problem(name, InputError(f"{name}: no image matches")))
        else:
            root, images = path, _walk(path, recursive, output_folder, problems)
        for image in images:
            if maker_of(image) is not None:
                passed_over.append(image)
            else:
                place = str(image.parent.relative_to(root))
                found.setdefault(entry_of(image), Found(image, place, by_name=False))
    files: list[Found] = []
    for match in found.values():
        why = None if match.path is None else _why_not_a_file(match.path)
        if why is None:
            files.append(match)
        else:
            problems.append(Problem(str(match.path), InputError(f"{match.path}: {why}")))
    return Inputs(tuple(files), tuple(problems), alone, tuple(passed_over))


def read_list(data: bytes) -> list[str]:
    """The names in a list: separated by NUL if it holds one, otherwise by line ends."""
    separator = b"\0" if b"\0" in data else b"\n"
    lines = data.removeprefix(b"\xef\xbb\xbf").split(separator)
    names = [os.fsdecode(line.removesuffix(b"\r") if separator == b"\n" else line) for line in lines]
    return [name for name in names if name.strip()]


def maker_of(path: PurePath) -> str | None:
    """The task whose results get such a name by themselves."""
    match = OWN_RESULT.fullmatch(path.name)
    return None if match is None else match[1].lower()


def entry_finder() -> EntryOf:
    """Tells which entry of which folder a path is, however it is spelled; a link is an entry of its own.

    What is above a linked folder only the link tells, so that folders are resolved: each once, for as long as
    the function is kept.
    """
    real = cache(os.path.realpath)

    def entry_of(path: Path) -> str:
        folder, name = os.path.split(path)
        return real(path) if name in (".", "..") else os.path.join(real(folder), name)  # noqa: PTH118

    return entry_of


def is_folder(path: Path) -> bool:
    """Whether it is a folder. Path.is_dir() itself raises where a folder above may not be entered."""
    return os.path.isdir(path)  # noqa: PTH112


def same_file(path: Path, other: Path | None) -> bool:
    try:
        return other is not None and path.samefile(other)
    except OSError:
        return False


def _by_pattern(pattern: str, keep_out: Path | None, entry_of: EntryOf) -> tuple[Path, list[Path]]:
    """The part that is no pattern, and the images that match, without those in the output folder."""
    root = Path(*takewhile(lambda part: not glob.has_magic(part), PurePath(pattern).parts))
    matches = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - absolute patterns
    images = [path for path in map(Path, matches) if _is_wanted(path)]
    if keep_out is not None:
        out, inside = Path(os.path.realpath(keep_out)), Path(os.path.realpath(root))
        if out not in (inside, *inside.parents):  # a pattern in there is meant
            images = [path for path in images if out not in Path(entry_of(path)).parents]
    return root, images


def _walk(root: Path, recursive: bool, keep_out: Path | None, problems: list[Problem]) -> list[Path]:
    """The images of a folder, then of the folders below. Links to folders are not followed: no loops."""
    images: list[Path] = []
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            problems.append(Problem(str(folder), InputError(f"{folder}: {reason(error)}")))
            continue
        images += [path for path in (folder / entry.name for entry in entries) if _is_wanted(path)]
        for entry in reversed(entries) if recursive else ():
            path = folder / entry.name
            is_below = entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
            if is_below and not same_file(path, keep_out):
                folders.append(path)
    return images


def _is_wanted(path: Path) -> bool:
    """Whether a file that was not named is meant: an image, not hidden, not half of one."""
    return (
        can_read(path)
        and not path.name.startswith(".")
        and not path.name.endswith(TEMPORARY_SUFFIX)
        and not is_folder(path)
    )


def _why_not_a_file(path: Path) -> str | None:
    """Why there is nothing to read; a pipe or device would keep us waiting for ever."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "a link that leads nowhere" if path.is_symlink() else "no such file"
    except OSError as error:
        return reason(error)
    if stat.S_ISREG(mode):
        return None
    return "a folder" if stat.S_ISDIR(mode) else "not a regular file (a pipe, socket or device)"
