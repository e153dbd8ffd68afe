"""BitMart's answers as types: each is checked here, once, and nowhere else.

Fields that nothing reads are left out, fields that nobody knows are ignored. What the sheet lets be absent (`""`,
`"-"`, `null`, missing) may be absent in the field where it says so; everything else has to be there. Numbers may come
as numbers or as text, ids never pass through a float.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from attrs import frozen

from mtf_adapters.bitmart.wire_fields import (
    identifier_or_empty,
    number_or_none,
    price_or_market,
    text_or_empty,
    whole_or_zero,
)
from mtf_adapters.online.fields import identifier, number, optional, order_number, required, shown, text, whole


@frozen(kw_only=True)
class ServerTime:
    server_time: int = required(whole)


@frozen(kw_only=True)
class Details:
    """Contracts of many kinds, some without the fields of a perpetual: each row is read by itself."""

    symbols: list[Any]


@frozen(kw_only=True)
class ContractRow:
    """A row of `details`."""

    symbol: str = required(text)
    product_type: int = required(whole)
    base_currency: str = required(text)
    quote_currency: str = required(text)
    contract_size: Decimal = required(number)
    price_precision: Decimal = required(number)
    vol_precision: Decimal = required(number)
    min_volume: Decimal = required(number)
    max_volume: Decimal = required(number)
    market_max_volume: Decimal | None = optional(number_or_none, None)
    min_leverage: Decimal = required(number)
    max_leverage: Decimal = required(number)
    turnover_24h: Decimal = required(number)
    status: str = required(text)
    open_timestamp: int = optional(whole_or_zero, 0)
    expire_timestamp: int = optional(whole_or_zero, 0)
    delist_time: int = optional(whole_or_zero, 0)
    """Seconds, 0: none."""


@frozen(kw_only=True)
class BracketRow:
    initial_leverage: Decimal = required(number)
    notional_floor: Decimal = required(number)
    notional_cap: Decimal = required(number)
    maint_margin_ratio: Decimal = required(number)
    cum: Decimal = required(number)


@frozen(kw_only=True)
class BracketRule:
    symbol: str = required(text)
    brackets: list[BracketRow]


@frozen(kw_only=True)
class BracketRules:
    rules: list[BracketRule]


def _side(rows: object) -> tuple[tuple[Decimal, Decimal], ...]:
    """Price and contracts of each level; an empty side is `null`."""
    if rows is None:
        return ()
    if not isinstance(rows, list):
        raise ValueError(f"{shown(rows)} is no side of a book")
    levels = []
    for row in rows:
        if not isinstance(row, list) or len(row) < 2:
            raise ValueError(f"{shown(row)} is no level of a book")
        levels.append((number(row[0]), number(row[1])))
    return tuple(levels)


@frozen(kw_only=True)
class Depth:
    symbol: str = optional(text_or_empty, "")
    timestamp: int = required(whole)
    bids: tuple[tuple[Decimal, Decimal], ...] = required(_side)
    asks: tuple[tuple[Decimal, Decimal], ...] = required(_side)


@frozen(kw_only=True)
class KlineRow:
    timestamp: int = required(whole)
    """Seconds: the candle's open, or a second later."""
    open_price: Decimal = required(number)
    high_price: Decimal = required(number)
    low_price: Decimal = required(number)
    close_price: Decimal = required(number)
    volume: Decimal = required(number)


@frozen(kw_only=True)
class AssetRow:
    currency: str = required(text)
    available_balance: Decimal = required(number)
    equity: Decimal = required(number)


@frozen(kw_only=True)
class FeeRateRow:
    symbol: str = required(text)
    taker_fee_rate: Decimal = required(number)
    maker_fee_rate: Decimal = required(number)


@frozen(kw_only=True)
class ModeAnswer:
    position_mode: str = required(text)


@frozen(kw_only=True)
class PositionRow:
    """A row of `position-v2`."""

    symbol: str = required(text)
    position_side: str = required(text)
    """`long`, `short`, or `both` of a one-way account."""
    current_amount: Decimal = required(number)
    """Contracts, never below zero; zero: there is no position."""
    position_amount: Decimal | None = optional(number_or_none, None)
    """Contracts; of a one-way account below zero when short."""
    leverage: Decimal = required(number)
    entry_price: Decimal = required(number)
    open_type: str = required(text)
    unrealized_pnl: Decimal = required(number)
    mark_price: Decimal | None = optional(number_or_none, None)
    liquidation_price: Decimal | None = optional(price_or_market, None)
    position_cross: Decimal | None = optional(number_or_none, None)
    """Margin in the position, whatever the name says."""
    open_timestamp: int = optional(whole_or_zero, 0)


@frozen(kw_only=True)
class OrderRow:
    """The order object of `order`, `get-open-orders` and `order-history`."""

    order_id: str = required(identifier)
    symbol: str = required(text)
    side: int = required(whole)
    state: int = required(whole)
    type: str = required(text)
    size: Decimal = required(number)
    deal_size: Decimal = required(number)
    client_order_id: str = optional(text_or_empty, "")
    price: Decimal | None = optional(price_or_market, None)
    deal_avg_price: Decimal | None = optional(price_or_market, None)
    preset_stop_loss_price: Decimal | None = optional(price_or_market, None)
    preset_stop_loss_price_type: int = optional(whole_or_zero, 0)
    preset_take_profit_price: Decimal | None = optional(price_or_market, None)
    preset_take_profit_price_type: int = optional(whole_or_zero, 0)
    executive_order_id: str = optional(identifier_or_empty, "")
    """The order that a plan or trailing order became."""
    trigger_price: Decimal | None = optional(price_or_market, None)
    execution_price: Decimal | None = optional(price_or_market, None)
    activation_price: Decimal | None = optional(price_or_market, None)
    activation_price_type: int = optional(whole_or_zero, 0)
    create_time: int = optional(whole_or_zero, 0)
    update_time: int = optional(whole_or_zero, 0)


def _plan_state(value: object) -> int:
    """A number; some answers say `active` (sheet §3.6)."""
    return 2 if value == "active" else whole(value)


@frozen(kw_only=True)
class PlanRow:
    """A row of `current-plan-order`."""

    order_id: str = required(identifier)
    symbol: str = required(text)
    side: int = required(whole)
    type: str = required(text)
    state: int = required(_plan_state)
    trigger_price: Decimal = required(number)
    size: Decimal | None = optional(number_or_none, None)
    client_order_id: str = optional(text_or_empty, "")
    executive_price: Decimal | None = optional(price_or_market, None)
    mode: int = optional(whole_or_zero, 0)
    price_way: int = optional(whole_or_zero, 0)
    price_type: int = optional(whole_or_zero, 0)
    plan_category: int = optional(whole_or_zero, 0)
    preset_stop_loss_price: Decimal | None = optional(price_or_market, None)
    preset_stop_loss_price_type: int = optional(whole_or_zero, 0)
    preset_take_profit_price: Decimal | None = optional(price_or_market, None)
    preset_take_profit_price_type: int = optional(whole_or_zero, 0)
    create_time: int = optional(whole_or_zero, 0)
    update_time: int = optional(whole_or_zero, 0)


@frozen(kw_only=True)
class TradeRow:
    order_id: str = required(identifier)
    trade_id: str = required(identifier)
    symbol: str = required(text)
    side: int = required(whole)
    price: Decimal = required(number)
    vol: Decimal = required(number)
    exec_type: str = required(text)
    """`Maker` or `Taker`."""
    realised_profit: Decimal = required(number)
    paid_fees: Decimal = required(number)
    """Positive is a cost; on the stream it is negative."""
    create_time: int = required(whole)
    type: str = optional(text_or_empty, "")


@frozen(kw_only=True)
class TransactionRow:
    tran_id: str = required(identifier)
    flow_type: int = required(whole)
    amount: Decimal = required(number)
    asset: str = required(text)
    time: int = required(whole)
    """Milliseconds, as a number or as text."""
    symbol: str = optional(text_or_empty, "")


@frozen(kw_only=True)
class OrderAnswer:
    """What a submit or an amendment answers: the id of the order, a number or a text."""

    order_id: str = required(order_number)


@frozen(kw_only=True)
class KlineItem:
    """A candle of the stream."""

    o: Decimal = required(number)
    h: Decimal = required(number)
    l: Decimal = required(number)  # noqa: E741 - the wire calls the low so
    c: Decimal = required(number)
    v: Decimal = required(number)
    ts: int = required(whole)
    """Seconds: the candle's open, or a second later."""


@frozen(kw_only=True)
class PushedOrderRow:
    """The order of a `futures/order` frame: `-` stands for what does not apply."""

    order_id: str = required(identifier)
    symbol: str = required(text)
    side: int = required(whole)
    state: int = required(whole)
    type: str = required(text)
    size: Decimal = required(number)
    deal_size: Decimal = required(number)
    client_order_id: str = optional(text_or_empty, "")
    price: Decimal | None = optional(price_or_market, None)
    deal_avg_price: Decimal | None = optional(price_or_market, None)
    plan_order_id: str = optional(identifier_or_empty, "")
    trigger_price: Decimal | None = optional(price_or_market, None)
    trigger_price_type: str = optional(text_or_empty, "")
    execution_price: Decimal | None = optional(price_or_market, None)
    activation_price: Decimal | None = optional(price_or_market, None)
    activation_price_type: str = optional(text_or_empty, "")
    create_time: int = optional(whole_or_zero, 0)
    update_time: int = optional(whole_or_zero, 0)


@frozen(kw_only=True)
class OrderFrame:
    action: int = required(whole)
    order: PushedOrderRow
