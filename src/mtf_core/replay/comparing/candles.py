"""Whether the candles of now are those that a decision rested on, by the digests that its run recorded."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from mtf_core.market import Timeframe
from mtf_core.records import CandleRange, DecisionInputs
from mtf_core.replay.comparing.candles_of_now import CandleReader
from mtf_core.replay.comparing.causes import Cause
from mtf_core.runs.journal import candle_range
from mtf_core.validation.window import Window
from mtf_core.words import counted


@frozen
class CandleChange:
    """What is otherwise in the candles of one timeframe."""

    cause: Cause
    words: str


async def candle_changes(
    candles: CandleReader, symbol: str, inputs: DecisionInputs, largest_hole_ms: int
) -> tuple[CandleChange, ...]:
    """Every timeframe whose candles do not have the recorded digest; empty: the very same candles."""
    found: list[CandleChange] = []
    for timeframe, recorded in inputs.candles.items():
        window = Window(timeframe, recorded.first_open_ms, recorded.last_open_ms, recorded.recursive_from_ms)
        series = await candles.read([symbol], timeframe, window.first_open_ms, window.last_open_ms)
        now = candle_range(window.stack(series, carry_ms=largest_hole_ms if recorded.carried else 0), 0)
        found += _change(timeframe, recorded, now)
    return tuple(found)


def _change(timeframe: Timeframe, recorded: CandleRange, now: CandleRange) -> Iterator[CandleChange]:
    if recorded.has_digest(now.digest):
        return
    then_count, now_count = recorded.count - recorded.carried, now.count - now.carried
    if now_count > then_count:
        words = f"{counted(now_count - then_count, f'{timeframe} candle')} of {now_count} not there then"
        yield CandleChange(Cause.CANDLE_MISSING_THEN, words)
    elif now_count < then_count:
        gone = f"{counted(then_count - now_count, f'{timeframe} candle')} of {then_count} gone since"
        yield CandleChange(Cause.CANDLE_GONE, gone)
    else:
        yield CandleChange(Cause.CANDLE_REVISED, f"the {now_count} {timeframe} candles have other values now")
