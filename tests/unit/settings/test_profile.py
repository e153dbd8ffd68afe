"""A profile: built from trees, identified by what is in effect, and built again from its content."""

import json
from decimal import Decimal

import pytest

from mtf_core.market import Timeframe
from mtf_core.settings.effective import EffectiveSetting, effective_settings
from mtf_core.settings.nodes import ConfigError, ConfigNode, Problems, overlaid
from mtf_core.settings.plain import plain
from mtf_core.settings.profile import Profile, build_profile, profile_from_content
from tests.unit.settings.trees import errors, tree

VALIDATIONS = """\
mode: pragmatic
context_timeframes: [5m]
execution_timeframes: [1m]
rules:
  strong: {gt: 60, field: rsi}
validation:
  timeframe:
    5m: {long: [strong]}
    1m: {long: [strong, macd_hist_gt_eps: {eps: 1e-12}]}
"""
TRADE_ENTRY = """\
defaults:
  risk_pct_percent: 0.5
risk:
  risk_by_timeframe: {1m: 1.2}
"""


def documents(validations: str = VALIDATIONS, trade_entry: str = TRADE_ENTRY, **others: str) -> dict[str, ConfigNode]:
    texts = {"mtf_validations": validations, "trade_entry": trade_entry, **others}
    return {name: tree(text, file=f"{name}.yaml") for name, text in texts.items()}


def build(**texts: str) -> Profile:
    problems = Problems()
    profile = build_profile("mine", documents(**texts), problems)
    assert errors(problems) == []
    assert profile is not None
    return profile


def refused(given: dict[str, ConfigNode]) -> list[str]:
    problems = Problems()
    assert build_profile("mine", given, problems) is None
    return errors(problems)


def test_a_profile_needs_rules_and_trade_entry_and_takes_defaults_for_the_rest() -> None:
    profile = build()
    assert profile.name == "mine"
    assert profile.trade_entry.defaults.risk_pct_percent == Decimal("0.5")
    assert profile.indicators.warmup_tolerance == Decimal("0.01")
    assert refused({}) == [
        "mtf_validations:1: the document 'mtf_validations' is missing; it is required",
        "trade_entry:1: the document 'trade_entry' is missing; it is required",
    ]


def test_settings_may_stand_below_one_key_with_the_name_of_the_document() -> None:
    wrapped = TRADE_ENTRY.replace("\n", "\n  ")
    assert build(trade_entry=f"trade_entry:\n  {wrapped}").digest == build().digest


@pytest.mark.parametrize(
    "texts",
    [
        {"trade_entry": "# a comment\nrisk: {risk_by_timeframe: {1m: 1.20}}\ndefaults: {risk_pct_percent: 5E-1}\n"},
        {"trade_entry": TRADE_ENTRY + "leverage: {exchange_cap: 20}\n"},  # the default, written down
        {"validations": VALIDATIONS.replace("1e-12", "0.000000000001")},
        {"indicator": "{}"},
        {"trading": "profiles: {other: {enabled: true, priority: 1}}"},
    ],
)
def test_the_digest_is_that_of_what_is_in_effect(texts: dict[str, str]) -> None:
    assert build(**texts).digest == build().digest


@pytest.mark.parametrize(
    "texts",
    [
        {"trade_entry": TRADE_ENTRY.replace("0.5", "0.51")},
        {"validations": VALIDATIONS.replace("60", "61")},
        {"indicator": "warmup_tolerance: 0.02"},
        {"mtf_contracts": "selection: {limits: {top_n: 7}}"},
        {"trading": "switches: {busy_minutes: 6}"},
    ],
)
def test_the_digest_changes_with_every_document(texts: dict[str, str]) -> None:
    assert build(**texts).digest != build().digest


def test_the_same_profile_is_built_from_its_content_after_json() -> None:
    profile = build(indicator="warmup_tolerance: 0.02", mtf_contracts="selection: {limits: {top_n: 7}}")
    again = profile_from_content(json.loads(json.dumps(profile.content)))
    assert again.digest == profile.digest
    assert (again.name, again.rules, again.trade_entry) == (profile.name, profile.rules, profile.trade_entry)
    assert (again.contracts, again.indicators) == (profile.contracts, profile.indicators)


def test_content_that_the_code_no_longer_accepts_is_refused_as_such() -> None:
    content = json.loads(json.dumps(build().content))
    content["trade_entry"]["defaults"]["gone"] = 1
    with pytest.raises(ConfigError, match=r"stored trade_entry:1: defaults\.gone: unknown key 'gone'"):
        profile_from_content(content)


def test_problems_of_all_documents_are_reported_together() -> None:
    found = refused(
        documents(
            validations=VALIDATIONS.replace("strong,", "stong,"),
            trade_entry=TRADE_ENTRY + "leverage: {mode: dynamic, floor: 0.5}\n",
            indicator="warmup: 1",
            mtf_contracts="selection: {limits: {top: 1}}",
            trading="locks: {run_ttl_sec: 0}",
        )
    )
    assert {message.split(":")[0] for message in found} == {
        "mtf_validations.yaml",
        "trade_entry.yaml",
        "indicator.yaml",
        "mtf_contracts.yaml",
        "trading.yaml",
    }
    assert len(found) == 6


@pytest.mark.parametrize(
    ("trade_entry", "message"),
    [
        (
            "leverage: {leverage_by_timeframe: {5m: 2}}",
            "trade_entry.yaml:1: leverage.leverage_by_timeframe.5m: a multiplier for 5m, which is not an execution "
            "timeframe of the profile; it has no effect; execution timeframes: 1m",
        ),
        (
            "decision: {allowed_execution_timeframes: [15m, 5m]}",
            "trade_entry.yaml:1: decision.allowed_execution_timeframes: none of these is an execution timeframe of the "
            "profile, so nothing would ever be planned; execution timeframes: 1m",
        ),
        (
            "market_entry: {enabled: true, allowed_execution_timeframes: [15m, 5m]}",
            "trade_entry.yaml:1: market_entry.allowed_execution_timeframes: none of these is an execution timeframe of "
            "the profile, so no entry would ever become a market entry; execution timeframes: 1m",
        ),
    ],
)
def test_trade_entry_speaks_of_the_execution_timeframes_of_the_rules(trade_entry: str, message: str) -> None:
    assert refused(documents(trade_entry=trade_entry)) == [message]


@pytest.mark.parametrize(
    ("trade_entry", "warned"),
    [
        ("defaults: {risk_pct_percent: 4}\nrisk: {risk_by_timeframe: {1m: 9}}", True),
        ("defaults: {risk_pct_percent: 3}\nrisk: {risk_by_timeframe: {1m: 9}}", False),
        ("defaults: {risk_pct_percent: 36}\nrisk: {min_liquidation_ratio: 2}", False),
        ("defaults: {risk_pct_percent: 36}\nleverage: {max_loss_pct: 0.3}", False),
    ],
)
def test_a_risk_that_liquidation_never_lets_a_trade_use_up_is_warned_of(trade_entry: str, warned: bool) -> None:
    """Liquidation lies at least three stop distances away by default, so a third of the budget is the most."""
    problems = Problems()
    assert build_profile("mine", documents(trade_entry=trade_entry), problems, thorough=True) is not None
    said = [str(item) for item in problems.warnings if item.place.file == "trade_entry.yaml"]
    assert said == warned * [
        "trade_entry.yaml:2: risk.risk_by_timeframe.1m: the risk of a trade on 1m is 36 % of the budget, and can never "
        "be used up; with min_liquidation_ratio 3 no trade loses more than 33.3 %: lower the risk"
    ]


def test_a_profile_enters_on_the_execution_timeframes_that_trade_entry_allows() -> None:
    rules = (
        VALIDATIONS.replace("context_timeframes: [5m]", "context_timeframes: [15m]")
        .replace("execution_timeframes: [1m]", "execution_timeframes: [1m, 5m]")
        .replace("  timeframe:\n", "  timeframe:\n    15m: {long: [strong]}\n")
    )
    assert build(validations=rules).entry_timeframes == (Timeframe.M5, Timeframe.M1)
    allowed = TRADE_ENTRY + "decision: {allowed_execution_timeframes: [15m, 1m]}\n"
    assert build(validations=rules, trade_entry=allowed).entry_timeframes == (Timeframe.M1,)


def test_effective_settings_name_value_unit_origin_and_meaning() -> None:
    common = tree("defaults: {r_multiple: 1.3}\nrisk:\n  daily_max_loss_usdt: 25\n", file="common.yaml")
    own = tree(TRADE_ENTRY, file="own.yaml")
    problems = Problems()
    profile = build_profile("mine", documents() | {"trade_entry": overlaid(common, own)}, problems)
    assert profile is not None
    rows = {row.path: row for row in effective_settings(profile)}
    assert rows["trade_entry.defaults.risk_pct_percent"] == EffectiveSetting(
        path="trade_entry.defaults.risk_pct_percent",
        value=0.5,
        unit="percent",
        origin="own.yaml:2",
        doc="risk of one trade as a share of the budget, before multipliers",
    )
    origins = {path: (rows[path].value, rows[path].origin) for path in rows}
    assert origins["trade_entry.defaults.r_multiple"] == (1.3, "common.yaml:1")
    assert origins["trade_entry.risk.daily_max_loss_usdt"] == (25, "common.yaml:3")
    assert origins["trade_entry.risk.risk_by_timeframe.1m"] == (1.2, "own.yaml:4")
    assert origins["trade_entry.leverage.exchange_cap"] == (20, "default")
    assert origins["mtf_validations.mode"] == ("pragmatic", "mtf_validations.yaml:1")
    assert origins["mtf_validations.rules.strong"] == ({"gt": 60, "field": "rsi"}, "mtf_validations.yaml:5")
    assert origins["mtf_validations.validation.timeframe.5m.long"] == (["strong"], "mtf_validations.yaml:8")
    assert origins["indicator.indicators.vwap.timezone"] == ("UTC", "default")


def test_every_effective_setting_outside_the_rules_says_what_it_means() -> None:
    rows = [row for row in effective_settings(build()) if not row.path.startswith("mtf_validations.")]
    assert rows
    assert [row.path for row in rows if not row.doc] == []


def test_an_absent_list_of_execution_timeframes_shows_the_ones_in_effect() -> None:
    profile = build(validations=VALIDATIONS.replace("execution_timeframes: [1m]\n", ""))
    row = next(row for row in effective_settings(profile) if row.path == "mtf_validations.execution_timeframes")
    assert (row.value, row.origin) == (["1m"], "default")


def test_plain_values_keep_numbers_exact() -> None:
    assert plain({Timeframe.M1: (Decimal("0.1"), Decimal("1E5"), Decimal("-2.0"), None, True)}) == {
        "1m": [0.1, 100000, -2, None, True]
    }
