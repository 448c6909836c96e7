"""What `If-Match` says: whatever is there, or one of these ETags (RFC 9110, 13.1.1)."""

import re

from tenantry.kernel import errors

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_LIST = re.compile(rf"\s*,*\s*{_TAG}(?:\s*,\s*(?:{_TAG})?)*\s*")
_EACH = re.compile(_TAG)


class ConditionInvalidError(errors.CustomerMustActError):
    """If-Match is neither “*” nor a list of ETags in double quotes."""

    code = "condition-invalid"
    hint = "Send the ETag as it was answered, with its quotes."


def etags(if_match: str | None) -> frozenset[str] | None:
    """Return the ETags of which one must be the present one; None where any will do.

    Weak ones are left out: they never match where a change depends on it.

    Raises:
        ConditionInvalidError: it is malformed.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    if not _LIST.fullmatch(if_match):
        raise ConditionInvalidError(field="If-Match")
    return frozenset(each for each in _EACH.findall(if_match) if not each.startswith("W/"))
