"""restore bench: weights on sets of images, beside baselines and published figures.

No `from __future__ import annotations` here: the commands are built from annotations. torch is imported
inside the commands, so that help stays light.
"""

import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from .. import __version__
from ..read_rows import AUTO
from ..registry import entries
from ..settings import Settings
from ..tasks import TASKS
from ..weights import licence
from .bench_options import WHAT, Csv, Levels, Markdown, Measuring, RunFirst, Short, form_of, measuring_command
from .commands import examples
from .options import Json, complete_models, names, value
from .output import Mode, Output
from .stopping import Stopped, tidy_stop

if TYPE_CHECKING:
    from ..bench.plan import Request
    from ..bench.results import Results

NO_MODEL = "none"
*_FIRST, _LAST = TASKS

EPILOG = examples(
    (
        ("All tasks, the images that ship", "restore bench"),
        ("A standard set", "restore bench denoise --set cbsd68"),
        ("Real noise, from a copy of yours", "restore bench denoise --set cc15=FOLDER"),
        ("Two levels, two networks", "restore bench denoise --sigma 15,50 -m auto,rnan"),
        ("Your own photos or pairs", "restore bench derain --set-dir FOLDER"),
        ("A page with pictures", "restore bench dejpeg --report page.html"),
        ("To store", "restore bench --json > old.json"),
        ("Two of them compared", "restore bench diff old.json new.json"),
        ("One as a table again", "restore bench table old.json --markdown"),
    )
)


class Run(TyperCommand):
    """Shown in help as it is typed: without its name."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        formatter.write_usage(ctx.parent.command_path, " ".join(self.collect_usage_pieces(ctx)))


app = typer.Typer(
    cls=RunFirst, help="Measure weights beside baselines and published figures.", rich_markup_mode="rich"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchOptions(Measuring):
    """Of weights in the list, and of every task."""

    task: Annotated[
        str | None,
        typer.Argument(
            metavar="TASK",
            help=f"{', '.join(_FIRST)} or {_LAST}.",
            show_default=False,
            autocompletion=lambda: list(TASKS),
        ),
    ] = None
    set_dir: Annotated[
        list[Path] | None,
        value(WHAT, metavar="FOLDER", help="Clean images, or pairs (input/ and target/). Can be repeated."),
    ] = None
    model: Annotated[
        str,
        value(
            WHAT,
            "--model",
            "-m",
            metavar="A,B,C",
            help="Weights by id, networks by name, identity, auto, or none.",
            default=True,
            autocompletion=complete_models,
        ),
    ] = AUTO


def run(asked: BenchOptions, levels: Levels, settings: Settings) -> None:
    """Measures weights on sets of images: PSNR and SSIM, beside classical methods and the figures of papers.

    Without a task all that have default weights are measured, or all that a set is for.
    """
    from ..bench.plan import Request, levels_of, task_of

    task = task_of(asked.task, levels)
    models = () if asked.model == NO_MODEL else names("--model", asked.model) or (AUTO,)
    request = Request(
        task=task, sets=names("--set", asked.sets), folders=tuple(asked.set_dir or ()),
        levels=levels_of(task, levels), models=models, protocol=asked.protocol, limit=asked.limit,
        rows=entries(asked.weights_file),
    )  # fmt: skip
    measure(request, asked, settings)


app.command("run", epilog=EPILOG, cls=Run)(measuring_command(BenchOptions, run))


def measure(request: "Request", asked: Measuring, settings: Settings) -> None:
    """Measures, shows and writes; raises typer.Exit where there is no figure of something."""
    form = asked.form
    from ..bench import plan as bench
    from ..bench.files import check_targets, write_files
    from ..bench.gallery import Gallery
    from ..bench.job import Options
    from ..bench.runner import Watcher
    from .first_use import tell

    output = Output(Mode.JSON if form == "json" else Mode.HUMAN)
    check_targets(asked.per_image, asked.report, overwrite=asked.overwrite)
    options = Options(settings, asked.told, asked.partial, asked.baselines, licence.policy(asked.license))
    try:
        with tidy_stop():
            plan = bench.make_plan(request, _fetching(output))
            gallery = Gallery(len(plan.jobs)) if asked.report is not None else None
            with output.progress(plan.rows(options)) as progress:
                watcher = Watcher(progress, gallery and gallery.add, lambda entry: tell(entry, output))
                rows = list(bench.measure_all(plan, options, watcher))
        results = bench.collect(plan, rows, options, shlex.join(["restore", *sys.argv[1:]]))
        show(results, form, output, is_short=asked.short)
        for path in write_files(results, gallery, asked.per_image, asked.report, overwrite=asked.overwrite):
            output.note(f"wrote {path}")
    except Stopped as stop:
        output.note("interrupted: nothing was written")
        raise typer.Exit(stop.exit_code) from None
    if results.problems:
        raise typer.Exit(1)


def _fetching(output: Output) -> Callable[[str, int, int | None], None]:
    """Says what is fetched, once for each file."""
    told: set[str] = set()

    def tell(name: str, here: int, whole: int | None) -> None:
        if name not in told:
            told.add(name)
            output.note(f"fetching {name}" + (f", {whole / 1e6:.1f} MB" if whole else ""))

    return tell


def show(
    results: "Results", form: str, output: Output, *, papers: bool = True, is_short: bool = False
) -> None:
    """The table in its form on standard output; what is to be known of it beside that."""
    from ..bench import tables

    columns = tables.SHORT_COLUMNS if is_short else tables.COLUMNS
    rows = tables.short_cells(results) if is_short else tables.cells(results, papers=papers)
    if form == "csv":
        output.text(tables.csv_text(results))
    elif form == "markdown":
        output.text(tables.markdown(columns, rows) + "\n")
    elif form == "figures":
        output.text(results.lasting().to_json())
    elif rows:
        output.table(columns, rows, tables.NUMBERS)
    elif results.scores:
        output.note("no weights were measured: --short has a row for each of them")
    output.document(results.as_data())
    for card in results.protocols:
        output.note(f"{card.name}: {'; '.join(card.sentences())}")
    if any(score.worse is not None for score in results.scores):
        output.note(tables.WORSE_WORDS)
    for problem in results.problems:
        for place, reason in enumerate(problem.reasons, start=1):
            said = f"{problem.what}: {'not measured: ' if place == 1 else ''}{reason}"
            output.error(said, problem.hint if place == len(problem.reasons) else None)


@app.command("table")
def table(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="What --json or --figures gave.")],
    markdown: Markdown = False,
    csv: Csv = False,
    short: Short = False,
    papers: Annotated[bool, typer.Option(help="Also the figures of the papers.")] = True,
) -> None:
    """Shows stored results as a table."""
    from ..bench.results import read_results

    form = form_of(markdown=markdown, csv=csv, short=short)
    show(read_results(results), form, Output(), papers=papers, is_short=short)


@app.command("diff")
def diff(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="What --json gave.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="What --json gave later.")],
    json: Json = False,
) -> None:
    """Shows what is better, worse or the same in the second of two results."""
    from ..bench.diff import COLUMNS, cells, compare
    from ..bench.results import read_results

    found = compare(read_results(before), read_results(after))
    output = Output(Mode.JSON if json else Mode.HUMAN)
    output.table(COLUMNS, cells(found), COLUMNS[4:])
    for which, scores in (("before", found.only_before), ("after", found.only_after)):
        for score in scores:
            output.note(
                f"only in {which}: {score.model} on {score.set}, {score.protocol}, level {score.level}"
            )
    for note in found.notes:
        output.warn(note)
    changed = [change for change in found.changes if not change.is_same]
    output.note(f"{len(found.changes) - len(changed)} the same, {len(changed)} changed")
    output.document({"restorecli": __version__, **found.as_data()})
