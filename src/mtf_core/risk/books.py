"""What the guards on a real entry look at beside the account: what the store holds, read in one transaction.

Times are milliseconds of the exchange's clock unless they say otherwise; money is quote currency.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from mtf_core.market import Side
from mtf_core.orders import Intent
from mtf_core.risk.locks import RiskLock
from mtf_core.risk.switches import Switchboard


class AccountCondition(StrEnum):
    """Whether the store and the exchange agree on whose account it is, and what was done on it."""

    NORMAL = "normal"
    RECOVERY = "recovery"
    """The store may be behind what was sent: nothing but protection leaves until the operator confirms."""
    SHARED = "shared"
    """Someone else trades on the account: no entries, nothing foreign is touched."""
    MODES_CHANGED = "modes_changed"
    """The account's position or margin mode is not what the settings say."""


@frozen
class Standing:
    """The account's condition, since when and why."""

    condition: AccountCondition = AccountCondition.NORMAL
    since_ms: int = 0
    why: str = ""


@frozen
class Heartbeat:
    """The sign of life of the process that supervises an account."""

    owner: str
    beat_ms: int
    """When it last lived."""
    read_ms: int
    """When it last read the whole account."""

    def is_alive(self, now_ms: int, allowed_ms: int) -> bool:
        """Whether it lived and read so lately. A sign of life from the time to come is none: a clock was set."""
        return all(abs(now_ms - time_ms) <= allowed_ms for time_ms in (self.beat_ms, self.read_ms))


@frozen
class Reservation:
    """What one live intent, or one simulated entry of the same run, takes of the account's limits."""

    decision_key: str
    symbol: str
    side: Side
    notional: Decimal
    margin: Decimal
    loss_at_stop: Decimal
    """The most that its stop lets it lose, fees included."""

    @classmethod
    def of(cls, intent: Intent) -> Reservation:
        """What an intent takes while it is live."""
        terms = intent.terms
        reserved = (terms.notional_usdt, terms.margin_usdt, intent.loss_at_stop_usdt)
        return cls(intent.decision_key, intent.symbol, intent.side, *reserved)


@frozen(eq=False)
class Books:
    """What the store says at the moment in which an intent would be committed.

    Everything is read under the lock of the account's risk row, so that no other process commits one in between.
    """

    standing: Standing
    switchboard: Switchboard
    supervisor: Heartbeat | None
    locks: tuple[RiskLock, ...]
    """Every one of the profile that may hold now, lifted ones too; near midnight those of both days."""
    live: tuple[Reservation, ...]
    """Every intent without final evidence."""
    key_is_taken: bool
    """An intent of the same decision key was committed before."""
