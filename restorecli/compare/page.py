"""The page: what was measured, and where to look."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .. import __version__
from ..images import Image
from ..read_rows import IDENTITY
from ..report import Comparison as Shown
from ..report import (
    Page,
    Picture,
    Table,
    cut,
    enlarged,
    largest_difference,
    profile,
    reduced,
    shown,
    spots_of,
)
from ..wording import duration
from .attempts import Attempt, Comparison

LONGEST = 1600  # pixels; larger results are shown smaller, with parts of them as they are
PART_HEIGHT, PART_WIDTH, PARTS = 640, 960, 3
COLUMNS = ("Weights", "Seconds", "Megapixels/s", "Tiles", "Device", "Precision", "Notes")
INPUT = "input"


def page_of(wanted: Comparison, image: Image, attempts: Sequence[Attempt]) -> Page:
    done = [attempt for attempt in attempts if attempt.restored is not None]
    results = [
        (attempt.name, shown(attempt.restored.image)) for attempt in done if attempt.restored is not None
    ]
    before = enlarged(shown(image), results[0][1].shape)
    label = INPUT if before.shape[:2] == (image.height, image.width) else f"{INPUT}, pixels repeated"
    level = (
        ""
        if wanted.level is None or wanted.task.level is None
        else f", {wanted.task.level.name} {wanted.level}"
    )
    megapixels = image.height * image.width / 1e6
    first = done[0].restored
    assert first is not None
    return Page(
        title=Path(wanted.photo).name,
        subtitle=f"{wanted.task.name}{level}. {image.width} × {image.height} pixels, {image.origin.format}.",
        tables=(Table(COLUMNS, tuple(_row(attempt, megapixels) for attempt in attempts)).used(),),
        comparisons=tuple(_comparisons([(label, before), *results], profile(first.image))),
        notes=(
            *image.notes,
            *(f"{attempt.name}: {attempt.limits}" for attempt in done if attempt.limits),
            "There is no truth to compare with: which result is best is for the eye to say.",
            "Seconds are of one run each, without loading the weights.",
        ),
        footer=f"restorecli {__version__}: restore compare, {duration(_seconds(attempts))} in all",
    )


def _row(attempt: Attempt, megapixels: float) -> tuple[str, ...]:
    if attempt.restored is None:
        assert attempt.error is not None
        return (attempt.name, "–", "–", "–", "", "", f"failed: {attempt.error.message}")
    report = attempt.restored.report
    return (
        report.weights,
        f"{report.seconds:.2f}",
        f"{megapixels / report.seconds:.3g}",
        str(report.tiles),
        report.device,
        report.precision,
        "; ".join(filter(None, (report.found, *report.notes))),
    )


def _comparisons(pictures: list[Picture], icc: bytes | None) -> list[Shown]:
    """The whole, and of a large photo the parts where most is to be seen."""
    judged = _judged(pictures)
    among = "the results differ" if len(judged) > 1 and judged[0] is not pictures[0][1] else "it changed"
    title = f"Where {among} most"
    worst = largest_difference(judged)
    same = "" if worst else "All results are the same."
    height, width, _ = pictures[0][1].shape
    if max(height, width) <= LONGEST:
        return [
            Shown(
                "The whole picture",
                tuple(pictures),
                same,
                worst=worst,
                worst_title=title,
                icc=icc,
            )
        ]
    small = tuple((label, reduced(pixels, LONGEST)) for label, pixels in pictures)
    share = small[0][1].shape[1] / width
    caption = (
        f"Made smaller, to {share:.0%}: noise and fine detail show less. The parts below are as they are."
    )
    return [
        Shown("The whole picture", small, f"{caption} {same}".rstrip(), icc=icc),
        *(
            Shown(
                f"Part {place}",
                tuple((label, cut(pixels, window)) for label, pixels in pictures),
                f"{window.width} × {window.height} pixels at {window.left}, {window.top}, as they are.",
                largest_difference([cut(pixels, window) for pixels in judged]),
                f"{title} in this part",
                icc,
            )
            for place, window in enumerate(spots_of(judged, PARTS, PART_HEIGHT, PART_WIDTH), start=1)
        ),
    ]


def _judged(pictures: list[Picture]) -> list[np.ndarray]:
    """The results that are to be told apart; one alone is held against the input."""
    results = [pixels for label, pixels in pictures[1:] if label != IDENTITY]
    return results if len(results) > 1 else [pictures[0][1], *results]


def _seconds(attempts: Sequence[Attempt]) -> float:
    return sum(attempt.restored.report.seconds for attempt in attempts if attempt.restored is not None)
