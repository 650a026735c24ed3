"""Results in few lines: one row for each set and weights, the levels side by side. No torch here."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from .results import AND, Reference, Results, Score
from .tables import psnr_words

COLUMNS = ("task", "set", "protocol", "level", "weights", "PSNR", "SSIM", "worse", "beside it", "papers")
_LEVEL_OF_WEIGHTS = re.compile(r"-[sqx]\d+$")  # compact-upscale-x2: of each level's own weights

Level = float | str | None


@dataclass(slots=True)
class _Line:
    """One row to be: the scores of weights that go together, level by level."""

    scores: dict[Level, Score] = field(default_factory=dict)

    @property
    def first(self) -> Score:
        return next(iter(self.scores.values()))

    def takes(self, score: Score) -> bool:
        families = set().union(*map(_families, self.scores.values()))
        shares = not families.isdisjoint(_families(score))
        return shares and _kind(self.first) == _kind(score) and score.level not in self.scores


def short_cells(results: Results) -> list[tuple[str, ...]]:
    """Rows under COLUMNS."""
    lines: list[_Line] = []
    for score in results.scores:
        if score.kind == "weights":
            line = next((line for line in lines if line.takes(score)), None)
            if line is None:
                lines.append(line := _Line())
            line.scores[score.level] = score
    return [_cells(line, results) for line in lines]


def _families(score: Score) -> set[str]:
    """The weights' names without their level; several where images got their own."""
    return {_LEVEL_OF_WEIGHTS.sub("", id) for id in score.ids}


def _kind(score: Score) -> tuple[object, ...]:
    return score.task, score.set, score.protocol, *score.key[5:], score.whole, score.images


def _cells(line: _Line, results: Results) -> tuple[str, ...]:
    score, levels = line.first, tuple(line.scores)
    baselines = [row for row in results.scores if row.kind == "baseline" and _place(row) == _place(score)]
    # The papers have figures of whole sets: beside a part of one they would mislead.
    papers = [row for row in results.references if score.whole and _place(row) == _place(score)]
    measured = {row.model for row in baselines}
    return (
        score.task,
        score.set if score.whole else f"{score.set}, partial: {score.note}",
        score.protocol,
        " / ".join(f"{level:g}" if isinstance(level, float) else str(level) for level in levels if level),
        _names(list(dict.fromkeys(each.name for each in line.scores.values()))),
        " / ".join(psnr_words(each) for each in line.scores.values()),
        " / ".join(f"{each.ssim:.4f}" for each in line.scores.values()),
        _worse(line),
        _others(levels, ((row.name, row.level, psnr_words(row)) for row in baselines)),
        _others(
            levels,
            ((row.method, row.level, f"{row.psnr:.2f}") for row in papers if row.method not in measured),
        ),
    )


def _worse(line: _Line) -> str:
    """`0 / 0 / 2 of 68`."""
    counts = [each.worse for each in line.scores.values()]
    if all(count is None for count in counts):
        return ""
    return " / ".join("–" if count is None else str(count) for count in counts) + f" of {line.first.images}"


def _names(names: list[str]) -> str:
    """`compact-upscale-x2, -x3, -x4`."""
    ends = (None if AND in name else _LEVEL_OF_WEIGHTS.search(name) for name in names[1:])
    others = [end[0] if end else name for end, name in zip(ends, names[1:], strict=True)]
    return ", ".join([names[0], *others])


def _place(row: Score | Reference) -> tuple[str, str, str]:
    return row.task, row.set, row.protocol


def _others(levels: tuple[Level, ...], rows: Iterable[tuple[str, Level, str]]) -> str:
    """`input 24.83 / 20.53 / 14.99; Malvar ...`: one figure for each level."""
    found: dict[str, dict[Level, str]] = {}
    for name, level, figure in rows:
        found.setdefault(name, {})[level] = figure
    return "; ".join(
        f"{name} {' / '.join(figures.get(level, '–') for level in levels)}" for name, figures in found.items()
    )
