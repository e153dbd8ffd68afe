"""The report of a run as a trader reads it: what is READY, then what stopped the rest, then one line."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mtf_core.market import Side, format_instant
from mtf_core.planning import OrderPlan
from mtf_core.reasons import Reason, meaning_of, stage_of
from mtf_core.runs.report import RunReport, SymbolResult, SymbolStatus
from mtf_entrypoints.cli import output

_EXAMPLES = 3
_NUMBERS = ("entry / zone", "stop", "targets", "size", "lev", "margin USDT", "risk USDT")


def print_report(report: RunReport, console: Console) -> None:
    """The whole report. Money is in USDT, sizes in contracts."""
    ready = [result for result in report.results.values() if result.status is SymbolStatus.READY]
    console.print(Text(f"{report.profile} on {report.exchange} at {format_instant(report.instant_ms)}", style="bold"))
    if ready:
        console.print(_ready_table(ready))
    else:
        console.print(_nothing_ready(report))
    if report.rejected_by:
        console.print(_reasons_table(report))
    for line in _troubles(report):
        console.print(Text(line, style="red"))
    console.print(_summary(report))


def _ready_table(ready: list[SymbolResult]) -> Table:
    table = output.table("READY", "side", "tf", *_NUMBERS, "order", right=_NUMBERS)
    # Those with an order first; within them, as the run found them.
    for result in sorted(ready, key=lambda one: one.plan is None):
        side = Text(str(result.side), style="green" if result.side is Side.LONG else "red")
        numbers = _plan_cells(result.plan) if result.plan else [""] * len(_NUMBERS)
        table.add_row(
            Text(result.symbol, style="bold"), side, str(result.execution_timeframe), *numbers, _order(result)
        )
    return table


def _plan_cells(plan: OrderPlan) -> list[str]:
    zone = f"\n{plan.zone.low:f}–{plan.zone.high:f}" if plan.zone else "\nno zone"
    targets = "\n".join(f"{target.price:f} {float(target.r):.1f}R" for target in plan.take_profits)
    return [
        f"{plan.entry_price:f}{zone}",
        f"{plan.stop_price:f}",
        targets,
        f"{plan.size:f}",
        f"{plan.leverage}x",
        f"{plan.margin_usdt:.2f}",
        f"{plan.loss_at_stop_usdt:.2f}",
    ]


def _order(result: SymbolResult) -> str:
    if result.order is None:
        return "none"
    return f"{result.order.status}: {result.order.reason}" if result.order.reason else str(result.order.status)


def _nothing_ready(report: RunReport) -> Text:
    """Says plainly what stopped most."""
    if not report.results:
        return Text("No symbol to look at: no stored contract fits the selection of mtf_contracts.", style="yellow")
    rejected = report.rejected_by
    reason, symbols = next(iter(rejected.items()))
    count, total = len(symbols), len(report.results)
    why = f"{meaning_of(Reason(reason))} ({reason})"
    return Text(f"No symbol is READY. {count} of {total} stopped here: {why}.", style="yellow")


def _reasons_table(report: RunReport) -> Table:
    table = output.table("stopped by", "symbols", "stage", "meaning", "for example", right=("symbols",))
    for name, symbols in report.rejected_by.items():
        reason = Reason(name)
        examples = ", ".join(symbols[:_EXAMPLES]) + (", …" if len(symbols) > _EXAMPLES else "")
        table.add_row(name, str(len(symbols)), str(stage_of(reason)), meaning_of(reason), examples)
    return table


def _troubles(report: RunReport) -> list[str]:
    """What went wrong, each message once with how many symbols it hit."""
    found: dict[str, list[str]] = {}
    for symbol, result in report.results.items():
        if result.error is not None:
            found.setdefault(f"{result.error.code}: {result.error.message}", []).append(symbol)
    lines = [
        f"error, {symbols[0]}{f' and {len(symbols) - 1} more' if len(symbols) > 1 else ''}: {message}"
        for message, symbols in found.items()
    ]
    if report.account_error is not None:
        lines.insert(0, f"account not read, so nothing can be placed: {report.account_error}")
    return lines


def _summary(report: RunReport) -> str:
    counts = {status: report.count(status) for status in SymbolStatus}
    plans = sum(result.plan is not None for result in report.results.values())
    parts = [
        f"{report.requested} symbols",
        f"{counts[SymbolStatus.READY]} ready ({plans} with an order plan)",
        f"{counts[SymbolStatus.INVALID]} not tradable",
        f"{counts[SymbolStatus.SKIPPED]} skipped",
        f"{counts[SymbolStatus.ERROR]} errors",
        f"{(report.finished_ms - report.started_ms) / 1000:.2f} s",
        "dry run, nothing sent" if report.dry_run else "live",
        f"run {report.run_id}",
    ]
    return ", ".join(parts)
