"""Records as plain values: what was written by an older version is read, and stays the bytes that it was."""

from __future__ import annotations

from attrs import evolve, fields

from mtf_core.market import BracketUnit, Contract
from mtf_core.records.codec import from_plain, to_plain
from tests.strategies import in_contracts
from tests.unit.planning.examples import example


def test_a_contract_with_brackets_in_notional_is_written_as_it_was_before_there_were_others() -> None:
    contract = example().contract
    plain = to_plain(contract)
    assert list(plain) == [one.name for one in fields(Contract) if one.name != "brackets_in"]
    assert from_plain(plain, Contract) == contract


def test_a_contract_with_brackets_in_contracts_comes_back_with_them() -> None:
    contract = in_contracts(example()).contract
    assert contract.brackets_in is BracketUnit.CONTRACTS
    assert from_plain(to_plain(contract), Contract) == contract
    assert to_plain(evolve(contract, brackets_in=BracketUnit.NOTIONAL)) != to_plain(contract)
