"""A market under other names."""

from decimal import Decimal

import pytest

from mtf_adapters.sandbox.faces.okx.products import inst_id_of
from mtf_adapters.sandbox.faces.okx.terms import Terms
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_adapters.sandbox.renamed import RenamedMarket
from mtf_core.market import DAY_MS, BracketUnit, Timeframe, parse_instant, to_ms
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


def test_okx_counts_tiers_in_contracts_and_keeps_them_as_prices_move() -> None:
    renamed = RenamedMarket(MARKET, inst_id_of, Terms(MARKET))
    first = {contract.symbol: contract for contract in renamed.contracts(AT_MS)}
    later = {contract.symbol: contract for contract in renamed.contracts(AT_MS + 30 * DAY_MS)}
    bitcoin, own = first["BTC-USDT-SWAP"], MARKET.contracts(AT_MS)
    assert (bitcoin.brackets_in, bitcoin.min_notional) == (BracketUnit.CONTRACTS, Decimal(0))
    assert later["BTC-USDT-SWAP"].brackets == bitcoin.brackets
    (money,) = [contract for contract in own if contract.symbol == "BTCUSDT"]
    price = MARKET.prices("BTCUSDT", AT_MS).last
    for tier, bracket in zip(bitcoin.brackets, money.brackets, strict=True):
        assert tier.max_leverage == bracket.max_leverage
        worth = tier.notional_cap * bitcoin.contract_size * price
        assert bracket.notional_cap - bitcoin.contract_size * price < worth <= bracket.notional_cap
