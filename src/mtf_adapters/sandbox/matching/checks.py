"""What an order has to satisfy before it is taken. Each check answers with a refusal or None; the first counts."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from mtf_adapters.sandbox.matching.account_book import AccountBook
from mtf_adapters.sandbox.matching.book import is_within
from mtf_adapters.sandbox.matching.brackets import maintenance_margin, too_large
from mtf_adapters.sandbox.matching.commands import Action, Direction, Preset
from mtf_adapters.sandbox.matching.events import OrderFamily, Refusal, Refused
from mtf_adapters.sandbox.matching.executions import carried, executable, may_reverse
from mtf_adapters.sandbox.matching.instrument import Instrument
from mtf_adapters.sandbox.matching.margins import estimated_price, free_margin, margin_for, opening_size
from mtf_adapters.sandbox.matching.matching import fillable, would_take
from mtf_adapters.sandbox.matching.money import ZERO, is_multiple, is_usable, quotient
from mtf_adapters.sandbox.matching.order import Order
from mtf_adapters.sandbox.matching.presets import fires_towards
from mtf_adapters.sandbox.matching.state import State
from mtf_adapters.sandbox.matching.views import frozen_size
from mtf_core.market import (
    ContractStatus,
    MarginMode,
    OrderType,
    PositionMode,
    Side,
    TimeInForce,
    TriggerPrice,
    TriggerPurpose,
    UniqueFor,
)

_PROTECTIVE = (TriggerPurpose.STOP, TriggerPurpose.TARGET)

Check = Callable[[State, AccountBook, Instrument, Order], Refused | None]


def refusal_of(
    state: State, account: AccountBook, instrument: Instrument, order: Order, checks: tuple[Check, ...]
) -> Refused | None:
    """The first thing that is wrong with an order; an exit that is too large may have been trimmed meanwhile."""
    for check in checks:
        refused = check(state, account, instrument, order)
        if refused is not None:
            return refused
    return None


def check_status(state: State, account: AccountBook, instrument: Instrument, order: Order) -> Refused | None:
    status = instrument.contract.status
    if status is ContractStatus.TRADING or (status is ContractStatus.CLOSE_ONLY and not opening_size(account, order)):
        return None
    return Refused(Refusal.CLOSE_ONLY if status is ContractStatus.CLOSE_ONLY else Refusal.NOT_TRADING, str(status))


def check_market(state: State, account: AccountBook, instrument: Instrument, order: Order) -> Refused | None:
    book = instrument.book
    if book is None:
        return Refused(Refusal.NO_MARKET, "no price was seen yet")
    if order.order_type is OrderType.MARKET and order.family is OrderFamily.ORDER and book.best(order.action) is None:
        return Refused(Refusal.NO_MARKET, "nothing is offered on the other side")
    return None


def check_mode(state: State, account: AccountBook, instrument: Instrument, order: Order) -> Refused | None:
    """Hedged orders name their position, one-way orders none; and what is done fits what is meant."""
    if (order.position_side is None) is (account.position_mode is PositionMode.HEDGE):
        return Refused(Refusal.WRONG_POSITION_MODE, f"the account is {account.position_mode}")
    if order.position_side is not None:
        opens = order.action is (Action.BUY if order.position_side is Side.LONG else Action.SELL)
        if opens is order.reduce_only:
            verb = "reduces" if order.reduce_only else "opens"
            return Refused(Refusal.INVALID, f"an order to {order.action} never {verb} a {order.position_side} position")
    return None


def check_shape(state: State, account: AccountBook, instrument: Instrument, order: Order) -> Refused | None:
    """Numbers that can be reckoned with, and attributes that go together."""
    prices = (order.price, order.trigger_price, *(preset.price for preset in _presets(order)))
    numbers = (order.size, order.leverage, *prices)
    if any(number is not None and not (is_usable(number) and number > 0) for number in numbers):
        return Refused(Refusal.INVALID, "sizes, prices and leverage are numbers above zero")
    if order.size is None and (order.family is not OrderFamily.TRIGGER or order.opens):
        return Refused(Refusal.INVALID, "only a trigger that reduces a whole position has no size")
    if (order.price is None) is (order.order_type is OrderType.LIMIT):
        return Refused(Refusal.INVALID, "a limit order has a price, a market order none")
    rests = order.order_type is OrderType.LIMIT and order.time_in_force is TimeInForce.GTC
    if order.post_only and not rests:
        return Refused(Refusal.INVALID, "only a limit order that rests can be post-only")
    if order.reduce_only and _presets(order):
        return Refused(Refusal.INVALID, "only an order that opens carries a stop or a target")
    return None


def check_grid(state: State, account: AccountBook, instrument: Instrument, order: Order) -> Refused | None:
    contract = instrument.contract
    prices = (order.price, order.trigger_price, *(preset.price for preset in _presets(order)))
    if any(price is not None and not is_multiple(price, contract.tick_size) for price in prices):
        return Refused(Refusal.PRICE_OFF_TICK, f"prices are multiples of {contract.tick_size}")
    if order.size is None:
        return None
    if not is_multiple(order.size, contract.size_step):
        return Refused(Refusal.SIZE_OFF_STEP, f"sizes are multiples of {contract.size_step}")
    most = contract.max_market_size if order.order_type is OrderType.MARKET else contract.max_size
    if order.size > most or (order.opens and order.size < contract.min_size):
        return Refused(Refusal.SIZE_OUT_OF_RANGE, f"sizes go from {contract.min_size} to {most}")
    return None


def check_band(state: State, account: AccountBook, instrument: Instrument, order: Order) -> Refused | None:
    for price in (order.price, order.trigger_price):
        refused = price_refusal(state, instrument, price)
        if refused is not None:
            return refused
    return None


def check_client_id(state: State, account: AccountBook, instrument: Instrument, order: Order) -> Refused | None:
    return client_id_refusal(state, account, order.client_order_id)


def check_count(state: State, account: AccountBook, instrument: Instrument, order: Order) -> Refused | None:
    rests = order.family is OrderFamily.ORDER
    most = state.rules.most_open_orders if rests else state.rules.most_triggers
    if most is None:
        return None
    live = account.live.of(order.symbol)
    if sum((other.family is OrderFamily.ORDER) is rests for other in live) >= most:
        return Refused(Refusal.TOO_MANY_ORDERS, f"at most {most} of a symbol")
    return None


def check_whole_position(state: State, account: AccountBook, instrument: Instrument, order: Order) -> Refused | None:
    """Nothing else waits for the whole position, where the exchange takes one such order alone."""
    if order.family is not OrderFamily.TRIGGER or order.size is not None or not state.rules.one_whole_position_trigger:
        return None
    others = (each for each in account.live.of(order.symbol) if each.family is OrderFamily.TRIGGER)
    if any(each.size is None and each.reduces_side is order.reduces_side for each in others):
        return Refused(Refusal.WHOLE_POSITION_TAKEN, "another order is for the whole position")
    return None


def check_exit(state: State, account: AccountBook, instrument: Instrument, order: Order) -> Refused | None:
    """There is something to reduce, and enough of it; a size that is too large may be trimmed here."""
    if not order.reduce_only:
        return None
    holding = account.holdings.get((order.symbol, order.reduces_side))
    if holding is None:
        return Refused(Refusal.NO_POSITION, f"there is no {order.reduces_side} position")
    frozen = frozen_size(account, order.symbol, order.reduces_side, but_for=order.order_id)
    closable = max(ZERO, holding.size - frozen)
    if order.remaining <= closable or may_reverse(state, order):
        return None
    if state.rules.refuses_oversized_exits or not closable:
        return Refused(Refusal.EXIT_TOO_LARGE, f"{closable} can be closed")
    order.size = order.filled + closable
    return None


def check_leverage(state: State, account: AccountBook, instrument: Instrument, order: Order) -> Refused | None:
    """The contract allows the leverage, its bracket the position, and nothing open has another one."""
    if order.reduce_only:
        return None
    contract = instrument.contract
    if not contract.min_leverage <= order.leverage <= contract.max_leverage:
        return Refused(
            Refusal.LEVERAGE_OUT_OF_RANGE, f"leverage goes from {contract.min_leverage} to {contract.max_leverage}"
        )
    wanted = (order.leverage, order.margin_mode)
    for holding in account.holdings_of(order.symbol):
        if (holding.leverage, holding.margin_mode) != wanted:
            return Refused(Refusal.LEVERAGE_DIFFERS, f"the position has {holding.leverage}, {holding.margin_mode}")
    for other in account.live.entries(order.symbol):
        if (other.leverage, other.margin_mode) != wanted:
            return Refused(Refusal.LEVERAGE_DIFFERS, f"an open order has {other.leverage}, {other.margin_mode}")
    return None


def check_presets(state: State, account: AccountBook, instrument: Instrument, order: Order) -> Refused | None:
    """A stop lies on the losing side of the entry's price, a target on the winning one."""
    if not _presets(order):
        return None
    price = order.price or order.trigger_price or estimated_price(instrument, order)
    for preset, sign in ((order.stop, -1), (order.target, 1)):
        if preset is None:
            continue
        beyond = preset.price - price
        if beyond * sign * order.opens_side.sign <= 0:
            name = "stop" if sign < 0 else "target"
            return Refused(Refusal.PRESET_WRONG_SIDE, f"the {name} lies on the wrong side of the order's price")
    return None


def check_notional(state: State, account: AccountBook, instrument: Instrument, order: Order) -> Refused | None:
    if order.reduce_only:
        return None
    contract = instrument.contract
    price = order.price or order.trigger_price or estimated_price(instrument, order)
    if order.remaining * contract.contract_size * price < contract.min_notional:
        return Refused(Refusal.NOTIONAL_TOO_SMALL, f"an order is worth at least {contract.min_notional}")
    return None


def check_margin(state: State, account: AccountBook, instrument: Instrument, order: Order) -> Refused | None:
    """What it may open is within its bracket, does not liquidate at once, and can be paid."""
    size = opening_size(account, order)
    if not size or instrument.book is None:
        return None
    contract, price = instrument.contract, estimated_price(instrument, order)
    held = sum(
        (holding.size for holding in account.holdings_of(order.symbol) if holding.side is order.opens_side), ZERO
    )
    waiting = sum(
        (
            other.remaining
            for other in account.live.entries(order.symbol)
            if other.order_id != order.order_id and other.action is order.action
        ),
        ZERO,
    )
    base = size * contract.contract_size
    whole = size + held + waiting
    beyond = too_large(contract, order.leverage, whole, contract.notional(whole, price))
    if beyond is not None:
        return Refused(Refusal.LEVERAGE_OUT_OF_RANGE, beyond)
    touch = instrument.book.best(order.action)
    takes = touch is not None and is_within(touch.price, order.price, order.action)
    mark = instrument.mark if takes else price
    lost_at_once = max(ZERO, (price - mark) * base * order.opens_side.sign)
    needed = margin_for(instrument, order, size, price)
    if order.margin_mode is MarginMode.CROSS:
        needed += lost_at_once
    elif quotient(base * price, order.leverage) - lost_at_once <= maintenance_margin(contract, size, base * mark):
        return Refused(Refusal.WOULD_LIQUIDATE, "its margin would not outlast the maintenance margin")
    free = free_margin(state, account) + order.reserved_margin
    if needed > free:
        return Refused(Refusal.NOT_ENOUGH_BALANCE, f"{needed} is needed, {max(ZERO, free)} is free")
    return None


def check_touch(state: State, account: AccountBook, instrument: Instrument, order: Order) -> Refused | None:
    """Orders that depend on what they meet, where the exchange refuses them at once."""
    rules = state.rules
    if order.post_only and not rules.post_only_rejected_late and would_take(instrument, order):
        return Refused(Refusal.WOULD_TAKE, "it would execute at once")
    if (
        order.time_in_force is TimeInForce.FOK
        and not rules.fill_or_kill_rejected_late
        and falls_short(state, instrument, order)
    ):
        return Refused(Refusal.WOULD_NOT_FILL, "it cannot execute whole")
    return None


def falls_short(state: State, instrument: Instrument, order: Order) -> bool:
    """Whether an order cannot execute whole: the market, its position or its account's money does not reach."""
    size = order.remaining
    if min(fillable(instrument, order), executable(state, order, size)) < size:
        return True
    return carried(state, instrument, order, size, estimated_price(instrument, order), is_maker=False) < size


def price_refusal(state: State, instrument: Instrument, price: Decimal | None) -> Refused | None:
    """Whether a price lies too far from the last one."""
    band, tick = state.rules.price_band, instrument.tick
    if band is None or price is None or tick is None or abs(price - tick.last) <= band * tick.last:
        return None
    return Refused(Refusal.PRICE_OUT_OF_BAND, f"{price} is farther than {band} of {tick.last}")


def client_id_refusal(state: State, account: AccountBook, client_order_id: str) -> Refused | None:
    rules = state.rules
    if not client_order_id:
        return None
    allowed = re.fullmatch(f"[{rules.client_id_alphabet}]+", client_order_id)
    if len(client_order_id) > rules.client_id_characters or allowed is None:
        kind = f"of {rules.client_id_alphabet}, at most {rules.client_id_characters}"
        return Refused(Refusal.BAD_CLIENT_ID, f"{kind}")
    if client_order_id in account.client_ids:
        horizon = "ever" if rules.client_ids_unique_for is UniqueFor.ALWAYS else "among open orders"
        return Refused(Refusal.DUPLICATE_CLIENT_ID, f"used before ({horizon})")
    return None


def _presets(order: Order) -> tuple[Preset, ...]:
    return tuple(preset for preset in (order.stop, order.target) if preset is not None)


def check_trigger(state: State, account: AccountBook, instrument: Instrument, order: Order) -> Refused | None:
    """What waits for a price does not find it there already, and a stop or target waits on its own side."""
    if order.family is OrderFamily.TRAILING:
        ratio = order.callback_ratio
        if ratio is None or not is_usable(ratio) or not 0 < ratio < 1:
            return Refused(Refusal.INVALID, "a call-back is a ratio between 0 and 1")
        return None
    if order.purpose in _PROTECTIVE:
        if order.opens:
            return Refused(Refusal.INVALID, "a stop or target reduces")
        if order.direction is not fires_towards(order.purpose, order.reduces_side):
            return Refused(Refusal.TRIGGER_WRONG_SIDE, f"a {order.purpose} of a {order.reduces_side} waits elsewhere")
    price, trigger = instrument.price(order.trigger_by or TriggerPrice.LAST), order.trigger_price
    if trigger is None or (price >= trigger if order.direction is Direction.RISES else price <= trigger):
        return Refused(Refusal.TRIGGER_WRONG_SIDE, f"the price is {price} already")
    return None


def check_trigger_exit(state: State, account: AccountBook, instrument: Instrument, order: Order) -> Refused | None:
    """A stop or target has a position; any other exit that waits may be there before it."""
    if not order.reduce_only:
        return None
    holding = account.holdings.get((order.symbol, order.reduces_side))
    if holding is None:
        waits_anyway = order.purpose not in _PROTECTIVE and order.size is not None
        if waits_anyway or not state.rules.protection_needs_position:
            return None
        return Refused(Refusal.NO_POSITION, f"there is no {order.reduces_side} position")
    if state.rules.refuses_oversized_exits and order.size is not None and order.size > holding.size:
        return Refused(Refusal.EXIT_TOO_LARGE, f"{holding.size} can be closed")
    return None


def check_amended_size(state: State, account: AccountBook, instrument: Instrument, order: Order) -> Refused | None:
    if order.remaining <= 0:
        return Refused(Refusal.SIZE_OUT_OF_RANGE, f"{order.filled} are executed already")
    return None


ORDER_CHECKS: tuple[Check, ...] = (
    check_shape,
    check_mode,
    check_status,
    check_market,
    check_grid,
    check_band,
    check_client_id,
    check_count,
    check_exit,
    check_leverage,
    check_presets,
    check_notional,
    check_margin,
    check_touch,
)

TRIGGER_CHECKS: tuple[Check, ...] = (
    check_shape,
    check_mode,
    check_status,
    check_market,
    check_grid,
    check_band,
    check_client_id,
    check_count,
    check_whole_position,
    check_trigger,
    check_trigger_exit,
    check_leverage,
    check_presets,
    check_notional,
)

BECOME_CHECKS: tuple[Check, ...] = (check_status, check_market, check_leverage, check_margin, check_touch)
"""Of what an entry's trigger becomes: its shape was looked at when it was placed."""

AMENDMENT_CHECKS: tuple[Check, ...] = (
    check_shape,
    check_status,
    check_amended_size,
    check_grid,
    check_band,
    check_exit,
    check_presets,
    check_notional,
    check_margin,
    check_touch,
)

TRIGGER_AMENDMENT_CHECKS: tuple[Check, ...] = (check_shape, check_grid, check_band, check_trigger, check_trigger_exit)

PRESET_CHECKS: tuple[Check, ...] = (check_shape, check_grid, check_presets)
