"""Laws of a replay, over whole stories drawn at random: nothing is known too soon, no money appears, nothing is kinder
than the exchange would be. `HYPOTHESIS_PROFILE=deep` looks further."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from attrs import evolve
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mtf_adapters.bitmart.capabilities import CAPABILITIES as BITMART
from mtf_core.market import MINUTE_MS, Fill
from mtf_core.replay.ledger import Fate, Ledger, ReplayedTrade, ReplayMarket
from tests.unit.replay.stories import BEGINS_MS, PROFILES, Story, stories, watched

D = Decimal
FEW = settings(
    max_examples=settings.default.max_examples // 10,  # type: ignore[union-attr]
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a story from another seed is no simpler one
)
PLAIN = ("one target", "two targets", "targets that rest", "hard time stop", "at once", "maker only")


# Nothing is known too soon


def known_by(ledger: Ledger, cut_ms: int) -> tuple[list[str], list[str], list[str]]:
    rows = [repr(row) for row in ledger.ready if row.known_ms is not None and row.known_ms <= cut_ms]
    trades = [repr(trade) for trade in ledger.trades if trade.known_ms <= cut_ms]
    points = [repr(point) for point in ledger.equity if point.time_ms <= cut_ms]
    return rows, trades, points


@FEW
@given(stories(), st.integers(0, 10**6))
def test_what_is_known_by_an_instant_stays_as_it_is_without_any_later_candle(story: Story, chance: int) -> None:
    whole = story.replayed()
    span = (story.last_ms - BEGINS_MS) // MINUTE_MS
    # Beside instants at random those around what happened, where a candle too many would show.
    moments = sorted({point.time_ms for point in whole.equity} | {row.at_ms for row in whole.ready})
    near = moments[chance % len(moments)]
    for cut_ms in (BEGINS_MS + chance % span * MINUTE_MS, near, near - MINUTE_MS, near + MINUTE_MS):
        if BEGINS_MS <= cut_ms <= story.last_ms:
            cut = story.until(cut_ms).replayed()
            assert_same_until(whole, cut, cut_ms)


def assert_same_until(whole: Ledger, cut: Ledger, cut_ms: int) -> None:
    before, after = known_by(whole, cut_ms), known_by(cut, cut_ms)
    if not whole.equity or whole.equity[-1].time_ms != cut_ms:
        after = (*after[:2], after[2][: len(before[2])])  # a replay ends with a point of its own
    assert after == before


# The same, however it is reached


@FEW
@given(stories())
def test_looking_at_every_minute_gives_the_same_ledger(story: Story) -> None:
    leaping, stepping = story.replayed(), story.replayed(each_minute=True)
    assert repr(stepping.ready) == repr(leaping.ready)
    assert repr(stepping.trades) == repr(leaping.trades)
    assert repr(stepping.equity) == repr(leaping.equity)


@pytest.mark.parametrize("profile", PROFILES)
@settings(FEW, max_examples=2)
@given(st.data())
def test_looking_at_every_minute_gives_the_same_ledger_for_each_kind_of_profile(
    profile: str, data: st.DataObject
) -> None:
    story = data.draw(stories(profiles=[profile], minutes=240))
    assert repr(story.replayed(each_minute=True).trades) == repr(story.replayed().trades)


@FEW
@given(stories(), st.randoms(use_true_random=False))
def test_the_order_of_the_symbols_changes_nothing(story: Story, random: object) -> None:
    def shuffled(things: Sequence[object]) -> tuple[object, ...]:
        copy = list(things)
        random.shuffle(copy)  # type: ignore[attr-defined]
        return tuple(copy)

    first = story.replayed()
    again = evolve(story, markets=shuffled(story.markets), ready=shuffled(story.ready)).replayed()
    assert repr((again.ready, again.trades, again.equity)) == repr((first.ready, first.trades, first.equity))


# Money


def net_of(fills: Sequence[Fill], side_sign: int, contract_size: Decimal) -> tuple[Decimal, Decimal]:
    """Gross profit and fees, from nothing but what was bought and sold."""
    cash = D(0)
    for fill in fills:
        way = -side_sign if fill.opens else side_sign
        cash += way * fill.price * fill.size * contract_size
    return cash, sum((fill.fee for fill in fills), D(0))


def close_to(one: Decimal | None, other: Decimal) -> bool:
    return one is not None and abs(one - other) <= D("1e-6")


def assert_reckoned(story: Story, replayed: ReplayedTrade) -> None:
    trade, market = replayed.trade, market_of(story, replayed.trade.symbol)
    sign, contract = trade.side.sign, market.contract
    opened = [fill for fill in replayed.fills if fill.opens]
    closed = [fill for fill in replayed.fills if not fill.opens]
    size = sum((fill.size for fill in opened), D(0))
    assert size == sum((fill.size for fill in closed), D(0)) == trade.size == trade.closed_size > 0
    gross, fees = net_of(replayed.fills, sign, contract.contract_size)
    assert (trade.gross_usdt, trade.fees_usdt) == (gross, fees)
    assert trade.net_usdt == gross - fees - trade.funding_usdt
    for fill in replayed.fills:
        rate = contract.maker_fee if fill.is_maker else contract.taker_fee
        assert fill.fee == fill.price * fill.size * contract.contract_size * rate * story.settings.fee_factor
        assert fill.price % contract.tick_size == 0
    one_r = abs(trade.planned_entry - trade.planned_stop) * size * contract.contract_size
    assert close_to(trade.r_gross, gross / one_r)
    assert close_to(trade.entry_price, sum((fill.price * fill.size for fill in opened), D(0)) / size)
    assert close_to(trade.exit_price, sum((fill.price * fill.size for fill in closed), D(0)) / size)
    assert (trade.opened_ms, trade.closed_ms) == (opened[0].time_ms, closed[-1].time_ms)
    assert replayed.decided_ms + story.settings.delay_minutes * MINUTE_MS <= opened[0].time_ms
    assert closed[-1].time_ms < replayed.known_ms


def market_of(story: Story, symbol: str) -> ReplayMarket:
    return next(market for market in story.markets if market.symbol == symbol)


def assert_excursions_are_of_the_candles_it_was_held_in(story: Story, trade: ReplayedTrade) -> None:
    told, market = trade.trade, market_of(story, trade.trade.symbol)
    candles, tick = market.candles, market.contract.tick_size
    assert told.opened_ms is not None
    assert told.entry_price is not None
    first, last = told.opened_ms // MINUTE_MS * MINUTE_MS, told.closed_ms // MINUTE_MS * MINUTE_MS
    held = (candles.open_ms >= first) & (candles.open_ms <= last)
    high, low = D(repr(float(candles.high[held].max()))), D(repr(float(candles.low[held].min())))
    best, worst = (high, low) if told.side.sign > 0 else (low, high)
    assert told.mfe_price is not None
    assert told.mae_price is not None
    assert told.mfe_price >= 0 >= told.mae_price
    assert told.mfe_price <= max(D(0), (best - told.entry_price) * told.side.sign) + tick / 2
    assert told.mae_price >= min(D(0), (worst - told.entry_price) * told.side.sign) - tick / 2


@FEW
@given(stories())
def test_trades_are_reckoned_from_their_executions_and_candles(story: Story) -> None:
    for trade in story.replayed().trades:
        assert_reckoned(story, trade)
        assert_excursions_are_of_the_candles_it_was_held_in(story, trade)


@FEW
@given(stories())
def test_the_account_ends_with_what_it_began_with_and_what_trades_and_open_positions_made_of_it(story: Story) -> None:
    with watched() as watch:
        ledger = story.replayed()
    last = ledger.equity[-1]
    begun = story.settings.balance_usdt
    of_trades = sum((trade.trade.net_usdt for trade in ledger.trades), D(0))
    of_open = sum((flow.amount for flow in watch.flows if flow.symbol in still_held(ledger, flow.time_ms)), D(0))
    assert last.balance == begun + sum((flow.amount for flow in watch.flows), D(0))
    assert abs(last.balance - (begun + of_trades + of_open)) < D("1e-25"), "a trade's money is rounded to 34 digits"
    if all(row.fate is not Fate.STILL_OPEN for row in ledger.ready):
        assert last.equity == last.balance


def still_held(ledger: Ledger, time_ms: int) -> set[str]:
    """Symbols whose last entry was decided by then, and is still open when the candles end."""
    return {row.symbol for row in ledger.ready if row.fate is Fate.STILL_OPEN and row.at_ms <= time_ms}


@FEW
@given(stories())
def test_points_of_the_account_stand_in_order_and_begin_with_the_balance(story: Story) -> None:
    equity = story.replayed().equity
    assert (equity[0].time_ms, equity[0].balance) == (BEGINS_MS, story.settings.balance_usdt)
    times = [point.time_ms for point in equity]
    assert times == sorted(set(times))


# The exchange, looked at after everything that it does (`WatchedExchange`), and the guards


@FEW
@given(stories())
def test_a_position_has_exactly_one_stop_at_every_instant_and_money_moves_by_rows_alone(story: Story) -> None:
    with watched():
        story.replayed()


@FEW
@given(stories(profiles=["one target", "break-even", "hard time stop", "limits", "at once"]))
def test_where_no_stop_travels_in_an_entry_one_stands_before_its_minute_goes_on(story: Story) -> None:
    """An exchange such as BitMart, where a stop arms only with the whole entry: what may be entered there takes."""
    with watched(stops_travel=False) as watch:
        ledger = evolve(story, capabilities=BITMART).replayed()
    assert watch.most_open <= len(story.markets)
    assert repr(evolve(story, capabilities=BITMART).replayed(each_minute=True).trades) == repr(ledger.trades)


@FEW
@given(stories(profiles=["limits", "limits on what is booked"]))
def test_limits_on_what_is_open_hold_at_every_instant(story: Story) -> None:
    risk = story.profile.trade_entry.risk
    with watched() as watch:
        story.replayed()
    assert watch.most_open <= risk.max_concurrent_positions
    if risk.max_same_side:
        assert watch.most_same_side <= risk.max_same_side
    if risk.max_notional_usdt:
        assert watch.most_notional <= risk.max_notional_usdt


@FEW
@given(stories())
def test_a_decision_key_is_entered_at_most_once_and_symbols_one_at_a_time(story: Story) -> None:
    ledger = story.replayed()
    sent = [row for row in ledger.ready if row.fate in {Fate.TRADED, Fate.NOT_FILLED, Fate.STILL_OPEN}]
    assert all(count == 1 for count in Counter(row.decision_key for row in sent).values())
    by_key = {trade.trade.decision_key: trade for trade in ledger.trades}
    assert set(by_key) == {row.decision_key for row in sent if row.fate is Fate.TRADED}
    for symbol in {row.symbol for row in sent}:
        own = [by_key[row.decision_key] for row in sent if row.symbol == symbol and row.fate is Fate.TRADED]
        for one, other in pairwise(own):
            assert one.known_ms <= other.decided_ms


@FEW
@given(stories())
def test_rows_stand_in_the_order_of_their_instants_and_symbols_and_every_minute_has_one(story: Story) -> None:
    rows = [(row.at_ms, row.symbol) for row in story.replayed().ready]
    assert rows == sorted((int(at_ms), one.symbol) for one in story.ready for at_ms in one.at_ms)


# Nothing is kinder than it is assumed to be. Fees, funding and slippage do not decide what is entered or left, as long
# as no limit on losses is set, no stop is moved to break-even (which knows the fees), and nothing is sized anew from a
# price (at the zone's end). Then a harder exchange gives the same trades, each for less.


@st.composite
def twins(draw: st.DrawFn, kind: dict[str, object], harder: dict[str, object]) -> tuple[Story, Story]:
    story = draw(stories(profiles=PLAIN))
    return tuple(evolve(story, settings=evolve(story.settings, **one)) for one in (kind, harder))  # type: ignore[return-value]


def paths_of(ledger: Ledger) -> list[tuple[object, ...]]:
    return [
        (trade.trade.decision_key, trade.trade.exit_reason, *((fill.time_ms, fill.size) for fill in trade.fills))
        for trade in ledger.trades
    ]


@FEW
@given(twins({"fee_factor": D(1)}, {"fee_factor": D(3)}))
def test_higher_fees_change_nothing_but_the_fees(pair: tuple[Story, Story]) -> None:
    kind, hard = (story.replayed() for story in pair)
    assert paths_of(kind) == paths_of(hard)
    for one, other in zip(kind.trades, hard.trades, strict=True):
        assert one.trade.gross_usdt == other.trade.gross_usdt
        assert other.trade.fees_usdt == 3 * one.trade.fees_usdt > 0


@FEW
@given(twins({"funding_rate": D("0.0001"), "funding_hours": 1}, {"funding_rate": D("0.003"), "funding_hours": 1}))
def test_higher_funding_changes_nothing_but_the_funding(pair: tuple[Story, Story]) -> None:
    kind, hard = (story.replayed() for story in pair)
    assert paths_of(kind) == paths_of(hard)
    for one, other in zip(kind.trades, hard.trades, strict=True):
        assert one.trade.gross_usdt == other.trade.gross_usdt
        assert other.trade.funding_usdt == 30 * one.trade.funding_usdt >= 0


@FEW
@given(twins({"slippage_bps": D(0)}, {"slippage_bps": D(20)}))
def test_more_slippage_gives_the_same_trades_at_prices_that_are_never_better(pair: tuple[Story, Story]) -> None:
    kind, hard = (story.replayed() for story in pair)
    assert paths_of(kind) == paths_of(hard)
    for one, other in zip(kind.trades, hard.trades, strict=True):
        sign = one.trade.side.sign
        for gentle, harsh in zip(one.fills, other.fills, strict=True):
            assert (harsh.price - gentle.price) * (sign if gentle.opens else -sign) >= 0
        assert other.trade.gross_usdt <= one.trade.gross_usdt


@FEW
@given(stories(profiles=["one target", "at once", "maker only"]))
def test_a_target_before_the_stop_is_never_worth_less_than_the_stop_before_it(story: Story) -> None:
    """Of one entry alone: what comes after it may differ in everything."""
    if not any(len(one) for one in story.ready):
        return
    first, second = (
        evolve(story.alone(), settings=evolve(story.settings, stop_before_target=order)).replayed().trades
        for order in (False, True)
    )
    assert sum((one.trade.gross_usdt for one in first), D(0)) >= sum((one.trade.gross_usdt for one in second), D(0))


@FEW
@given(stories(profiles=["one target"]))
def test_an_entry_that_fills_by_a_farther_trade_through_fills_by_a_nearer_one_no_later(story: Story) -> None:
    """Of one entry alone, and at the same price."""
    if not any(len(one) for one in story.ready):
        return
    opened: list[Fill | None] = []
    for ticks in (0, 1, 4):
        trades = evolve(story.alone(), settings=evolve(story.settings, trade_through_ticks=ticks)).replayed().trades
        opened.append(trades[0].fills[0] if trades else None)
    for near, far in pairwise(opened):
        if far is not None and near is not None:
            assert near.time_ms <= far.time_ms
            assert near.price == far.price


@FEW
@given(stories())
def test_what_rested_is_filled_only_where_the_price_went_through_it(story: Story) -> None:
    """By the candles themselves; and everything that took paid for it against the candle's own range."""
    ticks = story.settings.trade_through_ticks
    for trade in story.replayed().trades:
        market = market_of(story, trade.trade.symbol)
        sign, tick = trade.trade.side.sign, market.contract.tick_size
        for fill in trade.fills:
            place = int(np.searchsorted(market.candles.open_ms, fill.time_ms // MINUTE_MS * MINUTE_MS))
            low, high = (D(repr(float(column[place]))) for column in (market.candles.low, market.candles.high))
            buys = fill.opens == (sign > 0)
            if fill.is_maker:
                assert low <= fill.price - ticks * tick if buys else high >= fill.price + ticks * tick
            elif not fill.opens:
                assert (fill.price <= high) if not buys else (fill.price >= low)
