"""Numbers and envelopes as they go out."""

from decimal import Decimal

import msgspec
import pytest

from mtf_adapters.sandbox.faces.bitmart.codes import problem
from mtf_adapters.sandbox.faces.bitmart.envelope import Absent, answer, refusal
from mtf_adapters.sandbox.faces.bitmart.quirks import GatewayKey
from mtf_adapters.sandbox.faces.numbers import price_text, text


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("61250.50", "61250.5"),
        ("0", "0"),
        ("-0.0", "0"),
        ("1E+3", "1000"),
        ("0.0000000005", "0.0000000005"),
        ("71.6816666666666666666666666", "71.681666666666666667"),
        ("-0.018375", "-0.018375"),
        ("1E-30", "0"),
    ],
)
def test_a_number_goes_out_in_plain_digits(number: str, shown: str):
    assert text(Decimal(number)) == shown


@pytest.mark.parametrize(
    ("price", "tick", "shown"),
    [
        (61250.5, "0.1", "61250.5"),
        (61250.0, "0.1", "61250"),
        (1.12e-05, "0.0000000005", "0.0000112"),
        (100.0, "10", "100"),
        (0.0, "0.1", "0"),
        (0.25, "0.05", "0.25"),
    ],
)
def test_a_candles_price_has_as_many_digits_as_its_tick(price: float, tick: str, shown: str):
    assert price_text(price, Decimal(tick)) == shown


def test_a_success_has_code_message_data_and_trace():
    document = msgspec.json.decode(answer({"a": 1}, "t", {}).body)
    assert document == {"code": 1000, "message": "Ok", "data": {"a": 1}, "trace": "t"}


def test_data_may_be_absent():
    assert "data" not in msgspec.json.decode(answer(Absent.DATA, "t", {}).body)


def test_the_gateways_refusals_have_their_words_under_a_key_of_their_own():
    gateway = msgspec.json.decode(refusal(problem(30002), GatewayKey.MSG, "t", {}).body)
    service = msgspec.json.decode(refusal(problem(40035), GatewayKey.MSG, "t", {}).body)
    assert gateway == {"msg": "Header X-BM-KEY not found", "trace": "t", "code": 30002}
    assert service == {"message": "The order is not exist", "trace": "t", "code": 40035}


def test_the_other_source_has_them_under_the_usual_key():
    document = msgspec.json.decode(refusal(problem(30002), GatewayKey.MESSAGE, "t", {}).body)
    assert document["message"] == "Header X-BM-KEY not found"
