"""All that an installation's objects follow from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tenantry.application import manifest
from tenantry.operator.render import facts as fact
from tenantry.runtime import document


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One installation, its application, and where it is to run.

    Attributes:
        application: the application, with all its versions.
        installation: what is wanted; its status is not read.
        secrets: Secret name → key → text, for the Secrets that the installation refers to.
        facts: what the cluster offers.
        namespace: the installation's namespace, in which all its objects are.
        uid: identifies the Installation as the owner of its objects; None while it is not in a cluster.
    """

    application: manifest.Application = field(repr=False)
    installation: document.Installation
    secrets: Mapping[str, Mapping[str, str]] = field(repr=False)
    facts: fact.Facts
    namespace: str
    uid: str | None = None

    @property
    def name(self) -> str:
        """The installation's name."""
        return self.installation.metadata.name

    @property
    def is_awake(self) -> bool:
        """Whether processes are wanted."""
        return self.installation.spec.run_policy is document.RunPolicy.RUNNING
