"""The core asks what an exchange can do, and knows none by its name."""

from __future__ import annotations

from pathlib import Path

import mtf_core
from mtf_entrypoints.exchanges import EXCHANGES
from mtf_entrypoints.venues import VENUES

NAMES = {exchange for exchange, _ in VENUES} | {"bitmart", "okx", "bybit", "hyperliquid", "binance"}


def test_settings_may_name_exactly_the_exchanges_that_there_are() -> None:
    assert {exchange for exchange, _ in VENUES} == EXCHANGES


def test_no_exchange_is_named_in_the_core() -> None:
    sources = sorted(Path(mtf_core.__file__).parent.rglob("*.py"))
    assert len(sources) > 100
    named = {
        (source.name, name)
        for source in sources
        for name in NAMES
        if name in source.read_text(encoding="utf-8").lower()
    }
    assert named == set()
