"""What was asked for, completed: which sets, cards and levels. Every image is read before anything runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from torch import nn

from .. import __version__
from ..errors import RestoreError, UsageError
from ..read_rows import AUTO
from ..registry import entries
from ..spec import WeightsEntry
from ..tasks import TASKS, Card, Task, Value, find_task
from .fetching import Progress as FetchProgress
from .fetching import fetch_set
from .folders import ImageSet, assemble, groups_of, inspect, open_folder
from .job import Job, Options
from .methods import methods_in, models_for
from .protocols import checked_levels, find_card, usual_cards
from .results import Problem, Results, Score
from .runner import Watcher, machine, run
from .sets import MINI, MINI_FOLDER, find_set, references


@dataclass(frozen=True, slots=True)
class Request:
    """As on the command line."""

    task: str | None = None
    sets: tuple[str, ...] = ()  # NAME, or NAME=FOLDER for a copy of the user's
    folders: tuple[Path, ...] = ()
    levels: tuple[float | str, ...] = ()
    models: tuple[str, ...] = (AUTO,)
    protocol: str | None = None
    limit: int | None = None
    rows: tuple[WeightsEntry, ...] = field(default_factory=entries)  # that the models may stand for
    network: nn.Module | None = None  # of the one row, where its weights are in no file yet
    cards: tuple[Card, ...] = ()  # where they are made for this, instead of a protocol
    gray: bool = False  # measured on the gray of colour images


def task_of(task: str | None, levels: Mapping[str, Sequence[str]]) -> str | None:
    """The task, or the one that a level belongs to which was given by its name."""
    fitting = (known.name for known in TASKS.values() if known.level and known.level.name in levels)
    return task or next(fitting, None)


def levels_of(task: str | None, levels: Mapping[str, Sequence[str]]) -> tuple[float, ...]:
    """The numbers that were given for the level of the task, and for no other."""
    known = TASKS[task].level if task in TASKS else None
    for name in levels:
        if known is None or known.name != name:
            takes = known is not None and known.kind is not str
            hint = f"{task} takes --{known.name}" if known and takes else f"leave it out for {task}"
            raise UsageError(f"--{name} has no meaning for {task}", hint=hint)
    for name, words in levels.items():
        try:
            return tuple(float(word) for word in words)
        except ValueError as error:
            raise UsageError(f"--{name} {','.join(words)}: not numbers", hint=f"--{name} 10,20") from error
    return ()


@dataclass(frozen=True, slots=True)
class Plan:
    jobs: tuple[Job, ...]
    problems: tuple[Problem, ...] = ()

    def rows(self, options: Options) -> int:
        return sum(methods_in(job, options) for job in self.jobs)


def embedded_tasks(rows: Sequence[WeightsEntry]) -> tuple[str, ...]:
    """The tasks that have weights inside the package."""
    with_weights = {row.task for row in rows if row.default and row.source == "embedded"}
    return tuple(task for task in TASKS if task in with_weights)


def make_plan(request: Request, progress: FetchProgress | None = None) -> Plan:
    """Raises what makes no sense (UsageError, WeightsError); sets that fail are problems of the plan."""
    wanted = _wanted(request)
    jobs: list[Job] = []
    problems: list[Problem] = []
    for task, source in wanted:
        scales = _scales(TASKS[task], request.levels)
        try:
            images = inspect(_open(source, scales, progress), request.limit)
        except UsageError:
            raise
        except RestoreError as error:
            problems.append(Problem(str(source), (error.message,), error.hint or ""))
            continue
        for card in _cards(task, request, images):
            for level in checked_levels(card, request.levels):
                job = Job(images, card, level, _models(task, request, level), request.rows, request.network)
                models_for(job)  # a name that nothing answers to is said before any work
                jobs.append(job)
    return Plan(tuple(jobs), tuple(problems))


def _wanted(request: Request) -> list[tuple[str, str | Path]]:
    """Tasks and where their images come from."""
    task: str | None = None if request.task is None else find_task(request.task).name
    if task is None and request.protocol is not None:
        raise UsageError("a protocol of which task?", hint="restore bench denoise --protocol noise-8bit")
    if not request.sets and not request.folders:
        return [(name, MINI) for name in ((task,) if task else embedded_tasks(request.rows))]
    if request.folders and task is None:
        raise UsageError("which task is the folder for?", hint="restore bench denoise --set-dir FOLDER")
    wanted: list[tuple[str, str | Path]] = []
    for name in dict.fromkeys(request.sets):
        usual = embedded_tasks(request.rows) if name == MINI else find_set(name.partition("=")[0]).tasks
        wanted.extend((each, name) for each in ((task,) if task else usual))
    wanted.extend((task, folder) for folder in dict.fromkeys(request.folders) if task)
    return wanted


def _scales(task: Task, levels: Sequence[float | str]) -> tuple[int, ...]:
    """Where a set has small images of its own: those of these scales are wanted."""
    if not task.enlarges or task.level is None:
        return ()
    return tuple(int(level) for level in levels or task.level.choices if not isinstance(level, str))


def _open(source: str | Path, scales: tuple[int, ...], progress: FetchProgress | None) -> ImageSet:
    """The set, nothing of it read yet."""
    if isinstance(source, Path):
        return open_folder(source)
    if source == MINI:
        return replace(open_folder(MINI_FOLDER), title=MINI)
    name, is_copy, folder = source.partition("=")
    row = find_set(name)
    if is_copy:
        if not Path(folder).is_dir():
            raise UsageError(f"{folder}: no such folder", hint=f"--set {row.name}=FOLDER")
        groups = groups_of(Path(folder))
    else:
        groups = fetch_set(row, scales, progress)
    return replace(assemble(row.title, groups), row=row)


def _cards(task: str, request: Request, images: ImageSet) -> tuple[Card, ...]:
    if request.cards:
        return request.cards
    if request.protocol is not None:
        return (find_card(request.protocol, task),)
    pairs = images.is_pairs and not TASKS[task].mosaic_input
    return usual_cards(task, pairs=pairs, gray=images.gray or request.gray, with_level=bool(request.levels))


def _models(task: str, request: Request, level: Value) -> tuple[str, ...]:
    """Without default weights for a task (or scale), auto stands for nothing: the baselines are measured."""
    known = TASKS[task].level
    must_fit = known is not None and bool(known.choices)
    has_default = any(
        row.default and row.task == task and (not must_fit or row.level in (None, level))
        for row in request.rows
    )
    models = request.models
    return models if has_default else tuple(name for name in models if name != AUTO)


def measure_all(plan: Plan, options: Options, watcher: Watcher) -> Iterator[Score | Problem]:
    """Every row as it comes; `collect` makes Results of them."""
    yield from plan.problems
    before = 0
    told: set[str] = set()
    for job in plan.jobs:
        for row in run(job, options, watcher, before):
            if isinstance(row, Problem):
                if row.what in told:
                    continue  # the same set at another level
                told.add(row.what)
            yield row
        before += methods_in(job, options)


def collect(plan: Plan, rows: Sequence[Score | Problem], options: Options, command: str) -> Results:
    """What came out, with the cards and the papers' figures that belong to it."""
    scores = tuple(row for row in rows if isinstance(row, Score))
    cards = {job.card.name: job.card for job in plan.jobs}
    measured = {(score.set, score.protocol, score.level) for score in scores}
    return Results(
        restorecli=__version__,
        command=command,
        machine=machine(options.settings.device),
        protocols=tuple(cards[name] for name in dict.fromkeys(score.protocol for score in scores)),
        scores=scores,
        references=tuple(
            reference
            for job in plan.jobs
            if (job.images.title, job.card.name, job.level) in measured
            for reference in references(job.images.row, job.card, job.level)
        ),
        problems=tuple(row for row in rows if isinstance(row, Problem)),
    )
