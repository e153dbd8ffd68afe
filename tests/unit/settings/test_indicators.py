"""`indicator.yaml`."""

from decimal import Decimal

import pytest

from mtf_core.market import Timeframe
from mtf_core.settings.indicators import AtrBounds, IndicatorSettings, read_indicators
from tests.unit.settings.trees import errors, outcome


def test_an_empty_map_is_the_defaults() -> None:
    settings, problems = outcome(read_indicators, "{}")
    assert settings == IndicatorSettings()
    assert problems.items == []


def test_values_reach_their_settings() -> None:
    settings, _ = outcome(
        read_indicators,
        """\
        warmup_tolerance: 0.001
        indicators:
          vwap: {timezone: Europe/Paris}
          pivot: {timeframe: 4h}
        atr:
          pct_thresholds:
            5m: {min: 0.001, max: 0.03}
        """,
    )
    assert settings is not None
    assert settings.warmup_tolerance == Decimal("0.001")
    assert settings.indicators.vwap.timezone == "Europe/Paris"
    assert settings.indicators.pivot.timeframe is Timeframe.H4
    assert settings.atr.pct_thresholds == {Timeframe.M5: AtrBounds(Decimal("0.001"), Decimal("0.03"))}


@pytest.mark.parametrize("name", ["Mars/Olympus", "Europe", "''", "../etc/passwd", "utc+25"])
def test_an_unknown_timezone_is_refused_at_its_line(name: str) -> None:
    settings, problems = outcome(read_indicators, f"indicators:\n  vwap:\n    timezone: {name}\n")
    assert settings is None
    (message,) = errors(problems)
    assert message.startswith("test.yaml:3: indicators.vwap.timezone: unknown timezone")


@pytest.mark.parametrize("bounds", ["{min: 0.03, max: 0.001}", "{min: 0.01, max: 0.01}", "{min: 0, max: 0.03}"])
def test_an_atr_range_must_have_an_inside(bounds: str) -> None:
    settings, problems = outcome(read_indicators, f"atr: {{pct_thresholds: {{1m: {bounds}}}}}")
    assert settings is None
    assert "atr.pct_thresholds.1m" in errors(problems)[0]


@pytest.mark.parametrize("tolerance", ["0", "1", "-0.1", "1.5"])
def test_the_warm_up_tolerance_lies_between_nothing_and_everything(tolerance: str) -> None:
    settings, problems = outcome(read_indicators, f"warmup_tolerance: {tolerance}")
    assert settings is None
    assert errors(problems) == [
        f"test.yaml:1: warmup_tolerance: found {tolerance}; allowed is > 0 and < 1" + RATIO_HINT
    ]


RATIO_HINT = " (a ratio: 0.01 means 1 %)"


@pytest.mark.parametrize("key", ["indicators: {rsi: {period: 14}}", "atr: {period: 14}", "calculation: {mode: php}"])
def test_dead_keys_of_older_files_are_refused_with_the_reason(key: str) -> None:
    _, problems = outcome(read_indicators, key)
    assert "is refused" in errors(problems)[0]
