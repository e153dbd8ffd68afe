"""The reads of one look: each with the instant at which it began, and None where it failed.

A read that failed proves nothing, and one that hangs is broken off: reads, unlike writes, can be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar

from attrs import define, field, frozen

from mtf_core.execution.desk import Desk
from mtf_core.market import AccountState, CashFlow, Contract, Fill, OpenOrder, Quote
from mtf_core.orders.evidence import Read
from mtf_core.orders.view import MarketNow, ReadsWanted, View
from mtf_core.ports import PortError, Priority, UnknownSymbolError

Value = TypeVar("Value")

CONTRACTS_KEPT_MS = 3_600_000
"""How long a contract is taken as it was read; a refused order has them read anew."""
_CONTRACTS_AGAIN_MS = 60_000
"""The least between two calls for contracts."""
_READ_AHEAD_MS = 5_000
"""How far beyond the clock a history is asked for: what happens while it is being read may be shown."""


@frozen
class Sight:
    """When a view began, by the two clocks that tell its age: the exchange's, and one that nobody sets."""

    venue_ms: int
    timer_s: float


@frozen(eq=False)
class Reading:
    """The reads of one look, on their way. What has not come yet is as good as not read."""

    symbol: str
    account: Read[AccountState] | None
    since_ms: int
    ended: asyncio.Task[Read[tuple[OpenOrder, ...]] | None]
    fills: asyncio.Task[Read[tuple[Fill, ...]] | None]
    flows: asyncio.Task[Read[tuple[CashFlow, ...]] | None]
    quote: asyncio.Task[Read[Quote] | None]
    contracts: asyncio.Task[Mapping[str, Contract]]

    @property
    def is_whole(self) -> bool:
        return all(task.done() for task in self._tasks)

    async def wait(self, wait_ms: float | None = None) -> None:
        """Until everything has come, no longer than given."""
        await asyncio.wait(self._tasks, timeout=None if wait_ms is None else wait_ms / 1000)

    def so_far(self) -> tuple[View, MarketNow]:
        """What the look shows by what has come."""
        flows = _came(self.flows)
        if flows is not None:
            flows = Read(tuple(flow for flow in flows.value if flow.symbol == self.symbol), flows.begun_venue_ms)
        view = View(self.symbol, self.account, _came(self.ended), _came(self.fills), flows, self.since_ms)
        quote, contracts = _came(self.quote), _came(self.contracts) or {}
        return view, MarketNow(None if quote is None else quote.value, contracts.get(self.symbol))

    def end(self) -> None:
        """Breaks off what has not come."""
        for task in self._tasks:
            task.cancel()

    @property
    def _tasks(self) -> tuple[asyncio.Task[Any], ...]:
        return self.ended, self.fills, self.flows, self.quote, self.contracts


def _begun(read: Coroutine[Any, Any, Value]) -> asyncio.Task[Value]:
    return asyncio.ensure_future(read)


def _came(task: asyncio.Task[Value]) -> Value | None:
    """What a read gave; None where it has not come. Raises what broke in it."""
    return task.result() if task.done() else None


@define(eq=False)
class Reader:
    """What one process reads of an account, of one look after the other."""

    desk: Desk
    longest_ms: float = 10_000
    """A read that takes longer has failed."""
    _contracts: Mapping[str, Contract] = field(factory=dict, init=False)
    _contracts_ms: int | None = field(default=None, init=False)

    def sight(self) -> Sight:
        """Now, by both clocks."""
        return Sight(self.desk.now_ms, self.desk.environment.timer())

    def age_ms(self, sight: Sight) -> float:
        """How old a view is that began then, by the clock that says more; no number where one of them went back."""
        venue_ms = self.desk.now_ms - sight.venue_ms
        timer_ms = (self.desk.environment.timer() - sight.timer_s) * 1000
        return float("inf") if min(venue_ms, timer_ms) < 0 else max(venue_ms, timer_ms)

    async def account(self, priority: Priority) -> Read[AccountState] | None:
        """Positions and live orders, of one and the same sync."""
        state = await self._read(lambda: self.desk.trading.sync(priority=priority))
        return None if state is None else Read(state.value, min(state.value.time_ms, state.begun_venue_ms))

    def begin(
        self, symbol: str, account: Read[AccountState] | None, wanted: ReadsWanted, priority: Priority
    ) -> Reading:
        """Begins what one look at a symbol reads, and its market; the reads are made side by side."""
        trading, since_ms = self.desk.trading, wanted.since_ms
        until_ms = self.desk.now_ms + _READ_AHEAD_MS
        return Reading(
            symbol,
            account,
            since_ms,
            _begun(
                self._wanted(wanted.ended, lambda: trading.order_history(symbol, since_ms, until_ms, priority=priority))
            ),
            _begun(self._wanted(wanted.fills, lambda: trading.fills(symbol, since_ms, until_ms, priority=priority))),
            _begun(self._wanted(wanted.flows, lambda: trading.cash_flows(since_ms, until_ms, priority=priority))),
            _begun(self._wanted(wanted.quote, lambda: self._quote(symbol))),
            _begun(self.contracts()),
        )

    async def contracts(self) -> Mapping[str, Contract]:
        """The exchange's contracts, as they were last read from it."""
        now_ms = self.desk.now_ms
        if self._contracts_ms is None or now_ms - self._contracts_ms >= CONTRACTS_KEPT_MS:
            listed = await self._read(self.desk.environment.venue.market.contracts)
            if listed is not None and listed.value:
                self._contracts = {contract.symbol: contract for contract in listed.value}
                self._contracts_ms = now_ms
        return self._contracts

    def doubt_contracts(self) -> None:
        """An order was refused: the grid may be another by now."""
        if self._contracts_ms is not None and self.desk.now_ms - self._contracts_ms >= _CONTRACTS_AGAIN_MS:
            self._contracts_ms = None

    async def _quote(self, symbol: str) -> Quote:
        answer = (await self.desk.environment.venue.market.quotes([symbol])).get(symbol)
        if not isinstance(answer, Quote):
            raise answer or UnknownSymbolError(f"the exchange gave no quote of {symbol}")
        return answer

    async def _wanted(self, is_wanted: bool, call: Callable[[], Awaitable[Value]]) -> Read[Value] | None:
        return await self._read(call) if is_wanted else None

    async def _read(self, call: Callable[[], Awaitable[Value]]) -> Read[Value] | None:
        begun_ms = self.desk.now_ms
        try:
            async with asyncio.timeout(self.longest_ms / 1000):
                return Read(await call(), begun_ms)
        except (PortError, TimeoutError):
            return None
