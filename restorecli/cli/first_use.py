"""What the user is told before weights of others are used."""

from ..registry import weights_path
from ..spec import WeightsEntry
from ..weights import licence, store
from .output import Mode, Output


def tell(entry: WeightsEntry, output: Output) -> None:
    """Refuses what the user's --license keeps out; names the licence once, and a fetch that is to come."""
    licence.check(entry)
    tell_licence(entry, output)
    if entry.remote is not None and weights_path(entry) is None and store.stored(entry) is None:
        output.note(f"fetching {entry.id} from {store.address(entry)}")


def tell_licence(entry: WeightsEntry, output: Output) -> None:
    if output.mode is Mode.HUMAN:  # otherwise nobody would read it
        line = licence.first_use(entry)
        if line is not None:
            output.note(line)
