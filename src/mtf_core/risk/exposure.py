"""What an account has at stake, symbol by symbol: what the exchange shows, and what is reserved for live intents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from attrs import frozen

from mtf_core.market import AccountState, OpenOrder, OrderState, Position, Side, TriggerPurpose
from mtf_core.risk.books import Reservation


@frozen
class Stake:
    """What one symbol has at stake; None: it cannot be told."""

    sides: frozenset[Side]
    notional: Decimal | None
    loss_at_stop: Decimal | None
    """From where it was entered to its stop."""


def stakes(
    account: AccountState, reservations: Iterable[Reservation], contract_sizes: Mapping[str, Decimal]
) -> dict[str, Stake]:
    """By symbol. `contract_sizes`: base currency per contract; a symbol that is missing there cannot be valued.

    An intent's reservation is for the whole of it, so what the exchange shows of the same symbol is not added to it:
    the larger of both notionals counts, and the reservation's loss.
    """
    shown = _shown(account, contract_sizes)
    reserved = _reserved(reservations)
    return {symbol: _joined(shown.get(symbol), reserved.get(symbol)) for symbol in {**shown, **reserved}}


def _joined(shown: Stake | None, reserved: Stake | None) -> Stake:
    if shown is None or reserved is None:
        found = shown or reserved
        assert found is not None
        return found
    both = (shown.notional, reserved.notional)
    notional = None if shown.notional is None else max(each for each in both if each is not None)
    return Stake(shown.sides | reserved.sides, notional, reserved.loss_at_stop)


def _reserved(reservations: Iterable[Reservation]) -> dict[str, Stake]:
    found: dict[str, Stake] = {}
    for one in reservations:
        _add(found, one.symbol, Stake(frozenset({one.side}), one.notional, one.loss_at_stop))
    return found


def _shown(account: AccountState, contract_sizes: Mapping[str, Decimal]) -> dict[str, Stake]:
    found: dict[str, Stake] = {}
    for position in account.positions:
        size = contract_sizes.get(position.symbol)
        _add(found, position.symbol, _of_position(position, account.open_orders, size))
    for order in account.open_orders:
        if order.may_open:
            _add(found, order.symbol, _of_order(order, contract_sizes.get(order.symbol)))
    return found


def _add(found: dict[str, Stake], symbol: str, stake: Stake) -> None:
    known = found.get(symbol)
    if known is not None:
        stake = Stake(
            known.sides | stake.sides,
            _sum(known.notional, stake.notional),
            _sum(known.loss_at_stop, stake.loss_at_stop),
        )
    found[symbol] = stake


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one + other


def _of_position(position: Position, orders: Iterable[OpenOrder], contract_size: Decimal | None) -> Stake:
    """Without an armed stop over all of it, it may lose its margin."""
    sides = frozenset({position.side})
    if contract_size is None:
        return Stake(sides, None, None)
    base = position.size * contract_size
    notional = base * max(position.entry_price, position.mark_price or Decimal(0))
    stop = next((price for order in orders if (price := _stop_over(order, position)) is not None), None)
    if stop is not None:
        loss = max(Decimal(0), (position.entry_price - stop) * position.side.sign * base)
    else:
        loss = position.margin if position.margin is not None else notional / max(position.leverage, Decimal(1))
    return Stake(sides, notional, loss)


def _stop_over(order: OpenOrder, position: Position) -> Decimal | None:
    """The trigger of an armed stop over the whole position."""
    is_stop = order.purpose is TriggerPurpose.STOP and order.reduce_only and order.state is OrderState.LIVE
    is_its = order.symbol == position.symbol and order.side is position.side
    covers = order.size is None or order.size >= position.size
    return order.trigger.price if is_stop and is_its and covers and order.trigger is not None else None


def _of_order(order: OpenOrder, contract_size: Decimal | None) -> Stake:
    """An order that may open; without a stop that travels in it, it may lose all that it is worth."""
    sides = frozenset({order.side})
    price = order.price if order.price is not None else order.trigger.price if order.trigger is not None else None
    if contract_size is None or price is None or order.size is None:
        return Stake(sides, None, None)
    base = (order.size - order.filled) * contract_size
    if order.stop is None:
        return Stake(sides, base * price, base * price)
    return Stake(sides, base * price, max(Decimal(0), (price - order.stop.price) * order.side.sign * base))
