"""What every restoring command does: inputs to a plan, the plan through a batch, the outcomes to the user."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .. import registry
from ..errors import InputError, UsageError
from ..places import STANDARD_STREAM
from ..selection import Selection, select
from ..settings import Settings
from ..tasks import Task, Value
from ..weights import licence
from ..wording import level_text, reason
from .account import Account, kinds_in_words
from .first_use import tell, tell_what_is_missing, tell_what_may_be_missing
from .options import RestoreOptions
from .output import Output, is_closed, mode_of
from .stopping import Stopped, tidy_stop

if TYPE_CHECKING:
    from ..batch.inputs import Inputs
    from ..batch.naming import Naming
    from ..batch.plan import Plan
    from ..batch.transfer import Transfer
    from ..engine.restorer import Restorer


def restore(task: Task, level: Value, settings: Settings, options: RestoreOptions) -> None:
    """Plans, restores, reports; raises typer.Exit where not everything went well."""
    to_stdout = _check_streams(options)
    mode = mode_of(json=options.json, quiet=options.quiet)
    output = Output(mode, verbose=options.verbose, is_silent=to_stdout and not options.dry_run)
    selection = select(task, options.model, level, registry.entries(options.weights_file))
    licence.check(selection.usable, licence.policy(options.license))
    from ..batch.naming import Naming
    from ..batch.plan import make_plan, sweep

    naming = Naming(
        task=task.name,
        model=selection.name,
        level="auto" if level is None else level_text(level),
        lossless=task.lossless_output,
        output=options.output,
        template=options.name,
        in_place=options.in_place,
        overwrite=options.overwrite,
    )
    plan = make_plan(_find(task, options, naming), naming)
    account = Account(task.name, output, alone=plan.alone)
    if not options.dry_run:
        sweep(plan)
    with tidy_stop():
        try:
            account.begin(plan)
            if plan.jobs and not (options.fail_fast and plan.problems):
                _work(selection, settings, options, plan, account)
        except Stopped as stop:
            account.stopped = stop.exit_code
    code = account.finish()
    if code:
        raise typer.Exit(code)


def _check_streams(options: RestoreOptions) -> bool:
    """Refuses what the standard streams cannot be; tells whether the image goes to standard output."""
    inputs = options.inputs or []
    if not inputs and options.from_file is None:
        raise UsageError("nothing to restore", hint="name a file or a folder; --help shows examples")
    stdin_used = inputs.count(STANDARD_STREAM) + (options.from_file == STANDARD_STREAM)
    if stdin_used > 1:
        raise UsageError("standard input can be read only once", hint="give - once")
    if stdin_used and sys.stdin.isatty():
        raise UsageError("standard input is a terminal", hint="restore ... - < photo.png")
    without_name = inputs == [STANDARD_STREAM] and not (options.output or options.name or options.in_place)
    to_stdout = options.output == STANDARD_STREAM or without_name
    if to_stdout and not options.dry_run:
        if options.json:
            raise UsageError("with -o - the image has stdout to itself: no --json", hint="-o FILE --json")
        if is_closed(sys.stdout):
            raise UsageError("standard output is closed", hint="-o FILE")
        if sys.stdout.isatty():
            raise UsageError("an image does not belong on a terminal", hint="-o FILE, or > photo.png")
    return to_stdout


def _find(task: Task, options: RestoreOptions, naming: "Naming") -> "Inputs":
    from ..batch.inputs import find_inputs, read_list

    listed: list[str] = []
    if options.from_file is not None:
        listed = read_list(_read_list_file(options.from_file))
    found = find_inputs(
        options.inputs or [], listed, recursive=options.recursive, output_folder=naming.folder
    )
    if not found.files and not found.problems:
        where = ", ".join(options.inputs or ["the list"])
        if found.passed_over:
            hint = f"name them to restore them: restore {task.name} {found.passed_over[0]}"
            raise InputError(f"only results of restorecli in {where}", hint=hint)
        could_look_below = options.inputs and not options.recursive
        hint = f"-r looks into folders below: restore {task.name} {where} -r" if could_look_below else None
        there = f", only {kinds_in_words(found.not_taken)}" if found.not_taken else ""
        raise InputError(f"no images found in {where}{there}", hint=hint)
    return found


def _read_list_file(name: str) -> bytes:
    if name == STANDARD_STREAM:
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        hint = "a file with one name a line, or - for standard input"
        raise UsageError(f"--from-file {name}: {reason(error)}", hint=hint) from error


def _work(
    selection: Selection, settings: Settings, options: RestoreOptions, plan: "Plan", account: Account
) -> None:
    """Loads the weights and sends the jobs through them."""
    from ..batch.pipeline import run_batch
    from ..engine.probe import keep_freed_memory
    from ..engine.restorer import Restorer

    keep_freed_memory()
    restorer = Restorer(
        selection,
        settings=settings,
        before_loading=lambda entry: tell(entry, account.output),
        load=not options.dry_run,
    )
    account.choices(restorer.choices, device_was_open=settings.device == "auto")
    if options.dry_run:
        for row in selection.foreseen:
            tell_what_is_missing(row, account.output)
        if not selection.foreseen:
            tell_what_may_be_missing(selection.rows, account.output)
        _estimate(plan, restorer, account, options.max_pixels)
        return
    with account.output.progress(len(plan.jobs)) as show:
        run_batch(
            plan.jobs,
            restorer,
            account.add,
            transfer=_transfer(selection.task, options, plan),
            on_progress=None if show is None else account.progress_to(show, plan.jobs),
            fail_fast=options.fail_fast,
        )


def _estimate(plan: "Plan", restorer: "Restorer", account: Account, max_pixels: int | None) -> None:
    """A dry run: what each file would cost, by its size and a measurement of the network."""
    from ..images import DEFAULT_MAX_PIXELS, read_size

    max_pixels = max_pixels or DEFAULT_MAX_PIXELS
    for job in plan.jobs:
        try:
            height, width = read_size(job.source or sys.stdin.buffer, max_pixels=max_pixels)
            estimate = restorer.estimate(height, width)
        except InputError as error:
            account.fail(job.name, job, error)
        else:
            account.plan(job, height, width, estimate)


def _transfer(task: Task, options: RestoreOptions, plan: "Plan") -> "Transfer":
    from ..batch.transfer import Transfer
    from ..images import DEFAULT_MAX_PIXELS, WriteOptions

    reads_stdin = any(job.source is None for job in plan.jobs)
    return Transfer(
        max_pixels=options.max_pixels or DEFAULT_MAX_PIXELS,
        damaged=options.damaged,
        lossless=task.lossless_output,
        write=WriteOptions(
            jpeg_quality=options.jpeg_quality,
            strip=options.strip,
            overwrite=options.overwrite or options.in_place,
        ),
        standard_input=sys.stdin.buffer.read() if reads_stdin else None,
        standard_output=sys.stdout.buffer,
    )
