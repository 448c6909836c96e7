"""Names of objects and values of labels: valid for every installation, and the same every time.

A name is its parts, joined; where that would be too long or begins with a digit, which Services do not allow, it is cut
and told apart by a digest of the whole.
"""

import hashlib
import re

LONGEST = 63
"""What a DNS label may hold."""

LONGEST_STATEFUL = 52
"""The controller adds a hyphen and ten characters for the label of a revision."""

LONGEST_PORT = 15

_DIGEST = 8
_FIRST = "i"
_CAPITAL = re.compile(r"(?=[A-Z])")
_NOT_IN_LABELS = re.compile(r"[^0-9A-Za-z._-]")


def joined(*parts: str, longest: int = LONGEST) -> str:
    """Return a DNS label made of the parts."""
    whole = "-".join(part for part in parts if part)
    if len(whole) <= longest and whole[0].isalpha():
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:_DIGEST]
    begun = whole if whole[0].isalpha() else f"{_FIRST}{whole}"
    return f"{begun[: longest - _DIGEST - 1].rstrip('-')}-{digest}"


def kebab(identifier: str) -> str:
    """Return an identifier of the manifest (`signingKey`) as a part of a name (`signing-key`)."""
    return _CAPITAL.sub("-", identifier).lower()


def port(identifier: str, number: int) -> str:
    """Return the name of a container's port, which is shorter than other names."""
    name = kebab(identifier)
    return name if len(name) <= LONGEST_PORT else f"port-{number}"


def label_value(text: str) -> str:
    """Return text (a version, say) as the value of a label."""
    return _NOT_IN_LABELS.sub("_", text)[:LONGEST].strip("._-")
