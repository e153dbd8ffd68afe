"""A session on one screen: what ran, what was entered, each trade, the money, and what is still open."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from rich.console import Console
from rich.text import Text

from mtf_core.inquiry.holdings import Holding
from mtf_core.inquiry.session import EntryCounts, Money
from mtf_core.inquiry.trades import TradeTotals
from mtf_core.market import FlowKind, Side, format_instant
from mtf_core.orders import Trade
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.sheets import Sheet
from mtf_entrypoints.session import Session

_CENT, _HUNDREDTH = Decimal("0.01"), Decimal("0.01")
_ROWS = {
    FlowKind.TRANSFER: "at the beginning",
    FlowKind.REALISED_PROFIT: "profit",
    FlowKind.FEE: "fees",
    FlowKind.FUNDING: "funding",
    FlowKind.LIQUIDATION: "liquidation",
}


def print_session(session: Session, console: Console) -> None:
    """The whole screen. Money is in USDT, prices in quote currency, sizes in contracts."""
    outcome = session.outcome
    span = f"{format_instant(outcome.from_ms)} to {format_instant(outcome.until_ms)}"
    console.print(Text(f"{session.profile} traded on the {session.market}, {span}", style="bold"))
    if outcome.trades.trades:
        console.print(_trades_table(outcome.trades.trades, outcome.trades.totals))
    else:
        console.print("No trade was closed.")
    for holding in outcome.holdings.positions:
        console.print(_open_line(holding))
    console.print(_runs_line(session))
    console.print(_entries_line(outcome.entries))
    if session.refused:
        console.print(f"READY and not entered: {_counts(session.refused)}")
    if session.errors:
        console.print(Text(f"ended in an error: {_counts(session.errors)}", style="red"))
    console.print(_sums_line(outcome.trades.totals))
    console.print(_money_lines(outcome.money))
    for alarm in outcome.alarms:
        standing = "stands" if alarm.ended_ms is None else "ended"
        console.print(Text(f"alarm, {standing}: {alarm.alarm.kind}: {alarm.alarm.text}", style="red"))
    if not outcome.alarms:
        console.print("No alarm was raised.")


_NUMBERS = ("size", "entry", "exit", "gross", "fees", "funding", "net", "R", "R net", "MFE R", "MAE R")


def _trades_table(trades: tuple[Trade, ...], totals: TradeTotals) -> Sheet:
    optional = ("gross", "fees", "size", "MFE R", "MAE R", "R", "closed", "funding")
    table = output.table("trade", "side", "opened", "closed", *_NUMBERS, "left by", right=_NUMBERS, optional=optional)
    for trade in sorted(trades, key=lambda one: (one.closed_ms, one.decision_key)):
        table.add_row(
            Text(trade.symbol, style="bold"),
            _side(trade.side),
            _clock(trade.opened_ms),
            _clock(trade.closed_ms),
            f"{trade.size:f}",
            _price(trade.entry_price, trade.planned_entry),
            _price(trade.exit_price, trade.planned_entry),
            _money(trade.gross_usdt),
            _money(-trade.fees_usdt),
            _money(-trade.funding_usdt),
            _coloured(trade.net_usdt),
            _ratio(trade.r_gross),
            _ratio(trade.r_net),
            _ratio(trade.mfe_r),
            _ratio(trade.mae_r),
            str(trade.exit_reason or "unknown"),
        )
    return table


def _side(side: Side) -> Text:
    return Text(str(side), style="green" if side is Side.LONG else "red")


def _clock(at_ms: int | None) -> str:
    """Hour, minute and second; a session is seldom longer than a day."""
    return "" if at_ms is None else format_instant(at_ms)[11:19]


def _price(price: Decimal | None, planned: Decimal) -> str:
    """An average, to one digit more than the grid of prices."""
    if price is None:
        return ""
    exponent = planned.as_tuple().exponent
    digits = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    return f"{round(price, digits + 1).normalize():f}"


def _money(amount: Decimal) -> str:
    return f"{amount.quantize(_CENT):+f}" if amount else "0.00"


def _coloured(amount: Decimal) -> Text:
    return Text(_money(amount), style="green" if amount > 0 else "red" if amount < 0 else "")


def _ratio(value: Decimal | None) -> str:
    return "" if value is None else f"{value.quantize(_HUNDREDTH):+f}"


def _open_line(holding: Holding) -> Text:
    position, stop = holding.position, holding.stop
    where = f"stop at {stop.trigger.price:f}" if stop is not None and stop.trigger is not None else "NO STOP"
    targets = f", {output.counted(len(holding.targets), 'target')}" if holding.targets else ""
    return Text(
        f"still open: {position.symbol} {position.side} {position.size:f} at {position.entry_price:f}, "
        f"{where}{targets}, {_money(position.unrealised_profit)} USDT unrealised",
        style="" if holding.fault is None and stop is not None else "red",
    )


def _runs_line(session: Session) -> str:
    looks = output.counted(session.looks, "look")
    return f"{output.counted(session.runs, 'run')}, {session.ready} READY, {looks} of the supervisor"


def _entries_line(entries: EntryCounts) -> str:
    ended = sum(entries.unfilled.values())
    why = f" ({_counts(entries.unfilled)})" if ended else ""
    waiting = f", {entries.waiting} waiting" if entries.waiting else ""
    held = f", {entries.not_sent} stopped by a guard before they left" if entries.not_sent else ""
    return f"{entries.submitted} entries submitted: {entries.filled} filled, {ended} ended unfilled{why}{waiting}{held}"


def _counts(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {number}" for name, number in ordered)


def _sums_line(totals: TradeTotals) -> str:
    if not totals.trades:
        return "0 trades"
    expectancy = "" if totals.expectancy_r is None else f", {_ratio(totals.expectancy_r)} R net on average"
    return (
        f"{output.counted(totals.trades, 'trade')}: {totals.won} won, {totals.lost} lost; gross "
        f"{totals.gross_usdt:+f}, fees {-totals.fees_usdt:+f}, funding {-totals.funding_usdt:+f}, net "
        f"{totals.net_usdt:+f}{expectancy}"
    )


def _money_lines(money: Money) -> str:
    """Each kind of row of the account's history, their sum, and the balance: equal to the last digit."""
    rows = ", ".join(f"{_ROWS[kind]} {_exact(amount)}" for kind, amount in money.rows.items() if amount)
    verdict = "equal to the last digit" if not money.difference else f"DIFFERENT by {_exact(money.difference)}"
    return f"account: {rows}\n  sum of its rows {_exact(money.sum_of_rows)}, balance {_exact(money.balance)}: {verdict}"


def _exact(amount: Decimal) -> str:
    """Every digit, without the zeros behind them."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
