"""What the commands of `restore bench` do between their options and the bench."""

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .. import registry
from ..errors import FileThereError, OutputError, UsageError
from ..tasks import TASKS
from .options import names
from .output import Output

if TYPE_CHECKING:
    from ..bench.gallery import Gallery
    from ..bench.job import Options
    from ..bench.plan import Plan
    from ..bench.results import Problem, Results, Score


NO_MODEL = "none"


def form(**wanted: bool) -> str:
    """The one form of the answer that was asked for."""
    asked = [name for name, is_wanted in wanted.items() if is_wanted]
    if len(asked) > 1:
        raise UsageError(f"--{asked[0]} and --{asked[1]} contradict each other", hint="give one of them")
    return asked[0] if asked else "table"


def check_short(form: str, *, is_short: bool) -> None:
    """Tables for people can be short; the others have a row for each level."""
    if is_short and form not in ("table", "markdown"):
        raise UsageError(
            f"--{form} and --short contradict each other", hint=f"--{form} has a row for each level"
        )


def models(text: str) -> tuple[str, ...]:
    """As for --model; none: the baselines alone."""
    return () if text == NO_MODEL else names("--model", text) or (registry.AUTO,)


def task_of(task: str | None, **given: str) -> str | None:
    """The task, or the one that the level belongs to."""
    asked = [name for name, text in given.items() if text]
    fitting = (known.name for known in TASKS.values() if known.level and known.level.name in asked)
    return task or next(fitting, None)


def given_levels(task: str | None, **given: str) -> tuple[float, ...]:
    """The numbers behind the one level option that belongs to the task."""
    asked = {name: text for name, text in given.items() if text}
    known = next((known.level for known in TASKS.values() if known.name == task), None)
    for name in asked:
        if known is None or known.name != name:
            hint = (
                f"{task} takes --{known.name}"
                if known and known.name in given
                else f"leave it out for {task}"
            )
            raise UsageError(f"--{name} has no meaning for {task}", hint=hint)
    for name, text in asked.items():
        try:
            return tuple(float(number) for number in names(f"--{name}", text))
        except ValueError as error:
            raise UsageError(f"--{name} {text}: not numbers", hint=f"--{name} 10,20") from error
    return ()


def check_targets(per_image: Path | None, report: Path | None, *, overwrite: bool) -> None:
    """Said before minutes of work, not after."""
    suffixes = {per_image: (".csv", ".json"), report: (".html", ".htm")}
    for target in (per_image, report):
        if target is None:
            continue
        if target.suffix.lower() not in suffixes[target]:
            raise UsageError(f"{target}: must end in {' or '.join(suffixes[target])}")
        if target.exists() and not overwrite:
            raise FileThereError(target)
        if not target.absolute().parent.is_dir():
            raise OutputError(f"{target.parent}: there is no such folder", hint=f"mkdir -p {target.parent}")


def command() -> str:
    """As it could be typed again."""
    return shlex.join(["restore", *sys.argv[1:]])


@dataclass(slots=True)
class Fetching:
    """Says what is fetched, once for each file."""

    output: Output
    told: str = ""

    def tell(self, name: str, here: int, whole: int | None) -> None:
        if name != self.told:
            self.told = name
            self.output.note(f"fetching {name}" + (f", {whole / 1e6:.1f} MB" if whole else ""))


def measure(
    plan: "Plan", options: "Options", output: Output, *, with_pictures: bool
) -> "tuple[list[Score | Problem], Gallery | None]":
    from ..bench.gallery import Gallery
    from ..bench.plan import measure_all
    from ..bench.runner import Watcher
    from .first_use import tell

    gallery = Gallery(len(plan.jobs)) if with_pictures else None
    with output.progress(plan.rows(options)) as show:
        watcher = Watcher(
            progress=show,
            on_image=gallery.add if gallery is not None else None,
            before=lambda entry: tell(entry, output),
        )
        return list(measure_all(plan, options, watcher)), gallery


def show(
    results: "Results", form: str, output: Output, *, papers: bool = True, is_short: bool = False
) -> None:
    from ..bench import summary, tables

    columns = summary.COLUMNS if is_short else tables.COLUMNS
    rows = summary.short_cells(results) if is_short else tables.cells(results, papers=papers)
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
        _tell_problem(problem, output)


def _tell_problem(problem: "Problem", output: Output) -> None:
    first, *others = problem.reasons
    output.error(f"{problem.what}: not measured: {first}", None if others else problem.hint or None)
    for place, reason in enumerate(others):
        output.error(f"{problem.what}: {reason}", problem.hint or None if place == len(others) - 1 else None)


def write_files(
    results: "Results",
    gallery: "Gallery | None",
    per_image: Path | None,
    report: Path | None,
    *,
    overwrite: bool,
    output: Output,
) -> None:
    from ..atomic import atomic_file
    from ..bench.tables import per_image_csv

    if per_image is not None:
        as_csv = per_image.suffix.lower() == ".csv"
        text = per_image_csv(results) if as_csv else results.to_json()
        with atomic_file(per_image, overwrite=overwrite) as stream:
            stream.write(text.encode())
        output.note(f"wrote {per_image}")
    if report is not None:
        from ..bench.page import page_of
        from ..report import write_report

        write_report(page_of(results, gallery), report, overwrite=overwrite)
        output.note(f"wrote {report}")
