"""Keys, signatures and the window of time in which a signature counts.

`X-BM-SIGN` is the lower-case hex of HMAC-SHA256 over `timestamp#memo#payload`, where the payload of a POST is the exact
body, and that of a stream's login is the text `bitmart.WebSocket`.
"""

from __future__ import annotations

import hmac
from hashlib import sha256

from attrs import field, frozen

from mtf_adapters.sandbox.faces.bitmart.codes import Problem, problem

KEY_HEADER, SIGN_HEADER, TIME_HEADER = "x-bm-key", "x-bm-sign", "x-bm-timestamp"
LOGIN_PAYLOAD = "bitmart.WebSocket"


@frozen
class Credential:
    """One key of an account."""

    account: str
    key: str
    secret: str = field(repr=False)
    memo: str = field(repr=False)
    may_trade: bool = True
    frozen: bool = False
    expired: bool = False

    @classmethod
    def of_seed(cls, account: str, seed: int, number: int = 1) -> Credential:
        """A key of a sandbox's account: the same for the same seed, and worth nothing anywhere else."""
        digest = sha256(f"sandbox/{seed}/{account}/{number}".encode()).hexdigest()
        return cls(account, key=digest[:40], secret=sha256(digest.encode()).hexdigest(), memo="sandbox")


def signature(secret: str, timestamp: str, memo: str, payload: bytes) -> str:
    message = f"{timestamp}#{memo}#".encode() + payload
    return hmac.new(secret.encode(), message, sha256).hexdigest()


def signature_problem(
    credential: Credential, timestamp: str, sign: str, payload: bytes, now_ms: int, window_ms: int | None
) -> Problem | None:
    """What is wrong with a signature, or None; `window_ms` None: it counts at any time."""
    if not sign:
        return problem(30004)
    if not timestamp:
        return problem(30006)
    if not timestamp.isascii() or not timestamp.lstrip("-").isdigit():
        return problem(30006, "Header X-BM-TIMESTAMP must be long type")
    if timestamp.startswith("-") or len(timestamp) > 19:
        return problem(30008)
    if window_ms is not None and abs(now_ms - int(timestamp)) > window_ms:
        return problem(30007)
    expected = signature(credential.secret, timestamp, credential.memo, payload)
    return None if hmac.compare_digest(expected, sign) else problem(30005)
