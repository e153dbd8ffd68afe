"""Trade-entry settings on money: risk guards, leverage, and what the supervisor may do."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from mtf_core.market import OrderType, Timeframe
from mtf_core.settings.fields import ratio, setting
from mtf_core.settings.trade_entry_choices import RoundingMode


@frozen
class CrashModeSettings:
    """Sharper terms while the market falls apart."""

    enabled: bool = setting(False, doc="applies the terms below to every plan of the profile")
    risk_pct_multiplier: Decimal = setting(Decimal(1), doc="scales the risk of a trade", gt=0, le=1)
    tp1_r: Decimal | None = setting(None, doc="with two targets: replaces `defaults.tp1_r`", unit="R", gt=0)
    hard_time_stop_minutes: Decimal | None = setting(
        None, doc="the supervisor closes the position at market after this time; absent: never", unit="minutes", gt=0
    )


@frozen
class RiskSettings:
    """Limits on losses."""

    fixed_risk_percent: Decimal | None = setting(
        None,
        doc="risk of one trade as a share of the budget, whatever the multipliers; absent: `defaults.risk_pct_percent`",
        unit="percent",
        gt=0,
        le=100,
    )
    risk_by_timeframe: dict[Timeframe, Decimal] = setting(
        factory=dict, doc="scales the risk, hence the size, by execution timeframe; absent: 1", gt=0
    )
    include_fees: bool = setting(True, doc="counts the fees of entry and stop as part of the risk")
    min_liquidation_ratio: Decimal = setting(
        Decimal(3), doc="liquidation lies at least this many stop distances from the entry", gt=0
    )
    min_net_r: Decimal = setting(
        Decimal(0),
        doc="a plan whose targets leave less than this after fees is skipped (`net_reward_too_small`); 0: off",
        unit="R",
        ge=0,
    )
    daily_max_loss_usdt: Decimal = setting(
        Decimal(0), doc="loss of a UTC day that locks new entries; 0: off", unit="USDT", ge=0
    )
    daily_max_loss_percent: Decimal = setting(
        Decimal(0), doc="the same as a share of the equity at 00:00 UTC; 0: off", unit="percent", ge=0, le=100
    )
    daily_loss_count_unrealized: bool = setting(
        True, doc="losses of a day or a week count what unrealised profit has changed by, too"
    )
    weekly_max_loss_usdt: Decimal = setting(
        Decimal(0),
        doc="loss since Monday 00:00 UTC that locks new entries for the rest of the week; 0: off",
        unit="USDT",
        ge=0,
    )
    weekly_max_loss_percent: Decimal = setting(
        Decimal(0), doc="the same as a share of the equity at that time; 0: off", unit="percent", ge=0, le=100
    )
    max_consecutive_losses: int = setting(
        0,
        doc="trades of the profile that end with a net loss, one after the other, until new entries are locked; "
        "`mtf risk reset` lifts the lock; 0: off",
        unit="trades",
        ge=0,
        le=1000,
    )
    max_concurrent_positions: int = setting(
        0, doc="symbols with a position or a live entry at the same time; 0: no limit", unit="symbols", ge=0
    )
    max_same_side: int = setting(
        0, doc="symbols that are long, or short, at the same time, live entries too; 0: no limit", unit="symbols", ge=0
    )
    max_symbol_notional_usdt: Decimal = setting(
        Decimal(0), doc="largest notional of one symbol; 0: no limit", unit="USDT", ge=0
    )
    max_notional_usdt: Decimal = setting(
        Decimal(0), doc="largest notional of all positions and live entries together; 0: no limit", unit="USDT", ge=0
    )
    crash_mode: CrashModeSettings = setting(factory=CrashModeSettings, doc="sharper terms")


@frozen
class SymbolCap:
    """A leverage cap for the symbols that a pattern finds."""

    symbol_regex: str = setting(doc="regular expression, searched in the symbol whatever the case")
    cap: Decimal = setting(doc="highest leverage", gt=0)


@frozen
class RoundingSettings:
    """How the leverage becomes a whole number."""

    mode: RoundingMode = setting(RoundingMode.CEIL, doc="direction; caps and floors are applied again afterwards")


@frozen
class AcceptSettings:
    """Leverages outside skip the plan (`leverage_out_of_bounds`)."""

    min: Decimal = setting(Decimal(3), doc="lowest leverage worth trading", ge=1)
    max: Decimal | None = setting(None, doc="highest leverage worth trading; absent: no bound", ge=1)


@frozen
class LeverageSettings:
    """The leverage of a plan."""

    floor: Decimal = setting(Decimal(1), doc="lowest leverage; a cap that lies below wins", ge=1)
    exchange_cap: Decimal = setting(Decimal(20), doc="highest leverage", ge=1)
    per_symbol_caps: tuple[SymbolCap, ...] = setting((), doc="further caps by symbol; every one that matches counts")
    target: Decimal | None = setting(
        None, doc="leverage of a plan whose stop comes from the risk; absent: `floor`", ge=1
    )
    leverage_by_timeframe: dict[Timeframe, Decimal] = setting(
        factory=dict, doc="scales the dynamic leverage by execution timeframe; absent: 1", gt=0
    )
    max_loss_pct: Decimal = ratio(
        Decimal(0), doc="the loss at the stop is at most this share of `initial_margin_usdt`; 0: off"
    )
    toward_initial_margin: bool = setting(
        False,
        doc="moves the leverage to the whole number whose margin is nearest to `initial_margin_usdt`, within caps",
    )
    rounding: RoundingSettings = setting(factory=RoundingSettings, doc="whole leverages")
    accept: AcceptSettings = setting(factory=AcceptSettings, doc="leverages worth trading")


@frozen
class DecisionSettings:
    """What a decision needs to be planned at all."""

    allowed_execution_timeframes: tuple[Timeframe, ...] = setting((), doc="execution timeframes; an empty list: all")


@frozen
class MarketEntrySettings:
    """When a limit entry becomes a market entry."""

    enabled: bool = setting(False, doc="allows it")
    allowed_execution_timeframes: tuple[Timeframe, ...] = setting((), doc="execution timeframes; an empty list: none")
    adx_min_1h: Decimal | None = setting(None, doc="least ADX(14) on 1h; absent: not asked", ge=0, le=100)
    max_slippage_bps: Decimal = setting(
        Decimal(20),
        doc="a touch worse than the mark (else mid) by more stays a limit entry; also bounds the fill of the order",
        unit="bps",
        ge=0,
        le=1000,
    )


@frozen
class EndOfZoneSettings:
    """What the supervisor may do with an unfilled limit entry when its zone is about to expire."""

    enabled: bool = setting(True, doc="cancels and takes, on the terms below")
    ttl_threshold_sec: int = setting(25, doc="remaining life of the zone at which it happens", unit="seconds", ge=0)
    max_spread_bps: Decimal = setting(Decimal(8), doc="widest spread", unit="bps", gt=0)
    only_if_within_zone: bool = setting(True, doc="asks that the price lies in the zone")
    taker_order_type: OrderType = setting(OrderType.MARKET, doc="market, or limit: an IOC bounded by the slippage")
    max_slippage_bps: Decimal = setting(Decimal(10), doc="bound of the fill", unit="bps", ge=0, le=1000)


@frozen
class SupervisionSettings:
    """Deadlines of an entry order; they travel with the plan."""

    order_timeout_sec: int = setting(120, doc="an unfilled limit entry is cancelled after this time", unit="s", gt=0)
    out_of_zone_after_sec: int = setting(
        30, doc="from this age on, an entry whose price left the zone is cancelled", unit="s", ge=0
    )
    protection_timeout_sec: int = setting(
        5, doc="a stop that has fired and not filled is taken over at market after this time", unit="s", ge=1, le=60
    )
    target_order: OrderType = setting(
        OrderType.MARKET,
        doc="market: a target waits for its trigger, then takes; limit: it rests at its price, but only where the"
        " exchange is proven to trim exits that are too large, and waits for its trigger elsewhere",
    )
    tp_proximity_skip_pct: Decimal = ratio(Decimal("0.003"), doc="a target that the price is nearer to is never moved")


@frozen
class StalenessSettings:
    """How old the facts of a plan may be; an older one skips it (`stale_market_data`)."""

    quote_sec: int = setting(15, doc="book and mark price", unit="s", gt=0)
    balance_sec: int = setting(120, doc="available balance", unit="s", gt=0)
    candle_sec: int = setting(90, doc="how long after a candle's close the next one may be missing", unit="s", gt=0)
