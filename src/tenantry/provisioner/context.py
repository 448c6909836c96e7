"""What services share: time, identifiers, chance, the vault and the house's decisions."""

from dataclasses import dataclass
from datetime import timedelta

from tenantry.kernel import clock as clocks
from tenantry.kernel import ids
from tenantry.kernel import randomness as randoms
from tenantry.provisioner import vault as vaults


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Handed to every service by the composition root.

    Attributes:
        address_template: how an installation's address is formed from its name.
        deletion_grace: how long a discarded installation can be taken back, where the request does not say.
        mail: how installations send mail, as the secret handed over; None: they cannot.
    """

    clock: clocks.Clock
    identifiers: ids.Identifiers
    randomness: randoms.Randomness
    vault: vaults.Vault
    address_template: str
    deletion_grace: timedelta = timedelta(days=7)
    mail: dict[str, str] | None = None
