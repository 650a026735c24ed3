"""What the user names (files, folders, globs, lists, standard input) to the files that are meant.

Everything stays `str` or `Path` with surrogate escapes, so that names that are not UTF-8 pass unharmed.
"""

import glob
import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
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

# What belongs to the pictures beside it, or to a program that lists them: nobody waits for its result.
_COMPANION_SUFFIXES = frozenset((".xmp", ".aae", ".thm", ".pp3", ".dop"))
_COMPANION_NAMES = frozenset(("thumbs.db", "ehthumbs.db", "desktop.ini", "picasa.ini", "icon\r"))
WITHOUT_SUFFIX = "without suffix"


@dataclass(frozen=True, slots=True)
class Found:
    """One input file."""

    path: Path | None  # None: standard input
    place: str = "."  # its folder below the one that was named: mirrored under the output folder
    root: Path | None = None  # the folder in which it was met, itself or by a glob; None: it was named


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
    not_taken: dict[str, int] = field(default_factory=dict)  # other files: {"nef": 3, "txt": 1}


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
    not_taken: set[str] = set()
    alone = len(names) == 1 and not listed
    entry_of = entry_finder()
    for number, name in enumerate((*names, *listed)):
        path, literal = Path(name), number >= len(names)
        if name == STANDARD_STREAM and not literal:
            found[name] = Found(None)
            continue
        is_pattern = not literal and glob.has_magic(name) and not os.path.lexists(name)
        if not is_pattern and not is_folder(path):
            entry = entry_of(path)  # named, whether or not it was met in a folder before
            found[entry] = replace(found[entry], root=None) if entry in found else Found(path)
            continue
        alone = False
        if len(names) > 1 and same_file(path, output_folder):
            continue  # `restore denoise * -o results/` names it on its second run
        if is_pattern:
            root, met = _by_pattern(name, output_folder, entry_of)
        else:
            root, met = path, _walk(path, recursive, output_folder, problems)
        images = 0
        for file in met:
            if not can_read(file):
                not_taken.add(entry_of(file))
                continue
            images += 1
            if maker_of(file) is not None:
                passed_over.append(file)
            else:
                place = str(file.parent.relative_to(root))
                found.setdefault(entry_of(file), Found(file, place, root))
        if is_pattern and not images:
            problems.append(Problem(name, InputError(f"{name}: no image matches")))
    files = _those_to_read(found.values(), problems)
    kinds = _kinds(not_taken - found.keys())
    return Inputs(files, tuple(problems), alone, tuple(passed_over), kinds)


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
    """The part that is no pattern, and the files that match, without those in the output folder."""
    root = Path(*takewhile(lambda part: not glob.has_magic(part), PurePath(pattern).parts))
    matches = map(Path, sorted(glob.glob(pattern, recursive=True)))  # noqa: PTH207 - absolute patterns
    met = [path for path in matches if _is_met(path.name) and not is_folder(path)]
    if keep_out is not None:
        out, inside = Path(os.path.realpath(keep_out)), Path(os.path.realpath(root))
        if out not in (inside, *inside.parents):  # a pattern in there is meant
            met = [path for path in met if out not in Path(entry_of(path)).parents]
    return root, met


def _walk(root: Path, recursive: bool, keep_out: Path | None, problems: list[Problem]) -> Iterator[Path]:
    """The files of a folder, then of the folders below. Links to folders are not followed: no loops."""
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            problems.append(Problem(str(folder), InputError(f"{folder}: {reason(error)}")))
            continue
        for entry in entries:
            path = folder / entry.name
            if _is_met(entry.name) and not (is_folder(path) if entry.is_symlink() else entry.is_dir()):
                yield path
        for entry in reversed(entries) if recursive else ():
            path = folder / entry.name
            is_below = entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
            if is_below and not same_file(path, keep_out):
                folders.append(path)


def _is_met(name: str) -> bool:
    """Whether a file that was not named counts: not hidden, not half of one."""
    return not name.startswith(".") and not name.endswith(TEMPORARY_SUFFIX)


def _kinds(entries: Iterable[str]) -> dict[str, int]:
    """How many files of which kind nobody restores, the most first: not those that only go with others."""
    counts: Counter[str] = Counter()
    for path in map(PurePath, entries):
        suffix = path.suffix.lower()
        if not (suffix in _COMPANION_SUFFIXES or path.name.lower() in _COMPANION_NAMES or maker_of(path)):
            counts[suffix.removeprefix(".") or WITHOUT_SUFFIX] += 1
    return dict(sorted(counts.items(), key=lambda kind: (-kind[1], kind[0])))


def _those_to_read(found: Iterable[Found], problems: list[Problem]) -> tuple[Found, ...]:
    files: list[Found] = []
    for match in found:
        why = None if match.path is None else _why_not_a_file(match.path)
        if why is None:
            files.append(match)
        else:
            problems.append(Problem(str(match.path), InputError(f"{match.path}: {why}")))
    return tuple(files)


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
