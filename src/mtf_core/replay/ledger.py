"""What a replay keeps: every READY minute and what became of it, every trade, and how the account went.

Times are UTC milliseconds, money and prices quote currency as exact decimals, sizes contracts. Rows stand in the order
of their instants, then symbols. A row depends on no candle after its `known_ms`: cutting the candles there leaves it as
it is, byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from attrs import field, frozen

from mtf_core.market import Candles, Contract, Fill, Side, Timeframe
from mtf_core.orders import Trade
from mtf_core.planning import OrderPlan
from mtf_core.reasons import Reason
from mtf_core.settings.replay import ReplaySettings


class Fate(StrEnum):
    """What became of a READY minute."""

    TRADED = "traded"
    """Its order opened a position, which was left again."""
    STILL_OPEN = "still_open"
    """Its order rests, or its position is open, when the candles end."""
    NOT_FILLED = "not_filled"
    """Its order was sent and ended without opening anything."""
    REFUSED = "refused"
    """A guard, or a filter of the run, said no."""
    NOT_PLANNED = "not_planned"
    """Planning ended in a skip."""


@frozen
class Afterwards:
    """Where the price went after an entry that did not fill, in R gross from the planned entry."""

    best_r: Decimal
    worst_r: Decimal
    first: str
    """Which it reached first: `target`, `stop`, `both` (in one minute), or `neither`."""
    minutes: int
    """For how long it was followed."""


@frozen(kw_only=True)
class ReadyMinute:
    """One decision that was READY. Those that were refused before they were planned have no plan."""

    symbol: str
    at_ms: int
    side: Side
    timeframe: Timeframe
    """The execution timeframe."""
    decision_key: str
    fate: Fate
    reason: Reason | None
    """Why there was no order; None where one was sent."""
    facts: Mapping[str, str] = field(factory=dict)
    """The numbers behind the reason, as exact text."""
    plan: OrderPlan | None = None
    ended: str = ""
    """Why an order that was sent ended unfilled, by the supervisor's word: `order_timeout`, `out_of_zone`."""
    afterwards: Afterwards | None = None
    known_ms: int | None = None
    """From when on nothing of the row can change any more; None: what became of it lies behind the last candle."""


@frozen
class WaitingContext:
    """Minutes in a row in which the context had a side and nothing confirmed it."""

    symbol: str
    side: Side
    first_ms: int
    last_ms: int
    reason: Reason


class Trend(StrEnum):
    UP = "up"
    DOWN = "down"
    RANGE = "range"
    UNKNOWN = "unknown"


class Volatility(StrEnum):
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"
    UNKNOWN = "unknown"


@frozen
class Regime:
    """The market at an entry, by the rule in `regime.py`."""

    trend: Trend
    volatility: Volatility


@frozen(kw_only=True)
class ReplayedTrade:
    """One trade, reckoned by the same code as a real one, from the executions that the model gave."""

    trade: Trade
    decided_ms: int
    fills: tuple[Fill, ...]
    """The oldest first; what the price touched within a minute has the minute's last millisecond."""
    regime: Regime
    slippage_usdt: Decimal
    """Of entry and exits together, against the plan; positive is worse."""
    known_ms: int


@frozen
class EquityPoint:
    """The account at one instant: open positions at the close of their last candle."""

    time_ms: int
    equity: Decimal
    balance: Decimal
    """Without what is open."""
    at_risk: Decimal
    """Notional of open positions."""


@frozen(eq=False)
class ReplayMarket:
    """One symbol's recorded candles of 1m, as they closed, and its contract."""

    symbol: str
    candles: Candles
    contract: Contract
    contract_is_guessed: bool
    digest: str
    """SHA-256 of the candles."""
    origin: str
    """Where they are from, for people."""


@frozen(eq=False)
class Ledger:
    """A whole replay."""

    profile: str
    profile_digest: str
    version: str
    """Of the program."""
    first_ms: int
    last_ms: int
    """Decisions were made at minutes within [first, last]."""
    settings: ReplaySettings
    markets: tuple[ReplayMarket, ...]
    minutes: int
    """Decisions that were made, over all symbols."""
    reasons: Mapping[str, int]
    """Minutes that were not READY, by reason."""
    ready: tuple[ReadyMinute, ...]
    contexts: tuple[WaitingContext, ...]
    trades: tuple[ReplayedTrade, ...]
    equity: tuple[EquityPoint, ...]
    open_usdt: Decimal
    """What is open when the candles end has come to: booked of it so far, and its profit at the last closes."""
    liquidations: int
    """Positions that reached their liquidation price: each is a fault of a guard."""
    remarks: tuple[str, ...] = ()
    """What a reader has to know of the data: no mark candles, guessed contracts, gaps."""
