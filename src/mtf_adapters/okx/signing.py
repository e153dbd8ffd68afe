"""Signatures of OKX (sheet §2), and the three secrets that they are made of."""

from __future__ import annotations

import base64
import hashlib
import hmac

from attrs import field, frozen

from mtf_adapters.online.secrets import without

LOGIN = "GET/users/self/verify"
"""What is signed to log a stream in, behind the time in seconds."""


@frozen
class Credentials:
    """Key, secret and passphrase of one key. None of them shows in its text."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    passphrase: str = field(repr=False)
    """Chosen when the key was made; sent with every request, and part of no signature."""

    def sign(self, timestamp: str, method: str, path_with_query: str, body: str) -> str:
        """HMAC-SHA256 of the four in a row, in base64; path, query and body exactly as they are sent."""
        return self._signature(f"{timestamp}{method}{path_with_query}{body}")

    def login_sign(self, seconds: str | int) -> str:
        """The signature that logs a stream in; its time is in seconds, unlike that of a request."""
        return self._signature(f"{seconds}{LOGIN}")

    def digest(self) -> str:
        """A name of the key that does not tell it."""
        return hashlib.sha256(f"okx key {self.key}".encode()).hexdigest()[:16]

    def redacted(self, text: str) -> str:
        """The text without any of the secrets, should an answer repeat one."""
        return without((self.secret, self.key, self.passphrase), text)

    def _signature(self, message: str) -> str:
        return base64.b64encode(hmac.new(self.secret.encode(), message.encode(), hashlib.sha256).digest()).decode()
