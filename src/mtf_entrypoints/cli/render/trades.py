"""Closed trades, the story of an intent, and alarms, as tables and lines."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from mtf_core.inquiry.trades import Story, TradeTotals
from mtf_core.market import Fill, format_instant
from mtf_core.orders import Trade
from mtf_core.ports import StoredAlarm, StoredEvent
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.render.holdings import plan_cell
from mtf_entrypoints.cli.render.words import UNSEEN, age, average, money, plain, ratio
from mtf_entrypoints.cli.sheets import Sheet


def trades_table(found: tuple[Trade, ...]) -> Sheet:
    right = ("size", "entry", "exit", "net", "R net", "fees", "funding", "slip", "MFE R", "MAE R", "held")
    table = output.table(
        *("closed", "symbol", "side", "size", "entry", "exit", "net", "R net", "left by"),
        *("held", "fees", "funding", "slip", "MFE R", "MAE R", "key"),
        right=right,
        optional=("key", "slip", "MAE R", "MFE R", "funding", "fees", "held"),
    )
    for one in found:
        table.add_row(
            format_instant(one.closed_ms // 1000 * 1000),
            one.symbol,
            str(one.side),
            plain(one.size),
            average(one.entry_price),
            average(one.exit_price),
            money(one.net_usdt),
            ratio(one.r_net),
            _left_by(one),
            UNSEEN if one.holding_ms is None else age(one.holding_ms),
            money(one.fees_usdt),
            money(one.funding_usdt),
            money(_slippage(one)),
            ratio(one.mfe_r),
            ratio(one.mae_r),
            one.decision_key,
        )
    return table


def _left_by(trade: Trade) -> str:
    reason = "unknown" if trade.exit_reason is None else str(trade.exit_reason)
    return f"{reason}, booked by hand" if trade.booked_by_hand else reason


def _slippage(trade: Trade) -> Decimal | None:
    known = [one for one in (trade.entry_slippage_usdt, trade.exit_slippage_usdt) if one is not None]
    return sum(known, Decimal(0)) if known else None


def totals_lines(totals: TradeTotals, listed: int) -> Iterator[str]:
    if listed < totals.trades:
        yield f"… and {totals.trades - listed} more (--limit); the sums are of all"
    even = totals.trades - totals.won - totals.lost
    counts = f"{totals.won} won, {totals.lost} lost" + (f", {even} even" if even else "")
    rate = "" if totals.win_rate is None else f" ({totals.win_rate:.0%} won)".replace("%", " %")
    yield f"{output.counted(totals.trades, 'trade')}: {counts}{rate}"
    costs = f"fees {money(totals.fees_usdt)}, funding {money(totals.funding_usdt)}"
    yield f"net {money(totals.net_usdt)} = gross {money(totals.gross_usdt)} - {costs}"
    r = "" if totals.expectancy_r is None else f", {totals.expectancy_r:+.3f} R net"
    factor = "" if totals.profit_factor is None else f"; won {totals.profit_factor:.2f} for each 1 lost"
    yield f"expectancy {money(totals.expectancy_usdt)} a trade{r}{factor}"
    yield f"slippage {money(totals.slippage_usdt)} (above zero: worse than planned)"
    if totals.booked_by_hand:
        yield f"{output.counted(totals.booked_by_hand, 'trade')} booked by hand: executions do not show the close"


def story_head(found: Story) -> Iterator[str]:
    intent = found.intent
    if intent is None:
        yield f"{found.decision_key}: no intent was committed"
        return
    live = "live" if intent.is_live else "over"
    yield f"{intent.decision_key} ({intent.terms.profile}, run {intent.terms.run_id}): {live}"
    plan = f"planned {plan_cell(intent)}"
    targets = ", ".join(plain(one.price) for one in intent.wanted.targets)
    yield f"{plan}, targets {targets}; filled {plain(intent.filled)}, entry {intent.entry}, position {intent.position}"


def events_table(events: tuple[StoredEvent, ...]) -> Sheet:
    table = output.table("time", "event", "attempt", "details", prose=("details",), optional=("attempt",))
    for stored in events:
        event = stored.event
        details = "" if event.kind == "closed" else ", ".join(f"{name} {text}" for name, text in event.details.items())
        table.add_row(format_instant(event.venue_ms), str(event.kind), str(event.attempt), details)
    return table


def fills_table(fills: tuple[Fill, ...]) -> Sheet:
    right = ("price", "size", "fee", "profit")
    table = output.table("time", "execution", *right, "by", "order", right=right, optional=("order",))
    for fill in fills:
        by = str(fill.cause) if fill.cause != "order" else "maker" if fill.is_maker else "taker"
        does = "opens" if fill.opens else "closes"
        money = (plain(fill.fee), plain(fill.realised_profit))
        table.add_row(
            format_instant(fill.time_ms), does, plain(fill.price), plain(fill.size), *money, by, fill.order_id
        )
    return table


def trade_rows(trade: Trade) -> Iterator[tuple[str, str]]:
    yield "left by", _left_by(trade) + (f": {trade.note}" if trade.note else "")
    yield "entry", f"{average(trade.entry_price)} (planned {plain(trade.planned_entry)})"
    yield "exit", average(trade.exit_price)
    yield "gross", money(trade.gross_usdt)
    yield "fees, funding", f"{money(trade.fees_usdt)}, {money(trade.funding_usdt)}"
    yield "net", money(trade.net_usdt)
    yield "R gross, net", f"{ratio(trade.r_gross)}, {ratio(trade.r_net)}"
    yield "slippage of entry, exit", f"{money(trade.entry_slippage_usdt)}, {money(trade.exit_slippage_usdt)}"
    for name, price, percent, r in (
        ("best (MFE)", trade.mfe_price, trade.mfe_percent, trade.mfe_r),
        ("worst (MAE)", trade.mae_price, trade.mae_percent, trade.mae_r),
    ):
        seen = price is not None and percent is not None
        yield name, f"{average(price)}, {float(percent):+.3f} %, {ratio(r)} R" if seen and percent else UNSEEN
    yield "held", UNSEEN if trade.holding_ms is None else age(trade.holding_ms)


def alarms_table(found: tuple[StoredAlarm, ...], every: bool) -> Sheet:
    columns = ("raised", "ended", "alarm", "of", "what") if every else ("raised", "alarm", "of", "what")
    table = output.table(*columns, prose=("what",))
    for stored in found:
        ended = () if not every else ("stands" if stored.ended_ms is None else format_instant(stored.ended_ms),)
        alarm = stored.alarm
        table.add_row(format_instant(stored.raised_ms), *ended, str(alarm.kind), alarm.subject, alarm.text)
    return table
