"""The table of contents of the command line, and the outer edge: errors to messages and exit codes.

No `from __future__ import annotations` here: the commands are built from annotations.
"""

import os
import re
import sys
from collections.abc import Sequence
from itertools import takewhile
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from .. import __version__
from ..errors import EXIT_BUG, EXIT_INTERRUPTED, LostAnswerError, RestoreError, UsageError
from ..tasks import TASKS
from . import commands
from .account import describe
from .output import EXIT_NOBODY_READS, Mode, Output, be_robust, open_closed_streams

_ASKS_FOR_JSON = re.compile(r"--json|-[fhqrv]*j.*")  # flags of one letter can be joined: -rj


# The commands beside those of the tasks, with what the list of commands says of them.
MORE = {
    "compare": "Compare weights on a photo of yours, on one page.",
    "doctor": "Show what is here, what is missing, and what to type.",
    "weights": "Show, bring and check the weights that restorecli knows.",
    "train": "Train weights from a recipe, export and measure them.",
    "bench": "Measure weights beside baselines and published figures.",
}


class Later(TyperCommand):
    """Loaded when it is typed: a fifth of the time that `restore --help` and small photos take."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        from .more import app  # bench, train, weights and what they need

        command = typer.main.get_group(app).commands[self.name or ""]
        return command.make_context(info_name, args, parent, **extra)


class PlainGroup(TyperGroup):
    """Help in plain text: rich alone takes longer to load than typer and all of ours together.

    The help of single commands is typer's rich one, where many options need its panels.
    """

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**{**attributes, "rich_markup_mode": None})
        for name, text in MORE.items():
            self.add_command(Later(name, short_help=text), name)


app = typer.Typer(
    cls=PlainGroup,
    help=f"Image restoration: {', '.join(TASKS)}.",
    epilog="restore denoise photo.png writes photo.denoise.png beside it. "
    "Each command has its own help: restore denoise --help",
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
commands.add_commands(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"restorecli {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code."""
    open_closed_streams()
    be_robust(sys.stdout, sys.stderr)
    code = EXIT_NOBODY_READS
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except OSError as error:
        # Whoever read our output has gone, or the disk it goes to is full, which has been said already.
        # Python's own flush at exit must not complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_NOBODY_READS if isinstance(error, BrokenPipeError) else code
    return code


def _run(arguments: Sequence[str] | None) -> int:
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    output = Output()
    try:
        code = app(arguments, standalone_mode=False)
        return code if isinstance(code, int) else 0
    except typer.TyperException as error:
        message = error.format_message().replace("Value error, ", "")  # pydantic speaks through typer
        if message:  # empty: typer has shown the help of a command that wants more words
            _tell(UsageError(message, hint="--help shows what there is"), output, arguments)
        return UsageError.exit_code
    except RestoreError as error:
        _tell(error, output, arguments)
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        output.note("interrupted")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # the outer edge: whatever else is raised is a bug of ours
        output.bug(error)
        _answer(error, output, arguments)
        return EXIT_BUG


def _tell(error: RestoreError, output: Output, arguments: Sequence[str]) -> None:
    output.error(error.message, error.hint)
    _answer(error, output, arguments)


def _answer(error: Exception, output: Output, arguments: Sequence[str]) -> None:
    """The error as the document of --json, where that was asked for and can be given.

    By the words themselves: of a command line that is refused, nobody has read the options.
    """
    options = takewhile(lambda word: word != "--", arguments)
    if isinstance(error, LostAnswerError) or not any(_ASKS_FOR_JSON.fullmatch(word) for word in options):
        return
    try:
        Output(Mode.JSON).document({"restorecli": __version__, "error": describe(error)})
    except RestoreError as failure:  # the disk that it goes to is full
        output.error(failure.message, failure.hint)
