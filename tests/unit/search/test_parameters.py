"""Paths into a profile, and the profile that other values make."""

import pytest

from mtf_adapters.files.profiles import load_profile
from mtf_core.config_nodes import ConfigError, Place, Problems
from mtf_core.market import Timeframe
from mtf_core.search.parameters import KeyPath, parameters_digest, varied_profile
from mtf_core.settings.profile import Document

PROFILE = load_profile("scalper_micro")
HERE = Place("space.yaml", 3)


def parsed(text: str) -> KeyPath | str:
    problems = Problems()
    found = KeyPath.parse(text, HERE, problems)
    return str(problems.errors[0]) if found is None else found


def test_a_path_is_a_document_and_steps_through_maps_and_lists() -> None:
    assert parsed("mtf_validations.validation.timeframe.5m.long[3].rsi_bullish") == KeyPath(
        Document.VALIDATIONS, ("validation", "timeframe", "5m", "long", 3, "rsi_bullish")
    )


@pytest.mark.parametrize(
    "text", ["trade_entry", "trade_entry.", "trade_entry.a..b", "trade_entry.a[x]", "trade_entry.a[1"]
)
def test_a_path_that_names_no_value_is_refused(text: str) -> None:
    assert parsed(text) == (
        f"space.yaml:3: {text!r} names no value; write it like trade_entry.defaults.atr_k, or …long[3] in a list"
    )


def test_a_document_that_does_not_exist_is_refused_with_the_nearest() -> None:
    assert str(parsed("trade_entyr.defaults.atr_k")).endswith("(did you mean 'trade_entry'?)")


def test_no_parameters_make_the_very_profile() -> None:
    made = varied_profile(PROFILE.content, {})
    assert (made.digest, made.content) == (PROFILE.digest, PROFILE.content)


def test_values_are_put_where_their_paths_say() -> None:
    made = varied_profile(
        PROFILE.content,
        {
            "trade_entry.defaults.atr_k": 2.5,
            "mtf_validations.validation.timeframe.5m.long[3].rsi_bullish": 51,
            "trade_entry.risk.risk_by_timeframe.1m": 10,
        },
    )
    assert str(made.trade_entry.defaults.atr_k) == "2.5"
    assert made.trade_entry.risk.risk_by_timeframe[Timeframe.M1] == 10
    assert str(made.rules.timeframes[Timeframe.M5].long) != str(PROFILE.rules.timeframes[Timeframe.M5].long)
    assert made.digest != PROFILE.digest


def test_values_that_cannot_stand_together_are_told() -> None:
    with pytest.raises(ConfigError, match="atr_volatility_ok"):
        varied_profile(PROFILE.content, {"mtf_validations.validation.timeframe.5m.long[5].atr_volatility_ok.min": 0.9})


def test_the_digest_of_parameters_does_not_hang_on_their_order() -> None:
    assert parameters_digest({"a": 1, "b": 2}) == parameters_digest({"b": 2, "a": 1}) != parameters_digest({"a": 1})
