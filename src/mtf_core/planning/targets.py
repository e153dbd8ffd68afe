"""The take profits: one or two, from the R multiple, aligned with pivot levels."""

from __future__ import annotations

from decimal import Decimal

from mtf_core.market import on_grid_at_or_above, on_grid_at_or_below
from mtf_core.planning import formulas
from mtf_core.planning.costs import Trade
from mtf_core.planning.order_limits import smallest_size
from mtf_core.planning.outcome import Skip, TakeProfit
from mtf_core.planning.pivots import Level, next_level
from mtf_core.planning.request import PlanRequest, StepLog
from mtf_core.planning.split import split_size
from mtf_core.planning.zone_event import EntryZone
from mtf_core.reasons import Reason
from mtf_core.settings.trade_entry import SecondTargetPolicy, TargetPolicy


def targets_of(
    request: PlanRequest, trade: Trade, zone: EntryZone | None, log: StepLog
) -> tuple[TakeProfit, ...] | Skip:
    """The targets, the nearest first; together they close exactly the size."""
    entry, stop, size, contract = trade.entry, trade.stop, trade.size, request.contract
    first = _first(request, entry.price, stop.distance, log)
    if not (first - entry.price) * request.side.sign > 0 or first <= 0:
        return log.skip(
            Reason.TARGET_NOT_AVAILABLE,
            entry=entry.price,
            target=first,
            stop_distance=stop.distance,
            tick=request.tick,
        )
    if size < smallest_size(contract, first):
        return log.skip(
            Reason.SIZE_BELOW_MIN_VOLUME,
            size=size,
            target=first,
            notional_at_target=contract.notional(size, first),
            min_notional=contract.min_notional,
        )
    whole = (trade.target(first, size),)
    if request.settings.defaults.targets == 1:
        return whole
    second = _second(request, entry.price, first, stop.distance, log)
    if not (second - first) * request.side.sign > 0 or second <= 0:
        because = "the second target is not beyond the first"
        log.add("targets", "1", 1, "", because=because, first=first, second=second)
        return whole
    smallest = max(smallest_size(contract, min(price, stop.price)) for price in (first, second))
    parts = split_size(request, entry.price, size, smallest, zone, log)
    if parts is None:
        return whole
    return trade.target(first, parts[0]), trade.target(second, parts[1])


def _on_grid(request: PlanRequest, raw: Decimal) -> Decimal:
    """Toward the entry."""
    return on_grid_at_or_below(raw, request.tick) if request.is_long else on_grid_at_or_above(raw, request.tick)


def _at_formula(request: PlanRequest, distance: str) -> str:
    return f"down(entry + {distance}, tick)" if request.is_long else f"up(entry − {distance}, tick)"


def _at(request: PlanRequest, entry: Decimal, distance: Decimal) -> Decimal:
    return _on_grid(request, entry + request.side.sign * distance)


def _first(request: PlanRequest, entry: Decimal, distance: Decimal, log: StepLog) -> Decimal:
    settings = request.settings
    if settings.defaults.targets == 2 and settings.tp1_r is not None:
        price = _at(request, entry, settings.tp1_r * distance)
        log.add(
            "tp1_price",
            _at_formula(request, "tp1_r · stop_distance"),
            price,
            "price",
            entry=entry,
            tp1_r=settings.tp1_r,
            stop_distance=distance,
            tick=request.tick,
        )
        return price
    r = settings.r_multiple(request.timeframe)
    base = _at(request, entry, r * distance)
    log.add(
        "tp_base",
        _at_formula(request, "r · stop_distance"),
        base,
        "price",
        entry=entry,
        r=r,
        r_multiple=settings.defaults.r_multiple,
        stop_distance=distance,
        tick=request.tick,
    )
    if settings.defaults.tp_policy is TargetPolicy.R_MULTIPLE:
        return base
    level = next_level(request, base, strictly=False)
    if level is None:
        log.add("tp1_price", "tp_base", base, "price", tp_base=base, level=None)
        return base
    return _aligned(request, entry, distance, r, level, log)


def _aligned(
    request: PlanRequest, entry: Decimal, distance: Decimal, r: Decimal, level: Level, log: StepLog
) -> Decimal:
    """Before the level, but within [keep · r, r + extra] stop distances."""
    defaults, sign = request.settings.defaults, request.side.sign
    before = _before(request, level)
    wanted = formulas.aligned_distance(
        (before - entry) * sign, r, distance, defaults.tp_min_keep_ratio, defaults.tp_max_extra_r
    )
    price = _at(request, entry, wanted)
    _log_before(request, "before_level", level, before, log)
    ahead = "before_level − entry" if request.is_long else "entry − before_level"
    log.add(
        "tp1_price",
        _at_formula(
            request, f"clamp({ahead}, tp_min_keep_ratio · r · stop_distance, (r + tp_max_extra_r) · stop_distance)"
        ),
        price,
        "price",
        entry=entry,
        before_level=before,
        tick=request.tick,
        tp_min_keep_ratio=defaults.tp_min_keep_ratio,
        tp_max_extra_r=defaults.tp_max_extra_r,
        r=r,
        stop_distance=distance,
    )
    return price


def _before(request: PlanRequest, level: Level) -> Decimal:
    defaults, sign = request.settings.defaults, request.side.sign
    before = formulas.before_level(level.price, sign, defaults.tp_buffer_pct)
    return before - sign * defaults.tp_buffer_ticks * request.tick


def _log_before(request: PlanRequest, name: str, level: Level, before: Decimal, log: StepLog) -> None:
    defaults, sign = request.settings.defaults, "−" if request.is_long else "+"
    log.add(
        name,
        f"level · (1 {sign} tp_buffer_pct) {sign} tp_buffer_ticks · tick",
        before,
        "price",
        level=level.price,
        level_feature=level.name,
        tp_buffer_pct=defaults.tp_buffer_pct,
        tp_buffer_ticks=defaults.tp_buffer_ticks,
        tick=request.tick,
    )


def _second(request: PlanRequest, entry: Decimal, first: Decimal, distance: Decimal, log: StepLog) -> Decimal:
    """The next pivot level beyond the first target, less its buffer; without one, 2·r."""
    if request.settings.defaults.tp2_policy is SecondTargetPolicy.PIVOT:
        sign = request.side.sign
        beyond = first
        while (level := next_level(request, beyond, strictly=True)) is not None:
            price = _on_grid(request, _before(request, level))
            if (price - first) * sign > 0:
                before = _before(request, level)
                _log_before(request, "before_second_level", level, before, log)
                formula = "down(before_second_level, tick)" if request.is_long else "up(before_second_level, tick)"
                log.add("tp2_price", formula, price, "price", before_second_level=before, tick=request.tick)
                return price
            beyond = level.price
    r = request.settings.r_multiple(request.timeframe)
    price = _at(request, entry, 2 * r * distance)
    log.add(
        "tp2_price",
        _at_formula(request, "2 · r · stop_distance"),
        price,
        "price",
        entry=entry,
        r=r,
        stop_distance=distance,
        tick=request.tick,
    )
    return price
