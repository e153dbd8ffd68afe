"""Reason codes: one closed enumeration for every "no", each with its stage and its meaning.

The reports, the store and the reference page all use these codes; a test keeps the table complete.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

from attrs import frozen


class Stage(StrEnum):
    """Where in a run a symbol can stop, in order."""

    UNIVERSE = "universe"
    ACCOUNT = "account"
    BUSY = "busy filter"
    CANDLES = "candles"
    TIMEFRAME = "timeframe validation"
    CONTEXT = "context"
    SELECTION = "execution selection"
    FACTS = "market facts"
    PLAN = "order plan"
    GUARD = "money guards"
    EXECUTION = "execution"


class Reason(StrEnum):
    """Why a symbol, a timeframe or an order went no further. The value is the code in reports and the store."""

    # universe and run
    SYMBOL_SWITCHED_OFF = "symbol_switched_off"
    SYMBOL_UNKNOWN = "symbol_unknown"
    CONTRACT_NOT_TRADING = "contract_not_trading"
    OTHER_QUOTE_CURRENCY = "other_quote_currency"
    BLACKLISTED = "blacklisted"
    CONTRACT_TOO_YOUNG = "contract_too_young"
    TURNOVER_TOO_LOW = "turnover_too_low"
    BEYOND_UNIVERSE_LIMIT = "beyond_universe_limit"
    SYMBOL_LOCKED = "symbol_locked"
    PIPELINE_ERROR = "pipeline_error"
    SHARD_NOT_DECIDED = "shard_not_decided"
    # account and busy filter
    ACCOUNT_STATE_UNKNOWN = "account_state_unknown"
    HAS_OPEN_ORDERS_OR_POSITIONS = "has_open_orders_or_positions"
    SYMBOL_BUSY = "symbol_busy"
    # one timeframe
    NO_CONFIG_FOR_TIMEFRAME = "no_config_for_timeframe"
    NOT_ENOUGH_CANDLES = "not_enough_candles"
    CANDLES_HAVE_GAPS = "candles_have_gaps"
    CANDLES_UNAVAILABLE = "candles_unavailable"
    FILTERS_MANDATORY_FAILED = "filters_mandatory_failed"
    BOTH_SIDES_HOLD = "both_sides_hold"
    # context
    NO_CONTEXT_TIMEFRAMES = "no_context_timeframes"
    PRAGMATIC_CONTEXT_HAS_INVALID_TIMEFRAMES = "pragmatic_context_has_invalid_timeframes"
    PRAGMATIC_CONTEXT_ALL_NEUTRAL = "pragmatic_context_all_neutral"
    PRAGMATIC_CONTEXT_SIDE_CONFLICT = "pragmatic_context_side_conflict"
    STRICT_CONTEXT_HAS_INVALID_TIMEFRAMES = "strict_context_has_invalid_timeframes"
    STRICT_CONTEXT_REQUIRES_NON_NEUTRAL_ALL = "strict_context_requires_non_neutral_all"
    STRICT_CONTEXT_SIDE_CONFLICT = "strict_context_side_conflict"
    # execution selection
    NO_TIMEFRAME_SELECTED = "no_timeframe_selected"
    EXECUTION_TF_NOT_ALLOWED_BY_TRADE_ENTRY = "execution_tf_not_allowed_by_trade_entry"
    MISSING_EXECUTION_TF = "missing_execution_tf"
    MISSING_SIGNAL_SIDE = "missing_signal_side"
    # market facts
    MARKET_FACTS_UNAVAILABLE = "market_facts_unavailable"
    STALE_MARKET_DATA = "stale_market_data"
    MISSING_PRICE_AND_ATR = "missing_price_and_atr"
    CLOCK_SKEW = "clock_skew"
    VENUE_CLOSE_ONLY = "venue_close_only"
    # order plan
    ENTRY_ZONE_NO_ANCHOR = "entry_zone_no_anchor"
    SKIPPED_OUT_OF_ZONE = "skipped_out_of_zone"
    SPREAD_TOO_WIDE = "spread_too_wide"
    ATR_REQUIRED_BUT_INVALID = "atr_required_but_invalid"
    STOP_NOT_AVAILABLE = "stop_not_available"
    STOP_NOT_POSITIVE = "stop_not_positive"
    SIZE_BELOW_MIN_VOLUME = "size_below_min_volume"
    LEVERAGE_BELOW_MIN = "leverage_below_min"
    LEVERAGE_OUT_OF_BOUNDS = "leverage_out_of_bounds"
    INSUFFICIENT_MARGIN = "insufficient_margin"
    STOP_BEYOND_LIQUIDATION = "stop_beyond_liquidation"
    TARGET_NOT_AVAILABLE = "target_not_available"
    NET_REWARD_TOO_SMALL = "net_reward_too_small"
    # money guards
    KILL_SWITCH_ON = "kill_switch_on"
    DAILY_LOSS_LIMIT_REACHED = "daily_loss_limit_reached"
    MAX_CONCURRENT_POSITIONS_REACHED = "max_concurrent_positions_reached"
    WEEKLY_LOSS_LIMIT_REACHED = "weekly_loss_limit_reached"
    CONSECUTIVE_LOSSES_REACHED = "consecutive_losses_reached"
    OPEN_LOSS_TOO_LARGE = "open_loss_too_large"
    SAME_SIDE_LIMIT_REACHED = "same_side_limit_reached"
    EXPOSURE_LIMIT_REACHED = "exposure_limit_reached"
    DUPLICATE_DECISION_KEY = "duplicate_decision_key"
    # whether real orders may leave at all
    LIVE_SWITCH_MISSING = "live_switch_missing"
    RECOVERY = "recovery"
    ACCOUNT_SHARED = "account_shared"
    MODES_DIFFER = "modes_differ"
    OTHER_WORLD_DATA = "other_world_data"
    SUPERVISOR_NOT_RUNNING = "supervisor_not_running"
    EXIT_BUDGET_LOW = "exit_budget_low"
    PLAN_EXPIRED = "plan_expired"
    # execution
    TRADING_NOT_AVAILABLE = "trading_not_available"
    EVIDENCE_NOT_AVAILABLE = "evidence_not_available"
    PROTECTION_NOT_AVAILABLE = "protection_not_available"
    DEAD_MAN_SWITCH_UNSAFE = "dead_man_switch_unsafe"
    LEVERAGE_NOT_SET = "leverage_not_set"
    REJECTED_BY_EXCHANGE = "rejected_by_exchange"
    FALLBACK_REFUSED = "fallback_refused"


_TABLE: dict[Reason, tuple[Stage, str]] = {
    Reason.SYMBOL_SWITCHED_OFF: (Stage.UNIVERSE, "the symbol's switch, or that of all symbols, is off"),
    Reason.SYMBOL_UNKNOWN: (Stage.UNIVERSE, "no stored contract bears this symbol's name"),
    Reason.CONTRACT_NOT_TRADING: (
        Stage.UNIVERSE,
        "the contract is not open for trading: delisted, expired or about to, close-only, or not launched yet",
    ),
    Reason.OTHER_QUOTE_CURRENCY: (
        Stage.UNIVERSE,
        "the contract is not quoted in the currency that the settings choose",
    ),
    Reason.BLACKLISTED: (Stage.UNIVERSE, "the settings name the symbol as one to leave out"),
    Reason.CONTRACT_TOO_YOUNG: (Stage.UNIVERSE, "the contract opened less than `min_age_hours` ago"),
    Reason.TURNOVER_TOO_LOW: (Stage.UNIVERSE, "the turnover of 24 hours is below `min_turnover`"),
    Reason.BEYOND_UNIVERSE_LIMIT: (
        Stage.UNIVERSE,
        "its bucket was full: `limits` took others first, by turnover",
    ),
    Reason.SYMBOL_LOCKED: (Stage.UNIVERSE, "another run is working on this symbol"),
    Reason.PIPELINE_ERROR: (Stage.UNIVERSE, "an error stopped this symbol; the report shows it"),
    Reason.SHARD_NOT_DECIDED: (
        Stage.UNIVERSE,
        "the run was shared among workers, and the part with this symbol was not decided in its minute",
    ),
    Reason.ACCOUNT_STATE_UNKNOWN: (Stage.ACCOUNT, "the account could not be read, so nothing is placed"),
    Reason.HAS_OPEN_ORDERS_OR_POSITIONS: (Stage.BUSY, "the symbol has a position or a live order"),
    Reason.SYMBOL_BUSY: (
        Stage.BUSY,
        "the symbol was validated although it has a position or a live order; a second entry is never placed",
    ),
    Reason.NO_CONFIG_FOR_TIMEFRAME: (Stage.TIMEFRAME, "the profile has no rules for this timeframe"),
    Reason.NOT_ENOUGH_CANDLES: (Stage.CANDLES, "fewer closed candles than the features in use need"),
    Reason.CANDLES_HAVE_GAPS: (Stage.CANDLES, "candles are missing within the history that the features need"),
    Reason.CANDLES_UNAVAILABLE: (Stage.CANDLES, "the candles could not be fetched"),
    Reason.FILTERS_MANDATORY_FAILED: (Stage.TIMEFRAME, "a mandatory filter is not true"),
    Reason.BOTH_SIDES_HOLD: (Stage.TIMEFRAME, "the rules of both sides hold on a timeframe, which is in conflict"),
    Reason.NO_CONTEXT_TIMEFRAMES: (Stage.CONTEXT, "the profile names no context timeframe that was evaluated"),
    Reason.PRAGMATIC_CONTEXT_HAS_INVALID_TIMEFRAMES: (Stage.CONTEXT, "a context timeframe is invalid or in conflict"),
    Reason.PRAGMATIC_CONTEXT_ALL_NEUTRAL: (Stage.CONTEXT, "no context timeframe has a side"),
    Reason.PRAGMATIC_CONTEXT_SIDE_CONFLICT: (Stage.CONTEXT, "context timeframes disagree on the side"),
    Reason.STRICT_CONTEXT_HAS_INVALID_TIMEFRAMES: (Stage.CONTEXT, "a context timeframe is invalid or in conflict"),
    Reason.STRICT_CONTEXT_REQUIRES_NON_NEUTRAL_ALL: (Stage.CONTEXT, "a context timeframe has no side"),
    Reason.STRICT_CONTEXT_SIDE_CONFLICT: (Stage.CONTEXT, "context timeframes disagree on the side"),
    Reason.NO_TIMEFRAME_SELECTED: (
        Stage.SELECTION,
        "no execution timeframe has the context's side, or the selector stopped before one",
    ),
    Reason.EXECUTION_TF_NOT_ALLOWED_BY_TRADE_ENTRY: (
        Stage.SELECTION,
        "the trade-entry settings do not allow the selected execution timeframe",
    ),
    Reason.MISSING_EXECUTION_TF: (Stage.SELECTION, "a plan was asked for without an execution timeframe"),
    Reason.MISSING_SIGNAL_SIDE: (Stage.SELECTION, "a plan was asked for without a side"),
    Reason.MARKET_FACTS_UNAVAILABLE: (Stage.FACTS, "contract, book, mark price or balance could not be read"),
    Reason.STALE_MARKET_DATA: (Stage.FACTS, "a market fact is older than the settings allow"),
    Reason.MISSING_PRICE_AND_ATR: (Stage.FACTS, "neither a reference price nor an ATR is known"),
    Reason.CLOCK_SKEW: (Stage.FACTS, "the clock differs from the exchange's by more than the tolerance"),
    Reason.VENUE_CLOSE_ONLY: (Stage.FACTS, "the venue only lets positions be closed"),
    Reason.ENTRY_ZONE_NO_ANCHOR: (
        Stage.PLAN,
        "no anchor for the entry zone is available, and an open zone is not allowed",
    ),
    Reason.SKIPPED_OUT_OF_ZONE: (
        Stage.PLAN,
        "the price has left the zone on the far side, or the zone lies farther away than the settings allow",
    ),
    Reason.SPREAD_TOO_WIDE: (Stage.PLAN, "the spread is too wide for this kind of entry"),
    Reason.ATR_REQUIRED_BUT_INVALID: (Stage.PLAN, "the stop needs an ATR and there is no valid one"),
    Reason.STOP_NOT_AVAILABLE: (Stage.PLAN, "no pivot stop within reach, and no fallback is allowed"),
    Reason.STOP_NOT_POSITIVE: (Stage.PLAN, "the stop would lie at or below a price of zero"),
    Reason.SIZE_BELOW_MIN_VOLUME: (
        Stage.PLAN,
        "the size is below the contract's smallest, or its notional below the least",
    ),
    Reason.LEVERAGE_BELOW_MIN: (Stage.PLAN, "the leverage caps leave less than 1, or less than the contract's minimum"),
    Reason.LEVERAGE_OUT_OF_BOUNDS: (Stage.PLAN, "the leverage lies outside `leverage.accept`"),
    Reason.INSUFFICIENT_MARGIN: (Stage.PLAN, "the budget does not cover the margin at any allowed leverage"),
    Reason.STOP_BEYOND_LIQUIDATION: (Stage.PLAN, "liquidation would come before, or too soon after, the stop"),
    Reason.TARGET_NOT_AVAILABLE: (Stage.PLAN, "no take profit fits between its bounds on the price grid"),
    Reason.NET_REWARD_TOO_SMALL: (Stage.PLAN, "after fees the targets leave less than `risk.min_net_r`"),
    Reason.KILL_SWITCH_ON: (Stage.GUARD, "the global switch is off: no new entries"),
    Reason.DAILY_LOSS_LIMIT_REACHED: (Stage.GUARD, "the day's loss limit is reached"),
    Reason.MAX_CONCURRENT_POSITIONS_REACHED: (Stage.GUARD, "as many positions as allowed are open or about to be"),
    Reason.WEEKLY_LOSS_LIMIT_REACHED: (Stage.GUARD, "the loss limit of the week, from Monday 00:00 UTC, is reached"),
    Reason.CONSECUTIVE_LOSSES_REACHED: (
        Stage.GUARD,
        "as many trades in a row as allowed ended with a net loss; `mtf risk reset` lifts it",
    ),
    Reason.OPEN_LOSS_TOO_LARGE: (
        Stage.GUARD,
        "if every stop fired, this one's too, the loss would pass the limit of the day or the week, or that limit "
        "cannot be told: it is in percent of an account that had nothing",
    ),
    Reason.SAME_SIDE_LIMIT_REACHED: (Stage.GUARD, "as many symbols as allowed are long, or short, already"),
    Reason.EXPOSURE_LIMIT_REACHED: (
        Stage.GUARD,
        "the notional of the symbol, or of all together, would pass its limit",
    ),
    Reason.DUPLICATE_DECISION_KEY: (Stage.GUARD, "this opportunity was already acted on"),
    Reason.LIVE_SWITCH_MISSING: (
        Stage.GUARD,
        "a live exchange needs `dry_run: false`, `MTF_LIVE=yes` and the environment `live`, and one of them is missing",
    ),
    Reason.RECOVERY: (
        Stage.GUARD,
        "the store may be behind what was sent to the exchange; `mtf recover` shows how, and ends it",
    ),
    Reason.ACCOUNT_SHARED: (Stage.GUARD, "somebody else trades on this account, so nothing new is entered"),
    Reason.MODES_DIFFER: (
        Stage.GUARD,
        "the position mode or the margin mode at the exchange is not what the settings say",
    ),
    Reason.OTHER_WORLD_DATA: (
        Stage.GUARD,
        "the plan rests on data of another exchange or environment than the one that orders would go to",
    ),
    Reason.SUPERVISOR_NOT_RUNNING: (
        Stage.GUARD,
        "nobody supervises the account: start `mtf supervise`, or run with `--supervise`",
    ),
    Reason.EXIT_BUDGET_LOW: (
        Stage.GUARD,
        "the rate limits leave too few calls to protect and close everything that is open, and this entry",
    ),
    Reason.PLAN_EXPIRED: (Stage.GUARD, "the time in which the plan may be acted on is over"),
    Reason.TRADING_NOT_AVAILABLE: (
        Stage.EXECUTION,
        "no order can be sent from here: a past instant, candle files, no key, or an account that ends too soon",
    ),
    Reason.EVIDENCE_NOT_AVAILABLE: (
        Stage.EXECUTION,
        "the exchange does not refuse late requests, or forgets orders, so what became of one might never be known",
    ),
    Reason.PROTECTION_NOT_AVAILABLE: (
        Stage.EXECUTION,
        "the exchange cannot protect this entry with a stop from its first fill on",
    ),
    Reason.DEAD_MAN_SWITCH_UNSAFE: (
        Stage.EXECUTION,
        "`orders.dead_man_switch_sec` is set, and the exchange's timer is not proven to leave stops alone",
    ),
    Reason.LEVERAGE_NOT_SET: (Stage.EXECUTION, "the exchange did not take the leverage, so nothing was sent"),
    Reason.REJECTED_BY_EXCHANGE: (Stage.EXECUTION, "the exchange refused the order; nothing of it exists"),
    Reason.FALLBACK_REFUSED: (
        Stage.EXECUTION,
        "the rest of an entry was not taken at the end of its zone: too small, too late or too dear",
    ),
}


OF_REAL_ORDERS = frozenset(
    {
        Reason.MISSING_EXECUTION_TF,
        Reason.MISSING_SIGNAL_SIDE,
        Reason.MISSING_PRICE_AND_ATR,
    }
)
"""Codes that clients may count on already and that nothing gives before orders are sent; all others are in use."""


@frozen
class UnknownReason:
    """A code that this version does not know, because another one stored it: told as it is, and of no stage."""

    code: str

    def __str__(self) -> str:
        return self.code


StoredReason: TypeAlias = Reason | UnknownReason


def stored_reason(code: str) -> StoredReason:
    """The reason that a stored code is, whichever version stored it."""
    try:
        return Reason(code)
    except ValueError:
        return UnknownReason(code)


def stage_of(reason: Reason) -> Stage:
    """The stage of a run in which this reason stops a symbol."""
    return _TABLE[reason][0]


def meaning_of(reason: StoredReason) -> str:
    """One sentence for people; the reference page shows it beside the code."""
    if isinstance(reason, UnknownReason):
        return f"{reason}, a reason of another version that this one does not know"
    return _TABLE[reason][1]
