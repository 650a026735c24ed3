"""Which file each input becomes, decided and checked as a whole before any work starts."""

import os
import sys
import unicodedata
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import FileThereError, InputError, UsageError
from ..images import sweep_temporaries
from .inputs import EntryOf, Found, Inputs, Problem, entry_finder, is_folder, maker_of
from .naming import Naming


@dataclass(frozen=True, slots=True)
class Job:
    """One input and the result it becomes; None stands for standard input and output."""

    source: Path | None
    target: Path | None
    in_place: bool = False

    @property
    def name(self) -> str:
        return "standard input" if self.source is None else str(self.source)

    @property
    def target_name(self) -> str:
        return "standard output" if self.target is None else str(self.target)


@dataclass(frozen=True, slots=True)
class Aside:
    """An input that is left as it is, and why: it could have been meant."""

    path: Path
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done, what is done already, what cannot be done."""

    jobs: tuple[Job, ...]
    done: tuple[Job, ...] = ()
    problems: tuple[Problem, ...] = ()
    left_out: tuple[Path, ...] = ()  # results among the inputs, and links to other inputs
    of_other_tasks: tuple[Path, ...] = ()  # left out as well, though they may have been meant
    aside: tuple[Aside, ...] = ()  # in place: what is one file with another input, or lies somewhere else
    not_taken: dict[str, int] = field(default_factory=dict)  # see Inputs
    alone: bool = False


def make_plan(inputs: Inputs, naming: Naming) -> Plan:
    """The whole plan, or the UsageError or OutputError that refuses it."""
    if not inputs.alone and any(found.path is None for found in inputs.files):
        raise UsageError("standard input (-) cannot stand beside others", hint="give it a command of its own")
    folder = naming.folder_for(alone=inputs.alone)
    jobs: list[Job] = []
    problems = list(inputs.problems)
    originals: set[Path] = set()  # the user named them, and not by a name of ours
    files, aside = _without_links_out(inputs.files) if naming.in_place else (inputs.files, [])
    for found in files:
        try:
            jobs.append(Job(found.path, naming.target_of(found, folder), naming.in_place))
        except InputError as error:
            problems.append(Problem(str(found.path), error))
        if found.path is not None and found.root is None and maker_of(found.path) is None:
            originals.add(found.path)
    entry_of = entry_finder()
    if naming.in_place:
        left_out, hard_links = _links(jobs, entry_of)
        aside += hard_links
    else:
        left_out = _results(jobs, originals, entry_of)
    gone = {*left_out, *(one.path for one in aside)}
    jobs = [job for job in jobs if job.source not in gone]
    left_out += [path for path in inputs.passed_over if maker_of(path) == naming.task]
    others = [path for path in inputs.passed_over if maker_of(path) != naming.task]
    _refuse_collisions(jobs, entry_of)
    twins = _refuse_overwritten_inputs(jobs, alone=inputs.alone)
    problems += twins.values()
    jobs = [job for job in jobs if job not in twins]
    todo: list[Job] = []
    done: list[Job] = []
    for job in jobs:
        there = job.target is not None and os.path.lexists(job.target)
        (done if there and not naming.overwrite and not naming.in_place else todo).append(job)
    if inputs.alone and done:
        raise FileThereError(done[0].target)
    return Plan(
        tuple(todo),
        tuple(done),
        tuple(problems),
        tuple(left_out),
        tuple(others),
        tuple(aside),
        inputs.not_taken,
        inputs.alone,
    )


def _without_links_out(files: tuple[Found, ...]) -> tuple[list[Found], list[Aside]]:
    """In place, what lies outside the folders that were named is replaced only where it is named itself."""
    named = {os.path.realpath(place) for found in files if (place := found.root or found.path) is not None}
    inside: list[Found] = []
    aside: list[Aside] = []
    for found in files:
        if found.root is not None and found.path is not None and found.path.is_symlink():
            end = Path(os.path.realpath(found.path))
            if named.isdisjoint(map(str, (end, *end.parents))):
                why = f"a link out of {found.root}; to replace {end}, name it"
                aside.append(Aside(found.path, why))
                continue
        inside.append(found)
    return inside, aside


def _results(jobs: list[Job], originals: set[Path], entry_of: EntryOf) -> list[Path]:
    """Inputs that are results of other inputs, as `restore denoise *.png` meets them on its second run.

    An original is none of them: it would be overwritten, and the plan is refused later.
    """
    makers = {entry_of(job.target): job for job in jobs if job.target is not None}
    sources = {job.source: job for job in jobs if job.source is not None and job.source not in originals}
    return [source for source, job in sources.items() if makers.get(entry_of(source), job) is not job]


def _links(jobs: list[Job], entry_of: EntryOf) -> tuple[list[Path], list[Aside]]:
    """In place, a picture is restored once: the inputs that are links to another, symbolic and hard ones."""
    kept: dict[object, Job] = {}
    links: list[Path] = []
    twins: list[Aside] = []
    for job in sorted(jobs, key=lambda job: job.source != job.target):  # symbolic links last
        if job.source is None or job.target is None:
            continue
        written = _written(job.target, entry_of)
        first = kept.setdefault(_identity(job.target) or written, job)
        assert first.target is not None
        if first is not job and _written(first.target, entry_of) == written:
            links.append(job.source)
        elif first is not job:
            why = f"one file with {first.source} (a hard link), which is restored; this name keeps the old"
            twins.append(Aside(job.source, why))
    return links, twins


def _written(target: Path, entry_of: EntryOf) -> str:
    """The file that is written in the end: a link is written through."""
    return os.path.realpath(target) if os.path.islink(target) else entry_of(target)  # noqa: PTH114


def _refuse_collisions(jobs: list[Job], entry_of: EntryOf) -> None:
    """No two inputs may become one file, also where the file system does not tell A from a."""
    exactly: dict[str, Job] = {}
    nearly: dict[str, Job] = {}
    for job in jobs:
        if job.target is None:
            continue
        path = _written(job.target, entry_of)
        other = exactly.setdefault(path, job)
        if other is job:
            other = nearly.setdefault(unicodedata.normalize("NFC", path).casefold(), job)
            if other is job or not folds_case(job.target.parent):
                continue
        message = f"{other.name} and {job.name} would both become {job.target}"
        raise UsageError(message, hint=_tell_apart(other, job))


def _tell_apart(one: Job, other: Job) -> str:
    if one.source is not None and other.source is not None and one.source.parent == other.source.parent:
        return '--name "{stem}-{suffix}.{task}.{ext}" tells them apart by the format they came in'
    return '--name "{parent}-{stem}.{ext}" tells them apart by folder'


def folds_case(folder: Path) -> bool:
    """Whether the file system of a folder (or of the nearest one above that is there) ignores case."""
    there = next((place for place in (folder, *folder.absolute().parents) if is_folder(place)), Path())
    with suppress(OSError):  # it may not be read
        for path in (*there.iterdir(), there.absolute()):
            twin = path.with_name(path.name.swapcase())
            if twin.name != path.name:
                return twin.exists() and twin.samefile(path)
    return sys.platform in ("win32", "darwin")


def _refuse_overwritten_inputs(jobs: list[Job], *, alone: bool) -> dict[Job, Problem]:
    """No result may replace an input, by whatever path, symbolic or hard link it is reached.

    A hard link that stands where one of many results belongs stops that one alone.
    """
    sources: dict[tuple[int, int], Job] = {}
    twins: dict[Job, Problem] = {}
    for job in jobs:
        if (identity := _identity(job.source)) is not None:
            sources.setdefault(identity, job)
    for job in jobs:
        identity = _identity(job.target)
        owner = None if identity is None else sources.get(identity)
        if owner is None or (job.in_place and owner is job):
            continue
        assert owner.source is not None
        assert job.target is not None
        if not alone and os.path.realpath(owner.source) != os.path.realpath(job.target):
            message = f"{job.name}: {job.target} is there, and one file with {owner.name} (a hard link)"
            twins[job] = Problem(job.name, InputError(message, hint="-o FOLDER/ or --name"))
        elif owner is job:
            hint = "--in-place allows it; -o names another"
            raise UsageError(f"{job.name}: the result would replace the input", hint=hint)
        else:
            hint = "-o FOLDER/ or --name"
            raise UsageError(f"the result of {job.name} would replace {owner.name}", hint=hint)
    return twins


def _identity(path: Path | None) -> tuple[int, int] | None:
    """What file it is, however many names it has; None where there is none."""
    try:
        status = None if path is None else path.stat()
    except OSError:
        return None
    return None if status is None else (status.st_dev, status.st_ino)


def sweep(plan: Plan) -> int:
    """Removes what killed runs left unfinished in the folders of the results; how many files that were."""
    folders = {job.target.parent for job in (*plan.jobs, *plan.done) if job.target is not None}
    return sum(sweep_temporaries(folder) for folder in folders if is_folder(folder))
