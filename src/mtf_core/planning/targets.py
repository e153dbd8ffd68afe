"""The take profits: one or two, from the R multiple, aligned with pivot levels."""

from __future__ import annotations

from decimal import Decimal, localcontext

from mtf_core.market import on_grid_at_or_above, on_grid_at_or_below
from mtf_core.planning.entry_price import Entry
from mtf_core.planning.exact import clamp
from mtf_core.planning.outcome import EntryZone, Skip, TakeProfit
from mtf_core.planning.pivots import Level, next_level
from mtf_core.planning.request import PlanRequest, StepLog
from mtf_core.planning.split import split_size
from mtf_core.planning.stop import Stop
from mtf_core.reasons import Reason
from mtf_core.settings.trade_entry import SecondTargetPolicy, TargetPolicy


def targets_of(
    request: PlanRequest, entry: Entry, stop: Stop, size: Decimal, zone: EntryZone | None, log: StepLog
) -> tuple[TakeProfit, ...] | Skip:
    """The targets, the nearest first; together they close exactly the size."""
    first = _first(request, entry.price, stop.distance, log)
    if not (first - entry.price) * request.side.sign > 0 or first <= 0:
        return log.skip(
            Reason.TARGET_NOT_AVAILABLE,
            entry=entry.price,
            target=first,
            stop_distance=stop.distance,
            tick=request.tick,
        )
    whole = (_take_profit(first, size, size, entry.price, stop.distance),)
    if request.settings.defaults.targets == 1:
        return whole
    second = _second(request, entry.price, first, stop.distance, log)
    if not (second - first) * request.side.sign > 0 or second <= 0:
        log.add("targets", "the second target is not beyond the first", 1, "", first=first, second=second)
        return whole
    parts = split_size(request, entry.price, size, zone, log)
    if parts is None:
        return whole
    return (
        _take_profit(first, parts[0], size, entry.price, stop.distance),
        _take_profit(second, parts[1], size, entry.price, stop.distance),
    )


def _take_profit(price: Decimal, part: Decimal, size: Decimal, entry: Decimal, distance: Decimal) -> TakeProfit:
    with localcontext(prec=28):
        return TakeProfit(price, part, part / size, abs(price - entry) / distance)


def _on_grid(request: PlanRequest, raw: Decimal) -> Decimal:
    """Toward the entry."""
    return on_grid_at_or_below(raw, request.tick) if request.is_long else on_grid_at_or_above(raw, request.tick)


def _sign(request: PlanRequest) -> str:
    return "+" if request.is_long else "−"


def _at(request: PlanRequest, entry: Decimal, distance: Decimal) -> Decimal:
    return _on_grid(request, entry + request.side.sign * distance)


def _first(request: PlanRequest, entry: Decimal, distance: Decimal, log: StepLog) -> Decimal:
    settings = request.settings
    if settings.defaults.targets == 2 and settings.tp1_r is not None:
        price = _at(request, entry, settings.tp1_r * distance)
        log.add(
            "tp1_price",
            f"entry {_sign(request)} tp1_r · stop_distance, toward the entry to the tick",
            price,
            "price",
            entry=entry,
            tp1_r=settings.tp1_r,
            stop_distance=distance,
        )
        return price
    r = settings.r_multiple(request.timeframe)
    base = _at(request, entry, r * distance)
    log.add(
        "tp_base",
        f"entry {_sign(request)} r · stop_distance, toward the entry to the tick",
        base,
        "price",
        entry=entry,
        r=r,
        r_multiple=settings.defaults.r_multiple,
        stop_distance=distance,
    )
    if settings.defaults.tp_policy is TargetPolicy.R_MULTIPLE:
        return base
    level = next_level(request, base, strictly=False)
    if level is None:
        log.add("tp1_price", "no pivot level at or beyond tp_base", base, "price")
        return base
    return _aligned(request, entry, distance, r, level, log)


def _aligned(
    request: PlanRequest, entry: Decimal, distance: Decimal, r: Decimal, level: Level, log: StepLog
) -> Decimal:
    """Before the level, but within [keep · r, r + extra] stop distances."""
    defaults, sign = request.settings.defaults, request.side.sign
    before = _before(request, level)
    wanted = clamp(
        (before - entry) * sign, defaults.tp_min_keep_ratio * r * distance, (r + defaults.tp_max_extra_r) * distance
    )
    price = _at(request, entry, wanted)
    shown = "−" if request.is_long else "+"
    log.add(
        "tp1_price",
        f"level · (1 {shown} tp_buffer_pct) {shown} tp_buffer_ticks · tick, within tp_min_keep_ratio · r and "
        "r + tp_max_extra_r stop distances from the entry, toward the entry to the tick",
        price,
        "price",
        level=level.price,
        level_feature=level.name,
        before_level=before,
        tp_buffer_pct=defaults.tp_buffer_pct,
        tp_buffer_ticks=defaults.tp_buffer_ticks,
        tp_min_keep_ratio=defaults.tp_min_keep_ratio,
        tp_max_extra_r=defaults.tp_max_extra_r,
        r=r,
        stop_distance=distance,
    )
    return price


def _before(request: PlanRequest, level: Level) -> Decimal:
    defaults, sign = request.settings.defaults, request.side.sign
    return level.price * (1 - sign * defaults.tp_buffer_pct) - sign * defaults.tp_buffer_ticks * request.tick


def _second(request: PlanRequest, entry: Decimal, first: Decimal, distance: Decimal, log: StepLog) -> Decimal:
    """The next pivot level beyond the first target, less its buffer; without one, 2·r."""
    if request.settings.defaults.tp2_policy is SecondTargetPolicy.PIVOT:
        sign = request.side.sign
        beyond = first
        while (level := next_level(request, beyond, strictly=True)) is not None:
            price = _on_grid(request, _before(request, level))
            if (price - first) * sign > 0:
                log.add(
                    "tp2_price",
                    "next pivot level beyond tp1, less its buffer, toward the entry to the tick",
                    price,
                    "price",
                    level=level.price,
                    level_feature=level.name,
                )
                return price
            beyond = level.price
    r = request.settings.r_multiple(request.timeframe)
    price = _at(request, entry, 2 * r * distance)
    log.add(
        "tp2_price",
        f"entry {_sign(request)} 2 · r · stop_distance, toward the entry to the tick",
        price,
        "price",
        entry=entry,
        r=r,
        stop_distance=distance,
    )
    return price
