"""The columns of a table of trades: the names of the JSON document, in one order for every format."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import Any

from mtf_core.replay.ledger import Ledger
from mtf_core.replay.report_json import trade_details, trade_to_json
from mtf_core.replay.sums import by_close


class Kind(Enum):
    """What a column holds. Every one may lack values."""

    TEXT = auto()
    INSTANT = auto()
    EXACT = auto()
    """Text of a decimal with every digit."""
    NUMBER = auto()


COLUMNS = {
    "symbol": Kind.TEXT,
    "side": Kind.TEXT,
    "decision_key": Kind.TEXT,
    "decided_at": Kind.INSTANT,
    "entry_at": Kind.INSTANT,
    "exit_at": Kind.INSTANT,
    "entry_price": Kind.EXACT,
    "exit_price": Kind.EXACT,
    "size": Kind.EXACT,
    "contract_size": Kind.EXACT,
    "gross_usdt": Kind.EXACT,
    "fees_usdt": Kind.EXACT,
    "funding_usdt": Kind.EXACT,
    "net_usdt": Kind.EXACT,
    "r_gross": Kind.NUMBER,
    "r_net": Kind.NUMBER,
    "mfe_r": Kind.NUMBER,
    "mae_r": Kind.NUMBER,
    "exit_reason": Kind.TEXT,
    "timeframe": Kind.TEXT,
    "planned_entry": Kind.EXACT,
    "planned_stop": Kind.EXACT,
    "slippage_usdt": Kind.EXACT,
    "holding_seconds": Kind.NUMBER,
    "trend": Kind.TEXT,
    "volatility": Kind.TEXT,
}


def trade_rows(ledger: Ledger) -> Iterator[list[Any]]:
    """A row for each trade, in the order in which they were closed, under `COLUMNS`."""
    for one in by_close(ledger.trades):
        told = {**trade_to_json(one), **trade_details(one)}
        yield [told[name] for name in COLUMNS]
