"""The whole way from candles to the ledger knows nothing too soon, and does not depend on its process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache

from mtf_core.market import Candles
from mtf_core.replay.ledger import Ledger
from tests.market_strategies import moody_minutes, without
from tests.unit.replay.cuts import Markets, cuts_of, differences
from tests.unit.validation.test_one_core import quick

_DAYS = 9


def candles() -> Mapping[str, Candles]:
    """Three symbols, one of them with holes."""
    holes = [*range(9_000, 9_030), *range(11_000, 11_003), 12_000]
    return {
        "CUSDT": moody_minutes(_DAYS, 5),
        "AUSDT": without(moody_minutes(_DAYS, 11), holes),
        "BUSDT": moody_minutes(_DAYS, 17),
    }


@cache
def markets() -> Markets:
    return Markets.of(quick("scalper_micro"), candles(), skipped_minutes=6_000)


@cache
def whole() -> Ledger:
    return markets().replayed(markets().end_ms)


def digest() -> str:
    ledger = whole()
    return hashlib.sha256(repr((ledger.ready, ledger.trades, ledger.equity, ledger.contexts)).encode()).hexdigest()


def test_three_symbols_find_something_to_trade() -> None:
    assert len({trade.trade.symbol for trade in whole().trades}) == 3
    assert len(whole().trades) >= 4


def test_cutting_all_candles_at_an_instant_leaves_what_was_known_by_then() -> None:
    for cut_ms in cuts_of(markets(), whole(), count=4, seed=1):
        assert differences(whole(), markets().replayed(cut_ms), cut_ms) == []


def test_another_process_gives_the_same_to_the_last_byte() -> None:
    """One that orders its sets otherwise."""
    told = subprocess.run(
        [sys.executable, "-c", "from tests.unit.replay.test_cuts import digest; print(digest())"],
        env={**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == digest()
