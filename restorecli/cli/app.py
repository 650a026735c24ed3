"""The table of contents of the command line, and the outer edge: errors to messages and exit codes.

No `from __future__ import annotations` here: the commands are built from annotations.
"""

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from .. import __version__
from ..errors import EXIT_BUG, EXIT_INTERRUPTED, RestoreError, UsageError
from . import bench, commands, compare, doctor, train, weights
from .output import EXIT_NOBODY_READS, Output, be_robust, open_closed_streams


class PlainGroup(TyperGroup):
    """Help in plain text: rich alone takes longer to load than typer and all of ours together.

    The help of single commands is typer's rich one, where many options need its panels.
    """

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**{**attributes, "rich_markup_mode": None})


app = typer.Typer(
    cls=PlainGroup,
    help="Image restoration: denoise, dejpeg, demosaic, upscale, derain, deblur.",
    epilog="restore denoise photo.png writes photo.denoise.png beside it. "
    "Each command has its own help: restore denoise --help",
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
commands.add_commands(app)
app.add_typer(weights.app, name="weights", rich_help_panel="More")
app.add_typer(train.app, name="train", rich_help_panel="More")
compare.add_command(app)
app.add_typer(bench.app, name="bench", rich_help_panel="More")
app.command("doctor", rich_help_panel="More")(doctor.doctor)


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
    output = Output()
    try:
        code = app(list(arguments) if arguments is not None else None, standalone_mode=False)
        return code if isinstance(code, int) else 0
    except typer.TyperException as error:
        message = error.format_message().replace("Value error, ", "")  # pydantic speaks through typer
        if message:  # empty: typer has shown the help of a command that wants more words
            output.error(message, hint="--help shows what there is")
        return UsageError.exit_code
    except RestoreError as error:
        output.error(error.message, error.hint)
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        output.note("interrupted")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # the outer edge: whatever else is raised is a bug of ours
        output.bug(error)
        return EXIT_BUG
