"""A comparison of live and replay on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from rich.console import Console

from mtf_core.market import format_instant
from mtf_core.orders import Trade
from mtf_core.replay.assumed import assumptions_by
from mtf_core.replay.comparing.causes import words_of
from mtf_core.replay.comparing.comparison import Comparison
from mtf_core.replay.comparing.orders import OrderPair
from mtf_core.words import counted
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.render.words import UNSEEN, average, plain
from mtf_entrypoints.cli.sheets import Sheet

_TOLD = {"delay_minutes", "trade_through_ticks", "slippage_bps", "funding_rate"}
"""Assumptions that differences of orders hang on; --json has them all."""


def print_comparison(found: Comparison, limit: int, console: Console) -> None:
    """Decisions first: where these differ, nothing after them can be equal."""
    for line in _head(found):
        output.write_line(line)
    if found.differences:
        _print_decision_causes(found, console)
        _print_differences(found, limit, console)
    if found.pairs:
        _print_orders(found, limit, console)
        named = {one.name: one.text for one in assumptions_by(found.assumptions) if one.name in _TOLD}
        told = ", ".join(f"{name} {text}" for name, text in named.items())
        output.write_line(f"assumed: {told} (app/replay.yaml; --assume KEY=VALUE takes another)")
    for remark in found.remarks:
        output.write_line(f"note: {remark}")


def _head(found: Comparison) -> Iterator[str]:
    counts = found.counts
    span = format_instant(found.first_ms // 1000 * 1000)
    if counts.runs > 1:
        span += f" to {format_instant(found.last_ms // 1000 * 1000)}"
    yield f"{found.profile}, {counted(counts.runs, 'run')}, {span}: live beside its replay from the candles of now"
    plans = _equal(counts.plans_equal, counts.plans, "order plan")
    yield f"{_equal(counts.equal, counts.compared, 'decision')}; {plans}"
    if counts.not_decided:
        reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(counts.not_decided.items()))
        yield f"not decided by the runs, so not compared: {reasons}"


def _equal(equal: int, of: int, what: str) -> str:
    if not of:
        return f"no {what} to compare"
    share = "100" if equal == of else f"{10_000 * equal // of / 100:.2f}"  # never rounded up to 100
    return f"{equal} of {counted(of, what)} equal ({share} %)"


def _print_decision_causes(found: Comparison, console: Console) -> None:
    table = output.table(
        "why decisions or plans differ", "how many", "in words", right=("how many",), prose=("in words",)
    )
    for cause, count in found.by_cause.items():
        table.add_row(str(cause), str(count), words_of(cause))
    console.print(table)


def _print_differences(found: Comparison, limit: int, console: Console) -> None:
    table = output.table("at", "symbol", "live", "replay", "cause", "evidence", prose=("live", "replay", "evidence"))
    for one in found.differences[:limit]:
        at = format_instant(one.at_ms // 1000 * 1000)
        table.add_row(at, one.symbol, one.live.words, one.replay.words, str(one.cause), one.why)
    console.print(table)
    _tell_rest(len(found.differences), limit)


def _print_orders(found: Comparison, limit: int, console: Console) -> None:
    compared = [pair for pair in found.pairs if not pair.not_compared]
    traded = [pair for pair in compared if pair.live_trade is not None or pair.replay_trade is not None]
    if traded:
        console.print(_trades_table(traded[:limit]))
        _tell_rest(len(traded), limit)
    differing = [pair for pair in compared if pair.cause is not None]
    if differing:
        table = output.table("decided", "symbol", "live", "replay", "cause", "evidence", prose=("evidence",))
        for pair in differing[:limit]:
            row = (format_instant(pair.decided_ms), pair.symbol, str(pair.live.fate), _replay_fate(pair))
            table.add_row(*row, str(pair.cause), pair.why)
        console.print(table)
        _tell_rest(len(differing), limit)
    _print_totals(found, console)


def _trades_table(pairs: list[OrderPair]) -> Sheet:
    numbers = ("size", "entry", "exit", "slip", "fees", "R net", "net")
    optional = ("fees", "slip", "size", "opened", "closed", "R net")
    table = output.table("trade", "", "opened", "closed", *numbers, "left by", right=numbers, optional=optional)
    for pair in pairs:
        replay = None if pair.replay_trade is None else pair.replay_trade.trade
        table.add_row(pair.symbol, "live", *_cells(pair.live_trade, str(pair.live.fate), pair.live.reason))
        table.add_row(f"  {pair.side}", "replay", *_cells(replay, _replay_fate(pair), _replay_reason(pair)))
        table.add_row("", "difference", *_differences(pair, pair.live_trade, replay))
    return table


def _cells(trade: Trade | None, fate: str, reason: str) -> tuple[str, ...]:
    if trade is None:
        return (UNSEEN,) * 9 + (f"{fate} {reason}".strip(),)
    return (
        _time(trade.opened_ms),
        _time(trade.closed_ms),
        plain(trade.size),
        average(trade.entry_price),
        average(trade.exit_price),
        _signed(_slippage(trade)),
        _signed(-trade.fees_usdt),
        UNSEEN if trade.r_net is None else f"{trade.r_net:+.2f}",
        _signed(trade.net_usdt),
        "unknown" if trade.exit_reason is None else str(trade.exit_reason),
    )


def _differences(pair: OrderPair, live: Trade | None, replay: Trade | None) -> tuple[str, ...]:
    cause = "the same" if pair.cause is None else str(pair.cause)
    if live is None or replay is None:
        return ("",) * 8 + (_signed(pair.live_net - pair.replay_net), cause)
    prices = [(live.entry_price, replay.entry_price), (live.exit_price, replay.exit_price)]
    r_net = None if live.r_net is None or replay.r_net is None else live.r_net - replay.r_net
    return (
        _apart(live.opened_ms, replay.opened_ms),
        _apart(live.closed_ms, replay.closed_ms),
        plain(live.size - replay.size),
        *("" if there is None or here is None else _plain_signed(there - here) for there, here in prices),
        _signed(_slippage(live) - _slippage(replay)),
        _signed(replay.fees_usdt - live.fees_usdt),
        "" if r_net is None else f"{r_net:+.2f}",
        _signed(pair.live_net - pair.replay_net),
        cause,
    )


def _slippage(trade: Trade) -> Decimal:
    """Against the plan; above zero is worse."""
    known = (trade.entry_slippage_usdt, trade.exit_slippage_usdt)
    return sum((one for one in known if one is not None), Decimal(0))


def _signed(amount: Decimal) -> str:
    return f"{amount:+.4f}"


def _plain_signed(price: Decimal) -> str:
    """As many digits as an average shows, and never an exponent."""
    return f"{Decimal(f'{price:.8g}').normalize():+f}"


def _time(at_ms: int | None) -> str:
    return UNSEEN if at_ms is None else format_instant(at_ms // 1000 * 1000)[11:19]


def _apart(there_ms: int | None, here_ms: int | None) -> str:
    return "" if there_ms is None or here_ms is None else f"{(there_ms - here_ms) / 1000:+.0f} s"


def _replay_fate(pair: OrderPair) -> str:
    return "not_ready" if pair.replay is None else str(pair.replay.fate)


def _replay_reason(pair: OrderPair) -> str:
    return "" if pair.replay is None else str(pair.replay.reason or pair.replay.ended)


def _print_totals(found: Comparison, console: Console) -> None:
    totals = found.totals
    if not totals.keys:
        return
    output.write_line(
        f"{_equal(totals.equal, totals.keys, 'decision key')}; "
        f"sent: {totals.live_sent} live, {totals.replay_sent} replay; "
        f"trades: {totals.live_trades} live, {totals.replay_trades} replay, {totals.both_traded} in both"
    )
    table = output.table(
        "net profit", "keys", "USDT", "in words", right=("keys", "USDT"), prose=("in words",), optional=("in words",)
    )
    table.add_row("live", str(totals.live_trades), f"{totals.live_net:+f}", "trades that were really made")
    table.add_row("replay", str(totals.replay_trades), f"{totals.replay_net:+f}", "trades of the replay")
    table.add_row("difference", "", f"{totals.difference:+f}", "exactly the sum of what follows")
    for cause, share in totals.by_cause.items():
        table.add_row(f"  {cause}", str(share.keys), f"{share.usdt:+f}", words_of(cause))
    console.print(table)


def _tell_rest(there: int, limit: int) -> None:
    if there > limit:
        output.write_line(f"… and {there - limit} more (--limit; --json shows all)")
