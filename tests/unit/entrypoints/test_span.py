"""Which candles `mtf klines fetch` asks for."""

import pytest

from mtf_core.market import Timeframe, parse_instant, to_ms
from mtf_entrypoints.cli.actions.klines import MAX_CANDLES, Span
from mtf_entrypoints.cli.exits import CommandError

NOW = to_ms(parse_instant("2026-01-31T14:02:30Z"))


def ms(text: str) -> int:
    return to_ms(parse_instant(text))


def test_a_limit_counts_back_from_the_last_closed_candle() -> None:
    span = Span(3, None, None).open_times(Timeframe.M5, NOW)
    assert span == (ms("2026-01-31T13:45Z"), ms("2026-01-31T13:55Z"))


def test_from_and_to_are_the_first_and_the_last_candle_that_open_within() -> None:
    span = Span(None, "2026-01-31T12:01Z", "2026-01-31T12:19Z").open_times(Timeframe.M5, NOW)
    assert span == (ms("2026-01-31T12:05Z"), ms("2026-01-31T12:15Z"))


def test_from_and_a_limit_count_forward() -> None:
    span = Span(2, "2026-01-31T12:00Z", None).open_times(Timeframe.H1, NOW)
    assert span == (ms("2026-01-31T12:00Z"), ms("2026-01-31T13:00Z"))


def test_a_candle_that_has_not_closed_is_never_asked_for() -> None:
    span = Span(None, "2026-01-31T13:50Z", "2026-01-31T18:00Z").open_times(Timeframe.M5, NOW)
    assert span == (ms("2026-01-31T13:50Z"), ms("2026-01-31T13:55Z"))


@pytest.mark.parametrize(
    ("span", "message"),
    [
        (Span(5, "2026-01-31T12:00Z", "2026-01-31T13:00Z"), "one too many"),
        (Span(None, "2026-01-31T13:00Z", "2026-01-31T12:00Z"), "nothing to fetch"),
        (Span(None, "2026-02-01T00:00Z", None), "nothing to fetch"),
        (Span(MAX_CANDLES + 1, None, None), "at once"),
    ],
)
def test_a_span_without_sense_is_refused(span: Span, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        span.open_times(Timeframe.M1, NOW)
