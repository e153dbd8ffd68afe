"""The market as values: timeframes, candles, contracts with their grid, book, account."""

from mtf_core.market.account import AccountState, OpenOrder, OrderKind, Position
from mtf_core.market.book import InvalidQuoteError, MarkPrice, Quote, TopOfBook
from mtf_core.market.candles import COLUMNS, Candles, Gap, InvalidCandlesError
from mtf_core.market.capabilities import Capabilities
from mtf_core.market.contract import (
    Contract,
    ContractStatus,
    InvalidContractError,
    LeverageBracket,
    Price,
    Size,
    on_grid_at_or_above,
    on_grid_at_or_below,
)
from mtf_core.market.instant import InvalidInstantError, format_instant, from_ms, parse_instant, to_ms
from mtf_core.market.order import MarginMode, OrderType, TimeInForce
from mtf_core.market.side import Side
from mtf_core.market.stack import CandleStack
from mtf_core.market.timeframe import DAY_MS, MINUTE_MS, Timeframe, UnknownTimeframeError, highest_first

__all__ = [
    "COLUMNS",
    "DAY_MS",
    "MINUTE_MS",
    "AccountState",
    "CandleStack",
    "Candles",
    "Capabilities",
    "Contract",
    "ContractStatus",
    "Gap",
    "InvalidCandlesError",
    "InvalidContractError",
    "InvalidInstantError",
    "InvalidQuoteError",
    "LeverageBracket",
    "MarginMode",
    "MarkPrice",
    "OpenOrder",
    "OrderKind",
    "OrderType",
    "Position",
    "Price",
    "Quote",
    "Side",
    "Size",
    "TimeInForce",
    "Timeframe",
    "TopOfBook",
    "UnknownTimeframeError",
    "format_instant",
    "from_ms",
    "highest_first",
    "on_grid_at_or_above",
    "on_grid_at_or_below",
    "parse_instant",
    "to_ms",
]
