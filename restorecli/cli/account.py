"""What became of every input: told line by line, counted, and summed up at the end."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..errors import EXIT_BUG, FileThereError, RestoreError, WeightsError
from ..spec import Choice
from ..wording import duration, printable
from .output import Output, Progress

if TYPE_CHECKING:
    from ..batch.pipeline import Outcome
    from ..batch.plan import Job, Plan
    from ..engine.restorer import Estimate

_MOST_KINDS = 6  # that a line names


class Account:
    """Takes outcomes, says what is to be said about each, and knows the exit code."""

    def __init__(self, task: str, output: Output, *, alone: bool) -> None:
        self.output = output
        self.stopped: int | None = None  # the exit code, if a signal ended the work
        self._task = task
        self._alone = alone  # one file was named: its own error decides the exit code
        self._start = time.perf_counter()
        self._files: list[dict[str, Any]] = []
        self._choices: list[dict[str, str]] = []
        self._unchanged = 0  # of those that were restored
        self._not_taken: dict[str, int] = {}
        self._counts = {"planned": 0, "restored": 0, "failed": 0, "skipped": 0}
        self._last_error: Exception | None = None
        self._only_weights_failed = True
        self._first_bug: Exception | None = None
        self._planned_seconds = 0.0
        self._planned_bytes = 0

    # ---------------------------------------------------------------------------------- as it happens

    def begin(self, plan: "Plan") -> None:
        """What is known before any work: results that are there already, inputs that are not there."""
        if plan.left_out:
            self.output.detail(f"{_files(len(plan.left_out))} left out: results or links of other inputs")
        if plan.of_other_tasks:
            them = _files(len(plan.of_other_tasks))
            self.output.note(
                f"{them} left out: results of other tasks; they are restored where they are named"
            )
        for one in plan.aside:
            self.output.warn(f"{one.path}: left out: {one.why}")
        self._not_taken = plan.not_taken
        for job in plan.done:
            self._skip(job)
        for problem in plan.problems:
            self.fail(problem.path, None, problem.error)

    def choices(self, choices: Sequence[Choice], *, device_was_open: bool) -> None:
        """What was chosen for the user. Nobody falls back to the CPU in silence."""
        names = ("device", "precision", "tile", "weights")
        for name, choice in zip(names, choices, strict=True):
            self._choices.append({"name": name, **asdict(choice)})
            self.output.detail(f"{name}: {choice.value} ({choice.reason})")
        if device_was_open and not self.output.verbose:
            device, precision, _, weights = choices
            self.output.note(
                f"{weights.value} on {device.value} ({device.reason}), {precision.value} ({precision.reason})"
            )

    def add(self, outcome: "Outcome") -> None:
        """One file is finished."""
        job = outcome.job
        if isinstance(outcome.error, FileThereError) and not self._alone:
            self._skip(job)  # done meanwhile, by the same command in another window
            return
        if outcome.error is not None:
            self.fail(job.name, job, outcome.error)
            return
        assert outcome.receipt is not None
        assert outcome.report is not None
        self._warn(job, outcome)
        height, width = outcome.size or (0, 0)
        line = f"{job.name} -> {job.target_name}   {width}x{height}, {duration(outcome.seconds)}"
        if outcome.report.level_from == "measured":
            line += f"; {outcome.report.chosen}"
        if outcome.report.found is not None:
            line += f"; {outcome.report.found}"
        if outcome.report.done is not None:
            line += f"; {outcome.report.done}"
        self.output.result(line, job.target_name)
        self._unchanged += outcome.report.unchanged
        report, receipt = asdict(outcome.report), asdict(outcome.receipt)
        self.output.detail(f"  {_in_words(report)}; kept: {', '.join(outcome.receipt.kept) or 'no metadata'}")
        self._enter(
            "restored",
            job,
            width=width,
            height=height,
            seconds=round(outcome.seconds, 3),
            notes=list(outcome.notes),
            report=report,
            receipt=receipt,
        )

    def _skip(self, job: "Job") -> None:
        self.output.detail(f"{job.target} is there already")
        self._enter("skipped", job)

    def plan(self, job: "Job", height: int, width: int, estimate: "Estimate") -> None:
        """One file of a dry run."""
        self._planned_seconds += estimate.seconds
        self._planned_bytes = max(self._planned_bytes, estimate.bytes or 0)
        tiles = "1 tile" if estimate.tiles == 1 else f"{estimate.tiles} tiles"
        about = f"{width}x{height}, {tiles}, about {duration(estimate.seconds)}"
        self.output.result(f"{job.name} -> {job.target_name}   {about}", job.target_name)
        self._enter("planned", job, width=width, height=height, estimate=asdict(estimate))

    @staticmethod
    def progress_to(show: Progress, jobs: "Sequence[Job]") -> Callable[["Job", int, int], None]:
        before = {job: place for place, job in enumerate(jobs)}
        return lambda job, done, total: show(printable(job.name), done, total, before[job])

    def _warn(self, job: "Job", outcome: "Outcome") -> None:
        assert outcome.receipt is not None
        assert outcome.report is not None
        lost = tuple(f"not kept: {what}" for what in outcome.receipt.lost)
        for note in dict.fromkeys((*outcome.notes, *outcome.report.notes, *lost)):
            self.output.warn(f"{job.name}: {note}")

    def fail(self, name: str, job: "Job | None", error: Exception) -> None:
        self._last_error = error
        self._only_weights_failed &= isinstance(error, WeightsError)
        if isinstance(error, RestoreError):
            message, hint = error.message, error.hint
        else:
            self._first_bug = self._first_bug or error
            message, hint = f"internal error: {type(error).__name__}: {error}", None
        if printable(name) not in printable(message):
            message = f"{name}: {message}"
        if self._alone:
            self.output.error(message, hint)
        else:
            self.output.error(f"{message} ({hint})" if hint else message)
        self._enter("failed", job, name, error=describe(error))

    def _enter(self, status: str, job: "Job | None", name: str = "", **more: object) -> None:
        """One entry of the document; `name` stands in where an input never became a job."""
        self._counts[status] += 1
        entry: dict[str, Any] = {"status": status, "source": name}
        if job is not None:
            entry["source"] = "-" if job.source is None else str(job.source)
            entry["target"] = "-" if job.target is None else str(job.target)
        self._files.append(entry | more)

    # ------------------------------------------------------------------------------------- at the end

    def finish(self) -> int:
        """The summary, the document of --json, and the exit code."""
        seconds = time.perf_counter() - self._start
        if self._first_bug is not None:
            self.output.bug(self._first_bug)
        if not self._alone or self.stopped is not None or self._counts["planned"]:
            self.output.note(self._summary(seconds))
        summary = {**self._counts, "seconds": round(seconds, 3), "interrupted": self.stopped is not None}
        summary |= {"unchanged": self._unchanged, "not_taken": self._not_taken}
        self.output.document(
            {
                "restorecli": __version__,
                "task": self._task,
                "choices": self._choices,
                "files": self._files,
                "summary": summary,
            }
        )
        return self._exit_code()

    def _summary(self, seconds: float) -> str:
        others = f"; not taken: {kinds_in_words(self._not_taken)}" if self._not_taken else ""
        return self._work_in_words(seconds) + others

    def _work_in_words(self, seconds: float) -> str:
        most_wanted = "planned" if self._counts["planned"] else "restored"
        counts = {name: count for name, count in self._counts.items() if count or name == most_wanted}
        same = f" ({self._unchanged} unchanged)" if self._unchanged else ""
        text = ", ".join(
            f"{count} {name}{same if name == 'restored' else ''}" for name, count in counts.items()
        )
        if self._counts["planned"]:
            memory = f", {_bytes(self._planned_bytes)} of memory" if self._planned_bytes else ""
            return f"dry run: {text}; about {duration(self._planned_seconds)}{memory}"
        if self.stopped is not None:
            return f"interrupted: {text} in {duration(seconds)}; the same command goes on from here"
        hint = "; --overwrite does them again" if self._counts["skipped"] else ""
        return f"{text} in {duration(seconds)}{hint}"

    def _exit_code(self) -> int:
        if self.stopped is not None:
            return self.stopped
        if self._first_bug is not None:
            return EXIT_BUG
        if self._alone and isinstance(self._last_error, RestoreError):
            return self._last_error.exit_code
        if not self._counts["failed"]:
            return 0
        return WeightsError.exit_code if self._only_weights_failed and not self._counts["restored"] else 1


def describe(error: Exception) -> dict[str, Any]:
    """An error as data."""
    known = isinstance(error, RestoreError)
    return {
        "kind": type(error).__name__,
        "message": error.message if known else str(error),
        "hint": error.hint if known else None,
        "exit_code": error.exit_code if known else EXIT_BUG,
    }


def kinds_in_words(kinds: dict[str, int]) -> str:
    """`3 nef, 1 txt`: files by kind, the most frequent first."""
    shown = [f"{count} {kind}" for kind, count in kinds.items()]
    more = sum(kinds.values()) - sum(list(kinds.values())[:_MOST_KINDS])
    return ", ".join([*shown[:_MOST_KINDS], *([f"{more} of other kinds"] if more else [])])


def _bytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{math.ceil(count / 1e6)} MB"


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _in_words(report: dict[str, Any]) -> str:
    told = {
        key: value for key, value in report.items() if key not in ("noise", "change", "unchanged", "done")
    }
    if report["noise"] is not None:
        kind = "white" if report["noise"]["white"] else "not white"
        told["noise"] = f"sigma {report['noise']['sigma']:.1f}, {kind}"
    return ", ".join(
        f"{key} {f'{value:.3g}' if isinstance(value, float) else value}"
        for key, value in told.items()
        if value not in (None, (), "", 0)
    )
