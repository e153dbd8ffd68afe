"""The score: what each doubt costs, and that nothing from after a stretch has a part in it."""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pytest
from attrs import evolve

from mtf_core.market import DAY_MS, MINUTE_MS
from mtf_core.replay.curve import Curve
from mtf_core.replay.intervals import bootstrap_mean
from mtf_core.replay.ledger import ReplayedTrade
from mtf_core.search.scoring import StretchFigures, figures_within
from mtf_core.search.settings import ScoreSettings
from mtf_core.search.windows import Stretch
from tests.unit.replay.ledgers import HOUR_MS, START_MS, a_trade

D = Decimal
STRETCH = Stretch(START_MS + MINUTE_MS, START_MS + 5 * DAY_MS)
"""Monday to Friday: one week."""
FREE = ScoreSettings(trades_wanted=1, drawdown_r=D(0), concentration_r=D(0))


def trades(*nets: float, symbol: str = "BTCUSDT", every_ms: int = 2 * HOUR_MS) -> list[ReplayedTrade]:
    return [
        a_trade(net, symbol=symbol, opened_ms=START_MS + HOUR_MS + number * every_ms) for number, net in enumerate(nets)
    ]


def flat(*equity: float) -> Curve:
    values = np.array(equity or (10_000.0,), dtype=np.float64)
    times = START_MS + np.arange(len(values)) * HOUR_MS
    return Curve(times, values, values, np.zeros(len(values)))


def scored(
    own: Sequence[ReplayedTrade], settings: ScoreSettings = FREE, *, curve: Curve | None = None, symbols: int = 1
) -> StretchFigures:
    return figures_within(own, curve or flat(), STRETCH, settings, symbols)


def test_the_score_is_the_lower_bound_of_the_expectancy() -> None:
    found = scored(trades(1, -1, 2, -1, 1.5))
    expected = bootstrap_mean([1, -1, 2, -1, 1.5])
    assert expected is not None
    assert found.score == found.low_r == expected.low
    assert (found.trades, found.expectancy_r) == (5, 0.5)


def test_below_two_trades_there_is_no_score() -> None:
    assert [scored(trades(*nets)).score for nets in ((), (5,))] == [None, None]


def test_missing_trades_cost_in_proportion() -> None:
    """2 of 8 are there: three quarters of 0.4 R."""
    found = scored(trades(1, 1), evolve(FREE, trades_wanted=8, few_trades_r=D("0.4")))
    assert found.score == pytest.approx(1 - 0.3)


def test_a_drawdown_costs_what_it_is_beyond_what_is_free() -> None:
    """From 10,000 to 8,000 is 20 %: 5 % beyond 15 %, at 2 R for the whole."""
    settings = evolve(FREE, drawdown_r=D(2), drawdown_free_pct=D("0.15"))
    found = scored(trades(1, 1), settings, curve=flat(10_000, 8_000, 9_000))
    assert found.drawdown == pytest.approx(0.2)
    assert found.score == pytest.approx(1 - 0.1)


def test_a_drawdown_before_the_stretch_or_after_it_costs_nothing() -> None:
    times = np.array([START_MS - 2 * HOUR_MS, START_MS - HOUR_MS, STRETCH.last_ms, STRETCH.last_ms + 1])
    equity = np.array([10_000.0, 5_000.0, 5_000.0, 1_000.0])
    found = scored(trades(1, 1), curve=Curve(times, equity, equity, np.zeros(4)))
    assert found.drawdown == 0


def test_one_symbol_that_made_all_of_the_profit_costs() -> None:
    """3 of 4 R by one of two symbols: half of what lies beyond 50 %, at 0.8 R."""
    own = [*trades(1.5, 1.5, symbol="ETHUSDT"), *trades(0.5, 0.5)]
    settings = evolve(FREE, concentration_r=D("0.8"))
    found, alone = scored(own, settings, symbols=2), scored(own, settings)
    assert (found.best_symbol, alone.best_symbol) == (0.75, None)
    assert (found.low_r, alone.score) == (alone.low_r, alone.low_r)
    assert found.score == pytest.approx((found.low_r or 0) - 0.4)


def test_one_week_that_made_all_of_the_profit_costs() -> None:
    own = trades(1, 1, -0.5, 0.5, every_ms=4 * DAY_MS)
    settings = evolve(FREE, concentration_r=D(1))
    stretch = Stretch(STRETCH.first_ms, START_MS + 20 * DAY_MS)
    found = figures_within(own, flat(), stretch, settings, 1)
    assert found.best_week == 1
    assert found.score == pytest.approx((found.low_r or 0) - 1)


def test_what_is_decided_outside_or_ends_later_has_no_part() -> None:
    """Deciding within is not enough: who chooses at the end of a stretch does not know how an open trade ends."""
    own = trades(1, 2, 3)
    before = evolve(own[0], decided_ms=STRETCH.first_ms - 1)
    later = evolve(own[1], known_ms=STRETCH.last_ms + 1)
    assert scored([before, later, own[2]]).r_net == (D(3),)


@pytest.mark.parametrize(
    "changed",
    ["trades_wanted", "few_trades_r", "drawdown_free_pct", "drawdown_r", "concentration_free_pct", "concentration_r"],
)
def test_no_setting_of_the_score_is_silent(changed: str) -> None:
    usual = ScoreSettings()
    own = [*trades(1.5, 1.5, symbol="ETHUSDT"), *trades(0.1, 0.1)]
    scores = {
        scored(own, settings, curve=flat(10_000, 7_000), symbols=2).score
        for settings in (usual, evolve(usual, **{changed: getattr(usual, changed) / 2}))  # type: ignore[arg-type]
    }
    if changed == "trades_wanted":
        scores = {scored(own, evolve(usual, trades_wanted=count), symbols=2).score for count in (5, 6)}
    assert len(scores) == 2
