"""Names of symbols: one rule wherever a name comes in."""

from __future__ import annotations

import pytest

from mtf_core.symbols import is_symbol, symbol_problem


@pytest.mark.parametrize(
    "name",
    ["BTCUSDT", "1000PEPEUSDT", "币安人生USDT", "BTCUSDT-27JUN25", "BTCUSDT_250627", "BTC-USDT-SWAP", "A" * 32],
)
def test_names_as_venues_write_them_are_symbols(name: str) -> None:
    assert is_symbol(name)
    assert symbol_problem(name) is None


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("btcusdt", "BTCUSDT"),
        (" BTCUSDT", "BTCUSDT"),
        ("btc-27jun25", "BTC-27JUN25"),
        ("ＢＴＣUSDT", "BTCUSDT"),
    ],
)
def test_a_name_in_small_or_wide_letters_gets_the_symbol_that_is_meant(name: str, meant: str) -> None:
    assert symbol_problem(name) == f"found {name!r}; did you mean {meant}?"


@pytest.mark.parametrize(
    "name",
    ["", "BTC USDT", "BTC/USDT", "BTCUSDT:5m", "A=B", "A,B", "-BTC", "ÄUSDT", "A" * 33, 5, None],
)
def test_what_has_a_meaning_elsewhere_is_no_symbol(name: object) -> None:
    assert not is_symbol(name)
    assert "allowed are capital letters A to Z, Chinese" in str(symbol_problem(name))
