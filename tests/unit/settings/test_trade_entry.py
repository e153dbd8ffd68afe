"""The trade-entry file: what it takes, what it refuses and with which words."""

from decimal import Decimal

import pytest
from attrs import evolve, fields, has

from mtf_core.market import Timeframe
from mtf_core.settings.fields import setting_of
from mtf_core.settings.nodes import ConfigNode, Problems
from mtf_core.settings.refused import without_refused
from mtf_core.settings.structure import file_key, setting_types, structure
from mtf_core.settings.trade_entry import (
    DefaultsSettings,
    EntrySettings,
    EntryZoneOptions,
    LeverageSettings,
    PostValidationSettings,
    RiskSettings,
    TradeEntrySettings,
    ZoneAnchor,
)
from mtf_core.settings.trade_entry_checks import check_trade_entry
from mtf_core.settings.trade_entry_refused import REFUSED_KEYS
from tests.unit.settings.trees import errors, outcome, warnings

D = Decimal


def read(node: ConfigNode, problems: Problems) -> TradeEntrySettings | None:
    settings = structure(TradeEntrySettings, without_refused(node, REFUSED_KEYS, problems), problems)
    if settings is not None:
        check_trade_entry(settings, node, problems)
    return settings


def sound(text: str) -> TradeEntrySettings:
    settings, problems = outcome(read, text)
    assert errors(problems) == []
    assert settings is not None
    return settings


# --- reading --------------------------------------------------------------------------------------------------
def test_an_empty_file_has_every_default():
    assert sound("{}") == TradeEntrySettings()


def test_the_defaults_contradict_nothing():
    _, problems = outcome(read, "{}")
    assert problems.items == []


def test_a_file_is_read_with_its_own_keys():
    settings = sound(
        """
        defaults:
          risk_pct_percent: 0.5
          r_timeframe_multipliers: {1m: 1.2}
          stop_from: pivot
          pivot_sl_policy: strongest
          atr_timeframe: 5m
          time_in_force: gtc
          post_only: false
        risk:
          daily_max_loss_percent: 2.5
          risk_by_timeframe: {1m: 20}
          crash_mode: {enabled: true, risk_pct_multiplier: 0.75}
        leverage:
          leverage_by_timeframe: {1m: 1.2}
          per_symbol_caps:
            - {symbol_regex: ^BTCUSDT$, cap: 40}
          accept: {min: 2, max: 15}
        decision: {allowed_execution_timeframes: [5m, 1m]}
        entry:
          entry_zone: {from: sma21, ttl_sec: 180}
        post_validation:
          entry_zone: {k_atr: 0.22, ttl_sec: 240}
        """
    )
    assert settings.risk_ratio(Timeframe.M1) == D("0.005") * 20 * D("0.75")
    assert settings.risk_ratio(Timeframe.M5) == D("0.00375")
    assert settings.r_multiple(Timeframe.M1) == D("2.4")
    assert settings.leverage.per_symbol_caps[0].cap == 40
    assert (settings.zone.source, settings.zone.k_atr, settings.zone.ttl_sec) == (ZoneAnchor.SMA21, D("0.22"), 180)
    assert settings.decision.allowed_execution_timeframes == (Timeframe.M5, Timeframe.M1)


def test_the_entry_section_wins_over_post_validation_key_by_key():
    settings = TradeEntrySettings(
        entry=EntrySettings(entry_zone=EntryZoneOptions(w_min=D("0.001"), allow_open_zone=False)),
        post_validation=PostValidationSettings(
            entry_zone=EntryZoneOptions(w_min=D("0.002"), w_max=D("0.003"), allow_open_zone=True)
        ),
    )
    assert settings.zone.w_min == D("0.001")
    assert settings.zone.w_max == D("0.003")
    assert settings.zone.allow_open_zone is False  # said, so it counts


def test_the_zones_atr_has_the_timeframe_of_the_anchor_unless_set():
    assert EntryZoneOptions().offset_atr_tf is None
    settings = TradeEntrySettings(
        entry=EntrySettings(entry_zone=EntryZoneOptions(anchor_timeframe=Timeframe.M15)),
    )
    assert settings.zone.offset_atr_tf is Timeframe.M15


# --- refusing -------------------------------------------------------------------------------------------------
def test_every_wrong_key_is_reported_at_once_with_its_place():
    _, problems = outcome(
        read,
        """
        defaults:
          risk_pct_percent: 200
          min_stop_distance_pct: 5
          stop_from: atrr
          tp_buffer_ticks: 0.5
          atr_kk: 3
        leverage:
          floor: "2"
        """,
    )
    shown = errors(problems)
    assert len(shown) == 6
    assert any("test.yaml:3: defaults.risk_pct_percent" in line and "≤ 100" in line for line in shown)
    assert any("defaults.min_stop_distance_pct" in line and "a ratio" in line for line in shown)
    assert any("defaults.stop_from" in line and "did you mean 'atr'" in line for line in shown)
    assert any("unknown key 'atr_kk'" in line and "did you mean 'atr_k'" in line for line in shown)


def test_no_refused_key_is_known():
    known = set(_paths(TradeEntrySettings))
    assert not known & set(REFUSED_KEYS)
    assert not [path for path in known if any(path.startswith(f"{refused}.") for refused in REFUSED_KEYS)]


def _paths(cls: type, prefix: str = "") -> list[str]:
    found = []
    for attribute in fields(cls):
        path = f"{prefix}{file_key(attribute)}"
        wanted = setting_types(cls)[attribute.name]
        found += _paths(wanted, f"{path}.") if has(wanted) else [path]
    return found


def test_every_setting_is_documented_and_its_default_is_within_its_bounds():
    def check(cls: type) -> None:
        for attribute in fields(cls):
            described = setting_of(attribute)
            assert described.doc, attribute.name
            wanted = setting_types(cls)[attribute.name]
            if has(wanted):
                check(wanted)
            elif isinstance(attribute.default, Decimal):
                assert described.admits(attribute.default), attribute.name

    check(TradeEntrySettings)


def test_ratios_and_percents_bear_their_names():
    """`_pct` is a ratio with a bound of 1 or less, `_percent` a percent."""

    def check(cls: type) -> None:
        for attribute in fields(cls):
            wanted, described = setting_types(cls)[attribute.name], setting_of(attribute)
            if has(wanted):
                check(wanted)
            elif attribute.name.endswith("_pct"):
                assert described.unit == "ratio", attribute.name
                assert described.le is not None, attribute.name
                assert described.le <= 1, attribute.name
            elif attribute.name.endswith("_percent"):
                assert described.unit == "percent", attribute.name

    check(TradeEntrySettings)


# --- contradictions -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (
            "defaults: {risk_pct_percent: 50}\nrisk: {risk_by_timeframe: {5m: 3}}",
            "risk.risk_by_timeframe.5m",
            "the risk of a trade on 5m is 1.5 of the budget",
        ),
        ("defaults: {initial_margin_usdt: 0}", "defaults.initial_margin_usdt", "neither"),
        (
            "defaults: {initial_margin_usdt: 0, fallback_account_balance: 9}\nleverage: {max_loss_pct: 0.1}",
            "leverage.max_loss_pct",
            "initial_margin_usdt, which is 0",
        ),
        ("leverage: {floor: 5, exchange_cap: 4}", "leverage.exchange_cap", "below the floor"),
        ("leverage: {accept: {min: 5, max: 4}}", "leverage.accept.max", "max 4 < min 5"),
        ("leverage: {exchange_cap: 2}", "leverage", "no leverage is both"),
        ("leverage: {floor: 5, accept: {max: 4}}", "leverage.accept.max", "below the floor"),
        (
            "leverage: {per_symbol_caps: [{symbol_regex: BTC, cap: 3}, {symbol_regex: '([', cap: 3}]}",
            "leverage.per_symbol_caps[1].symbol_regex",
            "'(['",
        ),
        ("entry: {entry_zone: {w_min: 0.02}}", "entry.entry_zone.w_min", "w_min 0.02 exceeds w_max 0.0100"),
        ("post_validation: {entry_zone: {w_min: 0.02}}", "post_validation.entry_zone.w_min", "exceeds"),
        (
            "entry: {entry_zone: {ttl_sec: 20}}",
            "test.yaml:1",
            "25 s is not below the zone's life of 20 s",
        ),
        ("defaults: {order_type: market}", "defaults", "post_only: true beside order_type: market"),
        ("defaults: {time_in_force: ioc, post_only: true}", "defaults.post_only", "beside time_in_force: ioc"),
        ("defaults: {time_in_force: fok}", "defaults", "set post_only: false or time_in_force: gtc"),
        ("market_entry: {enabled: true}", "market_entry.enabled", "is empty"),
    ],
)
def test_contradictions_are_errors_at_their_key(text, place, words):
    _, problems = outcome(read, text)
    assert len(errors(problems)) == 1, errors(problems)
    assert place in errors(problems)[0]
    assert words in errors(problems)[0]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("entry: {entry_zone: {from: vwap, vwap_anchor: false}}", "entry.entry_zone.vwap_anchor"),
        ("defaults: {tp1_r: 1}", "defaults.tp1_r"),
        ("defaults: {break_even_after_tp1: true}", "defaults.break_even_after_tp1"),
        ("risk: {crash_mode: {enabled: true, tp1_r: 1}}", "risk.crash_mode.tp1_r"),
        ("defaults: {stop_from: atr}\nleverage: {target: 5}", "leverage.target"),
        ("defaults: {max_deviation_pct: 0.03}", "defaults.max_deviation_pct"),
        (
            "defaults: {order_type: market, post_only: false}\n"
            "market_entry: {enabled: true, allowed_execution_timeframes: [1m]}",
            "market_entry.enabled",
        ),
    ],
)
def test_settings_that_cannot_act_are_warned_of(text, place):
    _, problems = outcome(read, text)
    assert errors(problems) == []
    assert [place in line for line in warnings(problems)] == [True]


# --- settings built in code -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"defaults": DefaultsSettings(atr_k=D(-1))}, "defaults.atr_k: found -1"),
        ({"defaults": DefaultsSettings(r_multiple=D("NaN"))}, "defaults.r_multiple: found NaN"),
        ({"risk": RiskSettings(min_liquidation_ratio=D("Infinity"))}, "risk.min_liquidation_ratio"),
        (
            {"leverage": LeverageSettings(leverage_by_timeframe={Timeframe.M5: D(0)})},
            "leverage.leverage_by_timeframe.5m: found 0",
        ),
    ],
)
def test_settings_out_of_bounds_cannot_be_built(sections, words):
    with pytest.raises(ValueError, match=words):
        TradeEntrySettings(**sections)


def test_settings_are_values():
    assert evolve(TradeEntrySettings(), risk=RiskSettings()) == TradeEntrySettings()
