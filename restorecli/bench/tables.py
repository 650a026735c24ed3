"""Results as a table: cells for people and Markdown, long or short, and raw fields for CSV. No torch here."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..tasks import Value
from .results import AND, WORSE, Reference, Results, Score, level_words

COLUMNS = (
    "set", "images", "level", "protocol", "weights", "PSNR", "SSIM", "worse", "published", "difference",
    "s/Mpx", "memory", "tile",
)  # fmt: skip
SHORT_COLUMNS = (
    "task", "set", "protocol", "level", "weights", "PSNR", "SSIM", "worse", "beside it", "papers",
)  # fmt: skip
NUMBERS = frozenset(("images", "PSNR", "SSIM", "worse", "published", "difference", "s/Mpx", "memory"))
WORSE_WORDS = (
    f"worse: images that came out further from what is wanted than they went in, by over {WORSE:g} dB"
)
PAPER = "{} (paper)"
_LEVEL_OF_WEIGHTS = re.compile(r"-[sqx]\d+$")  # compact-upscale-x2: of each level's own weights

_CSV_FIELDS = (
    "task", "set", "protocol", "level", "model", "kind", "images", "whole", "note",
    "psnr", "ssim", "psnr_luma", "psnr_input", "psnr_to_input", "published", "difference",
    "seconds_per_megapixel", "peak_memory", "network", "weights_sha256", "told", "precision",
    "device", "windows", "tile", "ensemble", "exact", "worse",
)  # fmt: skip
_IMAGE_FIELDS = (
    "name", "height", "width", "psnr", "ssim", "psnr_luma", "psnr_input", "psnr_to_input", "seconds",
    "worse",
)  # fmt: skip


def cells(results: Results, *, papers: bool = True) -> list[tuple[str, ...]]:
    """Rows under COLUMNS: what was measured, and below each set and level what papers report."""
    rows: list[tuple[str, ...]] = []
    for place, score in enumerate(results.scores):
        rows.append(_cells(score))
        following = results.scores[place + 1] if place + 1 < len(results.scores) else None
        if papers and (following is None or _group(following) != _group(score)):
            found = (paper for paper in results.references if _group(paper) == _group(score))
            shown = {measured.model for measured in results.scores if _group(measured) == _group(score)}
            rows += [_paper_cells(paper) for paper in found if paper.method not in shown]
    return rows


def _group(row: Score | Reference) -> tuple[object, ...]:
    return row.task, row.set, row.protocol, row.level


def _cells(score: Score) -> tuple[str, ...]:
    return (
        score.set if score.whole else f"{score.set}, partial",
        f"{score.images}" if score.whole else f"{score.images} ({score.note})",
        level_words(score.task, score.level),
        score.protocol,
        score.name,
        psnr_words(score),
        f"{score.ssim:.4f}",
        worse_words(score),
        "" if score.published is None else f"{score.published:.2f}",
        "" if score.difference is None else f"{score.difference:+.2f}",
        "" if score.seconds_per_megapixel is None else f"{score.seconds_per_megapixel:.2f}",
        "" if score.peak_memory is None else f"{score.peak_memory / 1e6:.0f} MB",
        "" if score.tile is None else f"{score.tile[1]}x{score.tile[0]}",
    )


def _paper_cells(paper: Reference) -> tuple[str, ...]:
    level = level_words(paper.task, paper.level)
    name = PAPER.format(paper.method)
    return (paper.set, "", level, paper.protocol, name, "", "", "", f"{paper.psnr:.2f}", "", "", "", "")


def psnr_words(score: Score) -> str:
    """The mean in dB. With an image that equals its target it is infinite: then how many do is said."""
    if score.psnr is not None:
        return f"{score.psnr:.2f}"
    if score.exact == score.images:
        return "exact"
    return "some exact" if score.exact is None else f"{score.exact} of {score.images} exact"


def worse_words(score: Score) -> str:
    """`2 of 15`; nothing where inputs are not compared."""
    return "" if score.worse is None else f"{score.worse} of {score.images}"


@dataclass(slots=True)
class _Line:
    """One row to be: the scores of weights that go together, level by level."""

    scores: dict[Value, Score] = field(default_factory=dict)

    @property
    def first(self) -> Score:
        return next(iter(self.scores.values()))

    def takes(self, score: Score) -> bool:
        families = set().union(*map(_families, self.scores.values()))
        shares = not families.isdisjoint(_families(score))
        return shares and _kind(self.first) == _kind(score) and score.level not in self.scores


def short_cells(results: Results) -> list[tuple[str, ...]]:
    """Rows under SHORT_COLUMNS: one for each set and weights, the levels side by side."""
    lines: list[_Line] = []
    for score in results.scores:
        if score.kind == "weights":
            line = next((line for line in lines if line.takes(score)), None)
            if line is None:
                lines.append(line := _Line())
            line.scores[score.level] = score
    return [_short_cells(line, results) for line in lines]


def _families(score: Score) -> set[str]:
    """The weights' names without their level; several where images got their own."""
    return {_LEVEL_OF_WEIGHTS.sub("", id) for id in score.ids}


def _kind(score: Score) -> tuple[object, ...]:
    return score.task, score.set, score.protocol, *score.key[5:], score.whole, score.images


def _short_cells(line: _Line, results: Results) -> tuple[str, ...]:
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
        _worse_by_level(line),
        _others(levels, ((row.name, row.level, psnr_words(row)) for row in baselines)),
        _others(
            levels,
            ((row.method, row.level, f"{row.psnr:.2f}") for row in papers if row.method not in measured),
        ),
    )


def _worse_by_level(line: _Line) -> str:
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


def _others(levels: tuple[Value, ...], rows: Iterable[tuple[str, Value, str]]) -> str:
    """`input 24.83 / 20.53 / 14.99; Malvar ...`: one figure for each level."""
    found: dict[str, dict[Value, str]] = {}
    for name, level, figure in rows:
        found.setdefault(name, {})[level] = figure
    return "; ".join(
        f"{name} {' / '.join(figures.get(level, '–') for level in levels)}" for name, figures in found.items()
    )


def markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of GitHub's Markdown; empty columns are left out."""
    rows = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    kept = [place for place in range(len(columns)) if any(row[place] for row in rows)]
    lines = [
        [columns[place] for place in kept],
        ["---:" if columns[place] in NUMBERS else "---" for place in kept],
        *([row[place] for place in kept] for row in rows),
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def csv_text(results: Results) -> str:
    """One line for each row, unrounded enough to compute with."""
    return _csv(_CSV_FIELDS, (tuple(_field(score, name) for name in _CSV_FIELDS) for score in results.scores))


def per_image_csv(results: Results) -> str:
    """One line for each image of each row."""
    head = ("task", "set", "protocol", "level", "model")
    return _csv(
        (*head, *_IMAGE_FIELDS),
        (
            (*(_field(score, name) for name in head), *(_field(image, name) for name in _IMAGE_FIELDS))
            for score in results.scores
            for image in score.per_image
        ),
    )


def _field(row: object, name: str) -> str:
    value = getattr(row, name)
    if value is None:
        return ""
    if isinstance(value, tuple):
        return "x".join(str(part) for part in reversed(value))
    return f"{value:.6f}" if isinstance(value, float) and name != "level" else str(value)


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
