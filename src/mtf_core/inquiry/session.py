"""What came of a stretch of trading: entries, trades, money to the last digit, and what is still open.

Entries and trades are read from the store, money from the exchange's own rows; neither is reckoned from the other, so
that they prove each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from typing import Any

from attrs import frozen

from mtf_core.inquiry.holdings import Holdings, read_holdings
from mtf_core.inquiry.trades import Trades, TradeSelection, alarm_to_json, read_trades
from mtf_core.market import FlowKind, format_instant
from mtf_core.orders import EntryState, Intent
from mtf_core.ports import OrderStore, StoredAlarm, Trading, Venue

_PAGE = 200
_MOST = 100_000
"""Trades and alarms that are listed; a stretch has fewer."""


@frozen
class EntryCounts:
    """Intents by what became of their entries; every one is counted once."""

    filled: int
    """Wholly or in part."""
    unfilled: Mapping[str, int]
    """Sent, ended, and nothing filled: by the reason."""
    waiting: int
    """On the exchange, or perhaps so, and nothing filled yet."""
    not_sent: int
    """Committed, and stopped by a guard or the leverage before anything left."""

    @property
    def submitted(self) -> int:
        """Of how many the bytes left."""
        return self.filled + sum(self.unfilled.values()) + self.waiting

    def to_json(self) -> dict[str, Any]:
        return {
            "submitted": self.submitted,
            "filled": self.filled,
            "unfilled": dict(self.unfilled),
            "waiting": self.waiting,
            "not_sent": self.not_sent,
        }


@frozen
class Money:
    """The account's balance beside the rows of its history, in quote currency."""

    rows: Mapping[FlowKind, Decimal]
    """What each kind of row adds up to; transfers are what the account began with."""
    balance: Decimal
    """What the account shows, without the profit of what is open."""
    unrealised: Decimal

    @property
    def sum_of_rows(self) -> Decimal:
        return sum(self.rows.values(), Decimal(0))

    @property
    def difference(self) -> Decimal:
        """Anything but 0: the exchange's books do not add up."""
        return self.balance - self.sum_of_rows

    def to_json(self) -> dict[str, Any]:
        return {
            "rows": {str(kind): _text(amount) for kind, amount in self.rows.items()},
            "sum_of_rows_usdt": _text(self.sum_of_rows),
            "balance_usdt": _text(self.balance),
            "difference_usdt": _text(self.difference),
            "unrealised_usdt": _text(self.unrealised),
        }


@frozen
class Outcome:
    """Everything that came of a stretch of trading, from its beginning to now, by the exchange's time."""

    from_ms: int
    until_ms: int
    entries: EntryCounts
    trades: Trades
    money: Money
    holdings: Holdings
    """What is still open, with its stops."""
    alarms: tuple[StoredAlarm, ...]
    """All that were ever raised."""

    def to_json(self) -> dict[str, Any]:
        return {
            "from": format_instant(self.from_ms),
            "until": format_instant(self.until_ms),
            "entries": self.entries.to_json(),
            **{name: value for name, value in self.trades.to_json().items() if name in {"trades", "totals"}},
            "account": self.money.to_json(),
            "open": [one.to_json() for one in self.holdings.positions],
            "alarms": [alarm_to_json(one) for one in self.alarms],
        }


async def read_outcome(venue: Venue, orders: OrderStore, trading: Trading, from_ms: int) -> Outcome:
    """What came of the account since `from_ms`; raises `PortError`."""
    holdings = await read_holdings(venue, orders)
    until_ms = holdings.account.time_ms
    return Outcome(
        from_ms,
        until_ms,
        await _entries(orders),
        await read_trades(orders, TradeSelection(since_ms=from_ms), _MOST),
        await _money(holdings, trading, from_ms, until_ms),
        holdings,
        await orders.alarms(standing=False, limit=_MOST),
    )


async def _entries(orders: OrderStore) -> EntryCounts:
    filled = waiting = not_sent = 0
    unfilled: Counter[str] = Counter()
    async for intent in _intents(orders):
        if intent.filled or intent.progress.opened:
            filled += 1
        elif not any(attempt.sent_ms is not None for attempt in intent.attempts()):
            not_sent += 1
        elif intent.is_live:
            waiting += 1
        else:
            unfilled[_why(intent)] += 1
    return EntryCounts(filled, dict(sorted(unfilled.items())), waiting, not_sent)


def _why(intent: Intent) -> str:
    if intent.progress.cancel_reason:
        return intent.progress.cancel_reason
    return "rejected" if intent.entry is EntryState.REJECTED else "expired"


async def _intents(orders: OrderStore) -> AsyncIterator[Intent]:
    cursor: str | None = None
    while True:
        page = await orders.history(_PAGE, cursor)
        for intent in page.items:
            yield intent
        if page.next is None:
            return
        cursor = page.next


async def _money(holdings: Holdings, trading: Trading, from_ms: int, until_ms: int) -> Money:
    rows = dict.fromkeys(FlowKind, Decimal(0))
    for flow in await trading.cash_flows(from_ms, until_ms):
        rows[flow.kind] += flow.amount
    unrealised = sum((one.unrealised_profit for one in holdings.account.positions), Decimal(0))
    return Money(rows, holdings.account.equity - unrealised, unrealised)


def _text(value: Decimal) -> str:
    return f"{value:f}"
