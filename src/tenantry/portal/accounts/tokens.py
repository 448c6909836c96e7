"""How codes, sessions and form tokens are made and compared: keyed hashes, compared in constant time.

The database holds no value that opens anything: codes and tokens are kept as keyed hashes, and the key is in a file.
"""

import base64
import hashlib
import hmac

from tenantry.kernel import randomness as randoms

CODE_DIGITS = 6


class Keys:
    """Derives a key for each purpose from the portal's one secret."""

    def __init__(self, secret: bytes) -> None:
        """Take the portal's secret."""
        self._secret = secret

    def keyed_hash(self, purpose: str, *parts: str) -> str:
        """Return a hash that nobody without the secret can compute."""
        key = hmac.digest(self._secret, f"tenantry-portal/{purpose}".encode(), hashlib.sha256)
        return hmac.new(key, "\0".join(parts).encode(), hashlib.sha256).hexdigest()

    def code_hash(self, visit: str, code: str) -> str:
        """Return what is kept of a one-time code."""
        return self.keyed_hash("code", visit, code)

    def token_hash(self, token: str) -> str:
        """Return what is kept of a session's token."""
        return self.keyed_hash("session", token)

    def form_token(self, cookie: str) -> str:
        """Return the token that proves a form came from a page of ours, for the browser with this cookie."""
        return self.keyed_hash("form", cookie)


def is_same(given: str, kept: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(given.encode(), kept.encode())


def new_code(randomness: randoms.Randomness) -> str:
    """Return six random digits."""
    return f"{randomness.below(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def new_token(randomness: randoms.Randomness) -> str:
    """Return 256 random bits as text."""
    return base64.urlsafe_b64encode(randomness.token_bytes(32)).decode().rstrip("=")


def clean_code(text: str) -> str:
    """Return the digits of what was typed: people copy spaces and hyphens along."""
    return "".join(letter for letter in text if letter in "0123456789")
