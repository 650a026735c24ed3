"""What the user names (files, folders, globs, lists, standard input) to the files that are meant.

Everything stays `str` or `Path` with surrogate escapes, so that names that are not UTF-8 pass unharmed.
"""

import glob
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from ..errors import InputError, UsageError
from ..images import TEMPORARY_SUFFIX, can_read
from ..places import STANDARD_STREAM
from ..tasks import TASKS
from ..wording import reason

OWN_RESULT = re.compile(rf".+\.({'|'.join(TASKS)})\.[^.]+", re.IGNORECASE)


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
    found: dict[str, Found] = {}
    problems: list[Problem] = []
    passed_over: list[Path] = []
    alone = len(names) == 1 and not listed
    for place, name in enumerate((*names, *listed)):
        literal = place >= len(names)
        if not name:
            raise UsageError("an empty name is no input", hint="is a variable of the shell not set?")
        if name == STANDARD_STREAM and not literal:
            found[name] = Found(None)
            continue
        if not literal and _is_pattern(name):
            matches = _by_pattern(name, output_folder, problems)
            alone = False
        elif is_folder(Path(name)):
            alone = False
            if len(names) > 1 and same_file(Path(name), output_folder):
                continue  # `restore denoise * -o results/` names it on its second run
            matches = _walk(Path(name), recursive, output_folder, problems)
        else:
            matches = iter([Found(Path(name))])
        for match in matches:
            assert match.path is not None
            if not match.by_name and is_own_result(match.path):
                passed_over.append(match.path)
            else:
                found.setdefault(absolute(match.path), match)
    files = []
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


def absolute(path: Path) -> str:
    """One spelling per place, links left as they are; what is above a linked folder only the link tells."""
    if path.name == "..":
        path = path.resolve()
    elif ".." in path.parts:
        path = path.parent.resolve() / path.name
    return os.path.abspath(path)  # noqa: PTH100 - Path.resolve() follows links, Path.absolute() keeps `..`


def is_folder(path: Path) -> bool:
    """Whether it is a folder. Path.is_dir() itself raises where a folder above may not be entered."""
    try:
        return path.is_dir()
    except OSError:
        return False


def is_own_result(path: PurePath) -> bool:
    """Whether the name is one that restorecli gives to its results by itself."""
    return made_by(path) is not None


def made_by(path: PurePath) -> str | None:
    """The task whose result has such a name."""
    match = OWN_RESULT.fullmatch(path.name)
    return None if match is None else match[1].lower()


def _is_pattern(name: str) -> bool:
    return glob.has_magic(name) and not os.path.lexists(name)


def _by_pattern(pattern: str, keep_out: Path | None, problems: list[Problem]) -> Iterator[Found]:
    fixed = Path()
    for part in PurePath(pattern).parts:
        if glob.has_magic(part):
            break
        fixed /= part
    matches = [Path(name) for name in sorted(glob.glob(pattern, recursive=True))]  # noqa: PTH207 - absolute patterns
    images = [path for path in matches if _is_wanted(path) and not is_folder(path)]
    if keep_out is not None and _is_below(keep_out, fixed):
        images = [path for path in images if not _is_below(path, keep_out)]
    if not images:
        problems.append(Problem(pattern, InputError(f"{pattern}: no image matches")))
    for path in images:
        yield Found(path, str(path.parent.relative_to(fixed)), by_name=False)


def _walk(root: Path, recursive: bool, keep_out: Path | None, problems: list[Problem]) -> Iterator[Found]:
    """The images of a folder, then of the folders below. Links to folders are not followed: no loops."""
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            problems.append(Problem(str(folder), InputError(f"{folder}: {reason(error)}")))
            continue
        below: list[Path] = []
        for entry in entries:
            path = folder / entry.name
            if entry.is_dir(follow_symlinks=False):
                if recursive and not entry.name.startswith(".") and not same_file(path, keep_out):
                    below.append(path)
            elif _is_wanted(path) and not is_folder(path):
                yield Found(path, str(folder.relative_to(root)), by_name=False)
        folders.extend(reversed(below))


def _is_wanted(path: Path) -> bool:
    """Whether a file that was not named is meant: an image, not hidden, not half of one."""
    return can_read(path) and not path.name.startswith(".") and not path.name.endswith(TEMPORARY_SUFFIX)


def _is_below(path: Path, folder: Path) -> bool:
    return Path(absolute(folder)) in Path(absolute(path)).parents


def same_file(path: Path, other: Path | None) -> bool:
    try:
        return other is not None and path.samefile(other)
    except OSError:
        return False


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
