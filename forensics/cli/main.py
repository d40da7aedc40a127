"""The ``tracefuse`` command: its subcommands, its exit codes, its one-line errors.

Nothing heavy is imported here; a command imports what it needs when it runs.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import Annotated, NoReturn

import typer

from forensics import __version__
from forensics.cli.analyze import analyze
from forensics.cli.calibrate import calibrate
from forensics.cli.compare import compare
from forensics.cli.controls import controls
from forensics.cli.data import data_app
from forensics.cli.evaluate import evaluate
from forensics.cli.expand import expand
from forensics.cli.export import export
from forensics.cli.forge import forge
from forensics.cli.info import info
from forensics.cli.leaderboard import leaderboard
from forensics.cli.messages import one_line
from forensics.cli.robustness import robustness
from forensics.cli.selective import selective
from forensics.cli.signals import signals_app
from forensics.cli.train import train

INTERRUPTED = 130

app = typer.Typer(
    name="tracefuse",
    help="Was a picture changed, where, and how far can the answer be trusted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Plain help reads the same on a terminal and in a pipe, and saves the time to import rich.
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tracefuse {__version__}")
        raise typer.Exit


@app.callback()
def tracefuse(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and leave.", callback=_show_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show stack traces of errors.")] = False,
) -> None:
    """Was a picture changed, where, and how far can the answer be trusted."""


app.command()(analyze)
app.add_typer(signals_app, name="signals")
app.command()(forge)
app.add_typer(data_app, name="data")
app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)(train)
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(expand)
app.command()(evaluate)
app.command()(controls)
app.command()(selective)
app.command()(calibrate)
app.command()(robustness)
app.command()(compare)
app.command()(leaderboard)
app.command()(export)
app.command()(info)


def main() -> NoReturn:
    """Entry point of a process of its own."""
    if "--debug" not in sys.argv:
        _quiet_native_code()
    run()


def run() -> NoReturn:
    """Runs the command line and leaves with the exit code of the contract."""
    # Wherever it is typed, it belongs to the whole command.
    typed = [word for word in sys.argv[1:] if word != "--debug"]
    debug = ["--debug"] if len(typed) < len(sys.argv[1:]) else []
    try:
        app(args=[*debug, *typed], prog_name="tracefuse")
    except SystemExit as leaving:
        # Typer turns an interruption into this code, and says nothing.
        if leaving.code == INTERRUPTED:
            _leave("interrupted; what was finished is kept", INTERRUPTED)
        raise
    except KeyboardInterrupt:
        _leave("interrupted; what was finished is kept", INTERRUPTED)
    except Exception as error:
        from signals.errors import ForensicsError

        if isinstance(error, ForensicsError):
            _leave(one_line(error), error.exit_code)
        _leave(f"{one_line(error)}; this is a fault of TraceFuse, run with --debug to see where", 1)
    sys.exit(0)


def _quiet_native_code() -> None:
    """Keeps what C libraries print about damaged files off the error stream; they know no other way to report.

    Python's own error stream goes on where it went before.
    """
    try:
        stderr = os.dup(2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
    except OSError:  # started without an error stream
        return
    sys.stderr = open(stderr, "w", buffering=1, encoding="utf-8", errors="backslashreplace")  # noqa: SIM115


def _leave(message: str, exit_code: int) -> NoReturn:
    if "--debug" in sys.argv:
        traceback.print_exc()
    typer.echo(f"tracefuse: {message}", err=True)
    sys.exit(exit_code)
