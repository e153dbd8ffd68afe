"""What an intent says of itself: of one that was just committed nothing happened yet."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import Attribute, evolve, fields

from mtf_core.market import Side, TriggerLevel, TriggerPrice
from mtf_core.orders import EntryState, Intent, PositionState, Progress
from mtf_core.orders.intent import Sent
from tests.unit.orders.intents import an_intent

NOTHING: tuple[object, ...] = (None, 0, Decimal(0), False, "", (0, 0), frozenset(), Sent())


@pytest.mark.parametrize("one", [*fields(Progress), *fields(Sent)], ids=lambda one: one.name)
def test_of_an_intent_that_was_just_committed_nothing_happened(one: Attribute[object]) -> None:
    """A count that began at one made a first try the last one, an instant in the past was waited for."""
    assert one.default in NOTHING


def test_an_intent_begins_planned_without_a_position_and_as_the_first_version() -> None:
    one = an_intent()
    assert (one.entry, one.position, one.version, one.earlier) == (EntryState.PLANNED, PositionState.NONE, 0, ())


def test_a_stop_that_the_operator_moved_away_reserves_what_it_may_lose_now() -> None:
    """Ten contracts of 0.001: two further away cost 0.02 more; a tighter one frees nothing."""

    def with_stop(intent: Intent, price: int) -> Decimal:
        stop = TriggerLevel(Decimal(price), TriggerPrice.MARK)
        return evolve(intent, progress=evolve(intent.progress, stop=stop)).loss_at_stop_usdt

    long, planned = an_intent(), an_intent().terms.loss_at_stop_usdt
    wanted = evolve(long.wanted, side=Side.SHORT, stop=TriggerLevel(Decimal(105), TriggerPrice.MARK))
    short = evolve(long, wanted=wanted)
    assert (with_stop(long, 93), with_stop(short, 107)) == (planned + Decimal("0.02"),) * 2
    assert (with_stop(long, 97), with_stop(short, 103)) == (planned,) * 2
