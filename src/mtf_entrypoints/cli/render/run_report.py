"""The report of a run as a trader reads it: what is READY, then what stopped the rest, then one line."""

from __future__ import annotations

from collections import Counter

from rich.console import Console
from rich.text import Text

from mtf_core.market import Side, format_instant
from mtf_core.planning import OrderPlan
from mtf_core.reasons import Reason, meaning_of, stage_of
from mtf_core.records import OrderStatus, SymbolStatus
from mtf_core.runs.report import RunReport, SymbolResult
from mtf_core.validation.shortage import mending
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.sheets import Sheet, folded_code

_EXAMPLES = 3
_NUMBERS = ("entry\nzone", "stop", "targets", "net R\nwins", "size", "lev", "margin\nUSDT", "risk\nUSDT")
"""`net R` is what the plan wins after fees in units of what its stop loses; below it how often it must win to pay."""
_SHOWN_CARRIED = 5
_SHOWN_SHORTAGES = 6


def print_report(report: RunReport, where: str, console: Console) -> None:
    """The whole report; `where` names the market. Money is in USDT, sizes in contracts."""
    ready = [result for result in report.results.values() if result.status is SymbolStatus.READY]
    console.print(Text(f"{report.profile} on the {where} at {format_instant(report.instant_ms)}", style="bold"))
    planned = [result for result in ready if result.plan is not None]
    if planned:
        console.print(_planned_table(planned))
    for unplanned in _unplanned_lines([result for result in ready if result.plan is None]):
        console.print(unplanned)
    if not ready:
        console.print(_nothing_ready(report))
    if report.rejected_by:
        console.print(_reasons_table(report))
    for shortage in _shortage_lines(report):
        console.print(shortage)
    if report.left_out:
        console.print(_left_out(report))
    if report.carried:
        console.print(_carried(report))
    for line in _troubles(report):
        console.print(Text(line, style="red"))
    console.print(_summary(report))


def _planned_table(planned: list[SymbolResult]) -> Sheet:
    optional = ("targets", "net R\nwins", "risk\nUSDT", "margin\nUSDT", "lev")
    table = output.table("READY", "side", "tf", *_NUMBERS, "order", right=_NUMBERS, optional=optional)
    # Those whose order would go out first; within them, as the run found them.
    for result in sorted(planned, key=lambda one: one.reason is not None):
        side = Text(str(result.side), style="green" if result.side is Side.LONG else "red")
        assert result.plan is not None
        symbol, timeframe = Text(result.symbol, style="bold"), str(result.execution_timeframe)
        table.add_row(symbol, side, timeframe, *_plan_cells(result.plan), folded_code(_order(result)))
    return table


def _unplanned_lines(unplanned: list[SymbolResult]) -> list[Text]:
    """READY symbols that got no order plan, by the reason."""
    by_reason: dict[str, list[str]] = {}
    for result in unplanned:
        name = f"{result.symbol} ({result.side} {result.execution_timeframe})"
        by_reason.setdefault(_order(result), []).append(name)
    return [
        Text.assemble((f"READY without a plan, {reason}: ", "yellow"), ", ".join(names), "\n")
        for reason, names in by_reason.items()
    ]


def _plan_cells(plan: OrderPlan) -> list[str]:
    zone = f"\n{plan.zone.low:f} to\n{plan.zone.high:f}" if plan.zone else "\nno zone"
    targets = "\n".join(f"{target.price:f}\n{float(target.r):.1f} R" for target in plan.take_profits)
    return [
        f"{plan.entry_price:f}{zone}",
        f"{plan.stop_price:f}",
        targets,
        f"{float(plan.costs.net_r):.2f}\n> {float(plan.costs.break_even_win_rate):.0%}",
        f"{plan.size:f}",
        f"{plan.leverage}x",
        f"{plan.margin_usdt:.2f}",
        f"{plan.loss_at_stop_usdt:.2f}",
    ]


def _order(result: SymbolResult) -> str:
    if result.order is None:
        return "none"
    return str(result.order.reason or result.order.status)


def _nothing_ready(report: RunReport) -> Text:
    """Says plainly what stopped most."""
    if not report.results:
        return Text("No symbol to look at: no stored contract fits the selection of mtf_contracts.", style="yellow")
    rejected = report.rejected_by
    reason, symbols = next(iter(rejected.items()))
    count, total = len(symbols), len(report.results)
    why = f"{meaning_of(Reason(reason))} ({reason})"
    return Text(f"No symbol is READY. {count} of {total} stopped here: {why}.", style="yellow")


def _reasons_table(report: RunReport) -> Sheet:
    """The reasons with their counts; examples and meanings only as far as the terminal is wide."""
    table = output.table(
        "stopped by", "symbols", "stage", "meaning", right=("symbols",), prose=("meaning",), optional=("stage",)
    )
    for name, symbols in report.rejected_by.items():
        reason = Reason(name)
        examples = ", ".join(symbols[:_EXAMPLES]) + (", …" if len(symbols) > _EXAMPLES else "")
        table.add_row(name, str(len(symbols)), str(stage_of(reason)), f"{meaning_of(reason)}: {examples}")
    return table


def _shortage_lines(report: RunReport) -> list[Text]:
    """What symbols lack of their candles: in numbers, for how long, and what fills a hole."""
    lines = []
    for group in report.shortages[:_SHOWN_SHORTAGES]:
        symbols = list(group.by_symbol)
        names = ", ".join(symbols[:_EXAMPLES]) + (", …" if len(symbols) > _EXAMPLES else "")
        count = f"{output.counted(len(symbols), 'symbol')}, {names}" if len(symbols) > 1 else names
        lines.append(Text(f"{group.in_words}: {count}", style="yellow"))
        mend = mending(
            group.last, names if len(symbols) == 1 else None, report.exchange, final=report.candles_are_final
        )
        if mend is not None:
            lines.append(Text(f"  to mend it: {mend}"))
    if len(report.shortages) > _SHOWN_SHORTAGES:
        lines.append(
            Text(f"… and {output.counted(len(report.shortages) - _SHOWN_SHORTAGES, 'more shortage')} (--json)")
        )
    return lines


def _left_out(report: RunReport) -> Text:
    """Listed contracts that the run did not look at, by the reason."""
    counts = Counter(str(skip.reason) for skip in report.left_out.values())
    reasons = ", ".join(f"{reason} {count}" for reason, count in counts.most_common())
    return Text(f"Not looked at, of {len(report.left_out) + report.requested} listed contracts: {reasons}")


def _carried(report: RunReport) -> Text:
    """Which symbols rest on candles that nobody traded."""
    counts = [f"{symbol} ({count})" for symbol, count in sorted(report.carried.items())]
    more = f" and {len(counts) - _SHOWN_CARRIED} more" if len(counts) > _SHOWN_CARRIED else ""
    shown = ", ".join(counts[:_SHOWN_CARRIED])
    return Text(f"candles without trades that carry the close before them (no_trade: carry): {shown}{more}")


def _troubles(report: RunReport) -> list[str]:
    """What went wrong, each message once with how many symbols it hit."""
    found: dict[str, list[str]] = {}
    for symbol, result in report.results.items():
        if result.error is not None:
            found.setdefault(f"{result.error.code}: {result.error.message}", []).append(symbol)
        if result.order is not None and result.order.status is OrderStatus.ERROR:
            failure = "{code}: {message}".format_map({"code": "", "message": "", **result.order.facts})
            found.setdefault(f"order not sent, {failure}", []).append(symbol)
    lines = [
        f"error, {symbols[0]}{f' and {len(symbols) - 1} more' if len(symbols) > 1 else ''}: {message}"
        for message, symbols in found.items()
    ]
    if report.account_error is not None:
        lines.insert(0, f"account not read, so nothing can be placed: {report.account_error}")
    return lines


def _sent(report: RunReport) -> str:
    """How many orders were sent, and how many were to be and were not."""
    statuses = Counter(result.order.status for result in report.results.values() if result.order is not None)
    kept = sum(statuses.values()) - statuses[OrderStatus.SUBMITTED]
    return f"{output.counted(statuses[OrderStatus.SUBMITTED], 'order')} sent, {kept} not"


def _summary(report: RunReport) -> str:
    counts = {status: report.count(status) for status in SymbolStatus}
    plans = sum(result.plan is not None for result in report.results.values())
    parts = [
        output.counted(report.requested, "symbol"),
        f"{counts[SymbolStatus.READY]} ready ({plans} with an order plan)",
        f"{counts[SymbolStatus.INVALID]} not tradable",
        f"{counts[SymbolStatus.SKIPPED]} skipped",
        output.counted(counts[SymbolStatus.ERROR], "error"),
        f"{(report.finished_ms - report.started_ms) / 1000:.2f} s",
        "dry run, nothing sent" if report.dry_run else _sent(report),
        f"run {report.run_id}",
    ]
    return ", ".join(parts)
