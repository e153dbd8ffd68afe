"""Every key of the trade-entry settings changes a plan or a preview, or is one of the named gates outside planning."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any, get_args, get_origin

import pytest
from attrs import evolve, fields, has

from mtf_core.market import OrderType, Side, Timeframe, TimeInForce
from mtf_core.planning import FactRole, FeatureFact, Skip, needed_features
from mtf_core.settings.structure import setting_types
from mtf_core.settings.trade_entry import (
    CrashModeSettings,
    EndOfZoneSettings,
    EntrySettings,
    EntryZoneOptions,
    MarketEntrySettings,
    PivotStopPolicy,
    PostValidationSettings,
    StopFallback,
    StopFrom,
    SymbolCap,
    TargetPolicy,
    TradeEntrySettings,
)
from tests.strategies import NOW_MS, PlanCase
from tests.unit.planning.examples import D, example, with_settings

GATES_ELSEWHERE = {
    "risk.daily_max_loss_usdt",
    "risk.daily_max_loss_percent",
    "risk.daily_loss_count_unrealized",
    "risk.max_concurrent_positions",
    "decision.allowed_execution_timeframes",
}
"""Guards on money and the last step of execution selection, which look at more than one trade."""


def leaves(cls: type, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for attribute in fields(cls):
        wanted = setting_types(cls)[attribute.name]
        if has(wanted):
            yield from leaves(wanted, (*path, attribute.name))
        else:
            yield (*path, attribute.name), wanted


KINDS = {".".join(path): wanted for path, wanted in leaves(TradeEntrySettings)}


def changed(settings: Any, path: str, value: Any) -> Any:
    name, _, rest = path.partition(".")
    return evolve(settings, **{name: changed(getattr(settings, name), rest, value) if rest else value})


def others(wanted: Any) -> Iterator[Any]:
    """Other values that a setting of this type may take; those out of bounds are refused when they are tried."""
    options = [option for option in get_args(wanted) if option is not NoneType] or [wanted]
    if get_origin(wanted) is dict:
        yield from ({Timeframe.M5: D("0.2")}, {Timeframe.M5: D(4)})
    elif get_origin(wanted) is tuple:
        yield (SymbolCap("TEST", D(2)),) if options[0] is SymbolCap else ()
    elif isinstance(options[0], type) and issubclass(options[0], Enum):
        yield from options[0]
    elif options[0] is bool:
        yield from (True, False)
    elif options[0] is int:
        yield from (0, 1, 2, 5, 1000)
    else:
        yield from map(Decimal, ("0.0001", "0.004", "0.3", "0.9", "1.5", "2.7", "8", "30", "90"))


def bases() -> list[PlanCase]:
    """Trades in which every mechanism is at work somewhere."""
    market = {"order_type": OrderType.MARKET, "time_in_force": TimeInForce.IOC, "market_max_spread_pct": D("0.004")}
    pivot = {"stop_from": StopFrom.PIVOT, "pivot_sl_buffer_pct": D("0.001")}
    aligned = {"tp_policy": TargetPolicy.PIVOT_CONSERVATIVE, "targets": 2, "break_even_after_tp1": True}
    terms = MarketEntrySettings(True, (Timeframe.M5,), D(20), D(25))
    upgradable = with_settings(example(market_max_spread_pct=D("0.004")), market_entry=terms)
    supervised = with_settings(example(), fallback_end_of_zone=EndOfZoneSettings(enabled=True))
    crash = CrashModeSettings(enabled=True, risk_pct_multiplier=D("0.5"), tp1_r=D(1), hard_time_stop_minutes=D(45))
    aged = example()
    aged = evolve(
        aged,
        now_ms=NOW_MS + 10_000,
        facts=evolve(
            aged.facts,
            features={role: FeatureFact(fact.value, NOW_MS - 295_000) for role, fact in aged.facts.features.items()},
        ),
    )
    markets = [
        {"adx_1h": 25.0, "split_atr": 1.0},
        {"split_atr": 1.9},
        {"adx_1h": 10.0, "split_atr": 2.1, "anchor_vwap": 99.6, "zone_atr": 0.3},
    ]
    two = with_settings(example(**aligned), entry=EntrySettings(entry_zone=EntryZoneOptions(w_min=D("0.006"))))
    splits = [two.with_features(**values) for values in markets]
    splits = [
        evolve(case, facts=evolve(case.facts, valid_timeframes=count))
        for case, count in zip(splits, (3, 1, 1), strict=True)
    ]
    zoned = with_settings(
        example(), post_validation=PostValidationSettings(entry_zone=EntryZoneOptions(k_atr=D("0.333")))
    )
    return [
        example(),
        example(Side.SHORT),
        example().with_risk(include_fees=True),
        example(initial_margin_usdt=D(0), fallback_account_balance=D(3000)),
        example().with_leverage(leverage_by_timeframe={Timeframe.M5: D(3)}),
        example(time_in_force=TimeInForce.IOC),
        example(**market),
        example(**pivot),
        example(**pivot, pivot_sl_policy=PivotStopPolicy.S3, stop_fallback=StopFallback.RISK).with_leverage(
            target=D(5)
        ),
        example(stop_from=StopFrom.RISK).with_leverage(target=D(5)),
        example(stop_from=StopFrom.RISK),
        example(**aligned),
        example(**aligned).with_features(pivot_r2=103.2),
        example(**aligned, tp_buffer_pct=D(0)).with_features(pivot_r2=103.6),
        example(**aligned, tp_buffer_pct=D("0.02")).with_features(pivot_r2=103.2),
        example(**aligned, tp1_r=D(1)),
        example(targets=2).with_risk(crash_mode=crash),
        example().with_leverage(max_loss_pct=D("0.03")),
        example().with_features(anchor_vwap=None, anchor_average=None),
        upgradable,
        supervised,
        aged,
        zoned,
        *splits,
    ]


def judged(case: PlanCase) -> tuple[object, ...]:
    """The outcome without its words, and the features that it asks for."""
    outcome = case.plan()
    needs = dict(needed_features(case.settings, case.signal.execution_timeframe))
    return (outcome.reason if isinstance(outcome, Skip) else evolve(outcome, steps=())), needs


@pytest.mark.parametrize("path", [path for path in KINDS if path not in GATES_ELSEWHERE])
def test_every_setting_changes_some_plan(path):
    wanted = KINDS[path]
    for case in bases():
        before = judged(case)
        for value in others(wanted):
            try:
                after = evolve(case, settings=changed(case.settings, path, value))
            except ValueError:
                continue  # out of the bounds of this setting
            if judged(after) != before:
                return
    pytest.fail(f"no value of {path} changes anything")


def test_the_gates_that_act_elsewhere_are_settings():
    assert set(KINDS) >= GATES_ELSEWHERE
    assert FactRole.STOP_ATR in judged(example())[1]
