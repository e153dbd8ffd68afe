"""Whole lives of an intent, from the fill to the end, under each regime of protection."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mtf_core.orders import EntryState, PositionState
from tests.unit.orders.supervision.desk import REGIMES, bench


@pytest.mark.parametrize("regime", list(REGIMES))
def test_an_entry_that_fills_is_protected_and_leaves_by_its_target(regime: str) -> None:
    one = bench(REGIMES[regime])
    one.look()
    one.fills(4)
    one.looks(4)
    assert one.state == (EntryState.RESTING, PositionState.PROTECTED)
    one.fills(6)
    one.looks(6)
    assert one.state == (EntryState.DONE, PositionState.PROTECTED)
    one.exchange.moves_to(Decimal(110))
    one.looks(6)
    assert one.state == (EntryState.DONE, PositionState.CLOSED)
    assert one.intent.progress.exit_reason == "target"


@pytest.mark.parametrize("regime", list(REGIMES))
def test_a_position_leaves_by_its_stop(regime: str) -> None:
    one = bench(REGIMES[regime])
    one.look()
    one.fills(10)
    one.looks(6)
    one.exchange.moves_to(Decimal(95))
    one.looks(6)
    assert one.state == (EntryState.DONE, PositionState.CLOSED)
    assert one.intent.progress.exit_reason == "stop"
