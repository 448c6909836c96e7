"""Generated secrets have the kind and length that the manifest asks for, and are made once."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.application import generated, manifest
from tenantry.kernel import randomness

PATTERNS = {
    manifest.SecretKind.ALPHANUMERIC: r"[A-Za-z0-9]{20}",
    manifest.SecretKind.PASSWORD: r"([abcdefghjkmnpqrstuvwxyz2-9]{4}-){4}[abcdefghjkmnpqrstuvwxyz2-9]{4}",
    manifest.SecretKind.HEX: r"[0-9a-f]{40}",
    manifest.SecretKind.BASE64: r"[A-Za-z0-9+/]{27}",
}


@pytest.mark.parametrize("kind", list(manifest.SecretKind))
@given(seed=st.integers())
def test_a_secret_has_its_form(kind: manifest.SecretKind, seed: int) -> None:
    secret = manifest.GeneratedSecret(name="x", kind=kind, length=20)
    assert re.fullmatch(PATTERNS[kind], generated.make(secret, randomness.SeededRandomness(seed)))


def test_present_secrets_are_kept_and_missing_ones_made() -> None:
    secrets = [manifest.GeneratedSecret(name="old"), manifest.GeneratedSecret(name="new")]
    made = generated.complete(secrets, {"old": "kept", "gone": "x"}, randomness.SeededRandomness(1))
    assert made["old"] == "kept"
    assert len(made["new"]) == 32
    assert set(made) == {"old", "new"}
