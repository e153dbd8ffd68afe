"""Secrets are taken out of texts in whatever way a text shows them."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtf_adapters.telemetry.masking import MASK, Masking

WAYS = {
    "as it is": str,
    "as Python shows it": repr,
    "in JSON": json.dumps,
    "in JSON of what Python shows": lambda text: json.dumps(repr(text)),
    "in an address": lambda text: quote(text, safe=""),
    "in a path": quote,
    "in a form": quote_plus,
    "in an address in small letters": lambda text: quote(text, safe="").replace("%2F", "%2f"),
    "in an address of bytes": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@given(secret=st.text(min_size=4).filter(lambda text: text.strip() == text and text.isprintable()))
def test_a_secret_does_not_show_in_any_way_of_writing_it(way: object, secret: str) -> None:
    assert callable(way)
    written = way(secret)
    shown = Masking([secret]).masked(f"<<<{written}>>>")
    bare = written.strip("\"'")
    assert bare not in shown.replace(MASK, "")
    assert MASK in shown


def test_a_secret_that_holds_another_one_goes_as_a_whole() -> None:
    assert Masking(["s3cret", "s3cret and more"]).masked("a s3cret and more, s3cret%20and%20more, b") == (
        f"a {MASK}, {MASK}, b"
    )


def test_without_secrets_a_text_stays_as_it_is() -> None:
    assert Masking([None, ""]).masked("100 % of it") == "100 % of it"
