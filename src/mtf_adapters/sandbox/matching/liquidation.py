"""When a position has lost what it may lose, the exchange takes it over."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.sandbox.matching.account_book import AccountBook
from mtf_adapters.sandbox.matching.events import Liquidated, OrderCause
from mtf_adapters.sandbox.matching.executions import cancel_rest
from mtf_adapters.sandbox.matching.forced import close_at_mark
from mtf_adapters.sandbox.matching.holding import Holding
from mtf_adapters.sandbox.matching.instrument import Instrument
from mtf_adapters.sandbox.matching.margins import cross_equity, cross_maintenance, isolated_margin, maintenance_of
from mtf_adapters.sandbox.matching.order import Order
from mtf_adapters.sandbox.matching.state import State
from mtf_core.market import FillCause, FlowKind, MarginMode, Side


def liquidate_due(state: State, instrument: Instrument) -> None:
    """Takes over the positions of a symbol that are down to their maintenance margin, and accounts that are."""
    if not instrument.holdings or not instrument.matches:
        return
    for (name, side), holding in tuple(instrument.holdings.items()):
        account = state.accounts[name]
        if account.holdings.get((instrument.symbol, side)) is not holding:
            continue
        if holding.margin_mode is MarginMode.CROSS:
            _liquidate_cross_if_due(state, account)
        else:
            _liquidate_isolated_if_due(state, instrument, account, holding)


def liquidate_touched(state: State) -> None:
    """The same for whatever the running command has changed: positions, and accounts with cross positions."""
    for name, symbol, side in tuple(state.journal.positions):
        account, instrument = state.accounts[name], state.instruments[symbol]
        holding = account.holdings.get((symbol, side))
        if holding is not None and holding.margin_mode is MarginMode.ISOLATED and instrument.matches:
            _liquidate_isolated_if_due(state, instrument, account, holding)
    for name in tuple(state.journal.balances):
        _liquidate_cross_if_due(state, state.accounts[name])


def _liquidate_isolated_if_due(state: State, instrument: Instrument, account: AccountBook, holding: Holding) -> None:
    mark = instrument.mark
    if _is_far(instrument, holding, mark):
        return
    if holding.margin + holding.profit(mark) <= maintenance_of(state, holding):
        _liquidate_isolated(state, instrument, account, holding)


def _liquidate_cross_if_due(state: State, account: AccountBook) -> None:
    """The whole account answers for cross positions, isolated margins apart: all of them go, and what is left of it."""
    crossed = [holding for holding in account.holdings.values() if holding.margin_mode is MarginMode.CROSS]
    if not crossed or cross_equity(state, account) > cross_maintenance(state, account):
        return
    for holding in crossed:
        state.journal.tell(Liquidated(account.name, holding.symbol, holding.side))
    isolated = {(holding.symbol, holding.side) for holding in account.holdings.values() if holding not in crossed}
    for order in account.live.of():
        if not (order.reduce_only and (order.symbol, order.reduces_side) in isolated):
            goes = (order.symbol, order.opens_side) not in isolated
            cancel_rest(state, order, OrderCause.LIQUIDATION, position_goes=goes)
    for holding in crossed:
        close_at_mark(state, state.instruments[holding.symbol], account, holding, holding.size, FillCause.LIQUIDATION)
    left = account.wallet - isolated_margin(account)
    state.journal.book(account, FlowKind.LIQUIDATION, "", -left)


def cover_deficit(state: State, account: AccountBook) -> None:
    """An account owes nothing: what a position lost beyond everything that could answer for it is made good."""
    deficit = isolated_margin(account) - account.wallet
    crosses = (holding.margin_mode is MarginMode.CROSS for holding in account.holdings.values())
    if deficit > 0 and not any(crosses):
        state.journal.book(account, FlowKind.LIQUIDATION, "", deficit)


def _is_far(instrument: Instrument, holding: Holding, mark: Decimal) -> bool:
    """Whether the mark stands clear of the liquidation price; the margins themselves have the last word near it."""
    price = holding.liquidation_price(instrument.contract)
    if price is None:
        return False
    return mark > price if holding.side is Side.LONG else mark < price


def _liquidate_isolated(state: State, instrument: Instrument, account: AccountBook, holding: Holding) -> None:
    """Its margin is lost, no more and no less: the exchange keeps what is left of it, or makes good what is missing."""
    state.journal.tell(Liquidated(account.name, holding.symbol, holding.side))
    for order in account.live.of(holding.symbol):
        if _belongs(order, holding.side):
            cancel_rest(state, order, OrderCause.LIQUIDATION, position_goes=True)
    margin, before = holding.margin, holding.realised
    close_at_mark(state, instrument, account, holding, holding.size, FillCause.LIQUIDATION)
    left = margin + holding.realised - before
    state.journal.book(account, FlowKind.LIQUIDATION, holding.symbol, -left)


def _belongs(order: Order, side: Side) -> bool:
    """Whether the order reduces the position, or would enlarge it."""
    return order.reduces_side is side if order.reduce_only else order.opens_side is side
