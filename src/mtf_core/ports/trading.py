"""What the core asks of an exchange to act: reads of its own account, and writes whose answers are values.

Reads raise `ExchangeError` or one of its kinds, nothing else; an empty answer is an answer, never the form of a
failure. Writes never raise for what an exchange says or does not say: every answer, and the lack of one, is a
`WriteOutcome`. A write leaves at most once, whatever happens; nobody below this port sends it again.
"""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum
from typing import Protocol

from attrs import frozen

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
)


class Priority(IntEnum):
    """Who goes first where calls wait for a rate limit; the lower number first."""

    EXIT = 0
    ACCOUNT = 1
    ENTRY = 2
    MARKET = 3


@frozen
class FeeRates:
    """Ratios of notional, 0.0002 = 0.02 %; a negative one is a rebate."""

    maker: Decimal
    taker: Decimal


class Account(Protocol):
    """What a run reads of an account before it decides."""

    async def account_state(self) -> AccountState:
        """Balance, positions, open and trigger orders of one and the same sync."""
        ...


class Trading(Protocol):
    """One account of one exchange: the evidence of what became of orders, and the writes.

    `priority` is that of the work an answer is for: a read that an exit needs goes as early as the exit.
    """

    async def sync(self, *, priority: Priority = Priority.ACCOUNT) -> AccountState:
        """As `Account.account_state`, for those who supervise."""
        ...

    async def account_id(self) -> str:
        """The account as the exchange names it, or a digest of the key where it names none."""
        ...

    async def order(self, symbol: str, order_id: str, *, priority: Priority = Priority.ACCOUNT) -> OpenOrder | None:
        """The order, live or ended; None where the exchange says that there is none: lag and retention say so, too."""
        ...

    async def open_orders(
        self, symbol: str | None = None, *, priority: Priority = Priority.ACCOUNT
    ) -> tuple[OpenOrder, ...]:
        """Every live order, those that wait for a price included."""
        ...

    async def order_history(
        self, symbol: str, from_ms: int, until_ms: int, *, priority: Priority = Priority.ACCOUNT
    ) -> tuple[OpenOrder, ...]:
        """Ended orders that were created within [from, until], as far back as the exchange remembers."""
        ...

    async def fills(
        self, symbol: str, from_ms: int, until_ms: int, *, priority: Priority = Priority.ACCOUNT
    ) -> tuple[Fill, ...]:
        """Executions within [from, until], each once, the oldest first."""
        ...

    async def cash_flows(
        self, from_ms: int, until_ms: int, *, priority: Priority = Priority.ACCOUNT
    ) -> tuple[CashFlow, ...]:
        """Money that moved within [from, until], each row once, the oldest first."""
        ...

    async def fee_rates(self, symbol: str) -> FeeRates: ...

    async def submit_entry(self, order: EntryOrder) -> WriteOutcome:
        """Sends the order unless its deadline has passed by the exchange's time."""
        ...

    async def submit_exit(self, order: ExitOrder) -> WriteOutcome: ...

    async def submit_protection(self, order: ProtectiveOrder) -> WriteOutcome: ...

    async def amend(self, amendment: Amendment, *, priority: Priority = Priority.EXIT) -> WriteOutcome: ...

    async def cancel(
        self, symbol: str, order_id: str, kind: OrderKind, *, priority: Priority = Priority.EXIT
    ) -> WriteOutcome:
        """Cancels one order. Raises ValueError for an empty id: to some exchanges that means every order."""
        ...

    async def set_leverage(self, symbol: str, leverage: Decimal, margin_mode: MarginMode) -> WriteOutcome: ...

    async def set_position_mode(self, mode: PositionMode) -> WriteOutcome: ...

    async def cancel_all_after(self, symbol: str, seconds: int) -> WriteOutcome:
        """Has the exchange cancel the symbol's resting orders unless it is asked again in time; 0 disarms."""
        ...
