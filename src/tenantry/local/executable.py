"""Finds the programs of the embedded parts: those of our own environment first, then those of the system."""

import shutil
import sys
from datetime import timedelta
from pathlib import Path

from tenantry.kernel import errors

START_TIME = timedelta(seconds=1)
"""A part that ends sooner than this after its start is started again later and later instead of at once."""


class PartMissingError(errors.CustomerMustActError):
    """A program that the stack needs is not installed."""

    code = "part-missing"


def find(name: str) -> Path:
    """Return the path of a program.

    Raises:
        PartMissingError: it is neither beside our interpreter nor on the path.
    """
    beside = Path(sys.executable).parent / name
    if beside.exists():
        return beside
    if found := shutil.which(name):
        return Path(found)
    raise PartMissingError(f"The program “{name}” is not installed.", hint="Install it: pip install 'tenantry[local]'.")
