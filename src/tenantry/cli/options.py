"""Options and arguments that several commands share, so that they are called and explained the same everywhere."""

from datetime import timedelta
from typing import Annotated

import typer

from tenantry.cli import completion, rendering

Output = Annotated[
    rendering.Format, typer.Option("--output", "-o", help="How the answer is written.", case_sensitive=False)
]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until it is done, and show how it goes.")]
Timeout = Annotated[int, typer.Option("--timeout", min=1, help="Seconds to wait with --wait.")]
InstallationName = Annotated[
    str, typer.Argument(metavar="NAME", help="Its name or identifier.", autocompletion=completion.installations)
]
ApplicationName = Annotated[
    str, typer.Argument(metavar="NAME", help="Its name.", autocompletion=completion.applications)
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Its name.")]

WAIT = timedelta(minutes=10)
"""How long `--wait` waits where nothing else is said."""
DEFAULT_TIMEOUT = int(WAIT.total_seconds())
