"""Makes the values of generated secrets; chance comes from its port, so a test can know them beforehand."""

import base64
import string
from collections.abc import Iterable, Mapping
from typing import assert_never

from tenantry.application import manifest
from tenantry.kernel import randomness as randoms

_ALPHANUMERIC = string.ascii_letters + string.digits
_READ_ALOUD = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without i, l and o, 0 and 1, which are taken for each other."""
_GROUP = 4


def complete(
    secrets: Iterable[manifest.GeneratedSecret], present: Mapping[str, str], randomness: randoms.Randomness
) -> dict[str, str]:
    """Return a value for each secret: the present one where there is one, since a secret is made once and kept."""
    return {secret.name: present.get(secret.name) or make(secret, randomness) for secret in secrets}


def make(secret: manifest.GeneratedSecret, randomness: randoms.Randomness) -> str:
    """Return a new value of the secret's kind and length."""
    match secret.kind:
        case manifest.SecretKind.ALPHANUMERIC:
            return _characters(_ALPHANUMERIC, secret.length, randomness)
        case manifest.SecretKind.PASSWORD:
            return _grouped(_characters(_READ_ALOUD, secret.length, randomness))
        case manifest.SecretKind.HEX:
            return randomness.token_bytes(secret.length).hex()
        case manifest.SecretKind.BASE64:
            return base64.b64encode(randomness.token_bytes(secret.length)).decode().rstrip("=")
        case _:
            assert_never(secret.kind)


def _characters(alphabet: str, length: int, randomness: randoms.Randomness) -> str:
    return "".join(alphabet[randomness.below(len(alphabet))] for _ in range(length))


def _grouped(text: str) -> str:
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))
