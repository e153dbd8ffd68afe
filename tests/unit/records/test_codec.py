"""Contracts in records and documents: what an older version wrote is read, and stays the bytes that it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve, fields

from mtf_core.market import BracketUnit, Contract
from mtf_core.records.codec import from_plain, to_plain
from mtf_core.records.documents import from_document, to_document
from tests.strategies import in_contracts
from tests.unit.planning.examples import example

Write, Read = Callable[[object], Any], Callable[[object, type[Contract]], Contract]
EACH = pytest.mark.parametrize(("write", "read"), [(to_plain, from_plain), (to_document, from_document)])


@EACH
def test_a_contract_with_brackets_in_notional_is_written_as_it_was_before_there_were_others(
    write: Write, read: Read
) -> None:
    contract = example().contract
    written = write(contract)
    names = [one.name.removesuffix("_ms") for one in fields(Contract) if one.name != "brackets_in"]
    assert [name.removesuffix("_ms") for name in written] == names
    assert read(written, Contract) == contract


@EACH
def test_a_contract_with_brackets_in_contracts_comes_back_with_them(write: Write, read: Read) -> None:
    contract = in_contracts(example()).contract
    assert contract.brackets_in is BracketUnit.CONTRACTS
    assert read(write(contract), Contract) == contract
    assert write(evolve(contract, brackets_in=BracketUnit.NOTIONAL)) != write(contract)
