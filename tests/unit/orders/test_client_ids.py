"""Ids of our own: the same for the same order, different for any other, and readable again."""

from __future__ import annotations

import re

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mtf_adapters.bitmart.capabilities import CAPABILITIES as BITMART
from mtf_adapters.sandbox.capabilities import CAPABILITIES as SANDBOX
from mtf_core.market import ClientIds
from mtf_core.orders.client_ids import MOST_COUNTER, ClientId, ClientIdError, Purpose, mint, read_client_id, store_tag

HEXADECIMAL = evolve(SANDBOX.client_ids, alphabet="0-9a-f", most_characters=32)
VENUES = {"bitmart": BITMART.client_ids, "sandbox": SANDBOX.client_ids, "hexadecimal": HEXADECIMAL}
KEY = "BTCUSDT:5m:1770031200000:long"

orders = st.tuples(
    st.text(max_size=20), st.text(max_size=40), st.integers(0, 99), st.sampled_from(Purpose), st.integers(0, 99)
)


@pytest.mark.parametrize("ids", VENUES.values(), ids=list(VENUES))
@given(order=orders, tag=st.integers(0, 2**20 - 1), counter=st.integers(0, MOST_COUNTER))
def test_an_id_is_what_the_venue_takes_and_reads_back(
    ids: ClientIds, order: tuple[str, str, int, Purpose, int], tag: int, counter: int
) -> None:
    minted = mint(tag, counter, *order)
    text = minted.text(ids)
    assert re.fullmatch(f"[{ids.alphabet}]{{1,{ids.most_characters}}}", text)
    assert read_client_id(text, ids) == minted
    assert (minted.tag, minted.counter, minted.purpose) == (tag, counter, order[3])


@given(one=orders, other=orders)
def test_two_orders_never_have_one_id_and_one_order_never_two(
    one: tuple[str, str, int, Purpose, int], other: tuple[str, str, int, Purpose, int]
) -> None:
    assert (mint(1, 1, *one) == mint(1, 1, *other)) is (one == other)


def test_an_id_does_not_change_with_the_versions_of_this_program() -> None:
    """What is on an exchange today has to be found tomorrow."""
    minted = mint(store_tag("a store"), 7, "account", KEY, 1, Purpose.ENTRY)
    assert minted.text(BITMART.client_ids) == "4i50zavo2745qn2hfd94rhpm9"


@pytest.mark.parametrize("text", ["", "sl0001", "x" * 26, "a" * 25, "A" * 25, "0" * 25, "zzzzzzzzzzzzzzzzzzzzzzzzz"])
def test_the_ids_of_others_are_none_of_ours(text: str) -> None:
    assert read_client_id(text, BITMART.client_ids) is None


def test_a_venue_whose_ids_are_too_short_is_refused() -> None:
    with pytest.raises(ClientIdError, match=r"need 25 characters .* the venue takes 20"):
        mint(1, 1, "a", KEY, 1, Purpose.STOP).text(evolve(BITMART.client_ids, most_characters=20))


def test_stores_have_different_tags() -> None:
    assert len({store_tag(f"store {number}") for number in range(500)}) >= 499


def test_what_an_order_is_for_keeps_its_number() -> None:
    """Orders that rest on an exchange bear it; two purposes with one number would be one name, and one order's id."""
    numbers = {name: purpose.value for name, purpose in Purpose.__members__.items()}
    assert numbers == {"ENTRY": 1, "STOP": 2, "TARGET": 3, "SECOND_TARGET": 4, "CLOSE": 5, "HAND": 6}


def test_what_does_not_fit_into_an_id_is_refused_and_the_largest_fits() -> None:
    """A number that ran over into its neighbour's bits would be read as another store's order."""
    largest = ClientId(2**20 - 1, MOST_COUNTER, Purpose.HAND, 2**76 - 1)
    assert read_client_id(largest.text(HEXADECIMAL), HEXADECIMAL) == largest
    assert read_client_id(ClientId(0, 0, Purpose.ENTRY, 0).text(HEXADECIMAL), HEXADECIMAL) is not None
    for change in ({"tag": 2**20}, {"counter": MOST_COUNTER + 1}, {"digest": 2**76}):
        with pytest.raises(ValueError, match="must be <="):
            evolve(largest, **change)
    for change in ({"tag": -1}, {"counter": -1}, {"digest": -1}):
        with pytest.raises(ValueError, match="must be >="):
            evolve(largest, **change)
