"""What BitMart can do, as the core asks for it. What is not known to hold is declared as if it did not."""

from __future__ import annotations

from mtf_adapters.bitmart.rest import SIGNATURE_WINDOW_MS
from mtf_core.market import (
    DAY_MS,
    AmendField,
    ArmsAt,
    CandleService,
    Capabilities,
    ClientIds,
    Closing,
    DeadlineKind,
    EntryProtection,
    MarginMode,
    OversizedExit,
    PositionMode,
    PositionProtection,
    ProtectionScope,
    Proven,
    RequestDeadline,
    SettingScope,
    SizeUnit,
    TimedCancelAll,
    Timeframe,
    TriggerPrice,
    UniqueFor,
)

MOST_CANDLES = 500
HISTORY_MS = 90 * DAY_MS
"""The longest span of order history and trades (sheet §5.17)."""

CAPABILITIES = Capabilities(
    quotes_per_call=1,  # no call answers the books of many symbols
    candles=CandleService(
        most_per_call=MOST_CANDLES,
        edges_included=None,
        stream_timeframes=frozenset(Timeframe),
        stream_says_closed=False,
        timeframes=frozenset(Timeframe),
        most_topics_per_connection=100,
    ),
    size_unit=SizeUnit.CONTRACTS,
    # When the presets of an entry arm was never seen: until it is proven otherwise, at the full fill (sheet §5.13).
    entry_protection=EntryProtection(ArmsAt.FULL_FILL, ProtectionScope.ORDER, frozenset(TriggerPrice)),
    position_protection=PositionProtection(True, frozenset(TriggerPrice), client_ids=True),
    client_ids=ClientIds(
        alphabet="A-Za-z0-9",
        most_characters=32,
        unique_for=UniqueFor.UNKNOWN,
        lookup_open=True,
        lookup_history_ms=HISTORY_MS,
        lookup_fills_ms=0,  # executions do not carry the id
    ),
    request_deadline=RequestDeadline(DeadlineKind.SIGNATURE_WINDOW, longest_ms=SIGNATURE_WINDOW_MS),
    oversized_exit=OversizedExit.UNKNOWN,
    fills_kept_ms=HISTORY_MS,
    cancelled_orders_kept_ms=HISTORY_MS,
    closing=Closing.SIDE_CODE,
    # On a one-way account a plain buy or sell (codes 1 and 4) may open, close, or both, and an execution tells which by
    # its profit alone: a close at exactly the entry price looks like an opening of the other side.
    position_modes=frozenset({PositionMode.HEDGE}),
    position_mode_scope=SettingScope.ACCOUNT,
    margin_modes=frozenset(MarginMode),
    margin_mode_scope=SettingScope.SYMBOL,
    cancel_by_client_id=True,
    cancel_all_keeps_protection=Proven.UNKNOWN,
    timed_cancel_all=TimedCancelAll(SettingScope.SYMBOL, 5, None, Proven.UNKNOWN),
    amends=frozenset({AmendField.PRICE, AmendField.SIZE}),
    # Price and trigger can be amended; that a refused amendment leaves the old stop standing was never seen, so the new
    # stop comes first, and then the old one goes.
    amends_protection=frozenset(),
    visibility_lag_ms=750,  # clients poll three times, 250 ms apart, for an order they have just sent (sheet §5.3)
)
