"""Telling what goes on, to whoever still reads it."""

import os
import sys

import typer


def to_whoever_reads(line: str) -> None:
    """Print a line; what is on its way goes on where nobody reads (`ringi down | head`)."""
    try:
        typer.echo(line)
    except BrokenPipeError:  # else Python would complain again when it flushes at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
