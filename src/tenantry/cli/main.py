"""The program `tenantry`: its nouns, and the one place where errors become lines and exit codes.

Nouns are loaded when they are used (see `lazy`), so this module imports little.
"""

import logging
import os
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

import tenantry
from tenantry.cli import choice, complaints, exits, lazy, stack
from tenantry.kernel import errors

NOUNS = {
    "application": "What is sold: validate, apply, list.",
    "installation": "The customers' running copies.",
    "cluster": "Where installations run.",
    "database": "Database servers, which hold logical databases.",
    "pooler": "What stands beside a PgBouncer.",
    "object-store": "Object stores, which hold buckets.",
    "event": "What happened.",
    "token": "Access to the provisioner.",
    "context": "Which provisioner commands speak to.",
}

app = typer.Typer(
    name="tenantry",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
for _noun, _help in NOUNS.items():
    _group = lazy.noun(f"tenantry.cli.{_noun.replace('-', '_')}")
    app.add_typer(typer.Typer(cls=_group, no_args_is_help=True), name=_noun, help=_help)
stack.register(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"tenantry {tenantry.__version__}\n")
        raise typer.Exit


@app.callback()
def root(
    context: Annotated[str | None, typer.Option(envvar="TENANTRY_CONTEXT", help=choice.HELP)] = None,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Turn an application that was written for one organisation into a hosted product."""
    del context, version  # read where they are needed: from the root context, and by the callback above


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end with a documented exit code.

    Args:
        arguments: what to run; what the program was called with where it is not given.
    """
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    try:
        app(args=arguments)
    except errors.TenantryError as error:
        _end(error)
    except ValueError as error:
        if not isinstance(error, complaints.Refused):
            raise
        _end(complaints.RequestInvalidError(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(exits.Exit.FAILED)
    except OSError as error:
        # The system's own reason is the best there is to say: a full disk, a file that is not ours.
        where = f"{error.filename}: " if error.filename else ""
        _end(errors.PermanentError(f"{where}{error.strerror or error}"))
    sys.exit(exits.Exit.OK)


def _end(error: errors.TenantryError) -> NoReturn:
    complaints.show(error)
    sys.exit(exits.code_of(error))


if __name__ == "__main__":
    run()
