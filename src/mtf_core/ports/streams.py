"""What an exchange pushes. Streams wake and save calls; nothing rests on them alone.

A stream is an async iterator of events that never ends by itself: it connects, subscribes and connects again. After
`Connected` the listener reads by call what it may have missed; `Silent` and `Disconnected` say from when on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol, TypeAlias

from attrs import frozen

from mtf_core.market import OpenOrder, Timeframe


@frozen
class Connected:
    """Subscribed from now on. Whatever happened before was not heard."""

    time_ms: int


@frozen
class Disconnected:
    """Nothing is heard until the next `Connected`."""

    time_ms: int
    why: str


@frozen
class Silent:
    """The connection stands, and has carried nothing for longer than it should."""

    time_ms: int
    silent_ms: int


Liveness: TypeAlias = Connected | Disconnected | Silent


@frozen
class CandleUpdate:
    """A candle as pushed; may come again, late or revised. Prices in quote currency, volume in contracts."""

    symbol: str
    timeframe: Timeframe
    open_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    is_closed: bool | None
    """Whether it is the candle's last word; None: the exchange does not say."""


@frozen
class OrderPushed:
    """Something happened to an order; the order as pushed. A reason to look, never a booking."""

    order: OpenOrder
    time_ms: int


@frozen
class PositionPushed:
    """Something happened to a position of the symbol."""

    symbol: str
    time_ms: int


@frozen
class BalancePushed:
    """Something happened to the balance."""

    time_ms: int


@frozen
class NotStreamed:
    """The exchange refuses to push this symbol, and pushes the others: it has to be asked by call."""

    symbol: str
    time_ms: int
    why: str


CandleEvent: TypeAlias = CandleUpdate | NotStreamed | Liveness
AccountEvent: TypeAlias = OrderPushed | PositionPushed | BalancePushed | Liveness


class Streams(Protocol):
    """The pushes of one exchange."""

    def candles(self, symbols: Sequence[str], timeframe: Timeframe) -> AsyncIterator[CandleEvent]:
        """Candles of many symbols; closing the iterator closes the connections."""
        ...

    def account(self) -> AsyncIterator[AccountEvent]:
        """Orders, positions and balance of the account."""
        ...
