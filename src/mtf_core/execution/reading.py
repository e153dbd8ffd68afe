"""The reads of one look: each with the instant at which it began, and None where it failed.

A read that failed proves nothing, and one that hangs is broken off: reads, unlike writes, can be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from attrs import define, field, frozen

from mtf_core.execution.desk import Desk
from mtf_core.market import AccountState, Contract, Quote
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

    async def look(
        self, symbol: str, account: Read[AccountState] | None, wanted: ReadsWanted, priority: Priority
    ) -> tuple[View, MarketNow]:
        """What one look at a symbol shows, and its market; the reads are made side by side."""
        trading, since_ms = self.desk.trading, wanted.since_ms
        until_ms = self.desk.now_ms + _READ_AHEAD_MS
        ended, fills, flows, quote, contracts = await asyncio.gather(
            self._wanted(wanted.ended, lambda: trading.order_history(symbol, since_ms, until_ms, priority=priority)),
            self._wanted(wanted.fills, lambda: trading.fills(symbol, since_ms, until_ms, priority=priority)),
            self._wanted(wanted.flows, lambda: trading.cash_flows(since_ms, until_ms, priority=priority)),
            self._wanted(wanted.quote, lambda: self._quote(symbol)),
            self.contracts(),
        )
        if flows is not None:
            flows = Read(tuple(flow for flow in flows.value if flow.symbol == symbol), flows.begun_venue_ms)
        view = View(symbol, account, ended, fills, flows, since_ms)
        return view, MarketNow(None if quote is None else quote.value, contracts.get(symbol))

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
