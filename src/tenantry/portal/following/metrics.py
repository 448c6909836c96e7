"""What staff see of the contact with the provisioner: whether it is reached, and with which code it refuses."""

from enum import StrEnum

import prometheus_client


class Contact(StrEnum):
    """How things are between portal and provisioner."""

    REACHED = "reached"
    AWAY = "away"
    """Nobody answers: an outage, which ends by itself or by mending the provisioner."""
    REFUSED = "refused"
    """Somebody answers and does not accept us: the token or the address is wrong, which staff must mend."""


class Metrics:
    """Series of one process's follower."""

    def __init__(self, registry: prometheus_client.CollectorRegistry) -> None:
        """Register the series."""
        self._contact = prometheus_client.Gauge(
            "tenantry_portal_provisioner_contact",
            "1 for the state that the contact with the provisioner is in.",
            ["state"],
            registry=registry,
        )
        self._losses = prometheus_client.Counter(
            "tenantry_portal_provisioner_failures",
            "Failed connections to the provisioner, by the code of the error.",
            ["code"],
            registry=registry,
        )

    def reached(self) -> None:
        """Say that events are followed."""
        self._set(Contact.REACHED)

    def lost(self, state: Contact, code: str) -> None:
        """Say that they are not, and why."""
        self._set(state)
        self._losses.labels(code).inc()

    def _set(self, state: Contact) -> None:
        for each in Contact:
            self._contact.labels(each.value).set(1 if each is state else 0)
