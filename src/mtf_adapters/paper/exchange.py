"""The account and trading side of a paper venue: the sandbox's native face, at the venue's quotes of the moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal

from mtf_adapters.paper.desk import PaperDesk
from mtf_core.market import (
    AccountState,
    Amendment,
    CashFlow,
    EntryOrder,
    ExitOrder,
    Fill,
    MarginMode,
    OpenOrder,
    OrderKind,
    PositionMode,
    ProtectiveOrder,
    WriteOutcome,
    WriteResult,
)
from mtf_core.ports import ExchangeError, FeeRates
from mtf_core.ports.trading import Priority, Trading

_LOOK_S = 2.0
"""How long a write waits for a fresh quote: an exit must not stand behind what a run reads."""


class PaperAccount:
    """Implements `Account`: reading it does not make this process the one that trades."""

    def __init__(self, desk: PaperDesk) -> None:
        self.desk = desk

    async def account_state(self) -> AccountState:
        return await (await self.desk.to_read()).account_state()


class PaperTrading:
    """Implements `Trading`. Nothing of it ever leaves this machine; before what may fill, the quote is read anew."""

    def __init__(self, desk: PaperDesk) -> None:
        self.desk = desk

    async def account_id(self) -> str:
        """Whoever asks for it is about to trade: from here on this process is the one that does."""
        return await (await self.desk.opened()).exchange.account_id()

    async def sync(self, *, priority: Priority = Priority.ACCOUNT) -> AccountState:
        return await (await self.desk.to_read()).sync(priority=priority)

    async def order(self, symbol: str, order_id: str, *, priority: Priority = Priority.ACCOUNT) -> OpenOrder | None:
        return await (await self.desk.to_read()).order(symbol, order_id, priority=priority)

    async def open_orders(
        self, symbol: str | None = None, *, priority: Priority = Priority.ACCOUNT
    ) -> tuple[OpenOrder, ...]:
        return await (await self.desk.to_read()).open_orders(symbol, priority=priority)

    async def order_history(
        self, symbol: str, from_ms: int, until_ms: int, *, priority: Priority = Priority.ACCOUNT
    ) -> tuple[OpenOrder, ...]:
        return await (await self.desk.to_read()).order_history(symbol, from_ms, until_ms, priority=priority)

    async def fills(
        self, symbol: str, from_ms: int, until_ms: int, *, priority: Priority = Priority.ACCOUNT
    ) -> tuple[Fill, ...]:
        return await (await self.desk.to_read()).fills(symbol, from_ms, until_ms, priority=priority)

    async def cash_flows(
        self, from_ms: int, until_ms: int, *, priority: Priority = Priority.ACCOUNT
    ) -> tuple[CashFlow, ...]:
        return await (await self.desk.to_read()).cash_flows(from_ms, until_ms, priority=priority)

    async def fee_rates(self, symbol: str) -> FeeRates:
        return await (await self.desk.to_read()).fee_rates(symbol)

    async def submit_entry(self, order: EntryOrder) -> WriteOutcome:
        return await self._written(lambda on: on.submit_entry(order), order.symbol, order.client_order_id)

    async def submit_exit(self, order: ExitOrder) -> WriteOutcome:
        return await self._written(lambda on: on.submit_exit(order), order.symbol, order.client_order_id)

    async def submit_protection(self, order: ProtectiveOrder) -> WriteOutcome:
        return await self._written(lambda on: on.submit_protection(order), order.symbol, order.client_order_id)

    async def amend(self, amendment: Amendment, *, priority: Priority = Priority.EXIT) -> WriteOutcome:
        return await self._written(lambda on: on.amend(amendment), amendment.symbol)

    async def cancel(
        self, symbol: str, order_id: str, kind: OrderKind, *, priority: Priority = Priority.EXIT
    ) -> WriteOutcome:
        return await self._written(lambda on: on.cancel(symbol, order_id, kind))

    async def set_leverage(self, symbol: str, leverage: Decimal, margin_mode: MarginMode) -> WriteOutcome:
        return await self._written(lambda on: on.set_leverage(symbol, leverage, margin_mode), symbol)

    async def set_position_mode(self, mode: PositionMode) -> WriteOutcome:
        return await self._written(lambda on: on.set_position_mode(mode))

    async def cancel_all_after(self, symbol: str, seconds: int) -> WriteOutcome:
        return await self._written(lambda on: on.cancel_all_after(symbol, seconds))

    async def _written(
        self, write: Callable[[Trading], Awaitable[WriteOutcome]], symbol: str = "", client_order_id: str = ""
    ) -> WriteOutcome:
        """`symbol` is looked at first; where that fails, the last quote decides, as long as it is young enough."""
        try:
            watched = await self.desk.opened()
            if symbol:
                with suppress(ExchangeError, TimeoutError):
                    async with asyncio.timeout(_LOOK_S):
                        await watched.look((symbol,))
            return await write(watched.exchange)
        except ExchangeError as error:
            # The file did not take it: what it says when it is read again is what happened.
            return WriteOutcome(WriteResult.UNKNOWN, client_order_id=client_order_id, text=str(error))
