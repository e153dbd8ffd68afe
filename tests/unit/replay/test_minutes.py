"""A symbol's minutes by their time, and their prices on the contract's grid, are those that the plain words say."""

from __future__ import annotations

from decimal import Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from mtf_core.market import MINUTE_MS, on_grid_at_or_above, on_grid_at_or_below
from mtf_core.planning.exact import PLAN_CONTEXT
from mtf_core.replay.minutes import Minutes
from tests.unit.replay.recorded import DECIDED_MS, market_of, model

D = Decimal


def minutes_of(there: list[bool], **settings: object) -> Minutes:
    rows = [100.0, *(101.0 if one else None for one in there)]
    return Minutes.of(market_of(rows, DECIDED_MS), model(**settings))


@given(there=st.lists(st.booleans(), max_size=6), late_ms=st.integers(-3 * MINUTE_MS, 9 * MINUTE_MS))
def test_a_place_follows_from_the_time_whether_minutes_are_missing_or_not(there: list[bool], late_ms: int) -> None:
    minutes, at_ms = minutes_of(there), DECIDED_MS + late_ms
    opens = minutes.open_ms.tolist()
    assert minutes.first_from(at_ms) == sum(one < at_ms for one in opens)
    assert minutes.closed_at(at_ms) == sum(one + MINUTE_MS <= at_ms for one in opens) - 1
    assert minutes.place(at_ms) == (opens.index(at_ms) if at_ms in opens else None)


@given(
    price=st.floats(0.05, 1e6),
    tick=st.sampled_from([D("0.1"), D("0.00025"), D("3"), D("1E+1"), D("0.0000001")]),
    half=st.sampled_from([D(0), D("0.00005"), D(10) / 3 / 10_000]),
)
def test_prices_lie_on_the_grid_to_the_last_digit(price: float, tick: Decimal, half: Decimal) -> None:
    market = market_of([price], DECIDED_MS, tick_size=tick)
    candles = market.candles
    minutes = Minutes(market.contract, half, candles.open_ms, candles.open, candles.high, candles.low, candles.close)
    with localcontext(PLAN_CONTEXT):
        quote = minutes.quote("A", DECIDED_MS + MINUTE_MS)
        assert quote is not None
        assert quote.mark is not None
        middle = max(tick, on_grid_at_or_below(D(repr(price)) + tick / 2, tick))
        bid = max(tick, on_grid_at_or_below(middle * (1 - half), tick))
        ask = max(bid + tick, on_grid_at_or_above(middle * (1 + half), tick))
    assert [repr(one) for one in (quote.mark.price, quote.book.best_bid, quote.book.best_ask)] == [
        repr(one) for one in (middle, bid, ask)
    ]
