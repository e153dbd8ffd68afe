"""Whatever is done to the engine, its books are right."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mtf_adapters.sandbox.matching.engine import MatchingEngine
from mtf_adapters.sandbox.matching.rules import VenueRules
from mtf_core.market import PositionMode
from tests.unit.matching.exchange import D, contract, tick
from tests.unit.matching.laws import Witness
from tests.unit.matching.moves import Mover
from tests.unit.matching.strategies import SYMBOLS, rules, steps

Steps = Sequence[tuple[Any, int]]


def witnessed(rules: VenueRules, happened: Steps, modes: Sequence[PositionMode], contract_size: str) -> Witness:
    contracts = [contract(symbol, contract_size=D(contract_size)) for symbol in SYMBOLS]
    engine = MatchingEngine(contracts, rules)
    witness = Witness(engine, dict(zip(("me", "you"), modes, strict=True)), D(contract_size))
    for symbol in SYMBOLS:
        witness.step(tick(100, symbol=symbol), 1)
    mover = Mover(engine, ("me", "you"), SYMBOLS)
    for what, after_ms in happened:
        witness.step(mover.command(*what, witness.now_ms) if isinstance(what, tuple) else what, after_ms)
    return witness


modes = st.tuples(st.sampled_from(PositionMode), st.sampled_from(PositionMode))
contract_sizes = st.sampled_from(["0.01", "1", "0.0000001", "3"])
"""The third one makes values that no grain holds exactly."""


@given(rules(), st.lists(steps(), min_size=40, max_size=80), modes, contract_sizes)
def test_money_positions_and_orders_agree_with_what_was_told_and_with_a_plain_ledger(
    rules: VenueRules, happened: Steps, modes: Sequence[PositionMode], contract_size: str
) -> None:
    """Money is conserved to the last digit, margins are never below zero, exits never open, ended orders never change,
    what was told explains every state, and an average-cost ledger of the executions finds the same positions."""
    witnessed(rules, happened, modes, contract_size)


@given(rules(), st.lists(steps(), min_size=20, max_size=40), modes)
def test_the_same_steps_give_the_same_events_to_the_byte(
    rules: VenueRules, happened: Steps, modes: Sequence[PositionMode]
) -> None:
    one, other = (witnessed(rules, happened, modes, "0.01") for _ in range(2))
    assert repr(one.told).encode() == repr(other.told).encode()
