"""What a PostgreSQL server keeps of a role's password (RFC 5802), made here instead of by the server's library.

A pooler logs in at the server with what it learnt from its client, without ever holding the password, but only where
both hold the very same text: same salt, same iterations. So it is made once and given to both.
"""

import base64
import hashlib
import hmac

from tenantry.kernel import randomness as randoms

ITERATIONS = 4096
"""PostgreSQL's own number. Our passwords are random, so more would guard nothing."""
_SALT_BYTES = 16


def verifier(password: str, randomness: randoms.Randomness) -> str:
    """Return the verifier of a password, with a salt of its own.

    Args:
        password: only ASCII, so that it needs no preparation (RFC 4013).
        randomness: for the salt.
    """
    salt = randomness.token_bytes(_SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, ITERATIONS)
    stored = hashlib.sha256(_keyed(salted, b"Client Key")).digest()
    server = _keyed(salted, b"Server Key")
    return f"SCRAM-SHA-256${ITERATIONS}:{_text(salt)}${_text(stored)}:{_text(server)}"


def _keyed(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
