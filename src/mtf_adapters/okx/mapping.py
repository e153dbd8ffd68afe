"""From OKX's words to the core's types, and back: each mapped once, here.

What cannot be mapped raises `ExchangeUnavailableError`: a row that is not understood is no reason to leave it out.
Fees and their rates are negative where they are paid, and turned round here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TypeVar

from mtf_adapters.okx.wire import (
    AlgoRow,
    AttachedRow,
    BillRow,
    FillRow,
    InstrumentRow,
    OrderRow,
    PositionRow,
    TierRow,
)
from mtf_core.market import (
    BracketUnit,
    CashFlow,
    Contract,
    ContractStatus,
    Fill,
    FillCause,
    FlowKind,
    LeverageBracket,
    MarginMode,
    OpenOrder,
    OrderKind,
    OrderState,
    Position,
    PositionMode,
    Side,
    Timeframe,
    TimeInForce,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
)
from mtf_core.ports import ExchangeUnavailableError, FeeRates

BARS = {
    Timeframe.M1: "1m",
    Timeframe.M5: "5m",
    Timeframe.M15: "15m",
    Timeframe.H1: "1H",
    Timeframe.H4: "4H",
    Timeframe.D1: "1Dutc",
}
"""The words for a candle's length; a plain `1D` would open at eight in the morning of UTC+8 (sheet §4)."""

PREOPEN = "preopen"
"""The state of a row that has no numbers yet."""
_STATUSES = {
    "live": ContractStatus.TRADING,
    "expired": ContractStatus.DELISTED,
    **dict.fromkeys(("suspend", "settling", "rebase", "post_only", "test"), ContractStatus.UNKNOWN),
}
"""While a contract is suspended, settled or rebased, or takes post-only orders alone, nothing is entered. The core has
no word for a pause, so it is UNKNOWN then, which is not tradable; the next list of contracts says when it is over."""

_BY = {"last": TriggerPrice.LAST, "mark": TriggerPrice.MARK}
_BY_INDEX = "index"
PRICE_TYPES = {by: word for word, by in _BY.items()}
AT_MARKET = "-1"

BUY, SELL = "buy", "sell"
_SIDES: Mapping[tuple[str, str], tuple[Side, bool]] = {
    (BUY, "long"): (Side.LONG, True),
    (SELL, "long"): (Side.LONG, False),
    (SELL, "short"): (Side.SHORT, True),
    (BUY, "short"): (Side.SHORT, False),
}
"""Of an account in hedge mode: the position's side, and whether the order opens it."""
_NET = frozenset({"net", ""})

_KINDS: Mapping[str, tuple[OrderKind, TimeInForce | None]] = {
    "limit": (OrderKind.LIMIT, TimeInForce.GTC),
    "post_only": (OrderKind.LIMIT, TimeInForce.GTC),
    "rpi": (OrderKind.LIMIT, TimeInForce.GTC),
    "ioc": (OrderKind.LIMIT, TimeInForce.IOC),
    "fok": (OrderKind.LIMIT, TimeInForce.FOK),
    "market": (OrderKind.MARKET, None),  # a limit at the edge of the price band, which can rest (sheet §12.15)
    "optimal_limit_ioc": (OrderKind.MARKET, TimeInForce.IOC),
}
POST_ONLY, MARKET_IOC = "post_only", "optimal_limit_ioc"
ORDER_TYPES = {TimeInForce.GTC: "limit", TimeInForce.IOC: "ioc", TimeInForce.FOK: "fok"}

_STATES = {
    "live": OrderState.LIVE,
    "partially_filled": OrderState.LIVE,
    "filled": OrderState.FILLED,
    "canceled": OrderState.CANCELLED,
    "mmp_canceled": OrderState.CANCELLED,
}
_ALGO_STATES = {
    "live": OrderState.LIVE,
    "pause": OrderState.PENDING,
    "partially_effective": OrderState.LIVE,
    "effective": OrderState.TRIGGERED,
    "canceled": OrderState.CANCELLED,
    "order_failed": OrderState.REJECTED,
    "partially_failed": OrderState.REJECTED,
}
"""`effective` fired, and the order that came of it has another id; `order_failed` fired and nothing came of it."""

CONDITIONAL, ONE_CANCELS_OTHER, TRIGGER, TRAILING = "conditional", "oco", "trigger", "move_order_stop"

_CAUSES = {
    **dict.fromkeys((str(code) for code in range(100, 108)), FillCause.LIQUIDATION),
    **dict.fromkeys(("112", "113"), FillCause.SETTLEMENT),
    **dict.fromkeys((str(code) for code in range(125, 129)), FillCause.ADL),
}
"""By `subType`; any other is an order's own execution."""

_CONTRACTS = frozenset({"SWAP", "FUTURES", "OPTION"})
_TRADES = frozenset({"2", "3", "5", "9", "34"})
"""Bills whose profit and fee are those of contracts: trade, delivery, liquidation, ADL, daily settlement."""
_FORCED = frozenset({"5", "9", "10"})
"""Liquidation, ADL and clawback: what is beyond profit and fee was taken by them."""
_FUNDING, _INTEREST, _OWN_MARGIN = "8", "7", "6"
_FUNDING_SUBTYPES = frozenset({"173", "174"})

_POSITION_MODES = {"long_short_mode": PositionMode.HEDGE, "net_mode": PositionMode.ONE_WAY}
POSITION_MODE_WORDS = {mode: word for word, mode in _POSITION_MODES.items()}


def contract_of(
    row: InstrumentRow, tiers: Iterable[TierRow], fees: FeeRates, turnover: Decimal, now_ms: int
) -> Contract:
    """Raises `InvalidContractError` for a row that nobody can trade on."""
    return Contract(
        symbol=row.instId,
        base_currency=row.ctValCcy,
        quote_currency=row.settleCcy,
        status=_status(row, now_ms),
        tick_size=row.tickSz,
        size_step=row.lotSz,
        contract_size=row.ctVal * row.ctMult,
        min_size=row.minSz,
        max_size=row.maxLmtSz,
        max_market_size=row.maxMktSz,
        min_leverage=Decimal(1),
        max_leverage=row.lever,
        maker_fee=fees.maker,
        taker_fee=fees.taker,
        turnover_24h=turnover,
        opened_at_ms=row.listTime,
        expires_at_ms=row.expTime,
        brackets=brackets_of(tiers),
        brackets_in=BracketUnit.CONTRACTS,
    )


def _status(row: InstrumentRow, now_ms: int) -> ContractStatus:
    status = _STATUSES.get(row.state, ContractStatus.UNKNOWN)
    is_early = status is ContractStatus.TRADING and row.listTime > now_ms
    return ContractStatus.PRE_LAUNCH if is_early else status


def brackets_of(tiers: Iterable[TierRow]) -> list[LeverageBracket]:
    """Tiers as brackets in contracts. The whole position has the ratio of its tier, so nothing is taken off it.

    A tier may begin a contract or a lot above the end of the one before; here each begins where that ends, so that no
    size lies between two.
    """
    found: list[LeverageBracket] = []
    for row in sorted(tiers, key=lambda row: (row.minSz, row.maxSz)):
        floor = min(row.minSz, found[-1].notional_cap) if found else row.minSz
        found.append(LeverageBracket(floor, row.maxSz, row.maxLever, row.mmr, Decimal(0)))
    return found


def position_of(row: PositionRow) -> Position | None:
    """The position of a row; None of one that says that there is none."""
    if not row.pos:
        return None
    if row.avgPx is None or row.lever is None or row.upl is None:
        raise ExchangeUnavailableError(f"{row.instId}: price, leverage or profit of the position is not told")
    mode = margin_mode_of(row.mgnMode)
    return Position(
        symbol=row.instId,
        side=_position_side(row),
        size=abs(row.pos),
        entry_price=row.avgPx,
        leverage=row.lever,
        unrealised_profit=row.upl,
        margin_mode=mode,
        margin=row.margin if mode is MarginMode.ISOLATED else row.imr,
        mark_price=row.markPx,
        liquidation_price=row.liqPx,
        opened_ms=row.cTime,
    )


def _position_side(row: PositionRow) -> Side:
    if row.posSide in {"long", "short"}:
        return Side(row.posSide)
    if row.posSide != "net":
        raise ExchangeUnavailableError(f"{row.instId}: unknown side of a position {row.posSide!r}")
    return Side.LONG if row.pos > 0 else Side.SHORT


def margin_mode_of(word: str) -> MarginMode:
    try:
        return MarginMode(word)
    except ValueError:
        raise ExchangeUnavailableError(f"unknown margin mode {word!r}") from None


def position_mode_of(word: str) -> PositionMode:
    if word not in _POSITION_MODES:
        raise ExchangeUnavailableError(f"unknown position mode {word!r}")
    return _POSITION_MODES[word]


def order_of(row: OrderRow) -> OpenOrder:
    """An order that is in the book, or was. One that an algo placed is known by the algo's client id."""
    side, opens = side_of(row.instId, row.side, row.posSide, reduces=row.reduceOnly)
    kind, time_in_force = _looked_up(_KINDS, row.ordType, f"{row.instId}: unknown type of order")
    attached = next((one for one in row.attachAlgoOrds if not one.failCode), None)
    return OpenOrder(
        symbol=row.instId,
        order_id=row.ordId,
        client_order_id=row.clOrdId or row.algoClOrdId,
        kind=kind,
        side=side,
        size=row.sz,
        price=row.px if kind is OrderKind.LIMIT else None,
        reduce_only=not opens,
        filled=row.accFillSz,
        average_price=row.avgPx,
        state=_looked_up(_STATES, row.state, f"{row.instId}: order {row.ordId} has an unknown state"),
        time_in_force=time_in_force,
        stop=None if attached is None else _attached_stop(attached),
        target=None if attached is None else _level(attached.tpTriggerPx, attached.tpTriggerPxType),
        created_ms=row.cTime,
        updated_ms=row.uTime,
    )


def _attached_stop(row: AttachedRow) -> TriggerLevel | None:
    return _level(row.slTriggerPx, row.slTriggerPxType)


def algo_of(row: AlgoRow) -> OpenOrder:
    """An order that waits for a price, live or ended.

    Stop and target of one row (`oco`) are one order of one id: it shows as the stop, with the target inside it, for
    whoever cancelled the target alone would cancel the stop. Once it fired, as what fired.
    """
    side, opens = side_of(row.instId, row.side, row.posSide, reduces=row.reduceOnly)
    purpose = _algo_purpose(row, opens)
    stop, target = _level(row.slTriggerPx, row.slTriggerPxType), _level(row.tpTriggerPx, row.tpTriggerPxType)
    trigger, price = _algo_trigger(row)
    return OpenOrder(
        symbol=row.instId,
        order_id=row.algoId,
        client_order_id=row.algoClOrdId,
        kind=OrderKind.TRIGGER,
        side=side,
        size=_algo_size(row),
        price=price,
        reduce_only=not opens,
        state=_looked_up(_ALGO_STATES, row.state, f"{row.instId}: algo order {row.algoId} has an unknown state"),
        trigger=trigger,
        purpose=purpose,
        stop=stop if purpose is TriggerPurpose.TARGET else None,
        target=target if purpose is TriggerPurpose.STOP else None,
        created_ms=row.cTime,
        updated_ms=row.uTime,
    )


def _fires_at_target(row: AlgoRow) -> bool:
    return row.slTriggerPx is None or row.actualSide == "tp"


def _algo_trigger(row: AlgoRow) -> tuple[TriggerLevel | None, Decimal | None]:
    """What fires it, and the price of what it becomes. Of a trailing stop: where it stands now, if it is told."""
    if row.ordType in {CONDITIONAL, ONE_CANCELS_OTHER}:
        if _fires_at_target(row):
            return _level(row.tpTriggerPx, row.tpTriggerPxType), row.tpOrdPx
        return _level(row.slTriggerPx, row.slTriggerPxType), row.slOrdPx
    if row.ordType == TRIGGER:
        return _level(row.triggerPx, row.triggerPxType), row.ordPx
    if row.ordType == TRAILING:
        return _level(row.moveTriggerPx, "last"), None
    raise ExchangeUnavailableError(f"{row.instId}: unknown type of algo order {row.ordType!r}")


def _algo_purpose(row: AlgoRow, opens: bool) -> TriggerPurpose | None:
    """A plain trigger that reduces does not say from which side the price comes: whether it is a stop is not known."""
    if opens:
        return TriggerPurpose.ENTRY
    if row.ordType == TRAILING:
        return TriggerPurpose.STOP
    if row.ordType == TRIGGER:
        return None
    return TriggerPurpose.TARGET if _fires_at_target(row) else TriggerPurpose.STOP


def is_whole_position(row: AlgoRow) -> bool:
    return row.closeFraction == 1


def _algo_size(row: AlgoRow) -> Decimal | None:
    """None: the whole position. Its row may show a size, too, which is not what it will close."""
    if is_whole_position(row):
        return None
    if row.closeFraction or row.sz is None:
        raise ExchangeUnavailableError(f"{row.instId}: how much algo order {row.algoId} closes is not told")
    return row.sz


def fill_of(row: FillRow) -> Fill:
    """A net account's buys and sells may close, too: what realised a profit or a loss did.

    What closed at exactly the entry price is not told there; so nothing is traded on such an account (capabilities).
    """
    side, opens = side_of(row.instId, row.side, row.posSide)
    profit = row.fillPnl or Decimal(0)
    if row.posSide in _NET and profit:
        side, opens = side.opposite, False
    return Fill(
        symbol=row.instId,
        fill_id=f"{row.tradeId}:{row.ordId}",
        order_id=row.ordId,
        side=side,
        opens=opens,
        price=row.fillPx,
        size=row.fillSz,
        fee=-(row.fee or Decimal(0)),
        realised_profit=profit,
        is_maker=row.execType == "M",
        time_ms=row.fillTime or row.ts,
        client_order_id=row.clOrdId,
        cause=_CAUSES.get(row.subType, FillCause.ORDER),
    )


def flows_of(row: BillRow) -> list[CashFlow]:
    """What a change of the balance comes to: profit and fee of a trade are two flows.

    What trades of coins, loans, earnings and transfers moved is no result of contracts: it is a transfer. Margin that
    went into a position of its own is still the account's.
    """
    zero, symbol = Decimal(0), row.instId
    profit, fee = row.pnl or zero, row.fee or zero
    is_of_contracts = row.instType in _CONTRACTS or row.instType == ""
    found: list[tuple[str, FlowKind, str, Decimal]]
    if row.type == _FUNDING or row.subType in _FUNDING_SUBTYPES:
        found = [("", FlowKind.FUNDING, symbol, profit or row.balChg)]
    elif row.type == _OWN_MARGIN:
        found = []
    elif row.type in _TRADES | _FORCED and is_of_contracts:
        rest = row.balChg - profit - fee if row.type in _FORCED and row.mgnMode != "isolated" else zero
        found = [
            (".profit", FlowKind.REALISED_PROFIT, symbol, profit),
            (".fee", FlowKind.FEE, symbol, fee),
            (".rest", FlowKind.LIQUIDATION, symbol, rest),
        ]
    elif row.type == _INTEREST:
        found = [("", FlowKind.FEE, symbol, row.balChg)]
    else:
        found = [("", FlowKind.TRANSFER, "", row.balChg)]
    return [
        CashFlow(flow_id=row.billId + part, kind=kind, symbol=of, amount=amount, time_ms=row.ts)
        for part, kind, of, amount in found
        if amount
    ]


def side_of(symbol: str, side: str, position_side: str, *, reduces: bool = False) -> tuple[Side, bool]:
    """The position's side, and whether it is opened. Where an account holds one position alone, `reduces` tells."""
    if position_side in _NET and side in {BUY, SELL}:
        bought = Side.LONG if side == BUY else Side.SHORT
        return (bought.opposite, False) if reduces else (bought, True)
    found = _SIDES.get((side, position_side))
    if found is None:
        raise ExchangeUnavailableError(f"{symbol}: unknown side {side!r} of {position_side!r}")
    return found


def sides_to(side: Side, *, opens: bool) -> tuple[str, str]:
    """The words that open or close a position of that side."""
    is_buy = (side is Side.LONG) == opens
    return (BUY if is_buy else SELL), side.value


def _level(price: Decimal | None, word: str) -> TriggerLevel | None:
    """A trigger; without a word it is the last price's (sheet §12.16). None for what the index fires: the core has no
    such trigger, and must not take it for one of its own."""
    if price is None or word == _BY_INDEX:
        return None
    return TriggerLevel(price, _looked_up(_BY, word or "last", "unknown type of trigger price"))


Found = TypeVar("Found")


def _looked_up(table: Mapping[str, Found], word: str, what: str) -> Found:
    if word not in table:
        raise ExchangeUnavailableError(f"{what} {word!r}")
    return table[word]
