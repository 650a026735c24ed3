"""Results and some of their pictures as a page for the browser."""

import math
from dataclasses import replace

from ..report import Page, Point, Table
from .gallery import Gallery
from .results import Results, Score, level_words
from .tables import COLUMNS, WORSE_WORDS, cells


def page_of(results: Results, gallery: Gallery | None = None) -> Page:
    """The whole run: every row, each paper's figure beside it, and how all of it was measured."""
    machine = results.machine
    tasks: dict[str, None] = dict.fromkeys(score.task for score in results.scores)
    chosen = gallery.note() if gallery else None
    where = (
        ()
        if machine is None
        else (
            f"Measured on {machine.device} with {machine.threads} threads: {machine.system}, Python "
            f"{machine.python}, PyTorch {machine.torch}.",
        )
    )
    return Page(
        title=f"Measured: {', '.join(tasks)}",
        subtitle=_subtitle(results),
        tables=tuple(_table(results, task, alone=len(tasks) == 1) for task in tasks),
        points=tuple(_point(score) for score in results.scores if score.model != "input"),
        comparisons=gallery.comparisons() if gallery else (),
        notes=(
            *_problems(results),
            *(f"Protocol {card.name}: {'; '.join(card.sentences())}." for card in results.protocols),
            *([f"{WORSE_WORDS}."] if any(score.worse is not None for score in results.scores) else []),
            *([chosen] if chosen else []),
            *where,
        ),
        footer=f"restorecli {results.restorecli}: {results.command}",
    )


def _subtitle(results: Results) -> str:
    sets = ", ".join(dict.fromkeys(score.set for score in results.scores))
    images = {(score.set, score.images) for score in results.scores}
    return f"{sets}: PSNR in dB over {sum(count for _, count in images)} images."


def _table(results: Results, task: str, *, alone: bool) -> Table:
    rows = cells(replace(results, scores=tuple(score for score in results.scores if score.task == task)))
    return Table(COLUMNS, tuple(rows), "" if alone else task).used()


def _point(score: Score) -> Point:
    group = ", ".join(filter(None, (score.set, level_words(score.task, score.level), score.protocol)))
    return Point(
        score.model, score.seconds_per_megapixel or 0, math.inf if score.psnr is None else score.psnr, group
    )


def _problems(results: Results) -> tuple[str, ...]:
    return tuple(
        f"{problem.what}: not measured. {'; '.join(problem.reasons)}" for problem in results.problems
    )
