"""One execution: the position changes, fee and profit are booked, the order moves on, and what hangs on it follows."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.sandbox.matching.account_book import AccountBook
from mtf_adapters.sandbox.matching.ending import end
from mtf_adapters.sandbox.matching.events import Filled, FillView, OrderCause, OrderFamily, PositionChanged
from mtf_adapters.sandbox.matching.holding import Holding
from mtf_adapters.sandbox.matching.instrument import Instrument
from mtf_adapters.sandbox.matching.margins import free_margin, initial_margin, reserve, reserve_anew
from mtf_adapters.sandbox.matching.money import ZERO, booked
from mtf_adapters.sandbox.matching.order import Order
from mtf_adapters.sandbox.matching.presets import after_end, after_fill
from mtf_adapters.sandbox.matching.state import State
from mtf_adapters.sandbox.matching.views import position_view
from mtf_core.market import (
    ContractStatus,
    FillCause,
    FlowKind,
    MarginMode,
    OrderState,
    OversizedExit,
    PositionMode,
    Side,
)


def executable(state: State, order: Order, size: Decimal) -> Decimal:
    """How much of a size the order may execute: what may only reduce, no more than there is to reduce."""
    if not order.reduce_only or may_reverse(state, order):
        return size
    holding = state.accounts[order.account].holdings.get((order.symbol, order.reduces_side))
    return min(size, holding.size) if holding else ZERO


def may_reverse(state: State, order: Order) -> bool:
    """Whether an exit that is too large opens the other side; on hedged accounts there is no other side to it."""
    one_way = state.accounts[order.account].position_mode is PositionMode.ONE_WAY
    return one_way and state.rules.oversized_exit is OversizedExit.REVERSES


def carried(
    state: State, instrument: Instrument, order: Order, size: Decimal, price: Decimal, *, is_maker: bool
) -> Decimal:
    """How much of a size (as `executable` allows) the account can carry at a price: all, or what only closes."""
    closing = _closing_part(state.accounts[order.account], order, size)
    opening = size - closing
    stopped = _why_not_open(state, instrument, state.accounts[order.account], order, opening, price, is_maker)
    return closing if opening and stopped is not None else size


def execute(
    state: State, instrument: Instrument, order: Order, size: Decimal, price: Decimal, *, is_maker: bool
) -> None:
    """Executes at most `size` (as `executable` allows) at a price; what the account cannot carry ends the order."""
    account = state.accounts[order.account]
    closing = _closing_part(account, order, size)
    if closing:
        _close(state, instrument, account, order, closing, price, is_maker)
    opening = size - closing
    stopped = _why_not_open(state, instrument, account, order, opening, price, is_maker) if opening else None
    if opening and stopped is None:
        _open(state, instrument, account, order, opening, price, is_maker)
    if order.remaining:
        if is_maker:  # a taker reserves when it comes to rest
            reserve(state, account, order)
        if stopped is None or closing:
            state.journal.order(order, OrderCause.FILLED)
    else:
        end(state, order, OrderState.FILLED, OrderCause.FILLED)
    after_fill(state, order)
    if stopped is not None:
        cancel_rest(state, order, stopped)
    reserve_anew(state, account, order.symbol)
    if closing:
        reduced = order.reduces_side
        if (order.symbol, reduced) not in account.holdings:
            position_ended(state, account, order.symbol, reduced, OrderCause.NOTHING_TO_REDUCE)


def cancel_rest(state: State, order: Order, cause: OrderCause, *, position_goes: bool = False) -> None:
    """Cancels what is left of a live order, and settles what becomes of its presets.

    `position_goes`: what it opened is about to be closed by the exchange, so nothing is left to protect.
    """
    if order.state.is_final:
        return
    end(state, order, OrderState.CANCELLED, cause)
    after_end(state, order, position_goes)
    other = other_half(state, order)
    if other is not None:
        cancel_rest(state, other, cause, position_goes=position_goes)


def other_half(state: State, order: Order) -> Order | None:
    """The half of its pair that still waits, if the order is half of one."""
    if not order.pair_id:
        return None
    live = state.accounts[order.account].live.of(order.symbol)
    return next((each for each in live if each.pair_id == order.pair_id and each is not order), None)


def position_ended(state: State, account: AccountBook, symbol: str, side: Side, cause: OrderCause) -> None:
    """Ends what could only reduce a position that is gone."""
    for order in account.live.of(symbol):
        if not order.reduce_only or order.reduces_side is not side:
            continue
        if _ends_with_position(state, order):
            cancel_rest(state, order, cause)


def _ends_with_position(state: State, order: Order) -> bool:
    """Of an order that may only reduce the position that is gone."""
    if order.family is OrderFamily.ORDER:
        return not may_reverse(state, order)
    if order.size is None:
        return state.rules.whole_triggers_end_with_position
    own = order.ends_with_position
    return state.rules.triggers_end_with_position if own is None else own


def forget_position(state: State, instrument: Instrument, account: AccountBook, holding: Holding) -> None:
    """A position of size zero leaves the books; its last word is told."""
    del account.holdings[holding.symbol, holding.side]
    del instrument.holdings[account.name, holding.side]
    state.journal.tell(PositionChanged(position_view(state, account, holding)))
    state.journal.positions.pop((account.name, holding.symbol, holding.side), None)
    state.journal.balances[account.name] = None


def _closing_part(account: AccountBook, order: Order, size: Decimal) -> Decimal:
    if order.opens and account.position_mode is PositionMode.HEDGE:
        return ZERO
    holding = account.holdings.get((order.symbol, order.reduces_side))
    return min(size, holding.size) if holding else ZERO


def _close(
    state: State,
    instrument: Instrument,
    account: AccountBook,
    order: Order,
    size: Decimal,
    price: Decimal,
    is_maker: bool,
) -> None:
    holding = account.holdings[order.symbol, order.reduces_side]
    value = size * instrument.contract.contract_size * price
    profit = holding.reduce(size, value)
    _book(state, instrument, account, order, holding, size, price, profit, is_maker=is_maker, opens=False)
    if not holding.size:
        forget_position(state, instrument, account, holding)


def _why_not_open(
    state: State,
    instrument: Instrument,
    account: AccountBook,
    order: Order,
    size: Decimal,
    price: Decimal,
    is_maker: bool,
) -> OrderCause | None:
    """What keeps a part from opening: a contract that is to be closed only, or too little free for margin and fee."""
    if instrument.contract.status is not ContractStatus.TRADING:
        return OrderCause.NOT_TRADING
    value = size * instrument.contract.contract_size * price
    leverage, _ = _leverage_of(account, order)
    needed = initial_margin(value, leverage) + max(ZERO, _fee(instrument, order, value, is_maker))
    return None if needed <= free_margin(state, account) + order.reserved_margin else OrderCause.NO_MARGIN


def _leverage_of(account: AccountBook, order: Order) -> tuple[Decimal, MarginMode]:
    """An exit that reverses opens with what is set for the symbol by then."""
    own = (order.leverage, order.margin_mode)
    return account.settings.get(order.symbol, own) if order.reduce_only else own


def _open(
    state: State,
    instrument: Instrument,
    account: AccountBook,
    order: Order,
    size: Decimal,
    price: Decimal,
    is_maker: bool,
) -> None:
    key = (order.symbol, order.opens_side)
    holding = account.holdings.get(key)
    if holding is None:
        leverage, margin_mode = _leverage_of(account, order)
        holding = Holding(
            account=account.name,
            symbol=order.symbol,
            side=order.opens_side,
            contract_size=instrument.contract.contract_size,
            leverage=leverage,
            margin_mode=margin_mode,
            opened_ms=state.now_ms,
            updated_ms=state.now_ms,
        )
        account.holdings[key] = holding
        instrument.holdings[account.name, holding.side] = holding
    value = size * holding.contract_size * price
    holding.enlarge(size, value, initial_margin(value, holding.leverage))
    order.opened += size
    _book(state, instrument, account, order, holding, size, price, ZERO, is_maker=is_maker, opens=True)


def _book(
    state: State,
    instrument: Instrument,
    account: AccountBook,
    order: Order,
    holding: Holding,
    size: Decimal,
    price: Decimal,
    profit: Decimal,
    *,
    is_maker: bool,
    opens: bool,
) -> None:
    """The execution's own row, then its money."""
    journal = state.journal
    fee = _fee(instrument, order, size * holding.contract_size * price, is_maker)
    holding.fees += fee
    holding.updated_ms = state.now_ms
    order.filled += size
    order.filled_value += size * price
    fill = FillView(
        account=account.name,
        fill_id=journal.next("fill"),
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        action=order.action,
        side=holding.side,
        opens=opens,
        price=price,
        size=size,
        fee=fee,
        realised_profit=profit,
        is_maker=is_maker,
        cause=order.cause,
        time_ms=state.now_ms,
    )
    account.fills.append(fill)
    journal.tell(Filled(fill))
    journal.book(account, FlowKind.REALISED_PROFIT, order.symbol, profit)
    journal.book(account, FlowKind.FEE, order.symbol, -fee)
    journal.touch(account.name, order.symbol, holding.side)


def _fee(instrument: Instrument, order: Order, value: Decimal, is_maker: bool) -> Decimal:
    """Positive is a cost. What the exchange closes by itself costs nothing more than what it takes over."""
    if order.cause is not FillCause.ORDER:
        return ZERO
    contract = instrument.contract
    return booked(value * (contract.maker_fee if is_maker else contract.taker_fee))
