"""Two results beside each other: what became better, what worse, what is in one only. No torch here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .results import Results, Score, level_words
from .tables import psnr_words

COLUMNS = ("set", "level", "protocol", "weights", "before", "after", "change", "SSIM change", "worse", "time")
SAME = 1e-4  # dB: the last place of the figures that are kept


@dataclass(frozen=True, slots=True)
class Change:
    """One measurement that is in both."""

    before: Score
    after: Score

    @property
    def psnr(self) -> float | None:
        """None where an image of one of them is exact."""
        if self.before.psnr is None or self.after.psnr is None:
            return None
        return self.after.psnr - self.before.psnr

    @property
    def is_same(self) -> bool:
        ssim = abs(self.after.ssim - self.before.ssim)
        if self.psnr is None:
            counts = (self.before.exact, self.after.exact)
            is_as_exact = None in counts or counts[0] == counts[1]
            return self.before.psnr == self.after.psnr and is_as_exact and ssim < SAME
        return abs(self.psnr) < SAME and ssim < SAME

    def as_data(self) -> dict[str, object]:
        score = self.after
        return {
            "task": score.task,
            "set": score.set,
            "protocol": score.protocol,
            "level": score.level,
            "model": score.model,
            "psnr": [self.before.psnr, score.psnr],
            "ssim": [self.before.ssim, score.ssim],
            "worse": [self.before.worse, score.worse],
            "change": None if self.psnr is None else round(self.psnr, 6),
            "same": self.is_same,
        }


@dataclass(frozen=True, slots=True)
class Difference:
    changes: tuple[Change, ...]
    only_before: tuple[Score, ...]
    only_after: tuple[Score, ...]
    notes: tuple[str, ...] = ()  # why figures may differ although nothing in the software does

    def as_data(self) -> dict[str, object]:
        return {
            "changes": [change.as_data() for change in self.changes],
            "only_before": [score.key for score in self.only_before],
            "only_after": [score.key for score in self.only_after],
            "notes": self.notes,
        }


def compare(before: Results, after: Results) -> Difference:
    """Rows of the same measurement beside each other, in the order of the second."""
    partners = _partners(before.scores, after.scores)
    cards = {card.name: card for card in before.protocols}
    notes = [
        f"the card {card.name} is not the same in both: its figures cannot be compared"
        for card in after.protocols
        if cards.get(card.name, card) != card
    ]
    changes = tuple(Change(old, new) for new, old in partners if old is not None)
    for change in changes:
        if change.before.images != change.after.images:
            score = change.after
            counts = f"{change.before.images} and {score.images}"
            notes.append(f"{score.set}, {score.model}: measured on {counts} images")
    notes += dict.fromkeys(
        f"{change.after.model}: not the same weights in both"
        for change in changes
        if None not in (files := (change.before.weights_sha256, change.after.weights_sha256))
        and files[0] != files[1]
    )
    paired = {id(change.before) for change in changes}
    return Difference(
        changes,
        tuple(score for score in before.scores if id(score) not in paired),
        tuple(new for new, old in partners if old is None),
        tuple(notes),
    )


def _partners(before: Sequence[Score], after: Sequence[Score]) -> list[tuple[Score, Score | None]]:
    """For every row of the second that of the first, if there is one.

    Where every image got its own weights, the ids of a row depend on the images: one that is the same
    but for some of them will do.
    """
    left = {score.key: score for score in before}
    same = {score.key: left.pop(score.key) for score in after if score.key in left}
    found: list[tuple[Score, Score | None]] = []
    for score in after:
        old = same.get(score.key)
        if old is None:
            old = next((row for row in left.values() if _is_near(row, score)), None)
            if old is not None:
                del left[old.key]
        found.append((score, old))
    return found


def _is_near(row: Score, other: Score) -> bool:
    return replace(row, model="").key == replace(other, model="").key and not {*row.ids}.isdisjoint(other.ids)


def cells(difference: Difference) -> list[tuple[str, ...]]:
    """Rows under COLUMNS."""
    return [
        (
            change.after.set,
            level_words(change.after.task, change.after.level),
            change.after.protocol,
            change.after.model,
            psnr_words(change.before),
            psnr_words(change.after),
            "same" if change.is_same else "" if change.psnr is None else f"{change.psnr:+.4f}",
            f"{change.after.ssim - change.before.ssim:+.5f}",
            _worse(change),
            _times(change.before.seconds_per_megapixel, change.after.seconds_per_megapixel),
        )
        for change in difference.changes
    ]


def _worse(change: Change) -> str:
    """`0 -> 2 of 68`; nothing where one of them did not count."""
    before, after = change.before.worse, change.after.worse
    if before is None or after is None:
        return ""
    return f"{before} -> {after} of {change.after.images}"


def _times(before: float | None, after: float | None) -> str:
    return f"{after / before:.2f}x" if before and after is not None else ""
