"""Ledgers of replays for tests: single trades, and whole ones that are drawn from a seed and add up.

The drawn ledgers stand in for a real replay: markets walk at random, trades are entered and left at prices of candles
that are there, equity has a point at each minute in which something is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from attrs import evolve, frozen
from hypothesis import strategies as st

from mtf_core.market import DAY_MS, MINUTE_MS, Candles, Contract, Fill, Side, Timeframe, parse_instant, to_ms
from mtf_core.orders import ExitReason, Trade
from mtf_core.planning import OrderPlan
from mtf_core.reasons import Reason
from mtf_core.replay.ledger import (
    Afterwards,
    EquityPoint,
    Fate,
    Ledger,
    ReadyMinute,
    Regime,
    ReplayedTrade,
    ReplayMarket,
    Trend,
    Volatility,
    WaitingContext,
)
from mtf_core.settings.replay import ReplaySettings
from tests.unit.planning.examples import CONTRACT, example, plan_of

D = Decimal
START_MS = to_ms(parse_instant("2026-01-05T00:00Z"))
"""A Monday."""
HOUR_MS = 60 * MINUTE_MS
BALANCE = D(10_000)
ONE_R = D(50)
CALM_AND_UP = Regime(Trend.UP, Volatility.NORMAL)
_PLAN = plan_of(example())


def a_trade(
    net_r: object = 1,
    *,
    symbol: str = "BTCUSDT",
    opened_ms: int = START_MS + HOUR_MS,
    held_ms: int = HOUR_MS,
    side: Side = Side.LONG,
    exit_reason: ExitReason | None = None,
    fees: object = "1.5",
    funding: object = "0.25",
    timeframe: Timeframe = Timeframe.M5,
    regime: Regime = CALM_AND_UP,
    key: str = "",
    size: object = 10,
    entry: object = 100,
    exit: object | None = None,
    **changes: object,
) -> ReplayedTrade:
    """A trade that ended with so many R net; what 1 R net is worth is `ONE_R`."""
    r = D(str(net_r))
    net, paid, funded = r * ONE_R, D(str(fees)), D(str(funding))
    gross = net + paid + funded
    left_at = D(str(entry)) * (1 + side.sign * r / 100) if exit is None else D(str(exit))
    trade = Trade(
        decision_key=key or f"{symbol}:{timeframe}:{opened_ms}:{side}",
        symbol=symbol,
        side=side,
        profile="scalper_micro",
        run_id="replay",
        execution_timeframe=timeframe,
        contract_size=D("0.001"),
        planned_size=D(str(size)),
        size=D(str(size)),
        closed_size=D(str(size)),
        planned_entry=D(str(entry)),
        planned_stop=D(str(entry)) * (1 - side.sign * D("0.01")),
        entry_price=D(str(entry)),
        exit_price=left_at,
        gross_usdt=gross,
        fees_usdt=paid,
        funding_usdt=funded,
        net_usdt=gross - paid - funded,
        entry_slippage=D(0),
        entry_slippage_usdt=D(0),
        exit_slippage=D("0.02"),
        exit_slippage_usdt=D("0.2"),
        r_gross=(gross / ONE_R).quantize(D("0.000001")),
        r_net=r,
        mfe_price=D(1),
        mfe_percent=D(1),
        mfe_r=max(r, D(0)) + D("0.3"),
        mae_price=D(-1),
        mae_percent=D(-1),
        mae_r=min(r, D(0)) - D("0.2"),
        opened_ms=opened_ms,
        closed_ms=opened_ms + held_ms,
        holding_ms=held_ms,
        exit_reason=exit_reason or (ExitReason.TARGET if r > 0 else ExitReason.STOP),
    )
    return ReplayedTrade(
        trade=evolve(trade, **changes),
        decided_ms=opened_ms - MINUTE_MS,
        fills=_fills(trade),
        regime=regime,
        slippage_usdt=D("0.2"),
        known_ms=opened_ms + held_ms,
    )


def _fills(trade: Trade) -> tuple[Fill, ...]:
    assert trade.entry_price is not None
    assert trade.exit_price is not None
    opening = Fill(
        symbol=trade.symbol,
        fill_id=f"{trade.decision_key}-1",
        order_id="1",
        side=trade.side,
        opens=True,
        price=trade.entry_price,
        size=trade.size,
        fee=trade.fees_usdt / 2,
        realised_profit=D(0),
        is_maker=True,
        time_ms=trade.opened_ms or 0,
    )
    closing = evolve(
        opening,
        fill_id=f"{trade.decision_key}-2",
        opens=False,
        price=trade.exit_price,
        realised_profit=trade.gross_usdt,
        is_maker=False,
        time_ms=trade.closed_ms,
    )
    return opening, closing


def a_market(symbol: str = "BTCUSDT", *, minutes: int = 3 * 1440, seed: int = 1, **changes: object) -> ReplayMarket:
    """Candles of a random walk from 100 on; prices are whole ticks."""
    draw = np.random.default_rng(seed)
    closes = np.round(100 * np.exp(np.cumsum(draw.normal(0, 0.0008, minutes))), 1)
    opens = np.concatenate([[100.0], closes[:-1]])
    wide = np.round(np.abs(draw.normal(0, 0.05, (2, minutes))), 1)
    candles = Candles.checked(
        Timeframe.M1,
        START_MS + MINUTE_MS * np.arange(minutes, dtype=np.int64),
        opens,
        np.maximum(opens, closes) + wide[0],
        np.minimum(opens, closes) - wide[1],
        closes,
        np.full(minutes, 5.0),
    )
    return evolve(market_of(symbol, candles), **changes)


def market_of(symbol: str, candles: Candles) -> ReplayMarket:
    contract: Contract = evolve(CONTRACT, symbol=symbol, contract_size=D("0.001"))
    return ReplayMarket(symbol, candles, contract, False, "0" * 64, "drawn at random")


def points_of(trades: Sequence[ReplayedTrade], balance: Decimal = BALANCE) -> tuple[EquityPoint, ...]:
    """A point when each trade opens, half-way, and when it closes; half-way half of what it will have made is there."""
    rows: list[tuple[int, Decimal, Decimal, Decimal]] = []
    for one in trades:
        trade = one.trade
        assert trade.opened_ms is not None
        notional = trade.size * trade.contract_size * trade.planned_entry
        middle = (trade.opened_ms + trade.closed_ms) // 2
        rows.append((trade.opened_ms, D(0), D(0), notional))
        rows.append((middle, trade.net_usdt / 2, D(0), D(0)))
        rows.append((trade.closed_ms, trade.net_usdt / 2, trade.net_usdt, -notional))
    points: list[EquityPoint] = []
    equity, booked, at_risk = balance, balance, D(0)
    for time_ms, gained, closed, held in sorted(rows):
        equity, booked, at_risk = equity + gained, booked + closed, at_risk + held
        points.append(EquityPoint(time_ms, equity, booked, at_risk))
    return tuple(points)


def minute_of(one: ReplayedTrade) -> ReadyMinute:
    """The READY minute that a trade began with."""
    trade = one.trade
    return a_minute(
        trade.symbol,
        one.decided_ms,
        Fate.TRADED,
        side=trade.side,
        timeframe=trade.execution_timeframe,
        decision_key=trade.decision_key,
        plan=a_plan(trade.symbol),
    )


def a_plan(symbol: str) -> OrderPlan:
    return evolve(_PLAN, symbol=symbol)


def a_minute(symbol: str, at_ms: int, fate: Fate, reason: Reason | None = None, **changes: object) -> ReadyMinute:
    minute = ReadyMinute(
        symbol=symbol,
        at_ms=at_ms,
        side=Side.LONG,
        timeframe=Timeframe.M5,
        decision_key=f"{symbol}:5m:{at_ms}:long:{fate}",
        fate=fate,
        reason=reason,
        known_ms=at_ms,
    )
    return evolve(minute, **changes)


def a_ledger(trades: Sequence[ReplayedTrade] = (), *, days: int = 3, **changes: object) -> Ledger:
    """A ledger whose READY minutes and equity fit its trades."""
    ledger = Ledger(
        profile="scalper_micro",
        profile_digest="1" * 64,
        version="0.1.0",
        first_ms=START_MS,
        last_ms=START_MS + days * DAY_MS,
        settings=ReplaySettings(balance_usdt=BALANCE),
        markets=(a_market(minutes=min(days, 3) * 1440),),
        minutes=days * 1440,
        reasons={"pragmatic_context_all_neutral": days * 1440 - len(trades)},
        ready=tuple(map(minute_of, trades)),
        contexts=(),
        trades=tuple(trades),
        equity=points_of(trades),
        open_usdt=Decimal(0),
        liquidations=0,
    )
    return evolve(ledger, **changes)


@frozen
class Drawn:
    """How large a drawn ledger is."""

    symbols: int = 4
    days: int = 40
    trades: int = 160
    seed: int = 7


def a_drawn_ledger(drawn: Drawn = Drawn()) -> Ledger:
    """Markets that walk at random and trades on them, with everything that a report shows."""
    draw = np.random.default_rng(drawn.seed)
    names = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "ADAUSDT", "LINKUSDT", "DOGEUSDT", "AVAXUSDT")[: drawn.symbols]
    minutes = drawn.days * 1440
    markets = tuple(a_market(name, minutes=minutes, seed=drawn.seed + row) for row, name in enumerate(names))
    trades = []
    for at in np.sort(draw.choice(np.arange(60, minutes - 300), drawn.trades, replace=False)):
        market = markets[int(draw.integers(len(markets)))]
        trades.append(_drawn_trade(draw, market, int(at)))
    ready = [*map(minute_of, trades), *_others(draw, names, minutes)]
    return a_ledger(
        trades,
        days=drawn.days,
        markets=markets,
        minutes=minutes * drawn.symbols,
        ready=tuple(sorted(ready, key=lambda one: (one.at_ms, one.symbol))),
        contexts=tuple(
            WaitingContext(name, Side.SHORT, at, at + 20 * MINUTE_MS, Reason.NO_TIMEFRAME_SELECTED)
            for name in names
            for at in range(START_MS, START_MS + drawn.days * DAY_MS, 6 * HOUR_MS)
        ),
        remarks=("no mark candles: the candle's price stands for the mark price",),
    )


def _drawn_trade(draw: np.random.Generator, market: ReplayMarket, at: int) -> ReplayedTrade:
    """In at the close of a candle, out at the close of a later one; 1 R is half a percent of the price."""
    candles = market.candles
    held = int(draw.integers(2, 280))
    side = Side.LONG if draw.random() < 0.6 else Side.SHORT
    entry, left_at = (D(repr(round(float(candles.close[row]), 1))) for row in (at, at + held))
    r = ((left_at - entry) / entry * 200 * side.sign).quantize(D("0.001"))
    within = slice(at, at + held + 1)
    ups = D(repr(round(float(candles.high[within].max()), 1))) - entry
    downs = D(repr(round(float(candles.low[within].min()), 1))) - entry
    best, worst = (ups, downs) if side is Side.LONG else (-downs, -ups)
    reason = ExitReason.TARGET if r > D("0.5") else ExitReason.STOP if r < D("-0.5") else ExitReason.TIME_STOP
    return a_trade(
        r,
        symbol=market.symbol,
        opened_ms=int(candles.open_ms[at]) + MINUTE_MS,
        held_ms=held * MINUTE_MS,
        side=side,
        exit_reason=reason,
        timeframe=(Timeframe.M1, Timeframe.M5, Timeframe.M15)[int(draw.integers(3))],
        regime=Regime(list(Trend)[int(draw.integers(4))], list(Volatility)[int(draw.integers(4))]),
        entry=entry,
        exit=left_at,
        size=100,
        contract_size=D(1),
        planned_stop=entry * (1 - side.sign * D("0.005")),
        mfe_r=(max(best, D(0)) / entry * 200).quantize(D("0.001")),
        mae_r=(min(worst, D(0)) / entry * 200).quantize(D("0.001")),
    )


_REFUSALS = (
    (Fate.REFUSED, Reason.MAX_CONCURRENT_POSITIONS_REACHED),
    (Fate.REFUSED, Reason.DAILY_LOSS_LIMIT_REACHED),
    (Fate.NOT_PLANNED, Reason.SKIPPED_OUT_OF_ZONE),
)


def _others(draw: np.random.Generator, names: Sequence[str], minutes: int) -> list[ReadyMinute]:
    """READY minutes that came to nothing."""
    found = []
    for at in draw.choice(np.arange(minutes), minutes // 200, replace=False).tolist():
        symbol, at_ms = names[int(draw.integers(len(names)))], START_MS + at * MINUTE_MS
        if draw.random() < 0.3:
            best, worst = D(repr(round(draw.random() * 2, 2))), -D(repr(round(draw.random(), 2)))
            first = ("target", "stop", "neither")[int(draw.integers(3))]
            ended = ("order_timeout", "out_of_zone")[int(draw.integers(2))]
            after = Afterwards(best, worst, first, 60)
            found.append(a_minute(symbol, at_ms, Fate.NOT_FILLED, ended=ended, afterwards=after, plan=a_plan(symbol)))
        else:
            fate, reason = _REFUSALS[int(draw.integers(len(_REFUSALS)))]
            found.append(a_minute(symbol, at_ms, fate, reason))
    return found


# --- strategies -----------------------------------------------------------------------------------------------
NET_RS = st.decimals(min_value=-3, max_value=6, places=3)


@st.composite
def trades(draw: st.DrawFn) -> ReplayedTrade:
    """Trades of a few symbols within three days; net is exactly gross less costs."""
    return a_trade(
        draw(NET_RS),
        symbol=draw(st.sampled_from(["BTCUSDT", "ETHUSDT", "SOLUSDT"])),
        opened_ms=START_MS + draw(st.integers(1, 2 * 1440)) * MINUTE_MS,
        held_ms=draw(st.integers(1, 600)) * MINUTE_MS,
        side=draw(st.sampled_from(Side)),
        exit_reason=draw(st.sampled_from(ExitReason)),
        fees=draw(st.decimals(min_value="-0.5", max_value=9, places=4)),
        funding=draw(st.decimals(min_value=-1, max_value=1, places=6)),
        timeframe=draw(st.sampled_from([Timeframe.M1, Timeframe.M5])),
        regime=Regime(draw(st.sampled_from(Trend)), draw(st.sampled_from(Volatility))),
        key=f"key-{draw(st.uuids())}",
    )


def many_trades(min_size: int = 0, max_size: int = 12) -> st.SearchStrategy[list[ReplayedTrade]]:
    """Each with a key of its own."""
    return st.lists(trades(), min_size=min_size, max_size=max_size, unique_by=lambda one: one.trade.decision_key)
