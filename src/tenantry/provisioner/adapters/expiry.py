"""Whether what a kubeconfig shows to its cluster has run out: a cluster that refuses it does not say why."""

from datetime import datetime

from cryptography import x509

from tenantry.kernel import clock as clocks
from tenantry.kubernetes import configuration, credentials, failures


async def explained(
    refused: failures.CredentialsRefusedError, kubeconfig: str, clock: clocks.Clock
) -> failures.CredentialsRefusedError:
    """Return why a cluster refuses credentials: that they have run out, where they tell, else what it said itself.

    Args:
        refused: what it said.
        kubeconfig: what was shown to it.
        clock: the time.
    """
    end = await _end(kubeconfig, clock)
    if end is None or end > clock.now():
        return refused
    return failures.CredentialsExpiredError(
        f"The client certificate in its kubeconfig ran out on {end:%Y-%m-%d} at {end:%H:%M:%S} UTC."
    )


async def _end(kubeconfig: str, clock: clocks.Clock) -> datetime | None:
    """Return when the client certificate ends; None where there is none, or where others see to it."""
    source = configuration.from_text(kubeconfig, clock).credentials
    if not isinstance(source, credentials.Fixed):
        return None
    shown = await source.current()
    if shown.certificate is None:
        return None
    first, *_ = x509.load_pem_x509_certificates(shown.certificate.certificate.encode())
    return first.not_valid_after_utc
