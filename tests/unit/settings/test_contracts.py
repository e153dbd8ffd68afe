"""`mtf_contracts.yaml`."""

import pytest

from mtf_core.settings.contracts import ContractSettings, TurnoverOrder, read_contracts
from tests.unit.settings.trees import errors, outcome, warnings


def test_values_that_are_absent_take_their_defaults() -> None:
    settings, problems = outcome(read_contracts, "selection: {limits: {top_n: 5}}")
    assert problems.items == []
    assert settings is not None
    assert settings.selection.limits.top_n == 5
    assert settings.selection.order.mid is TurnoverOrder.ASC
    assert settings.selection.filters == ContractSettings().selection.filters


def test_a_selection_that_can_never_take_anything_is_warned_about() -> None:
    _, problems = outcome(read_contracts, "selection: {limits: {top_n: 0}}")
    assert warnings(problems) == [
        "test.yaml:1: selection.limits: top_n and mid_n are both 0; no contract is ever selected"
    ]


def test_the_mid_bucket_may_not_be_upside_down() -> None:
    text = "selection:\n  limits: {top_n: 1}\n  filters:\n    min_turnover: 5\n    mid_max_turnover: 4\n"
    settings, problems = outcome(read_contracts, text)
    assert settings is None
    assert errors(problems) == [
        "test.yaml:4: selection.filters.min_turnover: found min_turnover 5 above mid_max_turnover 4; "
        "the MID bucket lies between the two"
    ]


@pytest.mark.parametrize("symbol", ["btcusdt", "BTC/USDT", "''"])
def test_a_blacklisted_symbol_must_look_like_one(symbol: str) -> None:
    settings, problems = outcome(read_contracts, f"selection: {{limits: {{top_n: 1}}, blacklist: [ETHUSDT, {symbol}]}}")
    assert settings is None
    assert "selection.blacklist[1]" in errors(problems)[0]


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("{enabled: true}", "the selection applies whenever"),
        ("{filters: {max_age_hours: 880}}", "write `selection.filters.min_age_hours`"),
        ("{filters: {open_unit: ms}}", "milliseconds"),
    ],
)
def test_keys_without_effect_are_refused_with_the_reason(text: str, advice: str) -> None:
    _, problems = outcome(read_contracts, f"selection: {text}")
    assert advice in errors(problems)[0]
