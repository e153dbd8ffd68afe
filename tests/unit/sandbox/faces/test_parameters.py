"""What calls say, read into types."""

from decimal import Decimal
from typing import Any

import pytest

from mtf_adapters.sandbox.faces.bitmart.codes import RefusedError
from mtf_adapters.sandbox.faces.bitmart.parameters import Parameters
from mtf_adapters.sandbox.faces.http import Request


def refused(read: Any) -> int:
    with pytest.raises(RefusedError) as caught:
        read()
    return caught.value.problem.code


def body(raw: bytes) -> Parameters:
    return Parameters.of_body(Request("POST", "/x", "/x", {}, {}, raw, ""))


@pytest.mark.parametrize("value", ["3", 3])
def test_a_whole_number_may_be_text_or_number(value: object):
    assert Parameters({"size": value}).whole("size") == 3


@pytest.mark.parametrize("value", ["3.5", 3.5, "three", True, [3], "NaN", "1e999999", "9" * 60])
def test_what_is_no_whole_number_is_refused(value: object):
    assert refused(lambda: Parameters({"size": value}).whole("size", 40044)) == 40044


def test_a_price_as_text_keeps_every_digit():
    assert Parameters({"price": "0.1000000000000000055"}).decimal("price") == Decimal("0.1000000000000000055")


def test_an_empty_text_says_nothing():
    assert Parameters({"symbol": ""}).text("symbol") is None
    assert refused(lambda: Parameters({"symbol": ""}).required_text("symbol", 40034)) == 40034


def test_a_choice_takes_a_number_or_its_text():
    sides = {"1": "buy"}
    assert Parameters({"side": 1}).choice("side", sides) == Parameters({"side": "1"}).choice("side", sides) == "buy"
    assert refused(lambda: Parameters({"side": 5}).choice("side", sides, 40041)) == 40041
    assert refused(lambda: Parameters({"side": True}).choice("side", sides, 40041)) == 40041


@pytest.mark.parametrize("raw", [b"{", b"[1]", b"null", b"\xff", b'{"a":1}x'])
def test_a_body_that_is_no_json_object_is_refused(raw: bytes):
    assert refused(lambda: body(raw)) == 30018


def test_no_body_is_an_empty_object():
    assert body(b"").values == {}
