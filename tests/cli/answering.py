"""Which weights answer, in one call."""

from collections.abc import Iterable

from restorecli.read_rows import AUTO
from restorecli.registry import entries
from restorecli.selection import Selection, select
from restorecli.spec import WeightsEntry
from restorecli.tasks import Value, find_task


def selection(
    task: str, model: str = AUTO, level: Value = None, rows: Iterable[WeightsEntry] | None = None
) -> Selection:
    return select(find_task(task), model, level, entries() if rows is None else rows)


def choose(
    task: str,
    model: str = AUTO,
    level: Value = None,
    rows: Iterable[WeightsEntry] | None = None,
    *,
    channels: int = 3,
    white_noise: bool | None = None,
) -> tuple[WeightsEntry, str]:
    """The row for such a photo, and why."""
    chosen = selection(task, model, level, rows).for_photo(channels=channels, white_noise=white_noise)
    return chosen.entry, chosen.reason
