"""What the user is told before weights of others are used."""

from collections.abc import Sequence

from ..spec import WeightsEntry
from ..weights import licence, store
from .output import Mode, Output


def tell(entry: WeightsEntry, output: Output) -> None:
    """Names the licence once, and a fetch that is to come."""
    is_here = store.is_here(entry)
    if not is_here and entry.remote is None:
        return  # not used yet: loading says how to get them
    tell_licence(entry, output)
    if not is_here:
        output.note(f"fetching {entry.id} from {store.address(entry)}")


def tell_what_is_missing(entry: WeightsEntry, output: Output) -> None:
    """For a dry run: what would have to be fetched or brought first."""
    if store.is_here(entry):
        return
    if entry.remote is None:
        output.note(f"{entry.id} is not here: restore weights info {entry.id} says how to get it")
    else:
        output.note(f"{entry.id} would be fetched, {size_words(entry)}, from {store.address(entry)}")


def tell_what_may_be_missing(entries: Sequence[WeightsEntry], output: Output) -> None:
    """For a dry run where each photo gets one of several."""
    missing = [entry for entry in entries if not store.is_here(entry)]
    if missing:
        sizes = " or ".join(dict.fromkeys(size_words(entry) for entry in missing))
        names = ", ".join(entry.id for entry in missing)
        output.note(
            f"each photo gets one of {len(entries)}, by its own damage; not here: {names} ({sizes} each)"
        )


def size_words(entry: WeightsEntry) -> str:
    if entry.size is not None:
        return f"{entry.size / 1e6:.1f} MB"
    return f"about {entry.about_size / 1e6:.0f} MB" if entry.about_size is not None else "of unknown size"


def tell_licence(entry: WeightsEntry, output: Output) -> None:
    if output.mode is Mode.HUMAN:  # otherwise nobody would read it
        line = licence.first_use(entry)
        if line is not None:
            output.note(line)
