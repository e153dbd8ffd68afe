"""What an exchange's answer to a write means. A closed set: whatever else an answer says is `UNKNOWN`."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen


class WriteResult(StrEnum):
    ACCEPTED = "accepted"
    """The exchange has it; not yet that it is live."""
    REJECTED = "rejected"
    """It was refused and nothing of it exists; `code` and `text` say why."""
    WOULD_TAKE = "would_take"
    """A maker-only order was refused because it would have filled at once; nothing of it exists."""
    DUPLICATE = "duplicate"
    """The client order id was used before: look it up, the first attempt probably arrived."""
    UNKNOWN = "unknown"
    """No answer, or none that proves anything: only evidence can tell. Never to be sent again."""
    ALREADY_SO = "already_so"
    """What was asked for was so before: a leverage, a mode, a cancelled order."""
    NOT_FOUND = "not_found"
    """No such order; it may be the exchange's lag, so look again before believing it."""
    RATE_LIMITED = "rate_limited"
    """Refused before it was looked at; `retry_after_ms` says when to ask again."""
    CLOCK_SKEW = "clock_skew"
    """Refused for its time stamp; nothing of it exists."""
    AUTH = "auth"
    """The key, its rights or the signature were refused."""
    NOT_ALLOWED_HERE = "not_allowed_here"
    """Region, kind of account or a contract that is open for closing only."""
    MAINTENANCE = "maintenance"
    """The exchange takes nothing at the moment."""
    EXPIRED_BEFORE_SENT = "expired_before_sent"
    """Its deadline passed while it waited, so nothing left this process."""
    NOT_SENT = "not_sent"
    """Nothing left this process: there was no connection, or no room in the rate limit; `text` says which."""

    @property
    def nothing_exists(self) -> bool:
        """Whether it is proven that the write had no effect."""
        return self in {
            WriteResult.REJECTED,
            WriteResult.WOULD_TAKE,
            WriteResult.RATE_LIMITED,
            WriteResult.CLOCK_SKEW,
            WriteResult.AUTH,
            WriteResult.NOT_ALLOWED_HERE,
            WriteResult.MAINTENANCE,
            WriteResult.EXPIRED_BEFORE_SENT,
            WriteResult.NOT_SENT,
        }


@frozen
class WriteOutcome:
    """The answer to one write. `code` and `text` are the exchange's own words, for people and logs."""

    result: WriteResult
    order_id: str = ""
    """Of the exchange; empty where it gave none."""
    client_order_id: str = ""
    code: str = ""
    text: str = ""
    retry_after_ms: int = 0

    @property
    def is_done(self) -> bool:
        """Whether what was asked for holds, as far as the exchange says."""
        return self.result in {WriteResult.ACCEPTED, WriteResult.ALREADY_SO}
