"""A market under other names."""

from decimal import Decimal

import pytest

from mtf_adapters.sandbox.faces.okx.products import inst_id_of
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_adapters.sandbox.renamed import RenamedMarket
from mtf_core.market import Timeframe, parse_instant, to_ms
from mtf_core.ports import UnknownSymbolError

AT_MS = to_ms(parse_instant("2026-02-02T11:20Z"))
MARKET = GeneratedMarket(1, 15)


def test_everything_is_asked_for_under_the_new_name() -> None:
    renamed = RenamedMarket(MARKET, inst_id_of)
    names = [contract.symbol for contract in renamed.contracts(AT_MS)]
    assert names == sorted(names)
    assert "BTC-USDT-SWAP" in names
    assert renamed.prices("BTC-USDT-SWAP", AT_MS) == MARKET.prices("BTCUSDT", AT_MS)
    assert renamed.moment("BTC-USDT-SWAP", AT_MS) == MARKET.moment("BTCUSDT", AT_MS)
    assert renamed.funding_rate("BTC-USDT-SWAP", AT_MS) == MARKET.funding_rate("BTCUSDT", AT_MS)
    last = Timeframe.M5.last_closed_open(AT_MS)
    shown = renamed.candles("BTC-USDT-SWAP", Timeframe.M5, last, last, AT_MS)
    assert shown.close[0] == MARKET.candles("BTCUSDT", Timeframe.M5, last, last, AT_MS).close[0]


def test_a_name_is_known_before_the_contracts_were_asked_for() -> None:
    assert RenamedMarket(MARKET, inst_id_of).prices("BTC-USDT-SWAP", AT_MS).last > 0


def test_the_old_name_is_unknown() -> None:
    with pytest.raises(UnknownSymbolError):
        RenamedMarket(MARKET, inst_id_of).prices("BTCUSDT", AT_MS)


def test_a_name_of_the_venues_form_stays() -> None:
    once = RenamedMarket(MARKET, inst_id_of)
    assert RenamedMarket(once, inst_id_of).contracts(AT_MS) == once.contracts(AT_MS)


def test_two_contracts_never_share_a_name() -> None:
    with pytest.raises(ValueError, match="two contracts would be called X"):
        RenamedMarket(MARKET, lambda _: "X").contracts(AT_MS)


def test_the_least_worth_of_an_order_may_be_another() -> None:
    (first, *_) = RenamedMarket(MARKET, inst_id_of, Decimal(0)).contracts(AT_MS)
    assert first.min_notional == 0
