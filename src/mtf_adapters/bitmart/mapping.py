"""From BitMart's words to the core's types, and back: each mapped once, here.

What cannot be mapped raises `ExchangeUnavailableError`: a row that is not understood is no reason to leave it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from mtf_adapters.bitmart.wire import (
    BracketRow,
    ContractRow,
    OrderRow,
    PlanRow,
    PositionRow,
    PushedOrderRow,
    TradeRow,
    TransactionRow,
)
from mtf_core.market import (
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

QUOTE_CURRENCY = "USDT"
PERPETUAL = 1

OPEN_LONG, CLOSE_SHORT, CLOSE_LONG, OPEN_SHORT = 1, 2, 3, 4
_SIDES: Mapping[int, tuple[Side, bool]] = {
    OPEN_LONG: (Side.LONG, True),
    CLOSE_SHORT: (Side.SHORT, False),
    CLOSE_LONG: (Side.LONG, False),
    OPEN_SHORT: (Side.SHORT, True),
}
"""Side codes (sheet §3.0): the position's side, and whether it opens. A one-way account's 1 and 4 mean buy and sell."""

_BY = {0: TriggerPrice.LAST, 1: TriggerPrice.LAST, 2: TriggerPrice.MARK}
_BY_WORD = {"last_price": TriggerPrice.LAST, "fair_price": TriggerPrice.MARK}
PRICE_TYPES = {TriggerPrice.LAST: 1, TriggerPrice.MARK: 2}

_TIMES_IN_FORCE = {1: TimeInForce.GTC, 2: TimeInForce.FOK, 3: TimeInForce.IOC, 4: TimeInForce.GTC}
MODES = {TimeInForce.GTC: 1, TimeInForce.FOK: 2, TimeInForce.IOC: 3}
MAKER_ONLY = 4

STEPS = {timeframe: timeframe.minutes for timeframe in Timeframe}
"""A candle's length in minutes; all of ours are among those that are served."""

_KINDS = {
    "limit": OrderKind.LIMIT,
    "market": OrderKind.MARKET,
    "liquidate": OrderKind.MARKET,
    "bankruptcy": OrderKind.MARKET,
    "adl": OrderKind.MARKET,
    **dict.fromkeys(("trailing", "trailing_order", "planorder", "plan_order"), OrderKind.TRIGGER),
    **dict.fromkeys(("take_profit", "stop_loss"), OrderKind.TRIGGER),
}
_PURPOSES = {"stop_loss": TriggerPurpose.STOP, "take_profit": TriggerPurpose.TARGET}
_RISES = 1

_CAUSES = {
    "liquidate": FillCause.LIQUIDATION,
    "bankruptcy": FillCause.LIQUIDATION,
    "adl": FillCause.ADL,
}
_FLOWS = {
    1: FlowKind.TRANSFER,
    2: FlowKind.REALISED_PROFIT,
    3: FlowKind.FUNDING,
    4: FlowKind.FEE,
    5: FlowKind.LIQUIDATION,
}
_POSITION_MODES = {"hedge_mode": PositionMode.HEDGE, "one_way_mode": PositionMode.ONE_WAY}
POSITION_MODE_WORDS = {mode: word for word, mode in _POSITION_MODES.items()}


def contract_of(row: ContractRow, brackets: list[BracketRow], fees: FeeRates, now_ms: int) -> Contract:
    """Raises `InvalidContractError` for a row that nobody can trade on."""
    return Contract(
        symbol=row.symbol,
        base_currency=row.base_currency,
        quote_currency=row.quote_currency,
        status=_status(row, now_ms),
        tick_size=row.price_precision,
        size_step=row.vol_precision,
        contract_size=row.contract_size,
        min_size=row.min_volume,
        max_size=row.max_volume,
        max_market_size=row.max_volume if row.market_max_volume is None else row.market_max_volume,
        min_leverage=row.min_leverage,
        max_leverage=row.max_leverage,
        maker_fee=fees.maker,
        taker_fee=fees.taker,
        turnover_24h=row.turnover_24h,
        opened_at_ms=row.open_timestamp,
        expires_at_ms=min((at for at in (row.expire_timestamp, row.delist_time * 1000) if at > 0), default=0),
        brackets=[_bracket(one) for one in sorted(brackets, key=lambda one: one.notional_floor)],
    )


def _status(row: ContractRow, now_ms: int) -> ContractStatus:
    if row.status == "Trading":
        return ContractStatus.TRADING if row.open_timestamp <= now_ms else ContractStatus.PRE_LAUNCH
    return ContractStatus.DELISTED if row.status == "Delisted" else ContractStatus.UNKNOWN


def _bracket(row: BracketRow) -> LeverageBracket:
    return LeverageBracket(
        notional_floor=row.notional_floor,
        notional_cap=row.notional_cap,
        max_leverage=row.initial_leverage,
        maintenance_margin_ratio=row.maint_margin_ratio,
        maintenance_amount=row.cum,
    )


def position_of(row: PositionRow) -> Position | None:
    """The position of a row; None of one that says that there is none."""
    if not row.current_amount:
        return None
    return Position(
        symbol=row.symbol,
        side=_position_side(row),
        size=row.current_amount,
        entry_price=row.entry_price,
        leverage=row.leverage,
        unrealised_profit=row.unrealized_pnl,
        margin_mode=margin_mode_of(row.open_type),
        margin=row.position_cross,
        mark_price=row.mark_price,
        liquidation_price=row.liquidation_price,
        opened_ms=row.open_timestamp,
    )


def _position_side(row: PositionRow) -> Side:
    word = row.position_side.lower()
    if word in {"long", "short"}:
        return Side(word)
    if word != "both" or not row.position_amount:
        raise ExchangeUnavailableError(f"{row.symbol}: the side of the position is not told")
    return Side.LONG if row.position_amount > 0 else Side.SHORT


def margin_mode_of(word: str) -> MarginMode:
    try:
        return MarginMode(word.lower())  # some answers begin the word with a capital letter
    except ValueError:
        raise ExchangeUnavailableError(f"unknown margin mode {word!r}") from None


def position_mode_of(word: str) -> PositionMode:
    if word not in _POSITION_MODES:
        raise ExchangeUnavailableError(f"unknown position mode {word!r}")
    return _POSITION_MODES[word]


def order_of(row: OrderRow) -> OpenOrder:
    """An order of the order object's form, live or ended.

    Which price fired one that waited is not told there: the last price is shown.
    """
    side, opens = _side_of(row.symbol, row.side)
    kind = _kind_of(row.symbol, row.type)
    waits = kind is OrderKind.TRIGGER
    trigger = _level(row.trigger_price, 0) or _level(row.activation_price, row.activation_price_type)
    return OpenOrder(
        symbol=row.symbol,
        order_id=row.order_id,
        client_order_id=row.client_order_id,
        kind=kind,
        side=side,
        size=row.size if row.size or not waits else None,
        price=row.execution_price if waits else row.price if kind is OrderKind.LIMIT else None,
        reduce_only=not opens,
        filled=row.deal_size,
        average_price=row.deal_avg_price,
        state=_state_of(row),
        trigger=trigger if waits else None,
        purpose=_past_purpose(row.type, opens) if waits else None,
        stop=_level(row.preset_stop_loss_price, row.preset_stop_loss_price_type),
        target=_level(row.preset_take_profit_price, row.preset_take_profit_price_type),
        created_ms=row.create_time,
        updated_ms=row.update_time,
    )


def _past_purpose(word: str, opens: bool) -> TriggerPurpose | None:
    """History calls every order that waited a plan; whether one that reduced was a stop or a target is not told."""
    return _PURPOSES.get(word) or (TriggerPurpose.ENTRY if opens else None)


def _state_of(row: OrderRow) -> OrderState:
    """State 4 is filled or cancelled; which of them, the sizes tell (sheet §5.2)."""
    if row.state == 1:
        return OrderState.PENDING
    if row.state == 2:
        return OrderState.LIVE
    if row.state != 4:
        raise ExchangeUnavailableError(f"{row.symbol}: order {row.order_id} has the unknown state {row.state}")
    if row.executive_order_id:
        return OrderState.TRIGGERED
    return OrderState.FILLED if 0 < row.size <= row.deal_size else OrderState.CANCELLED


def plan_order_of(row: PlanRow) -> OpenOrder:
    """A stop, a target or another order that waits for its price."""
    side, opens = _side_of(row.symbol, row.side)
    return OpenOrder(
        symbol=row.symbol,
        order_id=row.order_id,
        client_order_id=row.client_order_id,
        kind=OrderKind.TRIGGER,
        side=side,
        # A stop of the whole position shows a size, too, that is not what it will close.
        size=None if is_whole_position(row) else row.size,
        price=row.executive_price,
        reduce_only=not opens,
        state=OrderState.PENDING if row.state == 1 else OrderState.LIVE,
        time_in_force=_TIMES_IN_FORCE.get(row.mode),
        trigger=TriggerLevel(row.trigger_price, _by(row.price_type)),
        purpose=_purpose(row, side, opens),
        stop=_level(row.preset_stop_loss_price, row.preset_stop_loss_price_type),
        target=_level(row.preset_take_profit_price, row.preset_take_profit_price_type),
        created_ms=row.create_time,
        updated_ms=row.update_time,
    )


def is_whole_position(row: PlanRow) -> bool:
    return row.plan_category == 2


def is_protection(row: PlanRow) -> bool:
    """Whether the order is changed by the calls for stops and targets, and not by those for plan orders."""
    return row.type in _PURPOSES


def _purpose(row: PlanRow, side: Side, opens: bool) -> TriggerPurpose:
    """By its type; a plan order that reduces is a target where the price comes from the losing side."""
    if row.type in _PURPOSES:
        return _PURPOSES[row.type]
    if opens or row.price_way not in {1, 2}:
        return TriggerPurpose.ENTRY
    wins = (row.price_way == _RISES) == (side is Side.LONG)
    return TriggerPurpose.TARGET if wins else TriggerPurpose.STOP


def pushed_order_of(row: PushedOrderRow) -> OpenOrder:
    """An order as the stream tells it; its own words for triggers, and `-` for what it does not have."""
    side, opens = _side_of(row.symbol, row.side)
    kind = _kind_of(row.symbol, row.type)
    waits = kind is OrderKind.TRIGGER
    level = _pushed_level(row) if waits else None
    ended = OrderState.FILLED if 0 < row.size <= row.deal_size else OrderState.CANCELLED
    states = {1: OrderState.PENDING, 2: OrderState.LIVE, 4: ended}
    if row.state not in states:
        raise ExchangeUnavailableError(f"{row.symbol}: order {row.order_id} has the unknown state {row.state}")
    return OpenOrder(
        symbol=row.symbol,
        order_id=row.order_id,
        client_order_id=row.client_order_id,
        kind=kind,
        side=side,
        size=row.size or None,
        # A market order shows a price that protects it, which is not one that was asked for (sheet §5.6).
        price=row.execution_price if waits else row.price if kind is OrderKind.LIMIT else None,
        reduce_only=not opens,
        filled=row.deal_size,
        average_price=row.deal_avg_price,
        state=states[row.state],
        trigger=level,
        purpose=_past_purpose(row.type, opens) if waits else None,
        created_ms=row.create_time,
        updated_ms=row.update_time,
    )


def _pushed_level(row: PushedOrderRow) -> TriggerLevel | None:
    if row.trigger_price is not None:
        return TriggerLevel(row.trigger_price, _BY_WORD.get(row.trigger_price_type, TriggerPrice.LAST))
    if row.activation_price is not None:
        return TriggerLevel(row.activation_price, _BY_WORD.get(row.activation_price_type, TriggerPrice.LAST))
    return None


def fill_of(row: TradeRow) -> Fill:
    """A one-way account's buys and sells may close, too: what realised a profit or a loss did.

    What closed at exactly the entry price is not told there; so nothing is traded on such an account (capabilities).
    """
    side, opens = _side_of(row.symbol, row.side)
    if opens and row.realised_profit:
        side, opens = side.opposite, False
    return Fill(
        symbol=row.symbol,
        fill_id=row.trade_id,
        order_id=row.order_id,
        side=side,
        opens=opens,
        price=row.price,
        size=row.vol,
        fee=row.paid_fees,
        realised_profit=row.realised_profit,
        is_maker=row.exec_type.lower() == "maker",
        time_ms=row.create_time,
        cause=_CAUSES.get(row.type.lower(), FillCause.ORDER),
    )


def flow_of(row: TransactionRow) -> CashFlow:
    if row.flow_type not in _FLOWS:
        raise ExchangeUnavailableError(
            f"row {row.tran_id} of the account's history has the unknown type {row.flow_type}"
        )
    return CashFlow(
        flow_id=row.tran_id,
        kind=_FLOWS[row.flow_type],
        symbol=row.symbol,
        amount=row.amount,
        time_ms=row.time,
    )


def _side_of(symbol: str, code: int) -> tuple[Side, bool]:
    if code not in _SIDES:
        raise ExchangeUnavailableError(f"{symbol}: unknown side {code}")
    return _SIDES[code]


def _kind_of(symbol: str, word: str) -> OrderKind:
    if word not in _KINDS:
        raise ExchangeUnavailableError(f"{symbol}: unknown type of order {word!r}")
    return _KINDS[word]


def _by(code: int) -> TriggerPrice:
    if code not in _BY:
        raise ExchangeUnavailableError(f"unknown type of trigger price {code}")
    return _BY[code]


def _level(price: Decimal | None, code: int) -> TriggerLevel | None:
    return None if price is None else TriggerLevel(price, _by(code))


def whole_contracts(symbol: str, size: Decimal) -> int:
    """A size as the wire wants it; raises ValueError for a part of a contract."""
    if size != size.to_integral_value():
        raise ValueError(f"{symbol}: size {size} is no whole number of contracts")
    return int(size)
