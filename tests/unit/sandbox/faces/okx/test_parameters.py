"""Parameters of calls as clients send them: text, numbers, flags as either, and much that says nothing."""

from decimal import Decimal
from typing import Any

import pytest

from mtf_adapters.sandbox.faces.okx.codes import RefusedError
from mtf_adapters.sandbox.faces.okx.parameters import Parameters, body_of, rows_of


def code(call: Any) -> str:
    with pytest.raises(RefusedError) as caught:
        call()
    return caught.value.problem.code


@pytest.mark.parametrize("nothing", ["", None, []])
def test_empty_text_null_and_an_empty_list_say_nothing(nothing: Any) -> None:
    said = Parameters({"x": nothing})
    assert (said.text("x"), said.decimal("x"), said.flag("x"), list(said.rows("x"))) == (None, None, False, [])


@pytest.mark.parametrize(("value", "meant"), [(True, True), ("true", True), (False, False), ("false", False)])
def test_flags_come_as_booleans_and_as_text(value: Any, meant: bool) -> None:
    assert Parameters({"x": value}).flag("x") is meant


@pytest.mark.parametrize("value", ["0.1", "1e-8", 3, 0.1])
def test_numbers_are_exact(value: Any) -> None:
    assert Parameters({"x": value}).decimal("x") == Decimal(str(value))


@pytest.mark.parametrize("value", ["abc", "NaN", "Infinity", True, {"a": 1}, "1" * 60, "1e99"])
def test_what_is_no_number_gets_51000_with_its_name(value: Any) -> None:
    said = Parameters({"sz": value})
    with pytest.raises(RefusedError, match="sz") as caught:
        said.decimal("sz")
    assert caught.value.problem.code == "51000"


def test_what_is_missing_gets_50014() -> None:
    said = Parameters({})
    assert code(lambda: said.required_text("instId")) == "50014"
    assert code(lambda: said.required_decimal("sz")) == "50014"


@pytest.mark.parametrize(("raw", "expected"), [(b"", "50000"), (b"{", "50002"), (b'"x"', "50002"), (b"\xff", "50002")])
def test_a_body_that_is_no_document_is_refused(raw: bytes, expected: str) -> None:
    assert code(lambda: body_of(raw)) == expected


def test_rows_are_maps() -> None:
    assert [row.text("a") for row in rows_of([{"a": "1"}], "body")] == ["1"]
    assert code(lambda: rows_of({"a": 1}, "body")) == "51000"
    assert code(lambda: rows_of([1], "body")) == "51000"
