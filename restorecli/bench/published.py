"""What papers report, found for a set, a card and a level."""

from ..spec import WeightsEntry
from ..tasks import TASKS, Card
from .results import Reference
from .sets import BenchSet, PublishedRow, catalogue

Level = float | str | None


def references(row: BenchSet | None, card: Card, level: Level) -> tuple[Reference, ...]:
    """All methods that have a figure there."""
    if row is None:
        return ()
    return tuple(
        Reference(card.task, row.title, card.name, level, found.method, psnr)
        for found in catalogue().published
        if found.set == row.name and found.protocol == card.name
        for psnr in (_at(found, level),)
        if psnr is not None
    )


def of_method(name: str, row: BenchSet | None, card: Card, level: Level) -> float | None:
    """The figure of a method by its name: of a baseline that papers print too."""
    figures = {reference.method: reference.psnr for reference in references(row, card, level)}
    return figures.get(name)


def of_weights(entry: WeightsEntry, row: BenchSet | None, card: Card, level: Level) -> float | None:
    """The figure that the authors of these weights give: in their row of weights.toml, under this card."""
    if row is None:
        return None
    for figure in entry.published:
        same_level = figure.level == level or (figure.level is None and _one_level(card))
        if _plain(figure.set) == _plain(row.title) and figure.protocol == card.name and same_level:
            return figure.psnr
    return None


def _one_level(card: Card) -> bool:
    return TASKS[card.task].level is None or len(card.levels) == 1


def _at(row: PublishedRow, level: Level) -> float | None:
    if not row.levels:
        return row.psnr[0]
    return row.psnr[row.levels.index(level)] if level is not None and level in row.levels else None


def _plain(name: str) -> str:
    return "".join(char for char in name.lower() if char.isalnum())
