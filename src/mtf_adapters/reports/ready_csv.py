"""READY minutes as CSV: what became of each, and why."""

from __future__ import annotations

from collections.abc import Sequence

from mtf_adapters.reports.csv_text import csv_bytes
from mtf_core.market import format_instant
from mtf_core.replay.ledger import Ledger, ReadyMinute
from mtf_core.replay.report_json import money

READY_COLUMNS = (
    *("symbol", "at", "side", "timeframe", "decision_key", "fate", "reason", "facts"),
    *("entry_price", "stop_price", "size", "ended", "then_first", "then_best_r", "then_worst_r", "then_minutes"),
)


def ready_csv(ledger: Ledger) -> bytes:
    """Every READY minute: what became of it, why, and where the price went after an order that did not fill."""
    return csv_bytes(READY_COLUMNS, map(_ready_row, ledger.ready))


def _ready_row(one: ReadyMinute) -> Sequence[str | int | None]:
    plan, then = one.plan, one.afterwards
    return (
        one.symbol,
        format_instant(one.at_ms),
        str(one.side),
        str(one.timeframe),
        one.decision_key,
        str(one.fate),
        None if one.reason is None else str(one.reason),
        "; ".join(f"{name} {value}" for name, value in one.facts.items()),
        *((None, None, None) if plan is None else map(money, (plan.entry_price, plan.stop_price, plan.size))),
        one.ended,
        *((None,) * 4 if then is None else (then.first, money(then.best_r), money(then.worst_r), then.minutes)),
    )
