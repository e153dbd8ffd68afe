"""What OKX can do, as the core asks for it (sheet §14). What is not known to hold is declared as if it did not."""

from __future__ import annotations

from mtf_adapters.okx.rest import SIGNATURE_WINDOW_MS
from mtf_core.market import (
    DAY_MS,
    HOUR_MS,
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

MOST_CANDLES = 300
HISTORY_MS = 90 * DAY_MS
"""How far back filled orders and executions are listed: three months (sheet §6)."""
SHORTEST_TIMER_S, LONGEST_TIMER_S = 10, 120

CAPABILITIES = Capabilities(
    quotes_per_call=None,  # one call for the tickers of all, and one for all mark prices
    candles=CandleService(
        most_per_call=MOST_CANDLES,
        edges_included=None,
        stream_timeframes=frozenset(Timeframe),
        stream_says_closed=True,
        timeframes=frozenset(Timeframe),
        most_topics_per_connection=240,
    ),
    size_unit=SizeUnit.CONTRACTS,
    # A stop that travels is placed once its entry has filled in full, or in part with the rest cancelled (sheet §7).
    entry_protection=EntryProtection(
        ArmsAt.FULL_FILL, ProtectionScope.ORDER, frozenset({TriggerPrice.LAST, TriggerPrice.MARK})
    ),
    position_protection=PositionProtection(
        True, frozenset({TriggerPrice.LAST, TriggerPrice.MARK}), client_ids=True, one_whole_at_a_time=True
    ),
    client_ids=ClientIds(
        alphabet="A-Za-z0-9",
        most_characters=32,
        unique_for=UniqueFor.WHILE_OPEN,
        lookup_open=True,
        lookup_history_ms=HISTORY_MS,
        lookup_fills_ms=HISTORY_MS,
    ),
    # An order names its own last instant (`expTime`); what was signed longer ago is refused anyway.
    request_deadline=RequestDeadline(DeadlineKind.EXPIRES_AT, longest_ms=SIGNATURE_WINDOW_MS),
    # One page says that an exit above the position is refused, another that it is cut (sheet §6).
    oversized_exit=OversizedExit.UNKNOWN,
    fills_kept_ms=HISTORY_MS,
    cancelled_orders_kept_ms=2 * HOUR_MS,  # those without a fill; all others as long as fills
    closing=Closing.SIDE_CODE,
    # A net account's buys and sells do not say whether they open or close: a close at exactly the entry price looks
    # like an opening of the other side.
    position_modes=frozenset({PositionMode.HEDGE}),
    position_mode_scope=SettingScope.ACCOUNT,
    # Whether swaps still take isolated margin, sources tell differently (sheet §5).
    margin_modes=frozenset({MarginMode.CROSS}),
    margin_mode_scope=SettingScope.ORDER,
    cancel_by_client_id=True,
    cancel_all_keeps_protection=Proven.UNKNOWN,
    timed_cancel_all=TimedCancelAll(SettingScope.ACCOUNT, SHORTEST_TIMER_S, LONGEST_TIMER_S, Proven.UNKNOWN),
    amends=frozenset({AmendField.PRICE, AmendField.SIZE}),
    # One stop of the whole position may stand at a time: it moves by being amended, never as a new one beside it.
    amends_protection=frozenset({AmendField.TRIGGER}),
    visibility_lag_ms=750,  # no source says how long an accepted order may stay unseen
)
