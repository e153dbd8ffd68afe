"""Small profiles around hand-made rules, and markets whose closes say what the rules shall find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
from attrs import evolve

from mtf_core.market import Candles, CandleStack, Side, Timeframe
from mtf_core.rules.expressions import AllOf, Compare, Comparison, Feature, Named, Number, Test
from mtf_core.rules.ruleset import ContextMode, Filter, RuleSet, SelectorEntry, TimeframeRules
from mtf_core.settings.profile import Profile
from mtf_core.validation.compiled_profile import compile_profile
from mtf_core.validation.decide import Decider
from mtf_core.validation.decision import DecisionBatch
from mtf_core.validation.resolve import DecideOptions
from mtf_core.validation.window import window_at
from tests.market_strategies import START_MS
from tests.unit.files.shipped import shipped

M1, M5, M15, H1, H4, D1 = Timeframe
AT_MS = START_MS + 86_400_000


def compare(feature: str, op: str, number: float, ago: int = 0, timeframe: Timeframe | None = None) -> Compare:
    return Compare(Comparison(op), Feature(feature, ago, timeframe), Number(float(number)))


LONG_ABOVE, SHORT_BELOW = 100.0, 110.0
"""Closes: below 100 only short holds, above 110 only long; between them both, unless volume is 0: then neither."""

ACTIVE = compare("volume", ">", 0)


def both_sides(timeframe: Timeframe) -> TimeframeRules:
    return TimeframeRules(
        timeframe,
        long=AllOf((compare("close", ">", LONG_ABOVE), ACTIVE)),
        short=AllOf((compare("close", "<", SHORT_BELOW), ACTIVE)),
    )


def filter_of(test: Test, timeframes: Sequence[Timeframe], sides: Sequence[Side] = tuple(Side)) -> Filter:
    return Filter(Named("filter", test), frozenset(timeframes), frozenset(sides))


def profile_of(
    context: tuple[Timeframe, ...] = (H1,),
    execution: tuple[Timeframe, ...] = (M15, M5, M1),
    *,
    mode: ContextMode = ContextMode.PRAGMATIC,
    rules: Mapping[Timeframe, TimeframeRules] | None = None,
    allowed: tuple[Timeframe, ...] = (),
    **more: Any,
) -> Profile:
    """scalper_micro with other rules; nothing needs more than a candle unless a rule says so."""
    base = shipped("scalper_micro")
    timeframes = rules if rules is not None else {tf: both_sides(tf) for tf in {*context, *execution}}
    decision = evolve(base.trade_entry.decision, allowed_execution_timeframes=allowed)
    return evolve(
        base,
        rules=RuleSet(mode, context, execution, timeframes, **more),
        trade_entry=evolve(base.trade_entry, decision=decision),
        indicators=evolve(base.indicators, warmup_tolerance=Decimal("0.5")),
    )


CLOSES = {"LONG": 120.0, "SHORT": 90.0, "CONFLICT": 105.0, "NEUTRAL": 105.0}


def candles(timeframe: Timeframe, said: str, at_ms: int = AT_MS, count: int = 40) -> Candles:
    """Candles up to an instant, on which the rules of `both_sides` find that outcome; INVALID: none at all."""
    if said == "INVALID":
        return Candles.empty(timeframe)
    last = timeframe.last_closed_open(at_ms)
    times = np.arange(last - (count - 1) * timeframe.ms, last + 1, timeframe.ms, dtype=np.int64)
    close = np.full(count, CLOSES[said])
    volume = np.full(count, 0.0 if said == "NEUTRAL" else 5.0)
    return Candles.checked(timeframe, times, close, close, close, close, volume)


def decided(
    profile: Profile,
    said: Sequence[Mapping[Timeframe, str]] = (),
    options: DecideOptions | None = None,
    spread_bps: Mapping[str, float] | None = None,
    series: Sequence[Mapping[Timeframe, Candles]] = (),
) -> DecisionBatch:
    """Decides symbols S0, S1, … that each have these outcomes (or these candles), all at once."""
    compiled = compile_profile(profile)
    rows = [*series] or [
        {tf: candles(tf, outcomes.get(tf, "NEUTRAL")) for tf in {**compiled.plan_needs, **compiled.needs}}
        for outcomes in said
    ]
    stacks: dict[Timeframe, CandleStack] = {}
    for timeframe, need in compiled.needs.items():
        window = window_at(timeframe, need, AT_MS, "UTC")
        stacks[timeframe] = window.stack({f"S{row}": one[timeframe] for row, one in enumerate(rows)})
    return Decider(compiled).decide(stacks, AT_MS, None, options, spread_bps)


@cache
def crossing() -> Profile:
    """Rules on every timeframe that read features of lower and of higher ones, and a selector that does."""
    rules = {
        H1: TimeframeRules(
            H1,
            long=AllOf((compare("rsi_5", ">", 40), compare("rsi_5", ">", 45, 1, M5))),
            short=compare("rsi_5", "<", 55, 0, M1),
        ),
        M5: TimeframeRules(M5, long=compare("rsi_5", ">", 45), short=compare("adx_2", ">", 20, 3, H1)),
        M1: TimeframeRules(M1, long=compare("close", ">", 0), short=compare("ema_9", ">", 0, 2, M15)),
    }
    entry = SelectorEntry(M5, (compare("rsi_5", ">", 50, 2, H1),), (compare("adx_2", ">", 10, 1, M15),), ())
    return profile_of((H1,), (M5, M1), rules=rules, selector=(entry,))
