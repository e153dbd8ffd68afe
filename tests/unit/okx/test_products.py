"""Which rows of OKX's lists are contracts of a product."""

from __future__ import annotations

from typing import Any

import pytest

from mtf_adapters.okx.products import PRODUCTS, SWAP, XPERP
from tests.unit.okx.payloads import INSTRUMENT, XPERP_INSTRUMENT


def test_a_product_knows_its_own_contracts_and_not_the_other_one_s() -> None:
    assert SWAP.is_ours(INSTRUMENT)
    assert XPERP.is_ours(XPERP_INSTRUMENT)
    assert not SWAP.is_ours(XPERP_INSTRUMENT)
    assert not XPERP.is_ours(INSTRUMENT)
    assert set(PRODUCTS) == {"swap", "xperp"}


@pytest.mark.parametrize(
    "change",
    [
        {"ctType": "inverse"},
        {"settleCcy": "USDC"},
        {"settleCcy": "USD"},
        {"instType": "FUTURES"},
        {"ctType": ""},
        {"settleCcy": None},
    ],
)
def test_a_contract_that_settles_otherwise_is_not_ours(change: dict[str, Any]) -> None:
    assert not SWAP.is_ours({**INSTRUMENT, **change})


def test_a_future_that_is_no_perpetual_is_none_of_the_eea_s() -> None:
    assert not XPERP.is_ours({**XPERP_INSTRUMENT, "ruleType": "normal"})
