"""What the values of a candle rest on, and how it is told."""

from __future__ import annotations

import numpy as np

from mtf_core.market import Timeframe
from mtf_core.rules.expressions import AllOf
from mtf_core.rules.ruleset import TimeframeRules
from mtf_core.validation.decision import Decision
from mtf_core.validation.explain import decision_to_json, render_timeframe
from mtf_core.validation.value_history import ValueHistory, history_lines
from tests.market_strategies import walk, without
from tests.unit.validation.profiles import AT_MS, H1, M5, both_sides, compare, decided, profile_of

OPENED_MS = 1_704_067_200_000


def decision_on(count: int, missing: int | None = None) -> Decision:
    """5m reads its own atr_2, that of one candle earlier, and atr_2 of 1h; each needs five candles."""
    rules = {
        H1: both_sides(H1),
        M5: TimeframeRules(
            M5,
            long=AllOf((compare("atr_2", ">", 0), compare("atr_2", ">", 0, 1), compare("atr_2", ">", 0, timeframe=H1))),
        ),
    }
    candles = walk(M5, count, 1, start_ms=AT_MS - count * M5.ms)
    hours = walk(H1, 40, 2, start_ms=AT_MS - 40 * H1.ms)
    own = candles if missing is None else without(candles, [missing])
    return decided(profile_of((H1,), (M5,), rules=rules), series=[{M5: own, H1: hours}]).of("S0")


def test_a_value_names_the_candles_from_which_it_is_computed_up_to_its_own() -> None:
    histories = decision_on(200).histories(M5)
    assert set(histories) == {"atr_2", "atr_2[1]", "1h.atr_2"}
    now, before, hour = histories["atr_2"], histories["atr_2[1]"], histories["1h.atr_2"]
    assert now.first_open_ms == before.first_open_ms
    assert (now.timeframe, now.candles - before.candles) == (M5, 1)
    assert now.first_open_ms is not None
    assert now.first_open_ms + now.candles * M5.ms == AT_MS
    assert (hour.timeframe, hour.needed) == (H1, 5)


def test_behind_a_hole_values_rest_on_what_came_since_and_are_missing_until_that_suffices() -> None:
    for since, enough in ((4, False), (5, True)):
        decision = decision_on(200, missing=199 - since)
        assert decision.histories(M5)["atr_2"].candles == since
        verdict = decision.timeframe(M5)
        assert verdict.long is not None
        first = verdict.long.children[0]
        assert bool(np.isnan(first.values["atr_2"])) is not enough


def test_the_document_has_every_history_and_the_text_says_each_once() -> None:
    decision = decision_on(200)
    document = decision_to_json(decision.trace)["timeframes"]["5m"]["history"]
    assert document["atr_2[1]"]["needed"] == 5
    resting = render_timeframe(decision.timeframe(M5)).split("5m values rest on\n")[1].splitlines()
    assert [line.rpartition(": ")[2] for line in resting] == ["atr_2", "1h.atr_2"]


def test_values_of_one_candle_need_no_words_and_those_of_the_same_candles_share_a_line() -> None:
    enough = ValueHistory(M5, OPENED_MS, 246, 118)
    histories = {
        "close": ValueHistory(M5, OPENED_MS, 1, 1),
        "rsi": enough,
        "rsi[1]": ValueHistory(M5, OPENED_MS, 245, 118),
        "atr": enough,
        "ema_200": ValueHistory(M5, OPENED_MS, 246, 661),
        "pivot_pp": ValueHistory(Timeframe.D1, None, 0, 1),
    }
    assert list(history_lines(histories)) == [
        "5m, 246 candles since 2024-01-01T00:00:00Z: rsi, atr",
        "5m, 246 of 661 candles since 2024-01-01T00:00:00Z: ema_200",
        "1d, 0 of 1 candles: pivot_pp",
    ]
