"""What the market and the exchange do: funding, changes of contracts, deleveraging, a restart."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from mtf_adapters.sandbox.matching.account_book import AccountBook
from mtf_adapters.sandbox.matching.commands import (
    ContractChange,
    Deleverage,
    Funding,
    PresetsFail,
    Restart,
    StatusChange,
)
from mtf_adapters.sandbox.matching.ending import withdraw
from mtf_adapters.sandbox.matching.events import Accepted, Answer, OrderCause, OrderFamily, Refusal, Refused
from mtf_adapters.sandbox.matching.executions import cancel_rest
from mtf_adapters.sandbox.matching.forced import close_at_mark
from mtf_adapters.sandbox.matching.holding import Holding
from mtf_adapters.sandbox.matching.instrument import Instrument
from mtf_adapters.sandbox.matching.liquidation import liquidate_due
from mtf_adapters.sandbox.matching.margins import free_margin, opening_size
from mtf_adapters.sandbox.matching.money import ZERO, booked, is_multiple, is_usable
from mtf_adapters.sandbox.matching.moving import follow_market
from mtf_adapters.sandbox.matching.state import State
from mtf_core.market import Contract, ContractStatus, FillCause, FlowKind, MarginMode, OrderState


def fund(state: State, event: Funding) -> Answer:
    """Longs pay where the rate is positive. Nobody pays more than what is free and the position's own margin."""
    instrument = state.instruments.get(event.symbol)
    if instrument is None:
        return Refused(Refusal.UNKNOWN_SYMBOL, event.symbol)
    if not is_usable(event.rate):
        return Refused(Refusal.INVALID, f"no rate of funding: {event.rate}")
    if instrument.book is None:
        return Refused(Refusal.NO_MARKET, event.symbol)
    for holding in tuple(instrument.holdings.values()):
        account = state.accounts[holding.account]
        due = booked(holding.notional(instrument.mark) * event.rate * -holding.side.sign)
        moved = _payable(state, account, holding, due)
        holding.funding += moved
        state.journal.book(account, FlowKind.FUNDING, event.symbol, moved)
        state.journal.touch(account.name, holding.symbol, holding.side)
    liquidate_due(state, instrument)
    return Accepted()


def _payable(state: State, account: AccountBook, holding: Holding, due: Decimal) -> Decimal:
    """What of it is really moved; what an isolated position pays beyond what is free comes out of its margin."""
    if due >= 0 or holding.margin_mode is MarginMode.CROSS:
        return due
    from_free = min(-due, max(ZERO, free_margin(state, account)))
    from_margin = min(-due - from_free, holding.margin)
    holding.margin -= from_margin
    return -(from_free + from_margin)


def change_status(state: State, event: StatusChange) -> Answer:
    """A delisting cancels and settles everything; close-only cancels what could open.

    Where trading goes on after it stood still, what the market showed meanwhile counts at once.
    """
    instrument = state.instruments.get(event.symbol)
    if instrument is None:
        return Refused(Refusal.UNKNOWN_SYMBOL, event.symbol)
    return _follow_status(state, instrument, instrument.contract, event.status)


def _follow_status(state: State, instrument: Instrument, contract: Contract, status: ContractStatus) -> Answer:
    stood_still = not instrument.matches
    instrument.contract = evolve(contract, status=status)
    if status is ContractStatus.DELISTED:
        _delist(state, instrument)
    elif status is ContractStatus.CLOSE_ONLY:
        for account in state.accounts.values():
            for order in account.live.of(instrument.symbol):
                if opening_size(account, order):
                    cancel_rest(state, order, OrderCause.NOT_TRADING)
    if stood_still:
        follow_market(state, instrument)
    return Accepted()


def _delist(state: State, instrument: Instrument) -> None:
    for account in state.accounts.values():
        for order in account.live.of(instrument.symbol):
            cancel_rest(state, order, OrderCause.DELISTED, position_goes=True)
    for holding in tuple(instrument.holdings.values()):
        account = state.accounts[holding.account]
        close_at_mark(state, instrument, account, holding, holding.size, FillCause.SETTLEMENT)


def change_contract(state: State, event: ContractChange) -> Answer:
    """A new one is listed; a known one may change in all but what its positions are counted in."""
    instrument = state.instruments.get(event.contract.symbol)
    if instrument is None:
        state.instruments[event.contract.symbol] = Instrument(event.contract)
        return Accepted()
    if instrument.in_use and event.contract.contract_size != instrument.contract.contract_size:
        return Refused(
            Refusal.POSITION_OR_ORDERS_OPEN, "the size of a contract cannot change under positions and orders"
        )
    if event.contract.status is not instrument.contract.status:
        return _follow_status(state, instrument, event.contract, event.contract.status)
    instrument.contract = event.contract
    return Accepted()


def deleverage(state: State, event: Deleverage) -> Answer:
    account, instrument = state.accounts.get(event.account), state.instruments.get(event.symbol)
    if account is None:
        return Refused(Refusal.UNKNOWN_ACCOUNT, event.account)
    if instrument is None:
        return Refused(Refusal.UNKNOWN_SYMBOL, event.symbol)
    holding = account.holdings.get((event.symbol, event.side))
    if holding is None:
        return Refused(Refusal.NO_POSITION, f"there is no {event.side} position")
    if not is_usable(event.size) or event.size <= 0:
        return Refused(Refusal.INVALID, f"no size to close: {event.size}")
    if event.size < holding.size and not is_multiple(event.size, instrument.contract.size_step):
        return Refused(Refusal.SIZE_OFF_STEP, f"sizes are multiples of {instrument.contract.size_step}")
    close_at_mark(state, instrument, account, holding, min(event.size, holding.size), FillCause.ADL)
    return Accepted()


def presets_fail(state: State, event: PresetsFail) -> Answer:
    if event.symbol and event.symbol not in state.instruments:
        return Refused(Refusal.UNKNOWN_SYMBOL, event.symbol)
    state.failing_presets.add(event.symbol)
    return Accepted()


def restart(state: State, event: Restart) -> Answer:
    """Money, positions and resting orders survive; triggers and history where the venue keeps them."""
    for account in state.accounts.values():
        if state.rules.restart_forgets_triggers:
            for order in account.live.of():
                if order.family is not OrderFamily.ORDER:
                    withdraw(state, order)
                    order.state = OrderState.CANCELLED
                    state.journal.order(order, OrderCause.FORGOTTEN)
                    if order.client_order_id:
                        account.client_ids.discard(order.client_order_id)
        if state.rules.restart_forgets_history:
            account.ended.clear()
            account.fills.clear()
    return Accepted()
