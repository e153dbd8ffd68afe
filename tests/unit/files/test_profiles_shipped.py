"""The four shipped profiles: their timeframes, filters, selectors and numbers, stated literally."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from mtf_adapters.files.config_dir import config_dir_in_use
from mtf_adapters.files.profiles import check_config
from mtf_core.market import Timeframe, TimeInForce
from mtf_core.rules.expressions import Test, used
from mtf_core.rules.ruleset import ContextMode
from mtf_core.settings.profile import profile_from_content
from mtf_core.settings.trade_entry import StopFrom, ZoneAnchor
from tests.unit.files.shipped import NAMES, shipped

M1, M5, M15, H1, H4 = Timeframe.M1, Timeframe.M5, Timeframe.M15, Timeframe.H1, Timeframe.H4


def test_the_shipped_files_have_no_problems_and_are_warned_of_the_risk_of_scalper_alone() -> None:
    report = check_config(config_dir_in_use())
    assert report.problems == ()
    # Facts of the source: 7 % times 10 and 12. Liquidation lies too near for a third of the budget to be lost.
    assert [(Path(item.place.file).name, item.place.path) for item in report.warnings] == [
        ("trade_entry.scalper.yaml", "risk.risk_by_timeframe.5m"),
        ("trade_entry.scalper.yaml", "risk.risk_by_timeframe.1m"),
    ]
    assert {profile.name for profile in report.profiles} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_profile_is_built_again_from_its_content(name: str) -> None:
    profile = shipped(name)
    again = profile_from_content(profile.content)
    assert (again.digest, again.rules, again.trade_entry) == (profile.digest, profile.rules, profile.trade_entry)


def test_modes_and_timeframes() -> None:
    found = {name: shipped(name).rules for name in NAMES}
    assert {
        name: (rules.mode, rules.context_timeframes, rules.execution_timeframes) for name, rules in found.items()
    } == {
        "scalper_micro": (ContextMode.PRAGMATIC, (M5,), (M1,)),
        "scalper": (ContextMode.PRAGMATIC, (H1, M15), (M5, M1)),
        "regular": (ContextMode.PRAGMATIC, (H4, H1), (M15, M5, M1)),
        "crash": (ContextMode.STRICT, (H4, H1), (M15, M5, M1)),
    }
    assert [rules.allow_1m_only_if_any for rules in found.values()] == [None] * 4


# --- filters and selectors ------------------------------------------------------------------------------------


def filters(name: str) -> list[tuple[str, set[Timeframe], set[str]]]:
    return [
        (item.test.name, set(item.timeframes), {str(side) for side in item.sides})
        for item in shipped(name).rules.filters
    ]


def test_regular_asks_of_each_side_what_speaks_for_it() -> None:
    everywhere, execution = {M1, M5, M15, H1, H4}, {M1, M5, M15}
    assert filters("regular") == [
        ("adx_min_for_trend_1h", everywhere, {"long"}),
        ("rsi_lt_70", execution, {"long"}),
        ("price_lte_ma21_plus_k_atr", execution, {"long"}),
        ("pullback_confirmed_vwap", execution, {"long"}),
        ("pullback_confirmed_ma9_21", execution, {"long"}),
        ("adx_min_for_trend_1h", everywhere, {"short"}),
        ("rsi_gt_30", execution, {"short"}),
        ("price_gte_ma21_minus_k_atr", execution, {"short"}),
        ("pullback_confirmed_vwap_short", execution, {"short"}),
        ("pullback_confirmed_ma9_21_short", execution, {"short"}),
    ]
    parameters = {item.test.name: dict(item.test.parameters) for item in shipped("regular").rules.filters}
    assert parameters["rsi_lt_70"] == {"threshold": 73}
    assert parameters["price_lte_ma21_plus_k_atr"] == {"k": 1.5}
    assert parameters["pullback_confirmed_vwap"] == {"max_distance": 0.003}
    assert parameters["pullback_confirmed_ma9_21"] == {"tolerance": 0.0005}


def test_the_other_profiles_have_at_most_one_filter() -> None:
    assert [filters(name) for name in ("scalper_micro", "scalper")] == [[], []]
    assert filters("crash") == [("rsi_lt_70", {M1, M5, M15, H1, H4}, {"long", "short"})]


def selector(name: str) -> dict[str, tuple[list[str], list[str], list[str]]] | None:
    entries = shipped(name).rules.selector
    if entries is None:
        return None
    return {
        entry.timeframe.value: (
            [shown(test) for test in entry.stay_on_if],
            [shown(test) for test in entry.drop_to_lower_if_any],
            [shown(test) for test in entry.forbid_drop_to_lower_if_any],
        )
        for entry in entries
    }


def shown(test: Test) -> str:
    name, parameters = getattr(test, "name", ""), getattr(test, "parameters", ())
    return " ".join([name, *(f"{value:g}" for _, value in parameters)])


def test_scalper_micro_has_no_selector_and_scalper_stays_unconditionally() -> None:
    assert selector("scalper_micro") is None
    assert selector("scalper") == {"5m": ([], [], []), "1m": ([], [], [])}


def test_regular_weighs_its_15m() -> None:
    assert selector("regular") == {
        "15m": (
            ["expected_r_multiple_gte 2", "entry_zone_width_pct_lte 1.3", "atr_pct_15m_lte_bps 130"],
            ["expected_r_multiple_lt 2", "atr_pct_15m_gt_bps 120", "entry_zone_width_pct_gt 1.2"],
            ["adx_5m_lt 20", "spread_bps_gt 8"],
        ),
        "5m": ([], [], []),
        "1m": ([], [], []),
    }


def test_crash_leaves_its_15m_when_the_market_is_too_fast_for_it() -> None:
    assert selector("crash") == {
        "15m": (["get_false"], ["atr_pct_15m_gt_bps 130", "spread_bps_gt 9"], []),
        "5m": ([], [], []),
        "1m": ([], [], []),
    }


def test_crash_has_no_long_side_anywhere() -> None:
    assert [rules.long for rules in shipped("crash").rules.timeframes.values()] == [None] * 5


def test_the_context_of_regular_reads_the_adx_of_1h_on_every_timeframe() -> None:
    first = shipped("regular").rules.filters[0]
    assert {str(leaf) for leaf, _ in used(first.test)} == {"1h.adx_14"}


# --- trade entry ----------------------------------------------------------------------------------------------


def by_profile(path: str) -> dict[str, object]:
    """A trade-entry value of each profile by its dotted path."""
    found: dict[str, object] = {}
    for name in NAMES:
        value: object = shipped(name).trade_entry
        for key in path.split("."):
            value = getattr(value, key)
        found[name] = value
    return found


def numbers(micro: str, scalper: str, regular: str, crash: str) -> Mapping[str, Decimal]:
    return dict(zip(NAMES, map(Decimal, (micro, scalper, regular, crash)), strict=True))


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("defaults.risk_pct_percent", ("0.5", "7", "5", "1.5")),
        ("defaults.initial_margin_usdt", ("50", "20", "40", "20")),
        ("defaults.r_multiple", ("1.32", "1.3", "2", "1")),
        ("defaults.atr_k", ("4", "1.5", "1.5", "1.5")),
        ("defaults.pivot_sl_buffer_pct", ("0.003", "0.003", "0.003", "0.003")),
        ("defaults.tp_min_keep_ratio", ("0.95", "0.95", "0.95", "0.95")),
        ("defaults.tp_max_extra_r", ("0.4", "0.5", "0.5", "0.5")),
        ("defaults.max_deviation_pct", ("0.02", "0.003", "0.005", "0.004")),
        ("defaults.implausible_pct", ("0.05", "0.02", "0.02", "0.03")),
        ("defaults.zone_max_deviation_pct", ("0.12", "0.045", "0.018", "0.03")),
        ("risk.daily_max_loss_percent", ("2.5", "6", "6", "4")),
        ("risk.daily_max_loss_usdt", ("25", "40", "30", "30")),
        ("risk.max_concurrent_positions", ("3", "6", "4", "4")),
        ("leverage.floor", ("2", "4", "2", "3")),
        ("leverage.exchange_cap", ("20", "50", "40", "40")),
        ("leverage.max_loss_pct", ("0.4", "0", "0", "0")),
        ("leverage.accept.min", ("3", "3", "3", "2")),
        ("zone.k_atr", ("0.35", "0.22", "0.3", "0.25")),
        ("zone.w_min", ("0.0005", "0.0004", "0.0005", "0.0005")),
        ("zone.w_max", ("0.014", "0.0065", "0.01", "0.008")),
        ("zone.ttl_sec", ("180", "150", "240", "120")),
        ("entry.spread_guard_bps", ("6", "6", "6", "8")),
        ("entry.slippage_guard_bps", ("8", "8", "8", "10")),
    ],
)
def test_a_number_of_trade_entry(path: str, values: tuple[str, str, str, str]) -> None:
    assert by_profile(path) == numbers(*values)


def test_choices_of_trade_entry() -> None:
    assert by_profile("defaults.stop_from") == dict(
        zip(NAMES, (StopFrom.ATR, StopFrom.PIVOT, StopFrom.ATR, StopFrom.PIVOT), strict=True)
    )
    assert by_profile("defaults.time_in_force") == dict.fromkeys(NAMES, TimeInForce.GTC)
    assert by_profile("defaults.post_only") == dict.fromkeys(NAMES, False)
    assert by_profile("zone.source") == dict(
        zip(NAMES, (ZoneAnchor.SMA21, ZoneAnchor.VWAP, ZoneAnchor.VWAP, ZoneAnchor.VWAP), strict=True)
    )
    assert by_profile("fallback_end_of_zone.enabled") == dict(zip(NAMES, (True, False, True, True), strict=True))
    assert by_profile("market_entry.enabled") == dict(zip(NAMES, (False, True, True, True), strict=True))
    assert by_profile("market_entry.adx_min_1h") == dict(
        zip(NAMES, (None, None, Decimal(20), Decimal(15)), strict=True)
    )


@pytest.mark.parametrize(
    ("name", "risk", "leverage"),
    [
        ("scalper_micro", {M1: "20"}, {M1: "1.2"}),
        ("scalper", {M5: "10", M1: "12"}, {M5: "10", M1: "12"}),
        ("regular", {M15: "1", M5: "0.75", M1: "0.5"}, {M15: "1", M5: "0.75", M1: "0.5"}),
        ("crash", {M15: "1", M5: "1.1", M1: "1.2"}, {M15: "1", M5: "1.1", M1: "1.2"}),
    ],
)
def test_multipliers_by_timeframe(name: str, risk: dict[Timeframe, str], leverage: dict[Timeframe, str]) -> None:
    entry = shipped(name).trade_entry
    assert entry.risk.risk_by_timeframe == {tf: Decimal(value) for tf, value in risk.items()}
    assert entry.leverage.leverage_by_timeframe == {tf: Decimal(value) for tf, value in leverage.items()}


def test_crash_accepts_a_range_of_leverage_and_works_on_sharper_terms() -> None:
    entry = shipped("crash").trade_entry
    assert (entry.leverage.accept.min, entry.leverage.accept.max) == (2, 25)
    crash = entry.risk.crash_mode
    assert (crash.enabled, crash.risk_pct_multiplier, crash.hard_time_stop_minutes) == (True, Decimal("0.75"), 45)


def test_leverage_caps_by_symbol() -> None:
    assert {
        name: [(cap.symbol_regex, int(cap.cap)) for cap in shipped(name).trade_entry.leverage.per_symbol_caps]
        for name in NAMES
    } == {
        "scalper_micro": [],
        "scalper": [],
        "regular": [("^BTCUSDT$", 40), ("^(ETH|BNB)USDT$", 25), ("^(NVDAXUSDT|1000RATSUSDT)$", 5)],
        "crash": [("^BTCUSDT$", 30), ("^(ETH|BNB)USDT$", 20), ("^(NVDAXUSDT|1000RATSUSDT)$", 4)],
    }


# --- what profiles share --------------------------------------------------------------------------------------


def test_contract_selection() -> None:
    assert {name: shipped(name).contracts.selection.limits.top_n for name in NAMES} == {
        "scalper_micro": 210,
        "scalper": 300,
        "regular": 300,
        "crash": 300,
    }
    selection = shipped("scalper_micro").contracts.selection
    assert selection.limits.mid_n == 0
    assert (selection.filters.quote_currency, selection.filters.status) == ("USDT", "trading")
    assert (selection.filters.min_turnover, selection.filters.mid_max_turnover) == (1_500_000, 8_000_000)
    assert (selection.filters.min_age_hours, selection.filters.require_not_expired) == (880, False)


def test_bounds_of_volatility_by_timeframe() -> None:
    thresholds = shipped("regular").indicators.atr.pct_thresholds
    assert {tf.value: (str(bounds.min), str(bounds.max)) for tf, bounds in thresholds.items()} == {
        "1m": ("0.001", "0.03"),
        "5m": ("0.001", "0.03"),
        "15m": ("0.0015", "0.03"),
        "1h": ("0.0008", "0.025"),
        "4h": ("0.0005", "0.02"),
    }


def test_scalper_micro_is_the_only_enabled_profile_and_crash_is_not_listed() -> None:
    trading = shipped("crash").trading
    assert {name: entry.enabled for name, entry in trading.profiles.items()} == {
        "scalper_micro": True,
        "scalper": False,
        "regular": False,
    }
    assert (trading.switches.busy_minutes, trading.switches.busy_again_minutes) == (5, 1)
