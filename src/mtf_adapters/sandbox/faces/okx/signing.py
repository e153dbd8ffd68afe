"""Keys, signatures and the window of time in which a signature counts.

`OK-ACCESS-SIGN` is the base64 of HMAC-SHA256 over time stamp, method, path with query and body, byte for byte as sent.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256

from attrs import field, frozen

from mtf_adapters.sandbox.faces.http import Request
from mtf_adapters.sandbox.faces.okx.codes import Problem, problem

KEY_HEADER, SIGN_HEADER = "ok-access-key", "ok-access-sign"
TIME_HEADER, PASSPHRASE_HEADER = "ok-access-timestamp", "ok-access-passphrase"
WORLD_HEADER, EXPIRY_HEADER = "x-simulated-trading", "exptime"
LOGIN_METHOD, LOGIN_PATH = "GET", "/users/self/verify"


@frozen
class Credential:
    """One key of an account."""

    account: str
    key: str
    secret: str = field(repr=False)
    passphrase: str = field(repr=False)
    may_trade: bool = True
    frozen: bool = False
    expired: bool = False

    @classmethod
    def of_seed(cls, account: str, seed: int, number: int = 1) -> Credential:
        """A key of a sandbox's account: the same for the same seed, and worth nothing anywhere else."""
        digest = sha256(f"sandbox/okx/{seed}/{account}/{number}".encode()).hexdigest()
        key = "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))
        return cls(account, key, secret=sha256(digest.encode()).hexdigest()[:32].upper(), passphrase="sandbox")


def signature(secret: str, timestamp: str, method: str, target: str, body: bytes = b"") -> str:
    message = f"{timestamp}{method}{target}".encode() + body
    return b64encode(hmac.new(secret.encode(), message, sha256).digest()).decode()


def login_signature(secret: str, timestamp: str) -> str:
    """Of a stream's login, whose time stamp is in seconds."""
    return signature(secret, timestamp, LOGIN_METHOD, LOGIN_PATH)


def timestamp_of(time_ms: int) -> str:
    """As the header has it: `2026-11-27T00:00:00.000Z`."""
    instant = datetime.fromtimestamp(time_ms // 1000, tz=UTC)
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{time_ms % 1000:03}Z"


def time_ms_of(timestamp: str) -> int | None:
    """None for a text that is no such time stamp."""
    if not timestamp.endswith("Z"):
        return None
    try:
        instant = datetime.fromisoformat(timestamp[:-1] + "+00:00")
    except ValueError:
        return None
    return round(instant.timestamp() * 1000)


def missing_header(headers: Mapping[str, str]) -> Problem | None:
    """What a signed call lacks, or None."""
    wanted = ((KEY_HEADER, 50103), (PASSPHRASE_HEADER, 50104), (SIGN_HEADER, 50106), (TIME_HEADER, 50107))
    return next((problem(code) for name, code in wanted if not headers.get(name)), None)


def signature_problem(credential: Credential, request: Request, now_ms: int, window_ms: int) -> Problem | None:
    """What is wrong with a signed call's time, passphrase or signature; None: nothing."""
    headers = request.headers
    stamp_ms = time_ms_of(headers[TIME_HEADER])
    if stamp_ms is None:
        return problem(50112)
    if abs(now_ms - stamp_ms) > window_ms:
        return problem(50102)
    if not hmac.compare_digest(credential.passphrase.encode(), headers[PASSPHRASE_HEADER].encode()):
        return problem(50105)
    expected = signature(credential.secret, headers[TIME_HEADER], request.method, request.target, request.body)
    return None if hmac.compare_digest(expected.encode(), headers[SIGN_HEADER].encode()) else problem(50113)
