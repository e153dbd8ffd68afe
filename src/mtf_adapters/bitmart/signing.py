"""Signatures of BitMart (sheet §1.3), and the three secrets that they are made of."""

from __future__ import annotations

import hashlib
import hmac

from attrs import field, frozen

from mtf_adapters.online.secrets import without

WEBSOCKET_PAYLOAD = "bitmart.WebSocket"
"""What is signed to log a socket in (§4.2)."""


@frozen
class Credentials:
    """Key, secret and memo of one key. None of them shows in its text."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    memo: str = field(repr=False)
    """The label that was given to the key when it was made; part of every signature."""

    def sign(self, timestamp_ms: str, payload: str) -> str:
        """HMAC-SHA256 of `timestamp#memo#payload` in lower-case hex; `payload` is the body exactly as it is sent."""
        message = f"{timestamp_ms}#{self.memo}#{payload}"
        return hmac.new(self.secret.encode(), message.encode(), hashlib.sha256).hexdigest()

    def digest(self) -> str:
        """A name of the key that does not tell it."""
        return hashlib.sha256(f"bitmart key {self.key}".encode()).hexdigest()[:16]

    def redacted(self, text: str) -> str:
        """The text without any of the secrets, should an answer repeat one."""
        return without((self.secret, self.key, self.memo), text)
