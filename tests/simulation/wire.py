"""The way between the program and the exchange: calls take time, and get lost, late, stale, refused and emptied.

What leaves the program goes its way in a task of nobody: a request that left arrives although its sender died. Every
answer that the program gets is one that a venue's adapter could give.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from attrs import evolve

from mtf_adapters.sandbox.native import NativeExchange
from mtf_adapters.sandbox.native_streams import NativeStreams
from mtf_core.market import AccountState, WriteOutcome, WriteResult
from mtf_core.ports import ExchangeUnavailableError
from mtf_core.ports.streams import Connected, Disconnected
from mtf_core.ports.trading import Priority
from tests.simulation.faults import FaultKind, Weather
from tests.simulation.processes import leaves
from tests.simulation.virtual import now_s

Value = TypeVar("Value")
Kinds = frozenset[FaultKind]
Struck = Callable[[FaultKind, str], None]
"""Hears of a fault, and of the symbol that the call is about; empty: of the whole account."""

PATIENCE_S = 10.0
"""How long the program's side waits for an answer."""

_ANY_CALL = frozenset(
    {
        FaultKind.LOST_REQUEST,
        FaultKind.LOST_ANSWER,
        FaultKind.LATE_REQUEST,
        FaultKind.LATE_ANSWER,
        FaultKind.SERVER_ERROR,
        FaultKind.SERVER_ERROR_AFTER,
        FaultKind.GARBLED,
        FaultKind.RATE_LIMITED,
        FaultKind.MAINTENANCE,
    }
)
_OF_PROTECTION = frozenset({FaultKind.PROTECTION_REFUSED})
_OF_CANCELS = frozenset({FaultKind.CANCEL_NOT_FOUND})
_OF_STREAM = {
    kind: frozenset({kind})
    for kind in (
        FaultKind.STREAM_SILENT,
        FaultKind.STREAM_DOUBLED,
        FaultKind.STREAM_REORDERED,
        FaultKind.STREAM_BROKEN,
    )
}
_UNREADABLE = frozenset({FaultKind.SERVER_ERROR_AFTER, FaultKind.GARBLED})
_READS = _ANY_CALL | {FaultKind.STALE_READ, FaultKind.EMPTY_READ, FaultKind.OTHER_ACCOUNT}
_REFUSED = {
    FaultKind.SERVER_ERROR: WriteResult.UNKNOWN,
    FaultKind.RATE_LIMITED: WriteResult.RATE_LIMITED,
    FaultKind.MAINTENANCE: WriteResult.MAINTENANCE,
}


class Wire:
    """Implements `MarketData`, `Account` and `Trading` over the sandbox's native face, for one process."""

    def __init__(
        self,
        exchange: NativeExchange,
        weather: Weather,
        struck: Struck,
        called: Callable[[], None],
        seed: str,
        entries_take_s: float = 0.0,
    ) -> None:
        """`entries_take_s`: how long at most an entry, and the leverage before it, are on their way."""
        self.capabilities = exchange.capabilities
        self._exchange = exchange
        self._weather = weather
        self._struck = struck
        self._called = called
        self._entries_take_s = entries_take_s
        self._random = random.Random(f"wire {seed}")
        self._before: dict[str, Any] = {}

    # Public data

    async def server_time_ms(self) -> int:
        return await self._read("time", self._exchange.server_time_ms)

    async def contracts(self) -> Any:
        return await self._read("contracts", self._exchange.contracts)

    async def candles(self, *args: Any) -> Any:
        return await self._read("candles", lambda: self._exchange.candles(*args))

    async def quotes(self, symbols: Sequence[str]) -> Mapping[str, Any]:
        return await self._read(f"quotes {symbols}", lambda: self._exchange.quotes(symbols))

    # Reads of the account

    async def account_state(self) -> AccountState:
        return await self._read("state", self._exchange.account_state, _nobody_s)

    async def sync(self, *, priority: Priority = Priority.ACCOUNT) -> AccountState:
        return await self._read("state", self._exchange.sync, _nobody_s)

    async def account_id(self) -> str:
        return await self._read("id", self._exchange.account_id)

    async def order(self, symbol: str, order_id: str, *, priority: Priority = Priority.ACCOUNT) -> Any:
        return await self._read(f"order {order_id}", lambda: self._exchange.order(symbol, order_id), _none, symbol)

    async def open_orders(self, symbol: str | None = None, *, priority: Priority = Priority.ACCOUNT) -> Any:
        return await self._read(f"open {symbol}", lambda: self._exchange.open_orders(symbol), _nothing, symbol or "")

    async def order_history(
        self, symbol: str, from_ms: int, until_ms: int, *, priority: Priority = Priority.ACCOUNT
    ) -> Any:
        return await self._read(
            f"history {symbol}", lambda: self._exchange.order_history(symbol, from_ms, until_ms), _nothing, symbol
        )

    async def fills(self, symbol: str, from_ms: int, until_ms: int, *, priority: Priority = Priority.ACCOUNT) -> Any:
        return await self._read(
            f"fills {symbol}", lambda: self._exchange.fills(symbol, from_ms, until_ms), _nothing, symbol
        )

    async def cash_flows(self, from_ms: int, until_ms: int, *, priority: Priority = Priority.ACCOUNT) -> Any:
        return await self._read("flows", lambda: self._exchange.cash_flows(from_ms, until_ms), _nothing)

    async def fee_rates(self, symbol: str) -> Any:
        return await self._read(f"fees {symbol}", lambda: self._exchange.fee_rates(symbol), symbol=symbol)

    # Writes

    async def submit_entry(self, order: Any) -> WriteOutcome:
        await self._takes_its_time()
        return await self._write(order.symbol, lambda: self._exchange.submit_entry(order), order.client_order_id)

    async def submit_exit(self, order: Any) -> WriteOutcome:
        return await self._write(order.symbol, lambda: self._exchange.submit_exit(order), order.client_order_id)

    async def submit_protection(self, order: Any) -> WriteOutcome:
        return await self._write(
            order.symbol, lambda: self._exchange.submit_protection(order), order.client_order_id, _OF_PROTECTION
        )

    async def amend(self, amendment: Any, *, priority: Priority = Priority.EXIT) -> WriteOutcome:
        return await self._write(amendment.symbol, lambda: self._exchange.amend(amendment), "", _OF_PROTECTION)

    async def cancel(
        self, symbol: str, order_id: str, kind: Any, *, priority: Priority = Priority.EXIT
    ) -> WriteOutcome:
        if not order_id:
            raise ValueError("a cancellation names its order")
        return await self._write(symbol, lambda: self._exchange.cancel(symbol, order_id, kind), "", _OF_CANCELS)

    async def set_leverage(self, symbol: str, leverage: Decimal, margin_mode: Any) -> WriteOutcome:
        await self._takes_its_time()
        return await self._write(symbol, lambda: self._exchange.set_leverage(symbol, leverage, margin_mode))

    async def set_position_mode(self, mode: Any) -> WriteOutcome:
        return await self._write("", lambda: self._exchange.set_position_mode(mode))

    async def cancel_all_after(self, symbol: str, seconds: int) -> WriteOutcome:
        return await self._write(symbol, lambda: self._exchange.cancel_all_after(symbol, seconds))

    async def _takes_its_time(self) -> None:
        if self._entries_take_s:
            await asyncio.sleep(self._random.uniform(0, self._entries_take_s))

    # What becomes of a call

    async def _read(
        self,
        name: str,
        call: Callable[[], Awaitable[Value]],
        emptied: Callable[[Any], Any] | None = None,
        symbol: str = "",
    ) -> Value:
        self._called()
        await asyncio.sleep(self._way_s())
        fault = self._fault(_READS if emptied else _ANY_CALL, symbol)
        match fault:
            case FaultKind.SERVER_ERROR | FaultKind.RATE_LIMITED | FaultKind.MAINTENANCE:
                raise ExchangeUnavailableError(f"{name}: {fault}")
            case FaultKind.LOST_REQUEST | FaultKind.LOST_ANSWER | FaultKind.LATE_REQUEST:
                await asyncio.sleep(PATIENCE_S)
                raise ExchangeUnavailableError(f"{name}: no answer")
        answer = await call()
        await asyncio.sleep(self._random.uniform(1, 9) if fault is FaultKind.LATE_ANSWER else self._way_s())
        if fault in _UNREADABLE:
            raise ExchangeUnavailableError(f"{name}: {fault}")
        if emptied is not None:
            before, self._before[name] = self._before.get(name), answer
            if fault is FaultKind.STALE_READ and before is not None:
                return before
            if fault in {FaultKind.EMPTY_READ, FaultKind.OTHER_ACCOUNT}:
                return emptied(answer)
        return answer

    async def _write(
        self,
        symbol: str,
        call: Callable[[], Awaitable[WriteOutcome]],
        client_order_id: str = "",
        further: frozenset[FaultKind] = frozenset(),
    ) -> WriteOutcome:
        self._called()
        await asyncio.sleep(self._way_s())
        fault = self._fault(_ANY_CALL | further, symbol)
        if fault in _REFUSED:
            return WriteOutcome(_REFUSED[fault], client_order_id=client_order_id, text=str(fault))
        if fault is FaultKind.PROTECTION_REFUSED:
            return WriteOutcome(WriteResult.REJECTED, client_order_id=client_order_id, code="refused", text="drawn")
        if fault is FaultKind.CANCEL_NOT_FOUND:
            return WriteOutcome(WriteResult.NOT_FOUND, text="drawn")
        sent = leaves(self._on_its_way(call, fault))
        unknown = WriteOutcome(WriteResult.UNKNOWN, client_order_id=client_order_id, text=str(fault or "no answer"))
        try:
            answer = await asyncio.wait_for(asyncio.shield(sent), PATIENCE_S)
        except TimeoutError:
            return unknown
        return unknown if answer is None else answer

    async def _on_its_way(
        self, call: Callable[[], Awaitable[WriteOutcome]], fault: FaultKind | None
    ) -> WriteOutcome | None:
        """None: no answer that says anything."""
        if fault is FaultKind.LOST_REQUEST:
            await asyncio.sleep(2 * PATIENCE_S)
            return None
        if fault is FaultKind.LATE_REQUEST:
            await asyncio.sleep(300 ** self._random.random())
        answer = await call()
        if fault is FaultKind.LOST_ANSWER:
            await asyncio.sleep(2 * PATIENCE_S)
            return None
        if fault in _UNREADABLE:
            return None
        await asyncio.sleep(self._random.uniform(1, 9) if fault is FaultKind.LATE_ANSWER else self._way_s())
        return answer

    def _fault(self, kinds: Kinds, symbol: str) -> FaultKind | None:
        window = self._weather.now(now_s(), kinds, symbol)
        if window is None:
            return None
        self._struck(window.kind, symbol)
        return window.kind

    def _way_s(self) -> float:
        return self._random.choice((0.005, 0.01, 0.02, 0.08))


class Pushes:
    """Implements `Streams` over the native ones: silent, doubled, out of order or broken while the weather says so."""

    def __init__(self, streams: NativeStreams, now_ms: Callable[[], int], weather: Weather, struck: Struck) -> None:
        self._streams = streams
        self._now_ms = now_ms
        self._weather = weather
        self._struck = struck

    def candles(self, *args: Any) -> AsyncIterator[Any]:
        return self._streams.candles(*args)

    async def account(self) -> AsyncIterator[Any]:
        held: list[Any] = []
        heard_from_ms = 0
        async for event in self._streams.account():
            symbol = getattr(getattr(event, "order", None) or event, "symbol", "")
            if event.time_ms < heard_from_ms or self._strikes(FaultKind.STREAM_SILENT, symbol):
                continue
            if self._strikes(FaultKind.STREAM_BROKEN, symbol):
                held.clear()
                yield Disconnected(self._now_ms(), "drawn")
                await asyncio.sleep(1 + event.time_ms % 20)
                heard_from_ms = self._now_ms()
                yield Connected(heard_from_ms)
                continue
            if not held and self._strikes(FaultKind.STREAM_REORDERED, symbol):
                held.append(event)
                continue
            yield event
            if self._strikes(FaultKind.STREAM_DOUBLED, symbol):
                yield event
            while held:
                yield held.pop()

    def _strikes(self, kind: FaultKind, symbol: str) -> bool:
        if self._weather.now(now_s(), _OF_STREAM[kind], symbol) is None:
            return False
        self._struck(kind, symbol)
        return True


def _nobody_s(state: AccountState) -> AccountState:
    return evolve(state, positions=(), open_orders=())


def _nothing(_: Any) -> tuple[()]:
    return ()


def _none(_: Any) -> None:
    return None
