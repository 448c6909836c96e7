"""Names that customers choose: DNS labels that are short enough, harmless and not ours.

A workspace's name becomes its address, so it follows RFC 1123; the reserved list keeps addresses that visitors
would take for the vendor's own.
"""

import re

from tenantry.kernel import errors

MINIMUM_LENGTH = 3
MAXIMUM_LENGTH = 40
"""Well below DNS's 63, so that a suffix may still be added (`acme-staging`)."""

RESERVED = frozenset(
    """
    abuse account accounts admin administrator api app apps assets auth autoconfig autodiscover billing blog cdn
    chat-admin console dashboard demo dev dns docs download email example ftp gateway git go help hostmaster id imap
    info internal invoices kube kubernetes legal local localhost login logout mail mailbox mailer-daemon metrics mx
    noreply ns1 ns2 oauth operator pay payments pop postmaster portal privacy provisioner register root s3 sales secure
    security shop signin signup smtp sso staff staging static status store support sysadmin system tenantry terms test
    vpn webmail webmaster wpad www
    """.split()
)

_IDENTIFIER = re.compile(r"[a-z]{3}-[0-9a-z]{26}")
"""The form of our identifiers: a name of that form could be taken for another's installation."""
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")


class NameInvalidError(errors.CustomerMustActError):
    """The name cannot be used as an address."""

    code = "name-invalid"
    status = 422


class NameReservedError(errors.CustomerMustActError):
    """The name is reserved."""

    code = "name-reserved"
    status = 422


def check(name: str) -> str:
    """Return the name if it may become an address.

    Raises:
        NameInvalidError: it is no DNS label of 3 to 40 characters; the message says which rule it breaks.
        NameReservedError: it is on the reserved list, or could be taken for an internationalised name or an identifier.
    """
    if problem := _broken_rule(name):
        raise NameInvalidError(problem, field="name")
    if name in RESERVED or name.startswith("xn--") or _IDENTIFIER.fullmatch(name):
        raise NameReservedError(f"“{name}” is reserved. Choose another name.", field="name")
    return name


def _broken_rule(name: str) -> str | None:
    if not MINIMUM_LENGTH <= len(name) <= MAXIMUM_LENGTH:
        return f"A name has {MINIMUM_LENGTH} to {MAXIMUM_LENGTH} characters; this one has {len(name)}."
    if not re.fullmatch(r"[a-z0-9-]+", name):
        return "A name has only small letters (a to z), digits and hyphens."
    if not _LABEL.fullmatch(name):
        return "A name begins and ends with a letter or a digit."
    return None
