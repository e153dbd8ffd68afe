"""What the name of a file of candles says: whose they are, and whether they are of one minute.

Only names that an exchange or a program gives are believed; of any other the user says whose candles it holds.
"""

from __future__ import annotations

import re

from attrs import frozen

from mtf_core.symbols import is_symbol

_DAY = r"\d{4}-\d{2}(?:-\d{2})?"
_LENGTH = r"(?P<length>\d+[smhdwM]o?)"
_NAMES = (
    # Binance: BTCUSDT-1m-2024-01.zip, BTCUSDT_240329-1m-2024-01-05.csv
    re.compile(rf"(?P<symbol>.+?)-{_LENGTH}-{_DAY}"),
    # Bybit: BTCUSDT_1_2024-01-01_2024-01-31.csv.gz
    re.compile(rf"(?P<symbol>.+?)_(?P<minutes>\d+)_{_DAY}_{_DAY}"),
    # OKX, whose candles of one minute alone are published so: BTC-USDT-SWAP-candlesticks-2024-01.zip
    re.compile(rf"(?P<symbol>.+?)-candlesticks-{_DAY}"),
    # CryptoDataDownload: Binance_BTCUSDT_2024_minute.csv
    re.compile(r"[A-Za-z]+_(?P<symbol>[A-Z0-9]+)_(?:\d{4}_)?(?P<word>minute|1h|d)"),
    # freqtrade: BTC_USDT_USDT-1m-futures.feather, BTC_USDT-1m.json.gz
    re.compile(rf"(?P<base>[A-Z0-9]+)_(?P<quote>[A-Z0-9]+)(?:_[A-Z0-9]+)?-{_LENGTH}(?:-futures)?"),
    # Anyone: BTCUSDT-1m.csv, BTCUSDT_1m.parquet
    re.compile(rf"(?P<symbol>[^_]+?)[-_]{_LENGTH}"),
)
_BYBITS_CLOCK = "+03:00"
"""Of the candles that it publishes for MetaTrader 4, as those say who compared them with trades."""
_ENDINGS = re.compile(r"(?:\.(?:csv|json|txt|gz|zip|feather|parquet))+", re.IGNORECASE)


@frozen
class NameSays:
    """A symbol, and whether the candles are of one minute; None: the name does not say."""

    symbol: str | None = None
    one_minute: bool | None = None
    clock: str | None = None
    """The time zone of its times, where whoever publishes it is known to leave that out."""


def told_by_name(name: str) -> NameSays:
    """What the name of a file (without its folder) says."""
    stem = _ENDINGS.sub("", name) if _ENDINGS.search(name) else name
    for pattern in _NAMES:
        found = pattern.fullmatch(stem)
        if found is None:
            continue
        parts = found.groupdict()
        symbol = parts.get("symbol") or f"{parts['base']}{parts['quote']}"
        if is_symbol(symbol):
            return NameSays(symbol, _one_minute(parts), _BYBITS_CLOCK if "minutes" in parts else None)
    return NameSays()


def _one_minute(parts: dict[str, str]) -> bool:
    said = parts.get("length") or parts.get("minutes") or parts.get("word") or "1m"
    return said in ("1m", "1", "minute")
