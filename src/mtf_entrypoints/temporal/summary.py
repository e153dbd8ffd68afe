"""What a scheduled run leaves in its workflow's history: one screen of text, and the same as fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import asdict, frozen

from mtf_core.market import format_instant
from mtf_core.records import ReportRecord
from mtf_core.records.results import OrderStatus
from mtf_core.validation.outcome import Outcome

_MOST_SYMBOLS = 8
_MOST_REASONS = 6
_REASONS_A_LINE = 3
_MOST_WIDTH = 150
_MOST_ERRORS = 3
_MOST_ERROR_TEXT = 70
_PLACED = frozenset({OrderStatus.SUBMITTED, OrderStatus.SIMULATED})


@frozen
class Summary:
    """One run, as one reads it between two cups of coffee. Lists are cut; `counts` says how long they were."""

    run_id: str
    profile: str
    dry_run: bool
    nominal: str
    """The minute that was meant."""
    lateness_s: float
    """How long after it the run started."""
    seconds: float
    counts: Mapping[str, int]
    ready_by_tf: Mapping[str, tuple[str, ...]]
    invalid_by_tf: Mapping[str, int]
    stopped_by: Mapping[str, int]
    orders: Mapping[str, int]
    errors: tuple[str, ...]
    text: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self, value_serializer=lambda _, __, value: list(value) if isinstance(value, tuple) else value)


def summary_of(report: ReportRecord, nominal_ms: int) -> Summary:
    """The summary of a finished run that was meant for the minute of `nominal_ms`."""
    done, placed = report.summary, report.orders_placed
    with_order = {line.symbol for line in placed.orders if line.status in _PLACED} if placed is not None else set()
    ready: dict[str, list[str]] = {}
    for valid in report.last_validated:
        star = "*" if valid.symbol in with_order else ""
        ready.setdefault(str(valid.timeframe), []).append(f"{valid.symbol} {valid.side}{star}")
    invalid = {str(tf): by.get(Outcome.INVALID, 0) for tf, by in report.summary_by_tf.items()}
    stopped = sorted(((len(symbols), name) for name, symbols in report.rejected_by.items()), key=lambda one: -one[0])
    errors = [f"{error.symbol or 'account'}: {error.message}" for error in report.errors]
    lateness_s = round((report.started_at_ms - nominal_ms) / 1000, 1)
    orders = {"submitted": placed.submitted, "simulated": placed.simulated} if placed is not None else {}
    return Summary(
        run_id=report.run_id,
        profile=report.profile,
        dry_run=report.dry_run,
        nominal=format_instant(nominal_ms),
        lateness_s=lateness_s,
        seconds=round(done.seconds, 1),
        counts={
            name: getattr(done, name) for name in ("requested", "processed", "ready", "invalid", "skipped", "errors")
        },
        ready_by_tf={tf: _cut(symbols) for tf, symbols in ready.items()},
        invalid_by_tf={tf: count for tf, count in invalid.items() if count},
        stopped_by={name: count for count, name in stopped[:_MOST_REASONS]},
        orders=orders,
        errors=_cut([error[:_MOST_ERROR_TEXT] for error in errors], _MOST_ERRORS),
        text="\n".join(_lines(report, nominal_ms, lateness_s, ready, invalid, stopped, errors)),
    )


def _lines(
    report: ReportRecord,
    nominal_ms: int,
    lateness_s: float,
    ready: Mapping[str, Sequence[str]],
    invalid: Mapping[str, int],
    stopped: Sequence[tuple[int, str]],
    errors: Sequence[str],
) -> Iterable[str]:
    done, spent = report.summary, report.performance
    minute = format_instant(nominal_ms)[11:16]
    kind = "dry run" if report.dry_run else "LIVE"
    yield (
        f"run {report.run_id[:8]} {report.profile} · {kind} · minute {minute}Z, started {lateness_s:.1f} s after it · "
        f"{done.seconds:.1f} s"
    )
    share = f" ({done.ready / done.processed:.1%})".replace("%", " %") if done.processed else ""
    yield (
        f"symbols   {done.requested} requested, {done.processed} processed, {done.ready} READY{share}, "
        f"{done.invalid} INVALID, {done.skipped} skipped, {done.errors} errors"
    )
    for timeframe, symbols in ready.items():
        yield f"READY {timeframe:<3} {', '.join(_cut(symbols))}"
    if any(invalid.values()):
        yield "INVALID   " + " · ".join(f"{timeframe} {count}" for timeframe, count in invalid.items() if count)
    shown = [f"{name} {count}" for count, name in stopped[:_MOST_REASONS]]
    if len(stopped) > _MOST_REASONS:
        shown[-1] += f", +{len(stopped) - _MOST_REASONS}"
    for first in range(0, len(shown), _REASONS_A_LINE):
        yield f"{'stopped' if first == 0 else '':<9} {', '.join(shown[first : first + _REASONS_A_LINE])}"
    placed = report.orders_placed
    if placed is not None and (placed.submitted or placed.simulated or placed.refused):
        yield f"orders    {placed.submitted} submitted, {placed.simulated} simulated (*), {placed.refused} refused"
    if errors:
        yield f"errors    {'; '.join(_cut([error[:_MOST_ERROR_TEXT] for error in errors], _MOST_ERRORS))}"
    calls = ", ".join(f"{name} {count}" for name, count in spent.exchange_calls.items())
    yield f"calls     {calls or 'none'} · waited for limits {spent.rate_limit_wait_seconds:.1f} s"
    slowest = sorted(spent.stages.items(), key=lambda one: -one[1])[:3]
    yield f"slowest   {', '.join(f'{name} {seconds:.1f} s' for name, seconds in slowest)}"


def _cut(names: Sequence[str], most: int = _MOST_SYMBOLS) -> tuple[str, ...]:
    """The first ones, as many as fit on a line, and how many more there are."""
    shown, width = list[str](), 0
    for name in names[:most]:
        width += len(name) + 2
        if shown and width > _MOST_WIDTH:
            break
        shown.append(name)
    left = len(names) - len(shown)
    return (*shown, f"+{left}") if left else tuple(shown)


def result_of(report: ReportRecord, nominal_ms: int, most_errors: float) -> dict[str, Any]:
    """What the workflow of a finished run returns; `failed` says why a run that ended counts as failed all the same."""
    failure = _failure(report, most_errors)
    return summary_of(report, nominal_ms).to_json() | ({"failed": failure} if failure else {})


def _failure(report: ReportRecord, most_errors: float) -> str | None:
    if report.account_error is not None:
        return f"account_state_unknown: {report.account_error}"
    done = report.summary
    if done.requested and done.errors / done.requested > most_errors:
        return f"too_many_errors: {done.errors} of {done.requested} symbols failed"
    return None
