"""What the names of candle files say."""

from __future__ import annotations

import pytest

from mtf_adapters.archive.file_names import told_by_name


@pytest.mark.parametrize(
    ("name", "symbol", "one_minute"),
    [
        ("BTCUSDT-1m-2024-01.zip", "BTCUSDT", True),
        ("BTCUSDT-1m-2024-01-31.csv", "BTCUSDT", True),
        ("BTCUSDT_240329-1m-2024-01.zip", "BTCUSDT_240329", True),
        ("1000PEPEUSDT-1m-2024-01.zip", "1000PEPEUSDT", True),
        ("币安人生USDT-1m-2025-11.zip", "币安人生USDT", True),
        ("BTCUSDT-5m-2024-01.zip", "BTCUSDT", False),
        ("BTCUSDT-1mo-2024-01.zip", "BTCUSDT", False),
        ("BTCUSDT_1_2024-01-01_2024-01-31.csv.gz", "BTCUSDT", True),
        ("BTCUSDT_15_2024-01-01_2024-01-31.csv.gz", "BTCUSDT", False),
        ("BTC-USDT-SWAP-candlesticks-2024-01.zip", "BTC-USDT-SWAP", True),
        ("BTC-USDT-SWAP-candlesticks-2026-05-18.csv", "BTC-USDT-SWAP", True),
        ("BTC_USDT_USDT-1m-futures.feather", "BTCUSDT", True),
        ("BTC_USDT-1m.json.gz", "BTCUSDT", True),
        ("BTC_USDT-1h.feather", "BTCUSDT", False),
        ("Binance_BTCUSDT_2024_minute.csv", "BTCUSDT", True),
        ("Binance_BTCUSDT_1h.csv", "BTCUSDT", False),
        ("ETHUSDT-1m.parquet", "ETHUSDT", True),
        ("ETHUSDT_1m.csv.gz", "ETHUSDT", True),
    ],
)
def test_names_of_exchanges_and_programs_say_whose_candles_they_are(name: str, symbol: str, one_minute: bool) -> None:
    says = told_by_name(name)
    assert (says.symbol, says.one_minute) == (symbol, one_minute)


@pytest.mark.parametrize(
    "name", ["candles.csv", "btc-1m.csv.gz", "btc-perp-1m-2022-01.csv.gz", "freqtrade.feather", "DATA.csv", ".csv", ""]
)
def test_other_names_say_nothing(name: str) -> None:
    assert told_by_name(name).symbol is None
