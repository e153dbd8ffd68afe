"""Closed trades as their events tell them, what they add up to, and the whole story of one intent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from decimal import Decimal, localcontext
from typing import Any

from attrs import frozen

from mtf_core.market import DAY_MS, Fill, format_instant
from mtf_core.orders import EventKind, Intent, Trade, UnreadableTradeError
from mtf_core.orders.trade import own_executions
from mtf_core.planning.exact import PLAN_CONTEXT
from mtf_core.ports import OrderStore, StoredAlarm, StoredEvent

_PAGE = 200
_ZERO = Decimal(0)
_R_STEP = Decimal("0.0001")
_MONEY_STEP = Decimal("0.00000001")


@frozen
class TradeSelection:
    """Which trades: of a symbol, of a profile, closed at or after an instant of the exchange; None: all."""

    symbol: str | None = None
    profile: str | None = None
    since_ms: int | None = None

    def has(self, trade: Trade) -> bool:
        return (
            self.symbol in (None, trade.symbol)
            and self.profile in (None, trade.profile)
            and (self.since_ms is None or trade.closed_ms >= self.since_ms)
        )


@frozen
class TradeTotals:
    """What trades add up to. Money is quote currency; a trade of exactly 0 net is neither won nor lost."""

    trades: int
    won: int
    lost: int
    net_usdt: Decimal
    gross_usdt: Decimal
    fees_usdt: Decimal
    funding_usdt: Decimal
    won_usdt: Decimal
    """Net of those that were won."""
    lost_usdt: Decimal
    """Net of those that were lost; below zero."""
    best_usdt: Decimal | None
    worst_usdt: Decimal | None
    expectancy_usdt: Decimal | None
    """Net of an average trade; None for no trades."""
    expectancy_r: Decimal | None
    """Net R of an average trade, of those whose R is known."""
    slippage_usdt: Decimal
    """Of entries and exits together, as far as it is known."""
    holding_ms: int | None
    """Of an average trade."""
    booked_by_hand: int

    @property
    def win_rate(self) -> float | None:
        return self.won / self.trades if self.trades else None

    @property
    def profit_factor(self) -> float | None:
        """What was won for each unit that was lost; None where nothing was lost."""
        return float(self.won_usdt / -self.lost_usdt) if self.lost_usdt else None

    def to_json(self) -> dict[str, Any]:
        return {
            "trades": self.trades,
            "won": self.won,
            "lost": self.lost,
            "win_rate": self.win_rate,
            "net_usdt": _text(self.net_usdt),
            "gross_usdt": _text(self.gross_usdt),
            "fees_usdt": _text(self.fees_usdt),
            "funding_usdt": _text(self.funding_usdt),
            "won_usdt": _text(self.won_usdt),
            "lost_usdt": _text(self.lost_usdt),
            "best_usdt": _text(self.best_usdt),
            "worst_usdt": _text(self.worst_usdt),
            "expectancy_usdt": _text(self.expectancy_usdt),
            "expectancy_r": _number(self.expectancy_r),
            "profit_factor": self.profit_factor,
            "slippage_usdt": _text(self.slippage_usdt),
            "average_holding_seconds": None if self.holding_ms is None else self.holding_ms / 1000,
            "booked_by_hand": self.booked_by_hand,
        }


def totals_of(trades: Sequence[Trade]) -> TradeTotals:
    """The sums and averages of these trades; their order does not matter."""
    with localcontext(PLAN_CONTEXT):
        nets = [trade.net_usdt for trade in trades]
        known_r = [trade.r_net for trade in trades if trade.r_net is not None]
        held = [trade.holding_ms for trade in trades if trade.holding_ms is not None]
        slipped = [amount for one in trades for amount in (one.entry_slippage_usdt, one.exit_slippage_usdt) if amount]
        net = sum(nets, _ZERO)
        return TradeTotals(
            trades=len(trades),
            won=sum(one > 0 for one in nets),
            lost=sum(one < 0 for one in nets),
            net_usdt=net,
            gross_usdt=sum((trade.gross_usdt for trade in trades), _ZERO),
            fees_usdt=sum((trade.fees_usdt for trade in trades), _ZERO),
            funding_usdt=sum((trade.funding_usdt for trade in trades), _ZERO),
            won_usdt=sum((one for one in nets if one > 0), _ZERO),
            lost_usdt=sum((one for one in nets if one < 0), _ZERO),
            best_usdt=max(nets, default=None),
            worst_usdt=min(nets, default=None),
            expectancy_usdt=(net / len(nets)).quantize(_MONEY_STEP) if nets else None,
            expectancy_r=(sum(known_r, _ZERO) / len(known_r)).quantize(_R_STEP) if known_r else None,
            slippage_usdt=sum(slipped, _ZERO),
            holding_ms=sum(held) // len(held) if held else None,
            booked_by_hand=sum(trade.booked_by_hand for trade in trades),
        )


@frozen
class Trades:
    """Trades that were asked for, the last closed first, and what all that fit add up to."""

    selection: TradeSelection
    trades: tuple[Trade, ...]
    """At most so many as were asked for."""
    totals: TradeTotals
    """Of all that fit the selection, those that are not listed included."""
    unreadable: tuple[str, ...]
    """Decision keys whose closed event tells no trade: another version wrote it, or it is damaged."""

    def to_json(self) -> dict[str, Any]:
        chosen = self.selection
        return {
            "symbol": chosen.symbol,
            "profile": chosen.profile,
            "since": _instant(chosen.since_ms),
            "trades": [trade_to_json(trade) for trade in self.trades],
            "totals": self.totals.to_json(),
            "unreadable": list(self.unreadable),
        }


def trade_to_json(trade: Trade) -> dict[str, Any]:
    """A trade: money, prices and sizes as exact text, ratios as numbers, times as instants."""
    return {
        "decision_key": trade.decision_key,
        "symbol": trade.symbol,
        "side": str(trade.side),
        "profile": trade.profile,
        "run_id": trade.run_id,
        "execution_timeframe": str(trade.execution_timeframe),
        "planned_size": _text(trade.planned_size),
        "size": _text(trade.size),
        "closed_size": _text(trade.closed_size),
        "contract_size": _text(trade.contract_size),
        "planned_entry": _text(trade.planned_entry),
        "planned_stop": _text(trade.planned_stop),
        "entry_price": _text(trade.entry_price),
        "exit_price": _text(trade.exit_price),
        "net_usdt": _text(trade.net_usdt),
        "gross_usdt": _text(trade.gross_usdt),
        "fees_usdt": _text(trade.fees_usdt),
        "funding_usdt": _text(trade.funding_usdt),
        "r_net": _number(trade.r_net),
        "r_gross": _number(trade.r_gross),
        "entry_slippage": _text(trade.entry_slippage),
        "entry_slippage_usdt": _text(trade.entry_slippage_usdt),
        "exit_slippage": _text(trade.exit_slippage),
        "exit_slippage_usdt": _text(trade.exit_slippage_usdt),
        "mfe_price": _text(trade.mfe_price),
        "mfe_percent": _number(trade.mfe_percent),
        "mfe_r": _number(trade.mfe_r),
        "mae_price": _text(trade.mae_price),
        "mae_percent": _number(trade.mae_percent),
        "mae_r": _number(trade.mae_r),
        "opened_at": _instant(trade.opened_ms),
        "closed_at": _instant(trade.closed_ms),
        "holding_seconds": None if trade.holding_ms is None else trade.holding_ms / 1000,
        "exit_reason": None if trade.exit_reason is None else str(trade.exit_reason),
        "booked_by_hand": trade.booked_by_hand,
        "note": trade.note,
    }


async def read_trades(orders: OrderStore, selection: TradeSelection, limit: int) -> Trades:
    """The trades that fit, from the closed events alone; raises `StoreError`.

    A position that was closed, and then opened again by a late execution, has several: its newest tells all of it.
    """
    fitting: list[Trade] = []
    unreadable: list[str] = []
    told: set[str] = set()
    async for stored in _closed(orders, selection):
        key = stored.event.decision_key
        if key in told:
            continue
        told.add(key)
        try:
            trade = Trade.from_details(stored.event.details)
        except UnreadableTradeError:
            unreadable.append(key)
            continue
        if selection.has(trade):
            fitting.append(trade)
    return Trades(selection, tuple(fitting[:limit]), totals_of(fitting), tuple(unreadable))


async def _closed(orders: OrderStore, selection: TradeSelection) -> AsyncIterator[StoredEvent]:
    """The closed events, the newest first, as far back as the selection may need."""
    cursor: str | None = None
    while True:
        page = await orders.events_of(EventKind.CLOSED, _PAGE, cursor, symbol=selection.symbol)
        for stored in page.items:
            if selection.since_ms is not None and stored.event.venue_ms < selection.since_ms - DAY_MS:
                return  # events are stored nearly in the order in which they happened; no trade ends after its event
            yield stored
        if page.next is None:
            return
        cursor = page.next


@frozen
class Story:
    """Everything that happened to one intent. Without an intent: it was refused before there was one."""

    decision_key: str
    symbol: str
    intent: Intent | None
    events: tuple[StoredEvent, ...]
    fills: tuple[Fill, ...]
    """Its own executions, the oldest first; a part of one is ours only as far as our size goes."""
    trade: Trade | None
    """None: it is not closed, nothing was opened, or its closed event cannot be read."""

    def to_json(self) -> dict[str, Any]:
        return {
            "decision_key": self.decision_key,
            "symbol": self.symbol,
            "intent": None if self.intent is None else intent_to_json(self.intent),
            "events": [event_to_json(one) for one in self.events],
            "fills": [_fill_to_json(fill) for fill in self.fills],
            "trade": None if self.trade is None else trade_to_json(self.trade),
        }


async def read_story(orders: OrderStore, key_or_symbol: str) -> Story | None:
    """The story of a decision key, or of a symbol's newest intent; None: the store knows nothing of it."""
    intent = await orders.intent(key_or_symbol) or await orders.last_of(key_or_symbol)
    key = key_or_symbol if intent is None else intent.decision_key
    events = await orders.events(key)
    if intent is None:
        return Story(key, events[0].event.symbol, None, events, (), None) if events else None
    first_ms = min(attempt.created_ms for attempt in intent.attempts())
    fills = await orders.fills(intent.symbol, first_ms)
    return Story(key, intent.symbol, intent, events, own_executions(intent, fills), trade_among(events))


def trade_among(events: Iterable[StoredEvent]) -> Trade | None:
    """The trade that the last closed event of a story tells."""
    closed = [one.event for one in events if one.event.kind is EventKind.CLOSED]
    try:
        return Trade.from_details(closed[-1].details) if closed else None
    except UnreadableTradeError:
        return None


def intent_to_json(intent: Intent) -> dict[str, Any]:
    """An intent as it stands: what was wanted, each attempt, and both states."""
    return {
        "decision_key": intent.decision_key,
        "symbol": intent.symbol,
        "side": str(intent.side),
        "profile": intent.terms.profile,
        "run_id": intent.terms.run_id,
        "entry_state": str(intent.entry),
        "state": str(intent.position),
        "is_live": intent.is_live,
        "size": _text(intent.wanted.size),
        "filled": _text(intent.filled),
        "held": _text(intent.progress.held),
        "leverage": _text(intent.wanted.leverage),
        "entry_price": _text(intent.terms.planned_entry),
        "first_stop": _text(intent.wanted.stop.price),
        "stop_price": _text(intent.stop.price),
        "targets": [{"price": _text(one.price), "share": float(one.share)} for one in intent.targets],
        "attempts": [
            {
                "number": attempt.number,
                "order_type": str(attempt.order_type),
                "price": _text(attempt.price),
                "size": _text(attempt.size),
                "filled": _text(attempt.filled),
                "order_id": attempt.order_id,
                "client_order_id": attempt.client_order_id,
                "created_at": _instant(attempt.created_ms),
                "sent_at": _instant(attempt.sent_ms),
                "accepted_at": _instant(attempt.accepted_ms),
            }
            for attempt in intent.attempts()
        ],
    }


def event_to_json(stored: StoredEvent) -> dict[str, Any]:
    """One event of a story: the exchange's time, this program's, and its details as text."""
    event = stored.event
    return {
        "number": stored.number,
        "kind": str(event.kind),
        "attempt": event.attempt,
        "at": format_instant(event.venue_ms),
        "noted_at": format_instant(stored.program_ms),
        "run_id": stored.run_id,
        "details": dict(event.details),
    }


def alarm_to_json(stored: StoredAlarm) -> dict[str, Any]:
    """An alarm, since when it stands, and when it ended; null: it stands."""
    return {
        "kind": str(stored.alarm.kind),
        "subject": stored.alarm.subject,
        "text": stored.alarm.text,
        "at": format_instant(stored.alarm.venue_ms),
        "raised_at": format_instant(stored.raised_ms),
        "ended_at": _instant(stored.ended_ms),
    }


def _fill_to_json(fill: Fill) -> dict[str, Any]:
    return {
        "fill_id": fill.fill_id,
        "order_id": fill.order_id,
        "at": format_instant(fill.time_ms),
        "opens": fill.opens,
        "price": _text(fill.price),
        "size": _text(fill.size),
        "fee_usdt": _text(fill.fee),
        "profit_usdt": _text(fill.realised_profit),
        "is_maker": fill.is_maker,
        "cause": str(fill.cause),
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _instant(at_ms: int | None) -> str | None:
    return None if at_ms is None else format_instant(at_ms)
