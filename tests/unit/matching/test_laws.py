"""Whatever is done to the engine, its books are right."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mtf_adapters.sandbox.matching.commands import OpenAccount
from mtf_adapters.sandbox.matching.engine import MatchingEngine
from mtf_adapters.sandbox.matching.rules import VenueRules
from mtf_core.market import PositionMode
from tests.unit.matching.exchange import D, contract, tick
from tests.unit.matching.laws import Witness
from tests.unit.matching.moves import Mover
from tests.unit.matching.strategies import ACCOUNTS, SYMBOLS, rules, steps

Steps = Sequence[tuple[Any, int]]


def witnessed(rules: VenueRules, happened: Steps, modes: Sequence[PositionMode], contract_size: str) -> None:
    """Carries the steps out on an engine and checks every law after each of them."""
    contracts = [contract(symbol, contract_size=D(contract_size)) for symbol in SYMBOLS]
    engine = MatchingEngine(contracts, rules)
    witness = Witness(engine, dict(zip(ACCOUNTS, modes, strict=True)), D(contract_size))
    for symbol in SYMBOLS:
        witness.step(tick(100, symbol=symbol), 1)
    mover = Mover(engine, ACCOUNTS, SYMBOLS)
    for what, after_ms in happened:
        witness.step(mover.command(*what, witness.now_ms) if isinstance(what, tuple) else what, after_ms)


def played(rules: VenueRules, happened: Steps, modes: Sequence[PositionMode]) -> bytes:
    """All that was answered and told."""
    engine = MatchingEngine([contract(symbol) for symbol in SYMBOLS], rules)
    mover, now_ms = Mover(engine, ACCOUNTS, SYMBOLS), 0
    begun = [OpenAccount(name, D(30_000), mode) for name, mode in zip(ACCOUNTS, modes, strict=True)]
    told = [engine.apply(what, now_ms) for what in (*begun, *(tick(100, symbol=symbol) for symbol in SYMBOLS))]
    for what, after_ms in happened:
        now_ms += after_ms
        told.append(engine.apply(mover.command(*what, now_ms) if isinstance(what, tuple) else what, now_ms))
    return repr(told).encode()


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


@given(rules(), st.lists(steps(), min_size=20, max_size=60), modes)
def test_the_same_steps_give_the_same_events_to_the_byte(
    rules: VenueRules, happened: Steps, modes: Sequence[PositionMode]
) -> None:
    assert played(rules, happened, modes) == played(rules, happened, modes)
