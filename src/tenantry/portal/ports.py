"""What the portal needs from the provisioner; pages never wait for it, only supervisors and two live checks do."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any, Protocol

from tenantry.kernel import errors
from tenantry.wire import applications, events, installations


class AwayError(errors.TemporaryError):
    """The part of our service that runs workspaces cannot be reached at the moment."""

    code = "provisioner-away"


class BusyError(errors.TemporaryError):
    """Another change of this workspace has to end first."""

    code = "workspace-busy"


class VendorMustActError(errors.TemporaryError):
    """Parts of our service do not accept each other at the moment. That is for us to mend."""

    code = "vendor-must-act"

    def __init__(self, answered: str, *, delay: timedelta | None = None) -> None:
        """Keep the code of what the provisioner answered, for those who mend it."""
        super().__init__(delay=delay)
        self.answered = answered


class NotAdmittedError(VendorMustActError):
    """Parts of our service do not accept each other at the moment. That is for us to mend."""

    code = "portal-not-admitted"


class NotUnderstoodError(VendorMustActError):
    """Parts of our service do not understand each other at the moment. That is for us to mend."""

    code = "provisioner-not-understood"


class Provisioner(Protocol):
    """The provisioner, as far as a portal uses it.

    Errors: `AwayError` where it cannot be reached, `BusyError` where another change has to end first,
    `NotAdmittedError` where it does not accept the portal's token, `NotUnderstoodError` where what answers is no
    provisioner of this version; all of them are temporary, since none is the customer's to mend.
    `CustomerMustActError` (with the provisioner's own code and words) where it refuses, `NotFoundError` where the thing
    is not there.
    """

    async def applications(self) -> list[applications.Application]:
        """Return everything that is sold, in the order in which it is shown."""
        ...

    async def name_availability(self, name: str) -> installations.NameAvailability:
        """Tell whether a name can be taken now."""
        ...

    async def create(self, request: installations.CreateInstallation, *, key: str) -> installations.Installation:
        """Order an installation; the same key answers with the same installation."""
        ...

    async def change(
        self, installation_id: str, action: str, *, key: str, details: dict[str, Any]
    ) -> installations.Installation:
        """Carry out one of the order kinds other than `create`; the same key does it once."""
        ...

    async def credentials(self, installation_id: str) -> installations.InstallationCredentials:
        """Return how the first administrator signs in."""
        ...

    def events(self, after: int) -> AsyncGenerator[events.Event, None]:
        """Yield each event behind the sequence, then new ones as they happen.

        Raises:
            AwayError: the connection has ended; go on from the last sequence that was dealt with.
        """
        ...
