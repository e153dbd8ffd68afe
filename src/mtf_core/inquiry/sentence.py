"""What became of a symbol in one sentence, as a trader would say it: from its record and its trace alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from mtf_core.market import Side, Timeframe, format_instant
from mtf_core.reasons import Reason, StoredReason, meaning_of, stored_reason
from mtf_core.records import DecisionRecord, LeftOut, OrderStatus
from mtf_core.records.facts import (
    ImplausibleEntry,
    OutsideEntryRange,
    OutsideZone,
    PositionsOpen,
    SizeTooSmall,
    SpreadAsRatio,
    SpreadInBps,
    WorseThanPrice,
    skip_facts,
)
from mtf_core.rules.trace import TraceNode
from mtf_core.validation.explain import number
from mtf_core.validation.outcome import Outcome
from mtf_core.validation.selection import Step
from mtf_core.validation.shortage import CandleShortage, mending
from mtf_core.validation.verdicts import DecisionTrace, TimeframeVerdict
from mtf_core.words import counted

_MOST_CAUSES = 2
_LEAST_PRICE_IN_FULL = 1000


def sentence(record: DecisionRecord, trace: DecisionTrace | None) -> str:
    """`context short (4h, 1h); 15m blocked by macd_hist_gt_eps; 5m by rsi 3.59, needs > 28`."""
    return "; ".join(_parts(record, trace))


def remedies(trace: DecisionTrace, exchange: str | None, *, final: bool) -> tuple[str, ...]:
    """What fills the holes that stopped a symbol, each once; `exchange` and `final` as in `mending`."""
    shortages = [one.shortage for one in trace.timeframes if one.shortage is not None]
    found = (mending(shortage, trace.symbol, exchange, final=final) for shortage in shortages)
    return tuple(dict.fromkeys(one for one in found if one is not None))


def _parts(record: DecisionRecord, trace: DecisionTrace | None) -> Iterator[str]:
    if trace is None:
        yield _not_evaluated(record)
        return
    verdicts = {verdict.timeframe: verdict for verdict in trace.timeframes}
    yield _context(record, trace, verdicts)
    if trace.reason is None:
        yield f"READY {trace.side} on {trace.execution_timeframe}"
        yield _order(record)
        return
    side = trace.context.side if trace.context else None
    if record.result is not None and (side is not None or trace.context is None):
        steps = {step.timeframe: step.step for step in trace.selection}
        for name in record.result.execution:
            if name in verdicts:
                yield _execution(record, verdicts[name], side, steps.get(name))
    if record.reason not in (None, str(trace.reason)):
        yield meaning_of(stored_reason(record.reason))


def _not_evaluated(record: DecisionRecord) -> str:
    meaning = meaning_of(stored_reason(record.reason)) if record.reason else record.status
    if record.unreadable is not None:
        return f"{meaning}; the rest of its record cannot be read: {record.unreadable}"
    return f"not evaluated: {meaning}"


def left_out_words(left_out: LeftOut) -> str:
    """Why the universe did not choose a listed contract: `not evaluated: its bucket was full (turnover 12.5)`."""
    numbers = ", ".join(f"{_spoken(name)} {value}" for name, value in left_out.facts.items())
    return f"not evaluated: {meaning_of(left_out.reason)}" + (f" ({numbers})" if numbers else "")


def _context(record: DecisionRecord, trace: DecisionTrace, verdicts: Mapping[Timeframe, TimeframeVerdict]) -> str:
    if trace.context is None:
        return "context skipped"
    named = record.result.context if record.result is not None else ()
    own = [verdicts[name] for name in named if name in verdicts]
    if trace.context.side is not None:
        agree = ", ".join(str(verdict.timeframe) for verdict in own if verdict.outcome.side is trace.context.side)
        return f"context {trace.context.side} ({agree})"
    told = ", ".join(f"{verdict.timeframe} {_state(record, verdict)}" for verdict in own)
    return f"no context: {told}" if told else "no context timeframe"


def _state(record: DecisionRecord, verdict: TimeframeVerdict) -> str:
    """What a timeframe says by itself."""
    match verdict.outcome:
        case Outcome.NEUTRAL:
            return "has no side"
        case Outcome.CONFLICT:
            return "holds for both sides"
        case Outcome.INVALID:
            return _invalid(verdict)
        case _:
            return f"is {verdict.outcome.side}"


def _invalid(verdict: TimeframeVerdict) -> str:
    if verdict.reason is Reason.FILTERS_MANDATORY_FAILED:
        failing = [tree for tree in verdict.filters if tree.result != "true"]
        return "fails a filter: " + ", ".join(_cause(tree) for tree in failing)
    if verdict.shortage is not None:
        return _lacks(verdict.timeframe, verdict.shortage)
    return f"is invalid: {meaning_of(verdict.reason)}" if verdict.reason else "is invalid"


def _lacks(evaluated: Timeframe, shortage: CandleShortage) -> str:
    """`has 300 of 661 candles`, with the hole before them where there is one, and how long it lasts."""
    whose = "" if shortage.timeframe is evaluated else f"{shortage.timeframe} "
    counts, until = f"{shortage.had} of {shortage.needed} {whose}candles", format_instant(shortage.usable_from_ms)
    if shortage.hole is None:
        return f"has {counts} (usable from {until})"
    missing = f"{shortage.hole.count} missing at {format_instant(shortage.hole.first_open_ms)}"
    return f"has {counts} without a hole ({missing}; unusable until {until})"


def _execution(record: DecisionRecord, verdict: TimeframeVerdict, side: Side | None, step: Step | None) -> str:
    name = verdict.timeframe
    if verdict.outcome is Outcome.INVALID:
        return f"{name} {_invalid(verdict)}"
    if verdict.outcome.side is not None and side in (None, verdict.outcome.side):
        stopped = {Step.STOPPED: "the selector stops there", Step.DROPPED: "the selector goes to a lower timeframe"}
        return f"{name} is {verdict.outcome.side}, but " + stopped.get(step or Step.NOT_REACHED, "is not selected")
    if side is None or verdict.outcome is Outcome.CONFLICT:
        return f"{name} {_state(record, verdict)}"
    tree = verdict.long if side is Side.LONG else verdict.short
    barred = [
        node
        for node, spoken_for in zip(verdict.filters, verdict.filter_sides, strict=True)
        if spoken_for == str(side) and node.result != "true"
    ]
    if tree is None:
        return f"{name} has no rules for {side}"
    blocking = barred[0] if tree.result == "true" and barred else tree
    return f"{name} blocked by {_cause(blocking)}"


def _cause(tree: TraceNode) -> str:
    """What decides a tree that does not hold: comparisons with their numbers, else the names that are not true."""
    deciding = [node for node in tree.walk() if node.decides and not any(child.decides for child in node.children)]
    told = [_comparison(node) for node in deciding if node.kind == "compare"]
    if told:
        return " and ".join(told[:_MOST_CAUSES])
    names = list(dict.fromkeys(_failing_names(tree)))
    if len(names) > _MOST_CAUSES:
        return f"{', '.join(names[:_MOST_CAUSES])} and {len(names) - _MOST_CAUSES} more"
    return " and ".join(names) or tree.label


def _failing_names(node: TraceNode) -> Iterator[str]:
    """The named conditions nearest to the root that are not true."""
    if node.result == "true":
        return
    if node.kind in ("rule", "builtin"):
        yield node.label
        return
    if node.kind == "compare":
        yield _comparison(node)
    for child in node.children:
        yield from _failing_names(child)


def _comparison(node: TraceNode) -> str:
    """`rsi 3.59, needs > 28`; a comparison that is true stands below a `not`."""
    if node.missing:
        return f"{' and '.join(node.missing)}, missing"
    left, right = (
        f"{name} {_value(node.values[name])}" if name in node.values else name for name in (node.left, node.right)
    )
    return f"{left}, {'must not be' if node.result == 'true' else 'needs'} {node.comparison} {right}"


def _value(value: float) -> str:
    """Four digits suffice to be told; a price keeps its own."""
    return number(float(f"{value:.4g}")) if abs(value) < _LEAST_PRICE_IN_FULL else number(value)


# --- the order ------------------------------------------------------------------------------------------------
def _order(record: DecisionRecord) -> str:
    plan, order = (record.result.plan, record.result.order) if record.result is not None else (None, None)
    if record.reason is None:
        status = order.status if order is not None else OrderStatus.SIMULATED
        return f"order {status} at {plan.entry_price:f}" if plan else f"order {status}"
    facts = order.facts if order is not None else {}
    return f"no order: {order_words(stored_reason(record.reason), facts)}"


def order_words(reason: StoredReason, facts: Mapping[str, str]) -> str:
    """Why there is no order, with its numbers in words; the meaning of the code where they say nothing more."""
    match skip_facts(reason, facts):
        case WorseThanPrice() as worse:
            bps, guard = _short(worse.worse_bps), worse.slippage_guard_bps
            return f"entry {worse.entry} is {bps} bps worse than the price {worse.reference}, allowed {guard}"
        case ImplausibleEntry(entry, price, limit) if price > 0:
            off = _percent(abs(entry / price - 1))
            return f"entry {entry} is {off} away from the price {price}, allowed {_percent(limit)}"
        case OutsideZone(price, low, high, allowed) if low > 0:
            return f"price {price} is {_outside(price, low, high)}, allowed {_percent(allowed)}"
        case OutsideEntryRange(price, low, high) if low > 0:
            return f"price {price} is {_outside(price, low, high)}"
        case SpreadInBps(spread, guard):
            return f"the spread is {_short(spread)} bps, allowed {guard}"
        case SpreadAsRatio(spread, widest):
            return f"the spread is {_percent(spread)}, allowed {_percent(widest)}"
        case SizeTooSmall(size, smallest):
            return f"the risk buys {_short(size)} contract{'' if size == 1 else 's'}, the smallest size is {smallest}"
        case PositionsOpen(open_, allowed):
            are = "is" if open_ == 1 else "are"
            return f"{counted(int(open_), 'position')} {are} open or about to be, {allowed} allowed"
        case _:
            return meaning_of(reason)


def _outside(price: Decimal, low: Decimal, high: Decimal) -> str:
    """How far a price lies outside the zone: `0.4 % above the zone's top 13.163`."""
    if price > high:
        return f"{_percent(price / high - 1)} above the zone's top {_short(high)}"
    if price < low:
        return f"{_percent(1 - price / low)} below the zone's bottom {_short(low)}"
    return f"in the zone {_short(low)} to {_short(high)}, and the book is not"


def _percent(ratio: Decimal) -> str:
    return f"{number(float(f'{float(ratio) * 100:.3g}'))} %"


def _short(value: Decimal) -> str:
    return number(float(value)) if len(str(value)) > len("0.00000000") else str(value)


def _spoken(name: str) -> str:
    return name.replace("_", " ")
