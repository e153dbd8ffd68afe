"""What orders add up to: the parts by cause are the difference, to the last digit."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from random import Random

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.market import Side
from mtf_core.replay.comparing.causes import Cause
from mtf_core.replay.comparing.lives import LiveEntry, LiveFate
from mtf_core.replay.comparing.orders import OrderPair
from mtf_core.replay.comparing.totals import totals_of
from tests.unit.replay.ledgers import a_trade

D = Decimal

MONEY = st.none() | st.decimals(-(10**9), 10**9, allow_nan=False, places=18)


def a_pair(live: D | None, replay: D | None, cause: Cause | None, not_compared: str = "") -> OrderPair:
    trade = a_trade(1)
    traded = None if replay is None else evolve(trade, trade=evolve(trade.trade, net_usdt=replay))
    really = None if live is None else evolve(trade.trade, net_usdt=live)
    return OrderPair(
        key="BTCUSDT:5m:0:long",
        symbol="BTCUSDT",
        side=Side.LONG,
        decided_ms=0,
        live=LiveEntry(LiveFate.UNFILLED if really is None else LiveFate.TRADED, trade=really),
        replay=None,
        replay_trade=traded,
        cause=cause,
        not_compared=not_compared,
    )


@st.composite
def pairs(draw: st.DrawFn) -> OrderPair:
    live, replay, missing = draw(MONEY), draw(MONEY), draw(st.sampled_from(["", "", "its minutes are missing"]))
    cause = None if missing or live == replay else draw(st.sampled_from(Cause))
    return a_pair(live, replay, cause, missing)


@given(st.lists(pairs(), max_size=12))
def test_the_parts_by_cause_are_the_difference_to_the_last_digit(found: Sequence[OrderPair]) -> None:
    totals = totals_of(found)
    compared = [pair for pair in found if not pair.not_compared]
    live = sum((pair.live_net for pair in compared), D(0))
    replay = sum((pair.replay_net for pair in compared), D(0))
    parts = sum((share.usdt for share in totals.by_cause.values()), D(0))
    assert (totals.live_net, totals.replay_net) == (live, replay)
    assert totals.difference == live - replay == parts
    assert totals.equal + sum(share.keys for share in totals.by_cause.values()) == totals.keys == len(compared)
    assert totals.not_compared == len(found) - len(compared)


@given(st.lists(pairs(), max_size=8), st.randoms())
def test_the_order_of_the_pairs_changes_nothing(found: list[OrderPair], chance: Random) -> None:
    before = totals_of(found)
    chance.shuffle(found)
    assert totals_of(found) == before


def test_causes_stand_in_the_order_of_the_list() -> None:
    found = [a_pair(D(1), D(0), cause) for cause in reversed(Cause)]
    assert list(totals_of(found).by_cause) == list(Cause)
