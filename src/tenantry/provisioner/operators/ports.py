"""What keeping operators needs of clusters."""

from collections.abc import Sequence
from typing import Protocol

from tenantry.kernel import errors, ids
from tenantry.provisioner.operators import model
from tenantry.wire import operators as wire


class NoOperatorError(errors.ConflictError):
    """Only a Kubernetes cluster has an operator."""

    code = "no-operator"


class KeepingForbiddenError(errors.TemporaryError):
    """The provisioner's account in the cluster may not keep the operator."""

    code = "keeping-forbidden"
    hint = "Give it the role deploy/rbac/provisioner-operator.yaml of the provisioner's version."


class Installer(Protocol):
    """Sees and changes the operator of one cluster. Every call may be made twice.

    Errors: `KeepingForbiddenError` where our account may not, `TemporaryError` where the cluster cannot be reached,
    `PermanentError` where it refuses an object.
    """

    async def look(self) -> model.Seen:
        """Return what is there now."""
        ...

    async def apply(self, objects: Sequence[model.Object]) -> None:
        """Make objects be as they are given, one after the other; nothing is written where they are so already."""
        ...

    async def remove(self, objects: Sequence[model.Object]) -> None:
        """Remove objects; those that are not there are fine."""
        ...

    async def preview(
        self, objects: Sequence[model.Object], left_over: Sequence[model.Object]
    ) -> list[wire.ObjectChange]:
        """Return what applying some objects and removing others would change, and change nothing."""
        ...


class Ways(Protocol):
    """Finds who speaks to a cluster."""

    async def installer(self, cluster: ids.ClusterId) -> Installer:
        """Return the way to a cluster's operator.

        Raises:
            NoOperatorError: the cluster is none of Kubernetes.
        """
        ...
