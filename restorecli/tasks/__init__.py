"""TASKS: the one table of tasks. A row is a command, its help, a bench column, a README row and a mix.

Each row stands in a file of its own; task.py says what is in it.
"""

from ..errors import UsageError
from .deblur import DEBLUR
from .dejpeg import DEJPEG
from .demosaic import DEMOSAIC
from .denoise import DENOISE
from .derain import DERAIN
from .task import Baseline, Card, Level, Task, Usual, Value, part
from .upscale import UPSCALE

__all__ = [
    "TASKS", "Baseline", "Card", "Level", "Task", "Usual", "Value", "find_level", "find_task", "part",
]  # fmt: skip

TASKS: dict[str, Task] = {row.name: row for row in (DENOISE, DEJPEG, DEMOSAIC, UPSCALE, DERAIN, DEBLUR)}


def find_task(name: str) -> Task:
    if name not in TASKS:
        raise UsageError(f"unknown task {name!r}", hint=f"tasks: {', '.join(TASKS)}")
    return TASKS[name]


def find_level(task: Task, level: Value, named: dict[str, Value]) -> Value:
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
    if value is None:
        return known.default
    if isinstance(value, bool) or not known.accepts(value):
        raise UsageError(
            f"{known.name} {value!r} is not {known.describe()}", hint=f"see restore {task.name} --help"
        )
    return known.kind(value)
