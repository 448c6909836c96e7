"""Asks before something that cannot be undone; on standard error, so that the answer alone is on standard output."""

import sys

import typer


def confirm(question: str) -> None:
    """Go on after a yes; anything else, and silence, ends the command."""
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise typer.Abort
