"""What the core asks of an exchange. No venue's name or wire format appears here.

Times are integer milliseconds UTC. Every method raises `ExchangeError` or one of its kinds, nothing else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from attrs import frozen

if TYPE_CHECKING:
    from mtf_core.market import Candles, Capabilities, Contract, Quote, Timeframe
    from mtf_core.ports.clock import Clock, ClockSkew
    from mtf_core.ports.errors import ExchangeError
    from mtf_core.ports.streams import Streams
    from mtf_core.ports.trading import Account, Trading


class MarketData(Protocol):
    """Public data of one exchange and market type."""

    async def server_time_ms(self) -> int:
        """The exchange's clock."""
        ...

    async def contracts(self) -> tuple[Contract, ...]:
        """Every contract the exchange lists, whatever its status, with its leverage brackets if known."""
        ...

    async def candles(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> Candles:
        """Closed candles that open within [first, last]; holes stay holes. Raises `UnknownSymbolError`."""
        ...

    async def quotes(self, symbols: Sequence[str]) -> Mapping[str, Quote | ExchangeError]:
        """Book and mark price of each symbol now, or the error of that symbol alone.

        At most `Capabilities.quotes_per_call` symbols. Raises where the call as a whole fails; a symbol that is left
        out of the answer has no quote.
        """
        ...


class ExchangeWorld(StrEnum):
    """Whose money it is, told from the hosts that a process really talks to and not from a setting."""

    LOCAL = "local"
    """This machine, or this process: nothing is lost."""
    PAPER = "paper"
    """This machine's play money, at the quotes of an exchange."""
    DEMO = "demo"
    """An exchange's own play money."""
    LIVE = "live"
    """Money. Everything that is neither this machine nor known as a demo."""


@frozen
class VenueFinding:
    """One thing that was looked at of a venue, whether it is as it has to be, and what to do where it is not."""

    name: str
    """The same in every version: programs look for it."""
    ok: bool
    found: str
    do: str = ""
    """Empty where nothing has to be done."""


def _no_wait() -> float:
    return 0.0


def _no_limit() -> None:
    return None


@frozen(eq=False)
class Venue:
    """One exchange and market type, as a run uses it: public data, account and the clock they live by.

    `label` says in words which world it is; `namespace` keeps what is stored of different worlds apart (an exchange, a
    generated market, a set of files). `as_of` gives the same venue at a past instant and raises
    `InstantNotServedError` for one to come; None where the past cannot be visited (a real exchange).
    """

    exchange: str
    market_type: str
    label: str
    namespace: str
    market: MarketData
    account: Account
    clock: Clock
    capabilities: Capabilities
    as_of: Callable[[int], Venue] | None = None
    trading: Trading | None = None
    """None where nothing can be traded, such as at a past instant."""
    streams: Streams | None = None
    remarks: tuple[str, ...] = ()
    """What a person should know of this venue before working with it; one line each."""
    skew: Callable[[], ClockSkew | None] | None = None
    """How far the exchange's clock is from this machine's; it answers None until that was measured.

    None where the exchange has no clock of its own.
    """
    connection: Callable[[], AbstractAsyncContextManager[object]] | None = None
    """What has to be open while the venue is used; leaving it closes every connection. None: nothing has to be."""
    is_passing: bool = False
    """Whether the account ends with this process, as that of an exchange inside of it.

    Nothing of it outlives the process, so only one that stays can trade on it.
    """
    where_to_trade: str = ""
    """What to do instead, for who wants to trade where nothing, or not this process, can be traded on."""
    orders_kept_as: str = ""
    """The namespace of what is stored of orders; empty: that of the venue. An account that is passing has its own: what
    an earlier one left behind is nothing that could still be found."""
    exits_left: Callable[[], int | None] = _no_limit
    """How many positions could be protected and closed now without waiting for a rate limit; None: any number."""
    waited: Callable[[], float] = _no_wait
    """Seconds that calls have waited for the exchange's rate limits, all together, since the process began."""
    world: ExchangeWorld = ExchangeWorld.LIVE
    """What nobody said counts as money."""
    examine: Callable[[], Awaitable[tuple[VenueFinding, ...]]] | None = None
    """What only this exchange can tell of the key and its account, such as the key's rights; raises `ExchangeError`.
    None: nothing beyond what the other ports tell."""

    @property
    def orders_namespace(self) -> str:
        """The namespace under which orders are stored."""
        return self.orders_kept_as or self.namespace
