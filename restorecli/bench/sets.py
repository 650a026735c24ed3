"""sets.toml as checked rows: the sets that can be asked for by name, and what papers report on them."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

from ..checked import CheckError, read_table
from ..errors import UsageError
from ..registry import REINSTALL
from ..spec import Remote, WeightsEntry
from ..tasks import TASKS, Card, Value
from ..wording import reason
from .protocols import all_cards
from .results import Reference

MINI = "mini"  # the images inside the package
MINI_FOLDER = Path(__file__).resolve().parents[1] / "data" / "images"

_LISTED = ("sets", "published")


@dataclass(frozen=True, slots=True)
class SetFile:
    """One file to fetch (or several, named alike), and what of it is taken."""

    folder: Literal["clean", "input", "target", "LR_x2", "LR_x3", "LR_x4"]  # what the images are
    repo: str | None = None  # on the Hub, with `revision` and `file`
    revision: str | None = None
    file: str | None = None
    url: str | None = None  # elsewhere: a raw file at a commit
    sha256: str | None = None
    size: int | None = None
    each: tuple[
        str, ...
    ] = ()  # stands in for {} in file or url; not given: the names in `pixels`, if {} is there
    inside: str = ""  # of an archive: the folder whose images are taken

    def remotes(self, names: tuple[str, ...]) -> tuple[Remote, ...]:
        """What there is to fetch."""
        one = Remote(
            self.repo, self.revision, self.file, "dataset", self.url, sha256=self.sha256, size=self.size
        )
        pattern = self.url or self.file or ""
        if "{}" not in pattern:
            return (one,)
        filled = [pattern.replace("{}", name) for name in self.each or names]
        if self.url:
            return tuple(Remote(url=url) for url in filled)
        return tuple(Remote(self.repo, self.revision, file, "dataset") for file in filled)


@dataclass(frozen=True, slots=True)
class BenchSet:
    """One row of sets.toml."""

    name: str  # what --set takes
    title: str
    tasks: tuple[str, ...]  # all are measured where none is asked for
    images: int
    licence: str
    files: tuple[SetFile, ...] = ()  # none: it is not fetched, and a copy is got by hand
    page: str = ""  # where its authors publish it, to look at
    checked: bool = False  # whether the files were fetched from where they are pinned, and looked at
    note: str = ""
    # Name and pixels of each image (of pairs: of both): the first 12 digits of the sha256 that
    # folders.fingerprint gives. Of a set that is not fetched some may be missing.
    pixels: Mapping[str, str] = field(default_factory=dict)

    @property
    def knows_all(self) -> bool:
        """Whether every image can be compared."""
        return bool(self.pixels) and len(self.pixels) == self.images


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """Figures of a paper on a set: one PSNR for each level."""

    set: str
    protocol: str
    method: str
    psnr: tuple[float, ...]
    levels: tuple[float | str, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All of sets.toml."""

    sets: Mapping[str, BenchSet]
    published: tuple[PublishedRow, ...]


def catalogue_file() -> Path:
    return Path(__file__).resolve().parent / "sets.toml"


@cache
def catalogue() -> Catalogue:
    return read_catalogue(catalogue_file())


def read_catalogue(path: Path) -> Catalogue:
    """The rows of a sets file; CheckError names file, row and key."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {reason(error)}", hint=REINSTALL) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CheckError(f"{path}: {error}") from error
    for key in document:
        if key not in _LISTED or not isinstance(document[key], list):
            raise CheckError(f"{path}: unknown key {key!r}", hint="rows start with [[sets]] or [[published]]")
    sets: dict[str, BenchSet] = {}
    for number, row in enumerate(document.get("sets", []), start=1):
        where = f"{path}: row {row.get('name', number)!r}"
        found = read_table(BenchSet, row, where)
        _check_set(found, where)
        if found.name in sets:
            raise CheckError(f"{where}: name: another row has it already")
        sets[found.name] = found
    published = []
    for number, row in enumerate(document.get("published", []), start=1):
        where = f"{path}: published row {number}"
        published.append(read_table(PublishedRow, row, where))
        _check_published(published[-1], sets, where)
    return Catalogue(sets, tuple(published))


def _check_set(row: BenchSet, where: str) -> None:
    if row.name == MINI or row.name != row.name.lower():
        raise CheckError(f"{where}: name: {row.name!r} is not a name in small letters, or is taken")
    if not row.tasks or any(task not in TASKS for task in row.tasks):
        raise CheckError(f"{where}: tasks: one or more of {', '.join(TASKS)}")
    if not row.files and not row.page:
        raise CheckError(f"{where}: files, or a page where a copy can be got, is missing")
    if row.pixels and not row.knows_all and (row.files or len(row.pixels) > row.images):
        raise CheckError(f"{where}: images: {row.images}, but there are {len(row.pixels)} under pixels")
    for number, file in enumerate(row.files):
        here = f"{where}: files[{number}]"
        if (file.url is None) == (file.repo is None):
            raise CheckError(f"{here}: either url, or repo, revision and file")
        if file.repo is not None and (not file.file or len(file.revision or "") != 40):
            raise CheckError(f"{here}: revision: 40 hex digits, with file, pin a file of a repository")
        count = len(file.remotes(tuple(row.pixels)))
        if "{}" in (file.url or file.file or "") and count != row.images:
            raise CheckError(f"{here}: {count} names for {row.images} images")


def _check_published(row: PublishedRow, sets: Mapping[str, BenchSet], where: str) -> None:
    if row.set not in sets:
        raise CheckError(f"{where}: set: there is no {row.set!r}")
    if all(row.protocol != card.name for card in all_cards()):
        raise CheckError(f"{where}: protocol: there is no {row.protocol!r}")
    if len(row.psnr) != max(len(row.levels), 1):
        raise CheckError(f"{where}: psnr: {len(row.psnr)} figures for {len(row.levels)} levels")


def find_set(name: str) -> BenchSet:
    """The row of a name, however it is written: CBSD68, cbsd68."""
    sets = catalogue().sets
    row = sets.get(name.lower())
    if row is None:
        near = difflib.get_close_matches(name.lower(), [*sets, MINI], n=1)
        hint = f"--set {near[0]}" if near else f"one of: {MINI}, {', '.join(sets)}; or --set-dir FOLDER"
        raise UsageError(f"there is no set {name!r}", hint=hint)
    return row


def references(row: BenchSet | None, card: Card, level: Value) -> tuple[Reference, ...]:
    """All methods that have a figure there."""
    if row is None:
        return ()
    return tuple(
        Reference(card.task, row.title, card.name, level, found.method, psnr)
        for found in catalogue().published
        if found.set == row.name and found.protocol == card.name
        for psnr in (_figure_at(found, level),)
        if psnr is not None
    )


def of_method(name: str, row: BenchSet | None, card: Card, level: Value) -> float | None:
    """The figure of a method by its name: of a baseline that papers print too."""
    figures = {reference.method: reference.psnr for reference in references(row, card, level)}
    return figures.get(name)


def of_weights(entry: WeightsEntry, row: BenchSet | None, card: Card, level: Value) -> float | None:
    """The figure that the authors of these weights give: in their row of weights.toml, under this card."""
    if row is None:
        return None
    for figure in entry.published:
        same_level = figure.level == level or (figure.level is None and _one_level(card))
        if _letters(figure.set) == _letters(row.title) and figure.protocol == card.name and same_level:
            return figure.psnr
    return None


def _one_level(card: Card) -> bool:
    return TASKS[card.task].level is None or len(card.levels) == 1


def _figure_at(row: PublishedRow, level: Value) -> float | None:
    if not row.levels:
        return row.psnr[0]
    return row.psnr[row.levels.index(level)] if level is not None and level in row.levels else None


def _letters(name: str) -> str:
    return "".join(char for char in name.lower() if char.isalnum())
