"""Which weights answer to a task, a --model and a level: found once, as a value that is handed down.

`select` looks through the rows; each photo then gets the one of them that fits it, by what is measured of it.
Light, for help and listings: measuring is the engine's.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from .errors import UsageError, WeightsError
from .read_rows import AUTO, IDENTITY
from .registry import LISTING
from .spec import ModelSpec, WeightsEntry
from .tasks import Task, Value
from .wording import did_you_mean, level_text

# asked: given by the user; default: what the task takes where nothing is given; measured: from the image;
# weights: the one they are for; blind: none, the network finds out by itself.
LevelFrom = Literal["asked", "default", "measured", "weights", "blind"]

# Damage much weaker than the weights are for: they take detail for it.
FAR_BELOW_SIGMA = 0.7
FAR_ABOVE_QUALITY = 20

# Local networks give the same whatever the tile; this one is there to test everything but a network.
IDENTITY_MODEL = ModelSpec(network=IDENTITY, tile=512, overlap=0, halo=0, dtypes=("fp32", "bf16", "fp16"))


@dataclass(frozen=True, slots=True)
class Chosen:
    """A row of weights with the level it is used at, and why."""

    entry: WeightsEntry
    reason: str
    level: Value = None
    level_from: LevelFrom = "blind"
    note: str | None = None  # what the user should know about this choice


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows that answer, and what of a photo decides between them."""

    task: Task
    model: str  # as asked for: an id, a network's name, identity or auto
    level: Value  # given, or the task's default; None: blind, or measured
    rows: tuple[WeightsEntry, ...]  # all that meet the level
    reason: str
    # Those that photos may get, that of colour photos with real noise first; none where a level that is yet
    # to be measured decides.
    foreseen: tuple[WeightsEntry, ...] = ()
    by_noise: bool = False  # the photo's kind of noise, white or not, decides

    def for_photo(
        self, *, channels: int = 3, white_noise: bool | None = None, measured: float | None = None
    ) -> Chosen:
        """The weights for a photo of so many channels, whose noise is white or not (None: not looked at).

        Where weights are for one level each and none was given, `measured` decides (`must_measure` says so).
        """
        fitting = [row for row in self.rows if row.model.channels == channels] or self.rows
        is_gray_alone = channels == 1 and len(fitting) < len(self.rows)
        fitting = [row for row in fitting if row.white_noise == bool(white_noise)] or fitting
        if measured is not None:
            return self._nearest_to(measured, fitting)
        entry, reason, level = _nearest(self.task, fitting, self.level), self.reason, self.level
        if self.model == AUTO and is_gray_alone:
            reason += " of gray photos"
        if entry.level is not None and level is not None and entry.id != self.model:
            reason += f", trained for {_level_words(self.task, entry.level)}"
        if white_noise is not None:
            reason += f", as the noise is {'white' if white_noise else 'not white'}"
        if level is not None:
            is_default = self.task.level is not None and level == self.task.level.default
            return Chosen(entry, reason, level, "default" if is_default else "asked")
        return Chosen(entry, reason, entry.level, "blind" if entry.level is None else "weights")

    def _nearest_to(self, measured: float, rows: Iterable[WeightsEntry]) -> Chosen:
        known = self.task.level
        assert known is not None
        assert known.high is not None
        entry = _nearest(self.task, rows, min(measured, known.high))
        assert isinstance(entry.level, (int, float))
        reason = f"{known.name} {measured:.3g} measured; nearest: {entry.level:g}"
        note = _far_weaker(known.name, measured, entry.level)
        return Chosen(entry, reason, measured, "measured", note)

    @property
    def expected(self) -> Chosen:
        """Without looking at a photo: for a colour one of unknown noise and level."""
        return self.for_photo()

    @property
    def by_photo(self) -> bool:
        """Whether anything of a photo decides."""
        return len(self.foreseen) != 1

    def must_measure(self, entry: WeightsEntry) -> bool:
        """Whether `entry`, chosen without a level, is one of several for a level each: the photo decides."""
        known = self.task.level
        known_range = known is not None and not known.choices
        return self.level is None and entry.level is not None and entry.id != self.model and known_range

    @property
    def name(self) -> str:
        """What results are named by before a photo is looked at: the weights' id, or what was asked for."""
        shortest = min((row.id for row in self.foreseen), key=len, default=self.model)
        return shortest if all(row.id.startswith(shortest) for row in self.foreseen) else self.model

    @property
    def usable(self) -> tuple[WeightsEntry, ...]:
        """Every row that a photo may get."""
        return self.foreseen or self.rows


def select(task: Task, model: str, level: Value, rows: Iterable[WeightsEntry]) -> Selection:
    """The rows that answer to `model`, and why; `level` is checked, or the task's default, or None."""
    rows = tuple(rows)
    if model == IDENTITY:
        return _one(task, _identity(task), level, "asked for: leaves the picture as it is")
    for row in rows:
        if row.id == model:
            if row.task != task.name:
                raise WeightsError(
                    f"{row.id} is for {row.task}, not for {task.name}", hint=f"{LISTING} --task {task.name}"
                )
            return _one(task, row, level, "asked for by its id")
    if model == AUTO:
        found = [row for row in rows if row.task == task.name and row.default]
        reason = f"the default for {task.name}"
    else:
        # What a network's name stands for: often several rows, for one level each.
        found = [row for row in rows if row.task == task.name and row.automatic and model in _names(row)]
        reason = f"asked for: {model}"
    if not found:
        raise _nothing_found(task, model, rows)
    found = _meeting(task, found, level)
    bare = Selection(task, model, level, tuple(found), reason)
    kinds = [(channels, white) for white in (False, True) for channels in (3, 1)]
    reached = [bare.for_photo(channels=channels, white_noise=white).entry for channels, white in kinds]
    measures = any(bare.must_measure(row) for row in reached)
    return replace(
        bare,
        foreseen=() if measures else tuple({row.id: row for row in reached}.values()),
        by_noise=len({row.white_noise for row in reached}) > 1,
    )


def given(task: Task, entry: WeightsEntry, level: Value) -> Selection:
    """Of weights that are in no list: those of a network that was given."""
    return _one(task, entry, level, "given as a network")


def _one(task: Task, entry: WeightsEntry, level: Value, reason: str) -> Selection:
    return Selection(task, entry.id, level, (entry,), reason, (entry,))


def _names(row: WeightsEntry) -> tuple[str, str]:
    """What a network is called: PANet's for upscaling is one of its own, and goes by PANet's name too."""
    return row.model.network, row.id.partition("-")[0]


def _identity(task: Task) -> WeightsEntry:
    if task.enlarges:
        raise UsageError(
            "identity leaves a picture as it is: it cannot make one larger",
            hint=f"{LISTING} --task {task.name}",
        )
    return WeightsEntry(id=IDENTITY, task=task.name, model=IDENTITY_MODEL, source="none", licence="MIT")


def _wanted(task: Task, level: Value) -> Value:
    """The level that is given, or what the task takes where none is."""
    return level if level is not None or task.level is None else task.level.default


def _meeting(task: Task, rows: list[WeightsEntry], level: Value) -> list[WeightsEntry]:
    """A level out of a few choices (scale, pattern) must be met exactly; of any other, all rows may do."""
    known, wanted = task.level, _wanted(task, level)
    if known is None or not known.choices or wanted is None:
        return rows
    meeting = [row for row in rows if row.level in (None, wanted)]
    if not meeting:
        there = ", ".join(sorted({level_text(row.level) for row in rows if row.level is not None}))
        raise WeightsError(
            f"no weights for {task.name} with {_level_words(task, wanted)} yet",
            hint=f"there are some for --{known.name} {there}; {LISTING} --task {task.name} shows them",
        )
    return meeting


def _nearest(task: Task, rows: Iterable[WeightsEntry], level: Value) -> WeightsEntry:
    """The row whose level is nearest."""
    known, wanted = task.level, _wanted(task, level)
    if wanted is None:
        # No level: rather a row made for all of them, then the default, then the first.
        return min(rows, key=lambda row: (row.level is not None, not row.default))
    if known is not None and known.choices:  # all meet it
        return min(rows, key=lambda row: (row.level is None, not row.default))
    return min(rows, key=lambda row: 0.0 if row.level is None else abs(float(row.level) - float(wanted)))


def _far_weaker(name: str, measured: float, nearest: float) -> str | None:
    is_sigma = name == "sigma"
    if measured >= FAR_BELOW_SIGMA * nearest if is_sigma else measured <= nearest + FAR_ABOVE_QUALITY:
        return None
    return (
        f"{name} {measured:.3g} measured, but the nearest weights are for {nearest:g}: detail may go too; "
        f"without --model the default weights fit themselves"
    )


def _level_words(task: Task, level: float | str) -> str:
    return f"{task.level.name} {level_text(level)}" if task.level else level_text(level)


def _nothing_found(task: Task, model: str, rows: Iterable[WeightsEntry]) -> WeightsError:
    listing = f"{LISTING} --task {task.name}"
    if model == AUTO:
        others = dict.fromkeys(_names(row)[1] for row in rows if row.task == task.name and row.automatic)
        hint = f"{LISTING} shows what there is"
        if others:
            hint = f"--model {' or '.join(others)} takes its authors' weights: {listing}"
        if not task.enlarges:  # which identity cannot do
            hint += f"; --model {IDENTITY} runs everything but a network"
        return WeightsError(f"no weights for {task.name} yet", hint=hint)
    tasks_of: dict[str, list[str]] = {IDENTITY: [task.name], AUTO: [task.name]}
    for row in rows:
        for name in (row.id, *_names(row)):
            tasks_of.setdefault(name, []).append(row.task)
    if model in tasks_of:
        others = " and ".join(dict.fromkeys(tasks_of[model]))
        return WeightsError(f"{model} is for {others}, not for {task.name}", hint=listing)
    names = [name for name, tasks in tasks_of.items() if task.name in tasks]
    hint = did_you_mean(model, names) or f"{listing} shows what there is"
    return WeightsError(f"no weights named {model!r} for {task.name}", hint=hint)
