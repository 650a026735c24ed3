"""What a Restorer is asked for, checked; and the tile and overlap that follow from it."""

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Literal

from ..errors import UsageError
from ..ops.windows import PAPER_WINDOWS, QuadTree
from ..spec import Choice, Level, ModelSpec, Task
from ..tasks import TASKS

# Tiles are not halved below this: what does not fit then does not fit because of something else.
SMALLEST_TILE = 32
WINDOWS = ("ours", "paper")


@dataclass(frozen=True, slots=True)
class Settings:
    """The options that are the same for every task."""

    device: str = "auto"
    precision: str = "auto"
    tile: int | Literal["auto"] | str = "auto"  # 0: the whole image
    overlap: int | None = None
    batch: int | None = None
    ensemble: bool = False
    strength: float = 1.0
    windows: Literal["ours", "paper"] | str = "ours"  # paper: those of the authors' test code
    find_kernel: bool = True  # False: the network alone, where a photo's own blur kernel may come first

    def __post_init__(self) -> None:
        if self.tile != "auto" and not _is_count(self.tile, 0):
            raise UsageError(f"tile {self.tile!r} is neither auto nor a size", hint="--tile auto, 256, or 0")
        if self.overlap is not None and not _is_count(self.overlap, 0):
            raise UsageError(f"overlap {self.overlap!r} is not a number of pixels", hint="--overlap 32")
        if self.batch is not None and not _is_count(self.batch, 1):
            raise UsageError(f"batch {self.batch!r} is not a number of tiles", hint="--batch 1")
        if not (isinstance(self.strength, Real) and 0 <= self.strength <= 1):
            raise UsageError(f"strength {self.strength!r} is not in 0 to 1", hint="--strength 0.5")
        if self.windows not in WINDOWS:
            raise UsageError(
                f"windows {self.windows!r} are neither ours nor paper", hint="--windows ours, or paper"
            )
        if self.windows == "paper" and (self.tile != "auto" or self.overlap is not None):
            raise UsageError(
                "the paper's windows have their own size and overlap",
                hint="leave out --tile and --overlap, or --windows paper",
            )

    def check_for(self, task: Task, spec: ModelSpec) -> None:
        """UsageError where an option has no meaning for this task and network."""
        if self.windows == "paper" and self.paper_windows(task, spec) is None:
            known = ", ".join(dict.fromkeys(network for network, _ in PAPER_WINDOWS))
            raise UsageError(
                f"no paper ran {spec.network} for {task.name} in windows of its own",
                hint=f"leave out --windows paper; it is for {known}",
            )
        if not (self.find_kernel or task.finds_kernel):
            raise UsageError(f"{task.name} looks for no blur kernel", hint="leave out find_kernel")
        # Strength: the input must be an image of the result's kind.
        if self.strength != 1 and (spec.scale != 1 or task.mosaic_input):
            raise UsageError(
                f"{task.name} has no strength: its input is another kind of image than its result"
            )

    @property
    def exact(self) -> bool:
        """As the paper computed it: then auto does not take a lower precision either."""
        return self.windows == "paper"

    def paper_windows(self, task: Task, spec: ModelSpec) -> QuadTree | None:
        """The authors' windows, where they are asked for (and there are some)."""
        return PAPER_WINDOWS.get((spec.network, task.name)) if self.windows == "paper" else None


def _is_count(value: object, least: int) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least


@dataclass(frozen=True, slots=True)
class Tiling:
    """Side of a tile and what neighbours share, in input pixels; tile 0 is the whole image."""

    tile: int
    overlap: int
    reason: str
    tree: QuadTree | None = None  # the authors' windows instead

    @property
    def choice(self) -> Choice:
        if self.tree is not None:
            return Choice("the paper's windows", self.reason)
        return Choice(f"{self.tile}, overlap {self.overlap}" if self.tile else "whole image", self.reason)


def plan_tiling(settings: Settings, spec: ModelSpec, tree: QuadTree | None = None) -> Tiling:
    """Tile and overlap as asked for, or as the weights row says; or the authors' windows."""
    if tree is not None:
        mean = ", each the mean of its 8 positions" if tree.ensemble else ""
        reason = f"asked for: quarters of quarters, to below {tree.smaller_than} pixels{mean}"
        return Tiling(0, 0, reason, tree)
    if settings.tile != "auto":
        return tiling_of(int(settings.tile), "asked for", settings, spec)
    if spec.halo is None:
        reason = "the size these weights are used with; it is part of the result"
        return tiling_of(spec.tile, reason, settings, spec)
    # Of a tile four times its overlap, more than half is used only once.
    wanted = spec.overlap if settings.overlap is None else settings.overlap
    roomy = max(spec.tile, 4 * wanted, 8 * spec.halo)
    return tiling_of(roomy, "a local network: the tile does not show", settings, spec)


def tiling_of(tile: int, reason: str, settings: Settings, spec: ModelSpec) -> Tiling:
    """The overlap is at most half the tile, but never less than a local network sees across an edge."""
    if tile == 0:
        return Tiling(0, 0, reason)
    wanted = spec.overlap if settings.overlap is None else settings.overlap
    overlap = int(max(min(wanted, tile // 2), 2 * (spec.halo or 0)))
    least = max(2 * overlap, spec.multiple_of)
    if tile < least:
        return Tiling(least, overlap, f"{reason}, and not less than its edges take away")
    return Tiling(tile, overlap, reason)


def smallest_tile(spec: ModelSpec) -> int:
    return max(SMALLEST_TILE, 4 * (spec.halo or 0), spec.multiple_of)


def find_task(name: str) -> Task:
    for task in TASKS.values():
        if task.name == name:
            return task
    raise UsageError(f"unknown task {name!r}", hint=f"tasks: {', '.join(TASKS)}")


def find_level(
    task: Task, level: float | str | None, named: dict[str, float | str | None]
) -> float | str | None:
    """The level that was given, by position or under its own name, checked; or the task's default."""
    known = task.level
    given = {name: value for name, value in named.items() if value is not None}
    for name in given:
        if known is None or name != known.name:
            hint = f"{task.name} takes {known.name}" if known else f"{task.name} has no level"
            raise UsageError(f"{name} has no meaning for {task.name}", hint=hint)
    if level is not None and given:
        raise UsageError(f"level and {next(iter(given))} are the same thing", hint="give one of them")
    value = level if level is not None else next(iter(given.values()), None)
    if known is None:
        if value is not None:
            raise UsageError(f"{task.name} has no level", hint="leave it out")
        return None
    return known.default if value is None else _checked(task, known, value)


def _checked(task: Task, known: Level, value: float | str) -> float | str:
    if isinstance(value, bool) or not known.accepts(value):
        raise UsageError(
            f"{known.name} {value!r} is not {known.describe()}", hint=f"see restore {task.name} --help"
        )
    return known.kind(value)
