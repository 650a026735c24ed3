"""Results as a table: cells for people and Markdown, raw fields for CSV. No torch here."""

import csv
import io
from collections.abc import Iterable, Sequence

from .results import WORSE, Reference, Results, Score, level_words

COLUMNS = (
    "set", "images", "level", "protocol", "weights", "PSNR", "SSIM", "worse", "published", "difference",
    "s/Mpx", "memory", "tile",
)  # fmt: skip
NUMBERS = frozenset(("images", "PSNR", "SSIM", "worse", "published", "difference", "s/Mpx", "memory"))
WORSE_WORDS = (
    f"worse: images that came out further from what is wanted than they went in, by over {WORSE:g} dB"
)
PAPER = "{} (paper)"

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
