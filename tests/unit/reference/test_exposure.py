"""A converted file never lets more be lost than its source without saying so first."""

from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from attrs import evolve

from mtf_adapters.reference import FindingKind, import_file
from mtf_adapters.reference.exposure import report_looser_limits
from mtf_adapters.reference.findings import Findings
from mtf_core.market import Timeframe
from mtf_core.settings.nodes import ConfigNode, Problems
from mtf_core.settings.structure import structure
from mtf_core.settings.trade_entry import TradeEntrySettings
from tests.unit.files.shipped import NAMES
from tests.unit.reference.samples import CONFIG, about, convert_text, imported, of_kind, plain, tree

SOURCE = """
defaults: {risk_pct_percent: 2, initial_margin_usdt: 50, k_dynamic: 5, timeframe_multipliers: {5m: 0.5},
           market_max_spread_pct: 0.1, max_deviation_pct: 0.004, implausible_pct: 0.01, zone_max_deviation_pct: 0.01}
risk: {daily_max_loss_pct: 3, daily_max_loss_usdt: 25, max_concurrent_positions: 2, daily_loss_count_unrealized: true}
leverage: {floor: 2, exchange_cap: 10, max_loss_pct: 40, timeframe_multipliers: {5m: 0.5},
           per_symbol_caps: [{symbol_regex: ^BTC, cap: 4}]}
entry: {spread_guard_bps: 5, slippage_guard_bps: 6}
market_entry: {enabled: true, allowed_execution_timeframes: [5m], max_slippage_bps: 9, adx_min_1h: 20}
fallback_end_of_zone: {max_spread_bps: 4, max_slippage_bps: 7}
"""
"""A file of the reference with a number for everything that limits a loss."""

SAME = """
defaults: {risk_pct_percent: 2, initial_margin_usdt: 50, k_dynamic: 5, market_max_spread_pct: 0.1,
           max_deviation_pct: 0.004, implausible_pct: 0.01, zone_max_deviation_pct: 0.01}
risk: {daily_max_loss_percent: 3, daily_max_loss_usdt: 25, max_concurrent_positions: 2, risk_by_timeframe: {5m: 0.5}}
leverage: {floor: 2, exchange_cap: 10, max_loss_pct: 0.4, leverage_by_timeframe: {5m: 0.5},
           per_symbol_caps: [{symbol_regex: ^BTC, cap: 4}]}
entry: {spread_guard_bps: 5, slippage_guard_bps: 6}
market_entry: {enabled: true, allowed_execution_timeframes: [5m], max_slippage_bps: 9, adx_min_1h: 20}
fallback_end_of_zone: {max_spread_bps: 4, max_slippage_bps: 7}
"""
"""The settings here that say the same."""


def read(text: str) -> TradeEntrySettings:
    settings = structure(TradeEntrySettings, tree(text), Problems())
    assert settings is not None
    return settings


def looser(source: ConfigNode, here: TradeEntrySettings) -> list[str]:
    findings = Findings()
    report_looser_limits(source, here, ["5m"], findings)
    return [finding.found.partition(":")[0] for finding in findings.items]


def test_settings_that_say_the_same_are_not_riskier():
    assert looser(tree(SOURCE), read(SAME)) == []


def test_every_limit_of_the_source_that_is_left_out_here_is_named():
    """Each number of the source is made stricter in turn, as if its limit had been lost here."""
    lost = []
    document = yaml.safe_load(SOURCE)
    for section, entries in document.items():
        for key, value in entries.items():
            if isinstance(value, bool | list) or key == "adx_min_1h":
                continue
            stricter = {"5m": 0.1} if isinstance(value, dict) else value / 1000
            changed = {**document, section: {**entries, key: stricter}}
            if not looser(tree(yaml.safe_dump(changed)), read(SAME)):
                lost.append(f"{section}.{key}")
    assert lost == []


@pytest.mark.parametrize(
    ("section", "changes", "what"),
    [
        ("risk", {"daily_max_loss_usdt": Decimal(0)}, "risk.daily_max_loss_usdt"),  # off
        ("risk", {"max_concurrent_positions": 0}, "risk.max_concurrent_positions"),
        ("risk", {"risk_by_timeframe": {}}, "risk of a trade on 5m"),
        ("risk", {"fixed_risk_percent": Decimal(3)}, "risk of a trade on 5m"),
        ("risk", {"daily_loss_count_unrealized": False}, "risk.daily_loss_count_unrealized"),
        ("leverage", {"max_loss_pct": Decimal(0)}, "leverage.max_loss_pct"),
        ("leverage", {"leverage_by_timeframe": {}}, "factor of the leverage on 5m"),
        ("leverage", {"per_symbol_caps": ()}, "leverage of symbols like ^BTC"),
        ("entry", {"spread_guard_bps": None}, "entry.spread_guard_bps"),
        ("market_entry", {"adx_min_1h": None}, "market_entry.adx_min_1h"),
    ],
)
def test_a_limit_that_is_off_here_is_riskier(section: str, changes: dict[str, object], what: str):
    here = read(SAME)
    assert looser(tree(SOURCE), evolve(here, **{section: evolve(getattr(here, section), **changes)})) == [what]


def test_the_cap_on_the_loss_counts_on_both_sides():
    """40 % of the margin cap 5 % · 20 there and here, so that a factor lost below the cap costs nothing."""
    source = tree("{defaults: {risk_pct_percent: 5}, leverage: {max_loss_pct: 0.4, timeframe_multipliers: {5m: 9}}}")
    here = read("{defaults: {risk_pct_percent: 5}, leverage: {max_loss_pct: 0.4}, risk: {risk_by_timeframe: {5m: 20}}}")
    assert here.risk_ratio(Timeframe.M5) == 1
    assert looser(source, here) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_known_profiles_lose_no_limit(name: str):
    assert imported(f"trade_entry.{name}.yaml").riskier == ()


def test_the_common_file_loses_the_multipliers_that_lower_its_risk():
    assert [finding.found for finding in imported("trade_entry.yaml").riskier] == [
        "factor of the leverage on 5m: 0.75 in the source, 1 here",
        "factor of the leverage on 1m: 0.5 in the source, 1 here",
        "risk of a trade on 5m: 3.75 % in the source, 5 % here",
        "risk of a trade on 1m: 2.5 % in the source, 5 % here",
    ]


def test_the_smaller_risk_is_written_where_only_a_dead_key_states_one(tmp_path: Path):
    text = "trade_entry: {risk: {fixed_risk_pct: 0.5}}"
    outcome = convert_text(tmp_path, text, "trade_entry.scalper_micro.yaml")
    assert plain(outcome)["defaults"]["risk_pct_percent"] == Decimal("0.5")  # type: ignore[index]
    assert outcome.riskier == ()
    assert not of_kind(outcome, FindingKind.CORRECTED)


def test_what_the_common_file_brings_into_effect_is_said_with_its_place(tmp_path: Path):
    text = "trade_entry: {defaults: {r_multiple: 1.5}}"
    outcome = convert_text(tmp_path, text, "trade_entry.scalper_micro.yaml")
    inherited = {finding.found: finding.done for finding in of_kind(outcome, FindingKind.INHERITED)}
    assert set(inherited) == {
        "no defaults.pivot_sl_min_keep_ratio",
        "no leverage.exchange_cap",
        "no leverage.per_symbol_caps",
    }
    assert "in effect is 100 of" in inherited["no leverage.exchange_cap"]
    assert "trade_entry.yaml:" in inherited["no leverage.exchange_cap"]


@pytest.mark.parametrize(
    ("unknown", "riskier"),
    [
        ("leverage: {per_symbol: {BTCUSDT: 5}}", True),
        ("guards: {max_drawdown: {percent: 9}}", True),
        ("risk: {note: careful}", False),  # no number
        ("tp_sl_recalc: {min_position_age_sec: 180}", False),
    ],
)
def test_a_number_of_unknown_meaning_under_a_name_that_limits_counts_as_a_lost_limit(
    tmp_path: Path, unknown: str, riskier: bool
):
    outcome = convert_text(tmp_path, f"trade_entry:\n    defaults: {{atr_k: 2}}\n    {unknown}\n", "trade_entry.yaml")
    assert bool(outcome.riskier) == riskier
    assert bool(of_kind(outcome, FindingKind.DECISION)) != riskier


def test_a_blacklist_of_the_common_file_is_said_to_be_in_effect(tmp_path: Path):
    (tmp_path / "mtf_contracts.yaml").write_text("selection: {blacklist: [NVDAXUSDT], limits: {top_n: 5}}")
    (tmp_path / "own").mkdir()
    source = tmp_path / "own" / "mtf_contracts.some.yaml"
    source.write_text("mtf_contracts: {selection: {limits: {top_n: 3}}}")
    outcome = import_file(source, out=tmp_path, config_dir=CONFIG)
    (finding,) = of_kind(outcome, FindingKind.INHERITED)
    assert finding.found == "no selection.blacklist"
    assert finding.done.startswith('in effect is ["NVDAXUSDT"] of')


def test_a_zone_width_is_not_explained_by_a_section_that_the_file_lacks(tmp_path: Path):
    text = "trade_entry: {entry: {entry_zone: {offset_k: 2}}, leverage: {exchange_cap: 5}}"
    (finding,) = about(convert_text(tmp_path, text, "trade_entry.scalper_micro.yaml"), "offset_k")
    assert finding.kind is FindingKind.DECISION
    assert "without post_validation.entry_zone.k_atr its default is in effect, 0.35" in finding.done
