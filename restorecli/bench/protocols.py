"""Which protocol cards there are, and which of them a set is measured by where nothing is said.

The cards themselves stand with their tasks.
"""

from collections.abc import Iterator

from ..errors import UsageError
from ..tasks import TASKS, Card, Value, find_task


def all_cards() -> Iterator[Card]:
    for task in TASKS.values():
        yield from task.cards


def usual_cards(task: str, *, pairs: bool, gray: bool, with_level: bool = False) -> tuple[Card, ...]:
    """The cards for this task and kind of set; `with_level`: those that the asked levels are for."""
    known = find_task(task)
    usual = known.usual
    if pairs and not usual.pairs:
        raise UsageError(f"{task} is not measured on pairs", hint="give a folder of clean images")
    if known.mosaic_input and gray:
        raise UsageError("a gray image has no mosaic", hint=f"{task} is measured on colour images")
    names = usual.pairs if pairs else (gray and usual.gray) or usual.clean
    by_name = {card.name: card for card in known.cards}
    cards = tuple(by_name[name] for name in names)
    levelled = tuple(card for card in cards if card.levels)
    return levelled if with_level and levelled else cards


def find_card(name: str, task: str) -> Card:
    """A card by its name; `clean` is short for the task's own."""
    known = {card.name: card for card in find_task(task).cards}
    card = known.get(f"clean-{task}" if name == "clean" else name)
    if card is None:
        raise UsageError(f"there is no protocol {name!r} for {task}", hint=f"one of: {', '.join(known)}")
    return card


def checked_levels(card: Card, asked: tuple[float | str, ...]) -> tuple[Value, ...]:
    """The levels to measure: those asked for, or the card's own; (None,) where there is none."""
    known = TASKS[card.task].level
    if not asked:
        return card.levels or (None,)
    if known is None or not card.levels:
        raise UsageError(f"{card.name} has no level to choose", hint="leave it out")
    for level in asked:
        if not known.accepts(level):
            raise UsageError(f"--{known.name} {level}: is not {known.describe()}")
    return asked
