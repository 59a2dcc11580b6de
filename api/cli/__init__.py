"""The command line, `ringi`: the operator's, the auditor's and the developer's way in.

Nobody may import this package; it may use the clients of both `api` and `realtime`, alone of all.
Invariant: an error is one line on stderr and exit code 1; nothing is imported that is not used.
Read `subcommands` first.
"""

import os
import sys
from importlib import import_module

import typer

from api.cli.layout import printable
from api.cli.subcommands import SUBCOMMANDS


def main() -> None:
    """Run the subcommand that the arguments name; show an error's traceback if RINGI_DEBUG is set.

    Exits with 0, with 1 after an error, with 2 after wrong arguments.
    """
    try:
        command_line(next((word for word in sys.argv[1:] if not word.startswith("-")), ""))()
    except Exception as error:
        if os.environ.get("RINGI_DEBUG"):
            raise
        typer.echo(f"ringi: {one_line(error)}{_hint(error)}", err=True)
        sys.exit(1)


def command_line(asked: str) -> typer.Typer:
    """Return the command line, with only the module of the subcommand `asked` for imported."""
    app = typer.Typer(
        help="Event-sourced documents and approval flows.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_no_command)  # without one, a single subcommand would need no name
    for name, (module, line) in SUBCOMMANDS.items():
        if name == asked:
            app.command(name)(import_module(module).run)
        else:
            app.command(name, help=line)(_no_command)
    return app


def _hint(error: Exception) -> str:
    """Return what may be the matter where nobody answers. Imports nothing for it."""
    unreachable = type(error).__name__ == "UnreachableError"
    return " (is Ringi up? `ringi up` starts it)" if unreachable else ""


def one_line(error: Exception) -> str:
    """Return what went wrong, without line breaks; the kind of error if it says nothing."""
    return " ".join(printable(str(error)).split()) or type(error).__name__


def _no_command() -> None:
    """Event-sourced documents and approval flows."""
