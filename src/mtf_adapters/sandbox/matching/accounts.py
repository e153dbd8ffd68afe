"""Accounts: how they appear, their money, their modes and leverages."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.sandbox.matching.account_book import AccountBook
from mtf_adapters.sandbox.matching.brackets import too_large
from mtf_adapters.sandbox.matching.commands import OpenAccount, SetLeverage, SetPositionMode, Transfer
from mtf_adapters.sandbox.matching.events import Accepted, Answer, OrderCause, OrderFamily, Refusal, Refused
from mtf_adapters.sandbox.matching.holding import Holding
from mtf_adapters.sandbox.matching.instrument import Instrument
from mtf_adapters.sandbox.matching.margins import (
    free_margin,
    initial_margin,
    maintenance_of,
    margin_for,
    opening_size,
    reserve,
    reserving_price,
)
from mtf_adapters.sandbox.matching.money import GRAIN, ZERO, is_multiple, is_usable
from mtf_adapters.sandbox.matching.order import Order
from mtf_adapters.sandbox.matching.state import State
from mtf_core.market import FlowKind, MarginMode, Side


def open_account(state: State, command: OpenAccount) -> Answer:
    if command.account in state.accounts:
        return Refused(Refusal.INVALID, f"there is an account {command.account} already")
    if not is_usable(command.balance) or command.balance < 0 or not is_multiple(command.balance, GRAIN):
        return Refused(Refusal.INVALID, f"a balance is a multiple of {GRAIN}, not below zero")
    account = AccountBook(command.account, command.position_mode)
    state.accounts[command.account] = account
    state.journal.book(account, FlowKind.TRANSFER, "", command.balance)
    return Accepted()


def transfer(state: State, account: AccountBook, command: Transfer) -> Answer:
    """What is free may go, no more."""
    if not is_usable(command.amount) or not is_multiple(command.amount, GRAIN):
        return Refused(Refusal.INVALID, f"an amount is a multiple of {GRAIN}")
    if command.amount < 0 and free_margin(state, account) + command.amount < 0:
        return Refused(Refusal.NOT_ENOUGH_BALANCE, "less than that is free")
    state.journal.book(account, FlowKind.TRANSFER, "", command.amount)
    return Accepted()


def set_position_mode(state: State, account: AccountBook, command: SetPositionMode) -> Answer:
    if command.mode is account.position_mode:
        return Accepted()
    if not account.is_idle:
        return Refused(Refusal.POSITION_OR_ORDERS_OPEN, "the mode changes only without positions and orders")
    account.position_mode = command.mode
    return Accepted()


def set_leverage(state: State, account: AccountBook, instrument: Instrument, command: SetLeverage) -> Answer:
    """Of a symbol, with what is open in it: isolated margins and what orders reserve follow, if that can be paid.

    The margin mode changes only without positions and opening orders.
    """
    contract, leverage = instrument.contract, command.leverage
    if not is_usable(leverage) or not contract.min_leverage <= leverage <= contract.max_leverage:
        bounds = f"leverage goes from {contract.min_leverage} to {contract.max_leverage}"
        return Refused(Refusal.LEVERAGE_OUT_OF_RANGE, bounds)
    holdings = tuple(account.holdings_of(contract.symbol))
    orders = [order for order in account.live.of(contract.symbol) if order.opens]
    modes = {holding.margin_mode for holding in holdings} | {order.margin_mode for order in orders}
    if modes - {command.margin_mode}:
        return Refused(Refusal.LEVERAGE_DIFFERS, f"a position or order is not {command.margin_mode}")
    for side in Side:
        beyond = too_large(contract, leverage, *_exposure(instrument, account, side))
        if beyond is not None:
            return Refused(Refusal.LEVERAGE_OUT_OF_RANGE, beyond)
    margins = [initial_margin(holding.cost, leverage) for holding in holdings]
    for holding, margin in zip(holdings, margins, strict=True):
        if margin < holding.margin and _would_liquidate(state, holding, margin):
            return Refused(Refusal.WOULD_LIQUIDATE, "the margin would not outlast the maintenance margin")
    more = sum((new - holding.margin for holding, new in zip(holdings, margins, strict=True)), ZERO)
    more += sum((_more_for(instrument, account, order, leverage) for order in orders), ZERO)
    if more > 0 and more > free_margin(state, account):
        return Refused(Refusal.NOT_ENOUGH_BALANCE, f"{more} more is needed")
    account.settings[contract.symbol] = (leverage, command.margin_mode)
    for holding, margin in zip(holdings, margins, strict=True):
        holding.leverage, holding.margin = leverage, margin
        state.journal.touch(account.name, contract.symbol, holding.side)
    for order in orders:
        order.leverage = leverage
        reserve(state, account, order)
        state.journal.order(order, OrderCause.AMENDED)
    return Accepted()


def _exposure(instrument: Instrument, account: AccountBook, side: Side) -> tuple[Decimal, Decimal]:
    """Size and value of what is held on a side at its cost, and of what orders would add to it at their prices."""
    held = [holding for holding in account.holdings_of(instrument.symbol) if holding.side is side]
    size, value = (sum(parts, ZERO) for parts in ([one.size for one in held], [one.cost for one in held]))
    for order in account.live.entries(instrument.symbol):
        if order.opens_side is side:
            more = opening_size(account, order)
            size += more
            value += instrument.contract.notional(more, reserving_price(instrument, order))
    return size, value


def _more_for(instrument: Instrument, account: AccountBook, order: Order, leverage: Decimal) -> Decimal:
    if order.family is not OrderFamily.ORDER:
        return ZERO
    price = reserving_price(instrument, order)
    return margin_for(instrument, order, opening_size(account, order), price, leverage) - order.reserved_margin


def _would_liquidate(state: State, holding: Holding, margin: Decimal) -> bool:
    if holding.margin_mode is MarginMode.CROSS:
        return False
    mark = state.instruments[holding.symbol].mark
    return margin + holding.profit(mark) <= maintenance_of(state, holding)
