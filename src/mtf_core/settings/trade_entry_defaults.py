"""The section `defaults` of the trade-entry settings: risk per trade, stop, targets, order, plausibility."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from mtf_core.market import MarginMode, OrderType, Timeframe, TimeInForce, TriggerPrice
from mtf_core.settings.fields import ratio, setting
from mtf_core.settings.trade_entry_choices import (
    PivotStopPolicy,
    SecondTargetPolicy,
    StopFallback,
    StopFrom,
    TargetPolicy,
)


@frozen
class SplitSettings:
    """Share of the size that the first of two targets takes, by what the market looks like (first match wins)."""

    strong_momentum_pct: Decimal = ratio(
        Decimal("0.30"), doc="momentum strong, ATR below 1.2 %, at least 3 valid timeframes, clear pullback", gt=0
    )
    volatile_pct: Decimal = ratio(Decimal("0.60"), doc="ATR above 1.8 % and at most 1 valid timeframe", gt=0)
    doubtful_pct: Decimal = ratio(
        Decimal("0.70"), doc="momentum weak, ATR above 2 %, at most 1 valid timeframe, late entry", gt=0
    )
    neutral_pct: Decimal = ratio(Decimal("0.50"), doc="momentum medium, or whatever matches nothing else", gt=0)


@frozen
class DefaultsSettings:
    """What every plan of the profile starts from."""

    risk_pct_percent: Decimal = setting(
        Decimal(2), doc="risk of one trade as a share of the budget, before multipliers", unit="percent", gt=0, le=100
    )
    initial_margin_usdt: Decimal = setting(
        Decimal(100), doc="margin of one trade; 0 takes the budget from `fallback_account_balance`", unit="USDT", ge=0
    )
    fallback_account_balance: Decimal = setting(
        Decimal(0), doc="without `initial_margin_usdt`: the budget is this times `risk_pct_percent`", unit="USDT", ge=0
    )
    r_timeframe_multipliers: dict[Timeframe, Decimal] = setting(
        factory=dict, doc="scales the R of the target by execution timeframe; absent: 1", gt=0
    )
    r_multiple: Decimal = setting(Decimal(2), doc="distance of the target in stop distances", unit="R", gt=0)

    # stop
    stop_from: StopFrom = setting(StopFrom.RISK, doc="where the stop comes from")
    stop_fallback: StopFallback = setting(
        StopFallback.ATR, doc="with `stop_from: pivot`: what replaces a pivot that is missing or too far"
    )
    atr_k: Decimal = setting(Decimal("1.5"), doc="distance of an ATR stop", unit="ATR", gt=0)
    atr_timeframe: Timeframe | None = setting(None, doc="timeframe of the stop's ATR; absent: the execution timeframe")
    pivot_sl_policy: PivotStopPolicy = setting(
        PivotStopPolicy.NEAREST, doc="which daily pivot level carries a pivot stop"
    )
    pivot_sl_buffer_pct: Decimal = ratio(
        Decimal("0.0015"), doc="moves a pivot stop away from the entry, relative to the level", le="0.5"
    )
    pivot_sl_min_keep_ratio: Decimal = setting(
        Decimal(0),
        doc="a pivot stop is never closer to the entry than this share of the level's distance; decides above 1 only, "
        "as the buffer already moves the stop away",
        ge=0,
        le=3,
    )
    pivot_sl_max_distance_pct: Decimal = ratio(
        Decimal("0.02"), doc="a pivot stop farther away than this share of the entry gives way to `stop_fallback`", gt=0
    )
    min_stop_distance_pct: Decimal = ratio(
        Decimal("0.005"), doc="a stop is never closer to the entry than this share of it", le="0.5"
    )

    trigger_price: TriggerPrice = setting(
        TriggerPrice.MARK, doc="which price fires stop and targets: `mark`, the exchange's fair price, or `last`"
    )

    # targets
    tp_policy: TargetPolicy = setting(TargetPolicy.PIVOT_CONSERVATIVE, doc="how the target is placed")
    tp_buffer_pct: Decimal = ratio(
        Decimal("0.001"), doc="puts a pivot target this far before the level, relative to the level", le="0.5"
    )
    tp_buffer_ticks: int = setting(0, doc="puts a pivot target this much further before the level", unit="ticks", ge=0)
    tp_min_keep_ratio: Decimal = ratio(
        Decimal("0.95"), doc="a pivot target keeps at least this share of the R multiple's distance", gt=0
    )
    tp_max_extra_r: Decimal = setting(
        Decimal("0.5"), doc="a pivot target lies at most this much beyond the R multiple", unit="R", ge=0
    )
    targets: int = setting(1, doc="number of targets", ge=1, le=2)
    tp1_r: Decimal | None = setting(
        None, doc="with two targets: the R of the first; absent: as a single target would be placed", unit="R", gt=0
    )
    tp2_policy: SecondTargetPolicy = setting(SecondTargetPolicy.PIVOT, doc="with two targets: how the second is placed")
    tp1_share: SplitSettings = setting(factory=SplitSettings, doc="with two targets: what the first one takes")
    break_even_after_tp1: bool = setting(
        False, doc="with two targets: the supervisor moves the stop to break-even once the first is filled"
    )

    # order
    order_type: OrderType = setting(OrderType.LIMIT, doc="kind of the entry order")
    time_in_force: TimeInForce = setting(TimeInForce.GTC, doc="what becomes of what does not fill at once")
    post_only: bool = setting(True, doc="a limit entry that would take liquidity is not placed; with gtc only")
    margin_mode: MarginMode = setting(MarginMode.ISOLATED, doc="margin mode; liquidation is judged as isolated in both")
    inside_ticks: int = setting(
        1, doc="a limit entry starts this far inside the spread, from the passive side", unit="ticks", ge=0
    )
    market_max_spread_pct: Decimal = ratio(Decimal("0.001"), doc="widest spread for a market entry, relative to mid")
    max_deviation_pct: Decimal = ratio(
        Decimal("0.005"), doc="an entry lies within this share of the mark (else mid)", le="0.5"
    )
    implausible_pct: Decimal = ratio(
        Decimal("0.02"), doc="an entry farther from the mark (else mid) skips the plan", le="0.5"
    )
    zone_max_deviation_pct: Decimal = ratio(
        Decimal("0.007"), doc="a zone with a bound farther from the mark (else mid) skips the plan"
    )
    k_dynamic: Decimal = setting(Decimal(10), doc="leverage · stop distance ratio never exceeds this", gt=0)
