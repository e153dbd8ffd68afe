"""The market as values: timeframes, candles, contracts with their grid, book, account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtf_core.front_door import opens

if TYPE_CHECKING:
    from mtf_core.market.account import AccountState, OpenOrder, OrderKind, Position
    from mtf_core.market.book import InvalidQuoteError, MarkPrice, Quote, TopOfBook
    from mtf_core.market.candles import COLUMNS, Candles, Gap
    from mtf_core.market.capabilities import (
        EVERYTHING_KEPT_MS,
        AmendField,
        ArmsAt,
        CandleService,
        Capabilities,
        ClientIds,
        Closing,
        DeadlineKind,
        EntryProtection,
        OversizedExit,
        PositionProtection,
        ProtectionScope,
        Proven,
        RequestDeadline,
        SettingScope,
        SizeUnit,
        TimedCancelAll,
        UniqueFor,
    )
    from mtf_core.market.contract import (
        BracketUnit,
        Contract,
        ContractStatus,
        InvalidContractError,
        LeverageBracket,
        on_grid_at_or_above,
        on_grid_at_or_below,
    )
    from mtf_core.market.fill import CashFlow, Fill, FillCause, FlowKind
    from mtf_core.market.instant import InvalidInstantError, format_instant, from_ms, parse_instant, parse_moment, to_ms
    from mtf_core.market.invalid_candles import InvalidCandlesError
    from mtf_core.market.new_order import (
        Amendment,
        EntryOrder,
        ExitOrder,
        InvalidOrderError,
        ProtectiveOrder,
        TriggerLevel,
    )
    from mtf_core.market.order import (
        MarginMode,
        OrderState,
        OrderType,
        PositionMode,
        TimeInForce,
        TriggerPrice,
        TriggerPurpose,
    )
    from mtf_core.market.quiet import LARGEST_QUIET_MINUTES
    from mtf_core.market.side import Side
    from mtf_core.market.stack import CandleStack
    from mtf_core.market.timeframe import DAY_MS, HOUR_MS, MINUTE_MS, Timeframe, UnknownTimeframeError, highest_first
    from mtf_core.market.write_outcome import WriteOutcome, WriteResult

__all__ = [
    "COLUMNS",
    "DAY_MS",
    "EVERYTHING_KEPT_MS",
    "HOUR_MS",
    "LARGEST_QUIET_MINUTES",
    "MINUTE_MS",
    "AccountState",
    "AmendField",
    "Amendment",
    "ArmsAt",
    "BracketUnit",
    "CandleService",
    "CandleStack",
    "Candles",
    "Capabilities",
    "CashFlow",
    "ClientIds",
    "Closing",
    "Contract",
    "ContractStatus",
    "DeadlineKind",
    "EntryOrder",
    "EntryProtection",
    "ExitOrder",
    "Fill",
    "FillCause",
    "FlowKind",
    "Gap",
    "InvalidCandlesError",
    "InvalidContractError",
    "InvalidInstantError",
    "InvalidOrderError",
    "InvalidQuoteError",
    "LeverageBracket",
    "MarginMode",
    "MarkPrice",
    "OpenOrder",
    "OrderKind",
    "OrderState",
    "OrderType",
    "OversizedExit",
    "Position",
    "PositionMode",
    "PositionProtection",
    "ProtectionScope",
    "ProtectiveOrder",
    "Proven",
    "Quote",
    "RequestDeadline",
    "SettingScope",
    "Side",
    "SizeUnit",
    "TimeInForce",
    "TimedCancelAll",
    "Timeframe",
    "TopOfBook",
    "TriggerLevel",
    "TriggerPrice",
    "TriggerPurpose",
    "UniqueFor",
    "UnknownTimeframeError",
    "WriteOutcome",
    "WriteResult",
    "format_instant",
    "from_ms",
    "highest_first",
    "on_grid_at_or_above",
    "on_grid_at_or_below",
    "parse_instant",
    "parse_moment",
    "to_ms",
]

if not TYPE_CHECKING:
    opens(
        __name__,
        {
            "account": "AccountState OpenOrder OrderKind Position",
            "book": "InvalidQuoteError MarkPrice Quote TopOfBook",
            "candles": "COLUMNS Candles Gap",
            "invalid_candles": "InvalidCandlesError",
            "capabilities": (
                "EVERYTHING_KEPT_MS AmendField ArmsAt CandleService Capabilities ClientIds Closing DeadlineKind "
                "EntryProtection OversizedExit PositionProtection ProtectionScope Proven RequestDeadline "
                "SettingScope SizeUnit TimedCancelAll UniqueFor"
            ),
            "contract": (
                "BracketUnit Contract ContractStatus InvalidContractError LeverageBracket on_grid_at_or_above "
                "on_grid_at_or_below"
            ),
            "fill": "CashFlow Fill FillCause FlowKind",
            "instant": "InvalidInstantError format_instant from_ms parse_instant parse_moment to_ms",
            "new_order": "Amendment EntryOrder ExitOrder InvalidOrderError ProtectiveOrder TriggerLevel",
            "order": "MarginMode OrderState OrderType PositionMode TimeInForce TriggerPrice TriggerPurpose",
            "quiet": "LARGEST_QUIET_MINUTES",
            "side": "Side",
            "stack": "CandleStack",
            "timeframe": "DAY_MS HOUR_MS MINUTE_MS Timeframe UnknownTimeframeError highest_first",
            "write_outcome": "WriteOutcome WriteResult",
        },
    )
