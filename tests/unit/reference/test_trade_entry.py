"""Trade-entry, contract and indicator files: what acts stays, what never acted is said, units and names are mended."""

from pathlib import Path

import pytest

from mtf_adapters.reference import FindingKind, import_file
from mtf_core.settings.contracts import ContractSettings
from mtf_core.settings.indicators import IndicatorSettings
from mtf_core.settings.nodes import Problems, overlaid
from mtf_core.settings.plain import plain as as_json
from mtf_core.settings.structure import structure
from mtf_core.settings.trade_entry import TradeEntrySettings
from tests.unit.files.shipped import NAMES, shipped
from tests.unit.reference.samples import CONFIG, FILES, about, convert_text, imported, of_kind, plain, tree

EXPLAINED = {
    # each says what the common file says already, or what another key decides
    "scalper_micro": {
        "defaults.pivot_sl_min_keep_ratio": (0.85, 0.8),  # acts on pivot stops only, and above 1 only
        "entry.entry_zone.quantize_to_exchange_step": (True, None),
    },
    # decision 11: `lev_bounds` of the validations is a guard of the plan here
    "crash": {"leverage.accept.max": (None, 25), "leverage.accept.min": (3, 2)},
}


@pytest.mark.parametrize("name", NAMES)
def test_a_converted_trade_entry_file_is_the_shipped_one_but_for_explained_keys(name: str):
    outcome = imported(f"trade_entry.{name}.yaml")
    assert outcome.problems == ()
    common = tree((CONFIG / "app" / "trade_entry.yaml").read_text(encoding="utf-8"))
    found = flat(structure(TradeEntrySettings, overlaid(common, tree(outcome.text)), Problems()))
    expected = flat(shipped(name).trade_entry)
    different = {key: (found.get(key), expected.get(key)) for key in found.keys() | expected.keys()}
    assert {key: pair for key, pair in different.items() if pair[0] != pair[1]} == EXPLAINED.get(name, {})


def test_the_common_file_loads_without_multipliers_that_speak_for_all_profiles():
    outcome = imported("trade_entry.yaml")
    assert outcome.problems == ()
    assert [finding.place.path for finding in of_kind(outcome, FindingKind.DECISION)] == [
        "trade_entry.defaults.timeframe_multipliers",
        "trade_entry.leverage.timeframe_multipliers",
    ]
    assert "_by_timeframe" not in str(outcome.text)


def test_multipliers_of_timeframes_without_entries_are_left_out_and_named():
    outcome = imported("trade_entry.scalper.yaml")
    gone = [f.place.path for f in of_kind(outcome, FindingKind.NO_EFFECT) if "timeframe_multipliers." in f.place.path]
    assert gone == [
        f"trade_entry.{section}.timeframe_multipliers.{timeframe}"
        for section in ("defaults", "leverage")
        for timeframe in ("4h", "1h", "15m")
    ]


def test_without_the_validations_of_the_profile_multipliers_stay_and_a_decision_is_asked_for(tmp_path: Path):
    text = "trade_entry: {leverage: {timeframe_multipliers: {'4h': 0.9}}}"
    outcome = convert_text(tmp_path, text, "trade_entry.unheard.yaml")
    assert outcome.ok
    assert "4h: 0.9" in str(outcome.text)
    assert "execution timeframes" in of_kind(outcome, FindingKind.DECISION)[0].found


@pytest.mark.parametrize(
    ("mode", "name"),
    [(1, "gtc"), (2, "fok"), (3, "ioc"), (4, "maker_only"), ("ioc", "ioc"), ("MAKER_ONLY", "maker_only")],
)
def test_order_modes_become_a_time_in_force_and_post_only(tmp_path: Path, mode: int | str, name: str):
    outcome = convert_text(tmp_path, f"trade_entry: {{defaults: {{order_mode: {mode}}}}}", "trade_entry.yaml")
    assert plain(outcome) == {
        "defaults": {
            "time_in_force": name.replace("maker_only", "gtc"),
            "post_only": name == "maker_only",
        }
    }


def test_a_market_order_is_never_post_only_whatever_its_mode_said(tmp_path: Path):
    text = "trade_entry: {defaults: {order_type: market, order_mode: 4}}"
    outcome = convert_text(tmp_path, text, "trade_entry.some.yaml")
    assert outcome.ok, outcome.problems
    assert "post_only: false" in str(outcome.text)


def test_keys_with_new_names_are_translated_and_a_second_spelling_is_named(tmp_path: Path):
    text = "trade_entry: {defaults: {open_type: cross, margin_mode: isolated, trailing_after_tp1: true, targets: 2}}"
    outcome = convert_text(tmp_path, text, "trade_entry.yaml")
    assert plain(outcome) == {"defaults": {"margin_mode": "cross", "break_even_after_tp1": True, "targets": 2}}
    assert [finding.found for finding in of_kind(outcome, FindingKind.DECISION)] == [
        "defaults.margin_mode a second time, under another name"
    ]


def test_a_ratio_that_was_read_as_a_percent_becomes_the_ratio(tmp_path: Path):
    outcome = convert_text(tmp_path, "trade_entry: {defaults: {max_deviation_pct: 1.5}}", "trade_entry.yaml")
    assert "max_deviation_pct: 0.015" in str(outcome.text)
    assert of_kind(outcome, FindingKind.CORRECTED)[0].done == "written 0.015, a ratio"


def test_half_a_percent_of_risk_is_half_a_percent_everywhere_and_said_so():
    (finding,) = about(imported("trade_entry.scalper_micro.yaml"), "defaults.risk_pct_percent")
    assert finding.kind is FindingKind.CORRECTED
    assert "50.0 % for its leverage" in finding.found


def test_what_an_absent_key_meant_is_written_out_where_a_common_file_would_fill_it_in(tmp_path: Path):
    outcome = convert_text(tmp_path, "trade_entry: {defaults: {r_multiple: 1.5}}", "trade_entry.some.yaml")
    assert outcome.ok
    common = tree((CONFIG / "app" / "trade_entry.yaml").read_text(encoding="utf-8"))
    settings = structure(TradeEntrySettings, overlaid(common, tree(outcome.text)), Problems())
    # The defaults of the settings classes are those of the reference's code.
    assert settings is not None
    assert settings.defaults.time_in_force == TradeEntrySettings().defaults.time_in_force
    assert settings.defaults.post_only
    assert settings.defaults.zone_max_deviation_pct == TradeEntrySettings().defaults.zone_max_deviation_pct
    assert settings.risk.daily_max_loss_usdt == 0
    assert settings.entry.spread_guard_bps is None
    assert settings.zone == TradeEntrySettings().zone


def test_values_that_the_reference_cast_silently_are_written_in_their_type(tmp_path: Path):
    text = "trade_entry: {defaults: {r_multiple: '1.5', order_type: LIMIT}, fallback_end_of_zone: {enabled: 0}}"
    outcome = convert_text(tmp_path, text, "trade_entry.yaml")
    assert "r_multiple: 1.5" in str(outcome.text)
    assert "order_type: limit" in str(outcome.text)
    assert "enabled: false" in str(outcome.text)
    assert len(of_kind(outcome, FindingKind.RENAMED)) == 3


def test_keys_of_unknown_meaning_are_left_out_and_need_a_decision(tmp_path: Path):
    text = "trade_entry: {fees: {maker_rate: 0.0005}, entry: {entry_zone: {outside_tolerance_pct: 0.012}}, a.b: 1}"
    outcome = convert_text(tmp_path, text, "trade_entry.yaml")
    assert outcome.ok
    assert plain(outcome) == {}
    assert [finding.place.path for finding in of_kind(outcome, FindingKind.DECISION)] == [
        "trade_entry.fees",
        "trade_entry.entry.entry_zone.outside_tolerance_pct",
        "trade_entry.a.b",
    ]


def test_the_timeframe_of_the_zone_keeps_its_meaning_under_its_name_here(tmp_path: Path):
    text = "trade_entry: {entry: {entry_zone: {from: vwap, pivot_tf: '1m'}}}"
    outcome = convert_text(tmp_path, text, "trade_entry.yaml")
    assert plain(outcome) == {"entry": {"entry_zone": {"from": "vwap", "anchor_timeframe": "1m"}}}


def test_a_value_that_is_refused_here_is_reported_at_its_place_in_the_source(tmp_path: Path):
    outcome = convert_text(tmp_path, "trade_entry:\n  leverage:\n    floor: 0\n", "trade_entry.yaml")
    assert not outcome.ok
    assert [(problem.place.line, problem.place.path) for problem in outcome.problems] == [
        (3, "trade_entry.leverage.floor")
    ]


@pytest.mark.parametrize("name", ["scalper_micro", "scalper"])
def test_converted_contract_files_are_the_shipped_ones(name: str):
    outcome = imported("mtf_contracts.scalper_micro.yaml" if name == "scalper_micro" else "mtf_contracts.yaml")
    assert outcome.problems == ()
    assert structure(ContractSettings, tree(outcome.text), Problems()) == shipped(name).contracts
    renamed = of_kind(outcome, FindingKind.RENAMED)
    assert sorted(finding.done for finding in renamed) == [
        "written 'trading'",
        "written min_age_hours: it is a least age",
    ]


def test_orders_of_contracts_are_written_small(tmp_path: Path):
    text = "mtf_contracts: {selection: {order: {top: ASC, mid: DESC}, limits: {top_n: 1}}}"
    assert plain(convert_text(tmp_path, text, "mtf_contracts.yaml"))["selection"]["order"] == {  # type: ignore[index]
        "top": "asc",
        "mid": "desc",
    }


def test_the_converted_indicator_file_is_the_shipped_one():
    outcome = imported("indicator.yaml")
    found = structure(IndicatorSettings, tree(outcome.text), Problems())
    assert found is not None
    assert found.atr == shipped("scalper").indicators.atr
    assert found.indicators == shipped("scalper").indicators.indicators


def test_a_period_that_the_code_ignored_needs_a_decision(tmp_path: Path):
    outcome = convert_text(tmp_path, "indicator: {indicators: {macd: {fast: 8}}}", "indicator.yaml")
    assert outcome.ok
    (finding,) = of_kind(outcome, FindingKind.DECISION)
    assert finding.found == "indicators.macd.fast: 8, but the code used 12"


def test_a_file_in_this_projects_format_stays_as_it_is():
    for path in sorted((CONFIG / "app").glob("trade_entry.*.yaml")):
        outcome = import_file(path, config_dir=CONFIG)
        assert outcome.ok
        source = flat_plain(tree(path.read_text(encoding="utf-8")).to_plain())
        assert source.items() <= flat_plain(plain(outcome)).items()


def test_the_samples_hold_every_kind_of_file():
    assert len(list(FILES.rglob("*.yaml"))) == 13


def flat(settings: object) -> dict[str, object]:
    return flat_plain(as_json(settings))


def flat_plain(value: object, path: str = "") -> dict[str, object]:
    if not isinstance(value, dict):
        return {path: str(value) if isinstance(value, list) else value}
    pairs = {}
    for key, item in value.items():
        pairs.update(flat_plain(item, f"{path}.{key}" if path else key))
    return pairs
