"""Which file each input becomes, decided and checked as a whole before any work starts."""

import os
import sys
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import FileThereError, InputError, UsageError
from ..images import sweep_temporaries
from .files import Inputs, Problem, absolute, is_folder, is_own_result, made_by
from .naming import Naming, output_folder, target_of


@dataclass(frozen=True, slots=True)
class Job:
    """One input and the result it becomes; None stands for standard input and output."""

    source: Path | None
    target: Path | None

    @property
    def name(self) -> str:
        return "standard input" if self.source is None else str(self.source)

    @property
    def target_name(self) -> str:
        return "standard output" if self.target is None else str(self.target)


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done, what is done already, what cannot be done."""

    jobs: tuple[Job, ...]
    done: tuple[Job, ...] = ()
    problems: tuple[Problem, ...] = ()
    left_out: tuple[Path, ...] = ()  # results among the inputs, and links to other inputs
    of_other_tasks: tuple[Path, ...] = ()  # left out as well, though they may have been meant
    alone: bool = False


def make_plan(inputs: Inputs, naming: Naming) -> Plan:
    """The whole plan, or the UsageError or OutputError that refuses it."""
    if not inputs.alone and any(found.path is None for found in inputs.files):
        raise UsageError("standard input (-) cannot stand beside others", hint="give it a command of its own")
    folder = output_folder(inputs, naming)
    jobs: list[Job] = []
    problems = list(inputs.problems)
    by_name: set[Path] = set()
    for found in inputs.files:
        try:
            target = target_of(found, naming, folder)
        except InputError as error:
            problems.append(Problem(str(found.path), error))
            continue
        jobs.append(Job(found.path, target))
        if found.by_name and found.path is not None:
            by_name.add(found.path)
    jobs, left_out = _without_results(jobs, by_name)
    if naming.in_place:
        jobs, links = _without_links(jobs)
        left_out += links
    left_out += [path for path in inputs.passed_over if made_by(path) == naming.task]
    others = [path for path in inputs.passed_over if made_by(path) != naming.task]
    _refuse_collisions(jobs)
    _refuse_overwritten_inputs(jobs, naming.in_place)
    todo: list[Job] = []
    done: list[Job] = []
    for job in jobs:
        there = job.target is not None and os.path.lexists(job.target)
        (done if there and not naming.overwrite and not naming.in_place else todo).append(job)
    if inputs.alone and done:
        raise FileThereError(done[0].target)
    return Plan(tuple(todo), tuple(done), tuple(problems), tuple(left_out), tuple(others), inputs.alone)


def _without_results(jobs: list[Job], by_name: set[Path]) -> tuple[list[Job], list[Path]]:
    """Leaves out inputs that are results of other inputs, as `restore denoise *.png` gives on its second run.

    A file that the user named is left out only if its name is one of ours; otherwise it is an original that
    would be overwritten, and the plan is refused later.
    """
    targets = {absolute(job.target): job for job in jobs if job.target is not None}
    kept: list[Job] = []
    left_out: list[Path] = []
    for job in jobs:
        maker = None if job.source is None else targets.get(absolute(job.source))
        if job.source is None or maker is None or maker is job:
            kept.append(job)
            continue
        original = job.source in by_name and not is_own_result(job.source)
        if original:
            kept.append(job)
        else:
            left_out.append(job.source)
    return kept, left_out


def _without_links(jobs: list[Job]) -> tuple[list[Job], list[Path]]:
    """In place, a picture is restored once, however many links to it are inputs too."""
    by_target: dict[Path, Job] = {}
    for job in sorted(jobs, key=lambda job: job.source != job.target):  # links last
        assert job.target is not None
        by_target.setdefault(job.target.resolve(), job)
    kept = set(by_target.values())
    links = [job.source for job in jobs if job not in kept and job.source is not None]
    return [job for job in jobs if job in kept], links


def _refuse_collisions(jobs: list[Job]) -> None:
    """No two inputs may become one file, also where the file system does not tell A from a."""
    taken: dict[str, Job] = {}
    for job in jobs:
        if job.target is None:
            continue
        path = absolute(job.target)
        key = unicodedata.normalize("NFC", path).casefold()
        other = taken.setdefault(key, job)
        if other is not job and other.target is not None:
            same = path == absolute(other.target)
            if same or folds_case(job.target.parent):
                raise UsageError(
                    f"{other.name} and {job.name} would both become {job.target}",
                    hint=_tell_apart(other, job),
                )


def _tell_apart(one: Job, other: Job) -> str:
    assert one.source is not None
    assert other.source is not None
    if one.source.parent == other.source.parent:
        return '--name "{stem}-{suffix}.{task}.{ext}" tells them apart by the format they came in'
    return '--name "{parent}-{stem}.{ext}" tells them apart by folder'


def folds_case(folder: Path) -> bool:
    """Whether the file system of a folder (or of the nearest one above that is there) ignores case."""
    there = next((place for place in (folder, *folder.absolute().parents) if is_folder(place)), Path())
    with suppress(OSError):  # it may not be read
        names = (path for path in (*there.iterdir(), there.absolute()) if path.name.swapcase() != path.name)
        for path in names:
            twin = path.with_name(path.name.swapcase())
            return twin.exists() and twin.samefile(path)
    return sys.platform in ("win32", "darwin")


def _refuse_overwritten_inputs(jobs: list[Job], in_place: bool) -> None:
    """No result may replace an input, by whatever path, symbolic or hard link it is reached."""
    sources: dict[tuple[int, int], Job] = {}
    for job in jobs:
        if job.source is not None:
            status = job.source.stat()
            sources.setdefault((status.st_dev, status.st_ino), job)
    for job in jobs:
        try:
            status = None if job.target is None else job.target.stat()
        except OSError:
            continue
        owner = None if status is None else sources.get((status.st_dev, status.st_ino))
        if owner is None or (in_place and owner is job):
            continue
        if owner is job:
            raise UsageError(
                f"{job.name}: the result would replace the input",
                hint="--in-place allows it; -o names another",
            )
        raise UsageError(f"the result of {job.name} would replace {owner.name}", hint="-o FOLDER/ or --name")


def sweep(plan: Plan) -> int:
    """Removes what killed runs left unfinished in the folders of the results; how many files that were."""
    folders = {job.target.parent for job in (*plan.jobs, *plan.done) if job.target is not None}
    return sum(sweep_temporaries(folder) for folder in folders if is_folder(folder))
