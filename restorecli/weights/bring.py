"""Weights from elsewhere into our cache: fetched, proved, converted."""

from collections.abc import Callable

from ..errors import WeightsError
from ..hub import fetch, forget
from ..spec import Remote, WeightsEntry
from .store import Stored, record, store


def bring(
    entry: WeightsEntry, remote: Remote, *, progress: Callable[[int, int | None], None] | None = None
) -> Stored:
    """Fetches the file of a row and keeps it converted; what was downloaded is not kept a second time."""
    try:
        kept = store(entry, fetch(remote, progress=progress))
    except WeightsError:
        # Another process may have fetched and stored the same, and tidied up while we were about to read.
        kept = record(entry)
        if kept is None:
            raise
    forget(remote)
    return kept
