"""Which file each input becomes, decided and checked as a whole before any work starts."""

import os
import string
import sys
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath

from ..errors import InputError, OutputError, UsageError
from ..images import WRITABLE, output_extension, sweep_temporaries
from .files import STANDARD_STREAM, Found, Inputs, Problem, absolute, is_folder, is_own_result, made_by

BESIDE = "{stem}.{task}.{ext}"
IN_FOLDER = "{stem}.{ext}"
FIELDS = ("stem", "ext", "task", "model", "level", "suffix", "parent")


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


@dataclass(frozen=True, slots=True)
class Naming:
    """How results are named and where they go."""

    task: str
    model: str
    level: str = "auto"
    lossless: bool = False
    output: str | None = None
    template: str | None = None
    in_place: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        if self.in_place and (self.output is not None or self.template is not None):
            other = "--output" if self.output is not None else "--name"
            raise UsageError(f"--in-place and {other} contradict each other", hint="give one of them")
        if self.template is not None:
            check_template(self.template)
            if self.output is not None and self.folder is None:
                raise UsageError(
                    "--name and --output FILE contradict each other", hint="-o FOLDER/ with --name"
                )

    @property
    def folder(self) -> Path | None:
        """The output folder, if -o is sure to mean one: it ends with a slash, or it is there."""
        if self.output in (None, STANDARD_STREAM):
            return None
        assert self.output is not None
        separators = tuple(filter(None, (os.sep, os.altsep)))
        return Path(self.output) if self.output.endswith(separators) or is_folder(Path(self.output)) else None


def check_template(template: str) -> None:
    """UsageError unless the template has only fields that exist and stays inside its folder."""
    fields = ", ".join(f"{{{field}}}" for field in FIELDS)
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise UsageError(f"--name {template}: {error}", hint=f"fields: {fields}") from error
    for _, field, spec, conversion in parts:
        if field is not None and (field not in FIELDS or spec or conversion):
            raise UsageError(f"--name {template}: unknown field {{{field}}}", hint=f"fields: {fields}")
    _refuse_leaving(template, template)
    has_name = any(field in ("stem", "ext") for _, field, _, _ in parts)
    if not has_name and not PurePath(template).suffix:
        raise UsageError(
            f"--name {template}: no image format", hint=f"end it with .{{ext}}: {template}.{{ext}}"
        )


def _refuse_leaving(name: str, template: str) -> None:
    path = PurePath(name)
    if not name or path.is_absolute() or ".." in path.parts:
        raise UsageError(f"--name {template!r} leaves the output folder", hint="-o FOLDER/ names the folder")


def make_plan(inputs: Inputs, naming: Naming) -> Plan:
    """The whole plan, or the UsageError or OutputError that refuses it."""
    if not inputs.alone and any(found.path is None for found in inputs.files):
        raise UsageError("standard input (-) cannot stand beside others", hint="give it a command of its own")
    folder = _output_folder(inputs, naming)
    jobs: list[Job] = []
    problems = list(inputs.problems)
    by_name: set[Path] = set()
    for found in inputs.files:
        try:
            target = _target(found, naming, folder)
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
        raise OutputError(f"{done[0].target} is there already", hint="--overwrite replaces it")
    return Plan(tuple(todo), tuple(done), tuple(problems), tuple(left_out), tuple(others), inputs.alone)


def _output_folder(inputs: Inputs, naming: Naming) -> Path | None:
    """The output folder, or None where results go to one named file, beside their input, or to a pipe."""
    output = naming.output
    if output is None:
        return None
    if output == STANDARD_STREAM:
        if not inputs.alone:
            raise UsageError("-o - writes one image to standard output", hint="name exactly one input file")
        return None
    if naming.folder is not None:
        if os.path.lexists(naming.folder) and not is_folder(naming.folder):
            raise UsageError(f"{output} is a file, not a folder")
        return naming.folder
    suffix = PurePath(output).suffix.lower()
    if inputs.alone:
        if suffix not in WRITABLE:
            what = f"the format {suffix} cannot be written" if suffix else "no image format in the name"
            hint = f"-o {output}/ for a folder; formats: {' '.join(sorted(WRITABLE))}"
            raise UsageError(f"-o {output}: {what}", hint=hint)
        return None
    if suffix in WRITABLE or os.path.lexists(output):
        raise UsageError(f"-o {output} is one file, and there are several inputs", hint="-o FOLDER/")
    return Path(output)


def _target(found: Found, naming: Naming, folder: Path | None) -> Path | None:
    source = found.path
    if naming.in_place:
        return _in_place(source)
    if folder is None and naming.output is not None:
        return None if naming.output == STANDARD_STREAM else Path(naming.output)
    if source is None:
        if folder is not None or naming.template is not None:
            raise UsageError(
                "standard input has no name to go by", hint="-o FILE, or -o - for standard output"
            )
        return None
    template = naming.template or (BESIDE if folder is None else IN_FOLDER)
    extension = output_extension(source, lossless=naming.lossless).removeprefix(".")
    name = template.format(
        stem=source.stem,
        ext=extension,  # of the result
        suffix=source.suffix.removeprefix("."),  # of the input
        parent=Path(absolute(source)).parent.name,
        task=naming.task,
        model=naming.model,
        level=naming.level,
    )
    _refuse_leaving(name, template)
    if PurePath(name).suffix.lower() not in WRITABLE:
        hint = f"end --name with .{{ext}}, or with one of {' '.join(sorted(WRITABLE))}"
        raise UsageError(f"{name}: not an image format that can be written", hint=hint)
    return (source.parent if folder is None else folder / found.place) / name


def _in_place(source: Path | None) -> Path:
    if source is None:
        raise UsageError("--in-place needs a file, not standard input", hint="-o - for standard output")
    # Through a link: the picture is replaced, and the link stays a link.
    target = source.resolve() if source.is_symlink() else source
    if target.suffix.lower() not in WRITABLE:
        raise InputError(
            f"{source}: {target.suffix or 'a file without suffix'} cannot be written in place",
            hint="leave --in-place off: the result is written beside it",
        )
    return target


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
