"""One photo through several weights, one after the other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..engine.report import Restored
from ..engine.restorer import Restorer
from ..errors import RestoreError, UsageError
from ..images import Image
from ..selection import Selection
from ..settings import Settings
from ..spec import Choice, WeightsEntry
from ..tasks import Task, Value


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is to be compared, checked before any work."""

    photo: str
    target: Path
    task: Task
    level: Value
    selections: tuple[Selection, ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of the photo with one set of weights."""

    name: str  # the weights' id; the network's name where it did not come to a choice
    restored: Restored | None = None
    error: RestoreError | None = None
    limits: str = ""


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who is told while it runs."""

    before: Callable[[WeightsEntry], None]  # weights are used
    chosen: Callable[[Choice, Choice], None]  # device and precision
    same: Callable[[str, str], None]  # a name stands for weights that were compared already
    progress: Callable[[str, int, int, int], None] | None = None


def attempts(wanted: Comparison, image: Image, settings: Settings, watcher: Watcher) -> Iterator[Attempt]:
    """No more than one network is in memory. Weights that fail are an attempt, unless they are alone."""
    there: set[str] = set()
    for place, selection in enumerate(wanted.selections):
        name = selection.model
        try:
            restorer = Restorer(selection, settings=settings, before_loading=watcher.before, load=False)
            chosen, noise = restorer.chosen_for(image)
            name = chosen.entry.id
            if name in there:
                watcher.same(selection.model, name)
                continue
            there.add(name)
            if not place:
                watcher.chosen(*restorer.choices[:2])
            tiles = None if watcher.progress is None else _on(watcher.progress, name, place)
            restored = restorer.restore_image(image, progress=tiles, fit=(chosen, noise))
        except RestoreError as error:
            if len(wanted.selections) == 1 or isinstance(error, UsageError):
                raise
            yield Attempt(name, error=error)
        else:
            yield Attempt(name, restored, limits=chosen.entry.limits)


def _on(progress: Callable[[str, int, int, int], None], name: str, before: int) -> Callable[[int, int], None]:
    return lambda done, total: progress(name, done, total, before)
