"""Hypothesis strategies for order planning: contracts, books, market facts, settings and signals that fit together.

`plan_cases` draws cases that are mostly tradable, over prices from 1e-8 to 1e6 and ticks from 1e-12 to 1e3;
`wild_cases` breaks one of them in a way that real data can be broken. Values that enter as floats have at most 15
digits, so that scaling and reflecting them is exact.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from attrs import evolve, frozen
from hypothesis import strategies as st

from mtf_core.market import (
    BracketUnit,
    Contract,
    ContractStatus,
    LeverageBracket,
    MarkPrice,
    OrderType,
    Side,
    Timeframe,
    TimeInForce,
    TopOfBook,
    on_grid_at_or_above,
)
from mtf_core.planning import FactRole, FeatureFact, MarketFacts, PlanOutcome, Signal, plan_order
from mtf_core.settings.trade_entry import (
    AcceptSettings,
    DefaultsSettings,
    EndOfZoneSettings,
    EntrySettings,
    EntryZoneOptions,
    LeverageSettings,
    MarketEntrySettings,
    PivotStopPolicy,
    RiskSettings,
    RoundingMode,
    RoundingSettings,
    SecondTargetPolicy,
    StopFallback,
    StopFrom,
    SymbolCap,
    TargetPolicy,
    TradeEntrySettings,
    ZoneAnchor,
)

NOW_MS = 1_700_000_000_000
SYMBOL = "TESTUSDT"
TIMEFRAMES = (Timeframe.M1, Timeframe.M5, Timeframe.M15)


@frozen
class PlanCase:
    """Everything that one order plan is made from."""

    signal: Signal
    contract: Contract
    facts: MarketFacts
    settings: TradeEntrySettings
    now_ms: int = NOW_MS

    def plan(self) -> PlanOutcome:
        return plan_order(self.signal, self.contract, self.facts, self.settings, self.now_ms)

    def with_defaults(self, **changes: Any) -> PlanCase:
        """The same case with other keys of `defaults`."""
        return evolve(self, settings=evolve(self.settings, defaults=evolve(self.settings.defaults, **changes)))

    def with_leverage(self, **changes: Any) -> PlanCase:
        """The same case with other keys of `leverage`."""
        return evolve(self, settings=evolve(self.settings, leverage=evolve(self.settings.leverage, **changes)))

    def with_risk(self, **changes: Any) -> PlanCase:
        """The same case with other keys of `risk`."""
        return evolve(self, settings=evolve(self.settings, risk=evolve(self.settings.risk, **changes)))

    def with_features(self, **values: float | None) -> PlanCase:
        """The same case with other feature values, by role; None leaves the role out."""
        features = dict(self.facts.features)
        for name, value in values.items():
            features.pop(FactRole(name), None)
            if value is not None:
                features[FactRole(name)] = FeatureFact(value, self.now_ms)
        return evolve(self, facts=evolve(self.facts, features=features))


def scaled(low: int, high: int, unit: str) -> st.SearchStrategy[Decimal]:
    """Whole multiples of `unit`."""
    return st.integers(low, high).map(lambda count: count * Decimal(unit))


def feature_value(value: Decimal) -> float:
    """The float of a decimal with at most 15 digits, which reads back as the same decimal."""
    return float(f"{value:.15g}")


# --- contracts ------------------------------------------------------------------------------------------------
@st.composite
def contracts(draw: st.DrawFn, price: Decimal, tick: Decimal) -> Contract:
    """Contracts that are worth between a thousandth of a USDT and more than anyone here can afford."""
    step = draw(st.sampled_from([Decimal(1), Decimal("0.1"), Decimal("0.001"), Decimal(5)]))
    worth = draw(st.sampled_from(["0.001", "0.01", "0.01", "0.1", "0.1", "1", "10", "1000"]))
    power = (Decimal(worth) / price / step).adjusted()
    contract_size = draw(st.sampled_from([Decimal(1), Decimal(2), Decimal(5)])).scaleb(power)
    min_size = step * draw(st.sampled_from([1, 1, 1, 1, 2, 30]))
    max_size = min_size * draw(st.sampled_from([5, 1000, 10**7, 10**7]))
    return Contract(
        symbol=SYMBOL,
        base_currency="TEST",
        quote_currency="USDT",
        status=ContractStatus.TRADING,
        tick_size=tick,
        size_step=step,
        contract_size=contract_size,
        min_size=min_size,
        max_size=max_size,
        max_market_size=max_size / draw(st.sampled_from([1, 2])),
        min_leverage=draw(st.sampled_from([Decimal(1), Decimal(1), Decimal(2)])),
        max_leverage=draw(st.sampled_from([Decimal(20), Decimal(50), Decimal("62.5"), Decimal(125)])),
        maker_fee=draw(scaled(-3, 10, "0.0001")),
        taker_fee=draw(scaled(-1, 10, "0.0001")),
        turnover_24h=Decimal(10**7),
        opened_at_ms=0,
        brackets=draw(brackets()),
        min_notional=draw(st.sampled_from([Decimal(0), Decimal(0), Decimal(0), Decimal("0.1"), Decimal(5)])),
    )


@st.composite
def brackets(draw: st.DrawFn) -> tuple[LeverageBracket, ...]:
    """Risk limits as exchanges publish them: margin is continuous from one bracket to the next."""
    caps = sorted(draw(st.sets(st.sampled_from([50, 500, 5_000, 100_000, 10**7]), min_size=1)))
    leverage, ratio = draw(st.sampled_from([Decimal(125), Decimal(50), Decimal(20)])), Decimal("0.004")
    rows: list[LeverageBracket] = []
    floor, amount = Decimal(0), Decimal(0)
    for cap in caps:
        rows.append(LeverageBracket(floor, Decimal(cap), leverage, ratio, amount))
        floor = Decimal(cap)
        amount += floor * ratio  # cum grows by floor · (next ratio − ratio), and each ratio is twice the one before
        leverage, ratio = max(leverage / 2, Decimal(1)), ratio * 2
    return tuple(rows)


# --- settings -------------------------------------------------------------------------------------------------
@st.composite
def defaults_settings(draw: st.DrawFn, timeframe: Timeframe) -> DefaultsSettings:
    order_type = draw(st.sampled_from([OrderType.LIMIT, OrderType.LIMIT, OrderType.LIMIT, OrderType.MARKET]))
    time_in_force = draw(st.sampled_from(TimeInForce))
    may_rest = order_type is OrderType.LIMIT and time_in_force is TimeInForce.GTC
    return DefaultsSettings(
        risk_pct_percent=draw(scaled(1, 60, "0.25")),
        initial_margin_usdt=draw(st.sampled_from([Decimal(20), Decimal(100), Decimal("777.77"), Decimal(0)])),
        fallback_account_balance=Decimal(3000),
        r_timeframe_multipliers={timeframe: draw(st.sampled_from([Decimal(1), Decimal("1.5")]))},
        r_multiple=draw(scaled(5, 40, "0.1")),
        stop_from=draw(st.sampled_from(StopFrom)),
        stop_fallback=draw(st.sampled_from([StopFallback.ATR, StopFallback.ATR, StopFallback.RISK, StopFallback.NONE])),
        atr_k=draw(scaled(5, 40, "0.1")),
        pivot_sl_policy=draw(st.sampled_from(PivotStopPolicy)),
        pivot_sl_buffer_pct=draw(scaled(0, 30, "0.0001")),
        pivot_sl_min_keep_ratio=draw(st.sampled_from([Decimal("0.8"), Decimal("1.3")])),
        min_stop_distance_pct=draw(scaled(1, 20, "0.0005")),
        tp_policy=draw(st.sampled_from(TargetPolicy)),
        tp_buffer_pct=draw(scaled(0, 20, "0.0001")),
        tp_buffer_ticks=draw(st.integers(0, 3)),
        tp_min_keep_ratio=draw(scaled(50, 100, "0.01")),
        tp_max_extra_r=draw(scaled(0, 10, "0.1")),
        targets=draw(st.sampled_from([1, 2])),
        tp1_r=draw(st.sampled_from([None, None, Decimal("0.8")])),
        tp2_policy=draw(st.sampled_from(SecondTargetPolicy)),
        order_type=order_type,
        time_in_force=time_in_force,
        post_only=may_rest and draw(st.booleans()),
        inside_ticks=draw(st.integers(0, 3)),
        market_max_spread_pct=Decimal("0.05"),
        max_deviation_pct=draw(st.sampled_from([Decimal("0.005"), Decimal("0.05"), Decimal("0.002")])),
        implausible_pct=Decimal("0.1"),
        zone_max_deviation_pct=draw(st.sampled_from([Decimal("0.03"), Decimal("0.1"), Decimal(1)])),
        k_dynamic=draw(st.sampled_from([Decimal("0.2"), Decimal(1), Decimal(10)])),
    )


@st.composite
def leverage_settings(draw: st.DrawFn, timeframe: Timeframe) -> LeverageSettings:
    return LeverageSettings(
        floor=draw(st.sampled_from([Decimal(1), Decimal(2), Decimal("2.5")])),
        exchange_cap=draw(st.sampled_from([Decimal(5), Decimal(20), Decimal("33.3"), Decimal(200)])),
        per_symbol_caps=draw(
            st.sampled_from([(), (SymbolCap("^test", Decimal(15)),), (SymbolCap("^BTC", Decimal(1)),)])
        ),
        target=draw(st.sampled_from([None, Decimal(5), Decimal(10)])),
        leverage_by_timeframe={timeframe: draw(scaled(5, 60, "0.1"))},
        max_loss_pct=draw(st.sampled_from([Decimal(0), Decimal(0), Decimal("0.05")])),
        toward_initial_margin=draw(st.booleans()),
        rounding=RoundingSettings(draw(st.sampled_from(RoundingMode))),
        accept=AcceptSettings(min=draw(st.sampled_from([Decimal(1), Decimal(1), Decimal(1), Decimal(3)]))),
    )


@st.composite
def trade_entry_settings(draw: st.DrawFn, timeframe: Timeframe) -> TradeEntrySettings:
    """Settings that pass the load checks, from timid to reckless."""
    zone = EntryZoneOptions(
        source=draw(st.sampled_from([None, *ZoneAnchor])),
        k_atr=draw(st.one_of(scaled(0, 2, "0.1"), scaled(3, 30, "0.1"))),
        w_min=draw(scaled(5, 30, "0.0001")),
        w_max=draw(scaled(30, 300, "0.0001")),
        asym_bias=draw(st.sampled_from([Decimal(0), Decimal("0.3"), Decimal("0.95")])),
        quantize_to_exchange_step=draw(st.sampled_from([True, True, False])),
        allow_open_zone=draw(st.booleans()),
    )
    return TradeEntrySettings(
        defaults=draw(defaults_settings(timeframe)),
        leverage=draw(leverage_settings(timeframe)),
        risk=RiskSettings(
            risk_by_timeframe={timeframe: draw(scaled(5, 60, "0.1"))},
            include_fees=draw(st.booleans()),
            min_liquidation_ratio=draw(
                st.sampled_from([Decimal("0.5"), Decimal("1.5"), Decimal(3), Decimal(3), Decimal(12)])
            ),
            min_net_r=draw(st.sampled_from([Decimal(0), Decimal(0), Decimal("0.3")])),
        ),
        market_entry=MarketEntrySettings(
            enabled=draw(st.booleans()),
            allowed_execution_timeframes=(Timeframe.M1,),
            max_slippage_bps=draw(st.sampled_from([Decimal(0), Decimal(20), Decimal(500)])),
        ),
        entry=EntrySettings(entry_zone=zone),
        fallback_end_of_zone=EndOfZoneSettings(enabled=draw(st.booleans())),
    )


# --- market facts ---------------------------------------------------------------------------------------------
@st.composite
def grids(draw: st.DrawFn) -> tuple[Decimal, Decimal]:
    """(price, tick): prices 1e-8 … 1e6, and 50 to a million ticks in a price."""
    price = Decimal(draw(st.integers(100, 999))).scaleb(draw(st.integers(-10, 3)))
    power = max(price.adjusted() - draw(st.integers(2, 6)), -12)
    tick = draw(st.sampled_from([Decimal(1), Decimal(2), Decimal(5)])).scaleb(power)
    return (price // tick) * tick, tick


@st.composite
def books(draw: st.DrawFn, price: Decimal, tick: Decimal) -> TopOfBook:
    """Spreads from one tick to a handful, never above a hundredth of the price unless one tick is that much."""
    widest = max(1, min(8, int(price / tick / 200)))
    return TopOfBook(SYMBOL, price, price + tick * draw(st.integers(1, widest)), NOW_MS)


@st.composite
def features(draw: st.DrawFn, price: Decimal) -> dict[FactRole, FeatureFact]:
    """ATRs of 0.05 % to 3 %, anchors mostly within 0.1 % of the price, six pivots on either side, or none."""

    def near(parts: int) -> float:
        return feature_value(price * (1 + draw(scaled(-parts, parts, "0.0001"))))

    values = {
        FactRole.ANCHOR_VWAP: near(draw(st.sampled_from([10, 10, 30]))),
        FactRole.ANCHOR_AVERAGE: near(10),
        FactRole.ADX_1H: float(draw(st.integers(5, 50))),
    }
    for role in (FactRole.STOP_ATR, FactRole.LEVERAGE_ATR, FactRole.ZONE_ATR, FactRole.SPLIT_ATR):
        values[role] = feature_value(price * draw(scaled(1, 60, "0.0005")))
    for kind in draw(st.sampled_from([("pivot",), ("fallback_pivot",), ("pivot", "fallback_pivot"), ()])):
        spacing, centre = draw(scaled(1, 20, "0.0005")), Decimal(repr(near(30)))
        for number in range(1, 7):
            values[FactRole(f"{kind}_r{number}")] = feature_value(centre + price * spacing * number)
            values[FactRole(f"{kind}_s{number}")] = feature_value(centre - price * spacing * number)
    return {role: FeatureFact(value, NOW_MS) for role, value in values.items()}


@st.composite
def market_facts(draw: st.DrawFn, price: Decimal, tick: Decimal) -> MarketFacts:
    book = draw(books(price, tick))
    mark = price + tick * draw(st.integers(-3, 3)) if price > 5000 * tick else price
    return MarketFacts(
        book=book,
        mark=draw(st.sampled_from([MarkPrice(SYMBOL, mark, NOW_MS), None])),
        available_balance=draw(st.sampled_from([Decimal(1000), Decimal("55.5"), Decimal(10**6)])),
        balance_time_ms=NOW_MS,
        features=draw(features(price)),
        valid_timeframes=draw(st.sampled_from([None, 0, 1, 3])),
    )


# --- cases ----------------------------------------------------------------------------------------------------
@st.composite
def plan_cases(draw: st.DrawFn) -> PlanCase:
    """Cases of which many are tradable; a third with a zone behind the book, in which a limit waits."""
    price, tick = draw(grids())
    timeframe, side = draw(st.sampled_from(TIMEFRAMES)), draw(st.sampled_from(Side))
    case = PlanCase(
        signal=Signal(SYMBOL, side, timeframe, f"{SYMBOL}:{timeframe}:0"),
        contract=draw(contracts(price, tick)),
        facts=draw(market_facts(price, tick)),
        settings=draw(trade_entry_settings(timeframe)),
    )
    if draw(st.sampled_from([False, False, True])):
        anchor = feature_value(price * (1 - side.sign * draw(scaled(2, 30, "0.0005"))))
        return case.with_features(anchor_vwap=anchor, anchor_average=anchor)
    return case


def in_contracts(case: PlanCase) -> PlanCase:
    """The same case where the exchange states about the same brackets in contracts, as ratios of the whole position."""
    contract = case.contract
    worth = contract.notional(Decimal(1), case.facts.book.best_bid)

    def whole(notional: Decimal) -> Decimal:
        return on_grid_at_or_above(notional / worth, contract.size_step)

    rows = [
        evolve(
            row,
            notional_floor=whole(row.notional_floor),
            notional_cap=whole(row.notional_cap),
            maintenance_amount=Decimal(0),
        )
        for row in contract.brackets
    ]
    kept = tuple(row for row in rows if row.notional_floor < row.notional_cap)
    return evolve(case, contract=evolve(contract, brackets=kept, brackets_in=BracketUnit.CONTRACTS))


_BROKEN_NUMBERS = [Decimal("NaN"), Decimal("Infinity"), Decimal("-1"), Decimal(0), Decimal("1e300"), Decimal("1e-300")]
_BROKEN_FLOATS = [float("nan"), float("inf"), -float("inf"), -1.0, 0.0, 1e308, 5e-324]


@st.composite
def wild_cases(draw: st.DrawFn) -> PlanCase:
    """A case of `plan_cases` with one thing in it broken, stale or out of proportion."""
    case = draw(plan_cases())
    match draw(st.sampled_from(["feature", "balance", "time", "contract", "brackets", "book", "settings"])):
        case "feature":
            role = draw(st.sampled_from(sorted(case.facts.features)))
            return case.with_features(**{role.value: draw(st.sampled_from([None, *_BROKEN_FLOATS]))})
        case "balance":
            return evolve(case, facts=evolve(case.facts, available_balance=draw(st.sampled_from(_BROKEN_NUMBERS))))
        case "time":
            return evolve(case, now_ms=NOW_MS + draw(st.sampled_from([-1, -(10**12), 10**5, 10**9, 10**12])))
        case "contract":
            name = draw(st.sampled_from(["maker_fee", "taker_fee", "max_market_size"]))
            return evolve(case, contract=evolve(case.contract, **{name: draw(st.sampled_from(_BROKEN_NUMBERS))}))
        case "brackets":
            return evolve(case, contract=evolve(case.contract, brackets=draw(_broken_brackets())))
        case "book":
            bid = case.facts.book.best_bid * draw(st.sampled_from([Decimal("0.001"), Decimal("0.9"), Decimal("1e-30")]))
            return evolve(case, facts=evolve(case.facts, book=evolve(case.facts.book, best_bid=bid)))
        case _:
            return _out_of_proportion(case, draw(st.integers(0, 5)))


def _broken_brackets() -> st.SearchStrategy[tuple[LeverageBracket, ...]]:
    number = st.sampled_from([*_BROKEN_NUMBERS, Decimal("0.5"), Decimal(100)])
    return st.lists(st.builds(LeverageBracket, number, number, number, number, number), max_size=2).map(tuple)


def _out_of_proportion(case: PlanCase, which: int) -> PlanCase:
    """Settings that are within their bounds, and absurd."""
    match which:
        case 0:
            return case.with_defaults(r_multiple=Decimal(10**9))
        case 1:
            return case.with_defaults(atr_k=Decimal(10**9))
        case 2:
            return case.with_leverage(exchange_cap=Decimal(10**9), floor=Decimal(10**9))
        case 3:
            return case.with_leverage(per_symbol_caps=(SymbolCap("([", Decimal(3)),))
        case 4:
            return case.with_defaults(k_dynamic=Decimal("1e-9"))
        case _:
            return case.with_defaults(initial_margin_usdt=Decimal("1e15"), min_stop_distance_pct=Decimal(0))
