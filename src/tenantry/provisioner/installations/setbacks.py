"""What becomes of a change that fails: pure decisions, and the words for them.

A version that cannot be reached is given up by itself where the manifest says that the one before bears the newer one's
data. What is gone back to is what the installation was last well with, so a way back that fails too is the end of it:
nothing goes back twice, and nothing goes to and fro.
"""

from collections.abc import Mapping
from typing import Any

from tenantry.provisioner.installations import model
from tenantry.wire.installations import TAKEN_BACK, Target


def way_back(installation: model.Installation) -> model.Settled | None:
    """Return what the installation goes back to now that what is wanted has failed; None: it stays failed."""
    settled = installation.settled
    if settled is None or installation.target is not Target.RUNNING or settled.version == installation.version:
        return None
    versions = installation.application.spec.versions
    back = {name for each in versions if each.version == installation.version for name in each.downgrades_to}
    return settled if settled.version in back & {each.version for each in versions} else None


def words(installation: model.Installation, message: str) -> str:
    """Return the message of a failure: what failed, and what becomes of it.

    Args:
        installation: as it is before the failure is written.
        message: why it failed.
    """
    settled, wanted = installation.settled, installation.version
    if installation.setback is not None:
        return f"{_update(installation.setback)} failed, and so did the way back: {message}"
    if settled is None or settled.version == wanted:
        return message
    if way_back(installation) is not None:
        return f"The update from {settled.version} to {wanted} failed; it goes back to {settled.version}. {message}"
    return (
        f"The update from {settled.version} to {wanted} failed. {message} The manifest does not say that "
        f"{settled.version} bears the data of {wanted} (downgradesTo), so it does not go back by itself: mend the "
        "cause and retry, update to a version that may follow, or restore a backup."
    )


def returned(installation: model.Installation, reason: str, message: str) -> dict[str, Any]:
    """Return the columns of an installation that goes back: what is wanted now, and what failed.

    Args:
        installation: as it is before; `way_back` must not be None.
        reason: why what was wanted failed, for programs.
        message: the cause alone, for a person.
    """
    settled = way_back(installation)
    if settled is None:
        return {}
    return {
        "version": settled.version,
        "size": settled.size,
        "settings": settled.settings,
        "generation": installation.generation + 1,
        "revision": installation.revision + 1,
        "setback": {"from": settled.version, "to": installation.version, "reason": reason, "message": message},
    }


def settled(installation: model.Installation) -> dict[str, Any]:
    """Return the columns of an installation that is well: what it goes back to from now on, and what to remember."""
    now = {"version": installation.version, "size": installation.size, "settings": installation.settings}
    values: dict[str, Any] = {"settled": now, "setback": None}
    if installation.setback is None:
        return values
    before, message = installation.setback["from"], installation.setback["message"]
    told = f"{_update(installation.setback)} failed and was taken back; {before} serves. {message}"
    return {**values, "reason": TAKEN_BACK, "message": told.rstrip()}


def _update(setback: Mapping[str, str]) -> str:
    return f"The update from {setback['from']} to {setback['to']}"
