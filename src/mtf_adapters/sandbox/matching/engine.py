"""The machine itself: one command or market event after another, each at its time, each with its result."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal, localcontext
from typing import Any

from mtf_adapters.sandbox.matching import memory
from mtf_adapters.sandbox.matching.account_book import AccountBook
from mtf_adapters.sandbox.matching.accounts import open_account, set_leverage, set_position_mode, transfer
from mtf_adapters.sandbox.matching.amending import amend_order, amend_presets, amend_trigger
from mtf_adapters.sandbox.matching.book import Book
from mtf_adapters.sandbox.matching.cancelling import (
    cancel_all,
    cancel_all_after,
    cancel_everything_after,
    cancel_order,
    run_timed_cancel,
)
from mtf_adapters.sandbox.matching.closing import close_all
from mtf_adapters.sandbox.matching.commands import (
    AmendOrder,
    AmendPresets,
    AmendTrigger,
    CancelAll,
    CancelAllAfter,
    CancelEverythingAfter,
    CancelOrder,
    CloseAll,
    Command,
    ContractChange,
    Deleverage,
    Funding,
    MarketEvent,
    OpenAccount,
    PlaceOrder,
    PlacePair,
    PlaceTrailing,
    PlaceTrigger,
    PresetsFail,
    Restart,
    SetLeverage,
    SetPositionMode,
    StatusChange,
    Tick,
    TimePasses,
    Transfer,
)
from mtf_adapters.sandbox.matching.events import (
    Accepted,
    Answer,
    BalanceChanged,
    BalanceView,
    Event,
    FillView,
    FlowView,
    OrderView,
    PositionChanged,
    PositionView,
    Refusal,
    Refused,
    Result,
)
from mtf_adapters.sandbox.matching.exchange_events import (
    change_contract,
    change_status,
    deleverage,
    fund,
    presets_fail,
    restart,
)
from mtf_adapters.sandbox.matching.instrument import Instrument
from mtf_adapters.sandbox.matching.liquidation import cover_deficit, liquidate_touched
from mtf_adapters.sandbox.matching.money import EXACT
from mtf_adapters.sandbox.matching.moving import follow_market
from mtf_adapters.sandbox.matching.placing import go_live, leverage_for, place_order
from mtf_adapters.sandbox.matching.rules import VenueRules
from mtf_adapters.sandbox.matching.state import State
from mtf_adapters.sandbox.matching.timers import Timer, TimerKind
from mtf_adapters.sandbox.matching.triggers import place_pair, place_trailing, place_trigger, watch
from mtf_adapters.sandbox.matching.views import balance_view, position_view
from mtf_core.market import Contract, MarginMode, PositionMode

_DEFAULT_RULES = VenueRules()


class MatchingEngine:
    """An exchange without a wire. The same commands and events at the same times give the same results, to the byte.

    `apply` changes it, everything else reads as the venue would answer at `now_ms`. Reads of an account that there is
    not raise KeyError.
    """

    def __init__(self, contracts: Iterable[Contract], rules: VenueRules = _DEFAULT_RULES) -> None:
        self._state = State(contracts, rules)

    @property
    def rules(self) -> VenueRules:
        return self._state.rules

    @property
    def now_ms(self) -> int:
        """The time of the last command or event."""
        return self._state.now_ms

    def apply(self, what: Command | MarketEvent, now_ms: int) -> Result:
        """What is due until now happens first, each at its own time. Raises ValueError when time goes back."""
        state = self._state
        if now_ms < state.now_ms:
            raise ValueError(f"time went back from {state.now_ms} to {now_ms}")
        with localcontext(EXACT):
            due = _run_timers(state, now_ms)
            state.journal.start(now_ms)
            answer = _answer(state, what)
            _settle(state)
            return Result(answer, (*due, *state.journal.events))

    def order(self, account: str, order_id: int, now_ms: int) -> OrderView | None:
        """One order, live or ended and still remembered; None where the venue would know none."""
        with localcontext(EXACT):
            book = self._state.accounts[account]
            order = book.live.get(order_id)
            if order is not None:
                return order.view() if order.visible_from_ms <= now_ms else None
        ended = memory.remembered(self.rules, book, order_id, now_ms)
        return ended.view if ended is not None and ended.visible_from_ms <= now_ms else None

    def orders_of(self, account: str, symbol: str | None, now_ms: int) -> tuple[OrderView, ...]:
        """Live orders, triggers and trailing orders by their ids."""
        with localcontext(EXACT):
            live = self._state.accounts[account].live.of(symbol)
            views = [order.view() for order in live if order.visible_from_ms <= now_ms]
        return tuple(sorted(views, key=lambda view: view.order_id))

    def history(self, account: str, symbol: str | None, now_ms: int) -> tuple[OrderView, ...]:
        """Ended orders that are still remembered, in the order in which they ended."""
        views = (ended.view for ended in memory.history(self.rules, self._state.accounts[account], now_ms))
        return tuple(view for view in views if symbol is None or view.symbol == symbol)

    def fills(self, account: str, symbol: str | None, now_ms: int) -> tuple[FillView, ...]:
        """Executions, the oldest first."""
        fills = memory.fills(self.rules, self._state.accounts[account], now_ms)
        return tuple(fill for fill in fills if symbol is None or fill.symbol == symbol)

    def flows(self, account: str, now_ms: int) -> tuple[FlowView, ...]:
        """Bookings, the oldest first."""
        return tuple(memory.flows(self.rules, self._state.accounts[account], now_ms))

    def positions(self, account: str, symbol: str | None = None) -> tuple[PositionView, ...]:
        """Open positions, sorted by symbol, long before short."""
        with localcontext(EXACT):
            book = self._state.accounts[account]
            held = [book.holdings[key] for key in sorted(book.holdings) if symbol is None or key[0] == symbol]
            return tuple(position_view(self._state, book, holding) for holding in held)

    def balance(self, account: str) -> BalanceView:
        with localcontext(EXACT):
            return balance_view(self._state, self._state.accounts[account])

    def accounts(self) -> tuple[str, ...]:
        return tuple(self._state.accounts)

    def position_mode(self, account: str) -> PositionMode:
        return self._state.accounts[account].position_mode

    def leverage(self, account: str, symbol: str) -> tuple[Decimal, MarginMode]:
        """As set for the symbol, else what an order would get that names none. Raises KeyError for no such symbol."""
        return leverage_for(self._state.accounts[account], self._state.instruments[symbol], None, None)

    def tick(self, symbol: str) -> Tick | None:
        """The last tick, with what is left of its book; None before the first."""
        instrument = self._state.instruments.get(symbol)
        with localcontext(EXACT):
            return instrument.book.shown() if instrument and instrument.book else None

    def contract(self, symbol: str) -> Contract | None:
        instrument = self._state.instruments.get(symbol)
        return instrument.contract if instrument else None

    def next_timer_ms(self) -> int | None:
        """When `TimePasses` has something to do next; None: nothing waits for time."""
        return self._state.timers.next_ms()

    def symbols_in_use(self) -> frozenset[str]:
        """Symbols with a position or any live order of any account."""
        used: set[str] = set()
        for account in self._state.accounts.values():
            used.update(account.live.symbols())
            used.update(symbol for symbol, _ in account.holdings)
        return frozenset(used)


def _run_timers(state: State, now_ms: int) -> tuple[Event, ...]:
    events: list[Event] = []
    while (timer := state.timers.pop_due(now_ms)) is not None:
        state.journal.start(max(timer.due_ms, state.now_ms))
        _run_timer(state, timer)
        _settle(state)
        events.extend(state.journal.events)
    return tuple(events)


def _run_timer(state: State, timer: Timer) -> None:
    if timer.kind is TimerKind.CANCEL_ALL:
        run_timed_cancel(state, state.accounts[timer.account], timer)
        return
    instrument = state.instruments[timer.symbol]
    order = instrument.pending.get(timer.number)
    if order is not None:
        go_live(state, instrument, order)


def _settle(state: State) -> None:
    """What follows from a command: margins that do not hold, presets that may fire at once; then its last words."""
    journal = state.journal
    liquidate_touched(state)
    while state.armed:
        watch(state, state.instruments[state.armed.pop(0)])
        liquidate_touched(state)
    for name in tuple(journal.balances):
        cover_deficit(state, state.accounts[name])
    for name, symbol, side in journal.positions:
        holding = state.accounts[name].holdings.get((symbol, side))
        if holding is not None:
            journal.tell(PositionChanged(position_view(state, state.accounts[name], holding)))
    for name in journal.balances:
        journal.tell(BalanceChanged(balance_view(state, state.accounts[name])))
    journal.positions.clear()
    journal.balances.clear()


def _answer(state: State, what: Command | MarketEvent) -> Answer:
    happens = _EVENTS.get(type(what))
    if happens is not None:
        return happens(state, what)
    command: Any = what
    account = state.accounts.get(command.account)
    if account is None:
        return Refused(Refusal.UNKNOWN_ACCOUNT, command.account)
    on_account = _ON_ACCOUNTS.get(type(what))
    if on_account is not None:
        return on_account(state, account, command)
    instrument = state.instruments.get(command.symbol)
    if instrument is None:
        return Refused(Refusal.UNKNOWN_SYMBOL, command.symbol)
    return _ON_SYMBOLS[type(what)](state, account, instrument, command)


def _tick(state: State, tick: Tick) -> Answer:
    instrument = state.instruments.get(tick.symbol)
    if instrument is None:
        return Refused(Refusal.UNKNOWN_SYMBOL, tick.symbol)
    instrument.book = Book(tick)
    follow_market(state, instrument)
    return Accepted()


def _time_passes(state: State, event: TimePasses) -> Answer:
    for account in state.accounts.values():
        memory.forget_old(state.rules, account, state.now_ms)
    return Accepted()


_EVENTS: dict[type, Callable[[State, Any], Answer]] = {
    Tick: _tick,
    TimePasses: _time_passes,
    Funding: fund,
    StatusChange: change_status,
    ContractChange: change_contract,
    Deleverage: deleverage,
    Restart: restart,
    PresetsFail: presets_fail,
    OpenAccount: open_account,
}
_ON_ACCOUNTS: dict[type, Callable[[State, AccountBook, Any], Answer]] = {
    CancelEverythingAfter: cancel_everything_after,
    CloseAll: close_all,
    SetPositionMode: set_position_mode,
    Transfer: transfer,
}
_ON_SYMBOLS: dict[type, Callable[[State, AccountBook, Instrument, Any], Answer]] = {
    PlaceOrder: place_order,
    PlaceTrigger: place_trigger,
    PlacePair: place_pair,
    PlaceTrailing: place_trailing,
    AmendOrder: amend_order,
    AmendTrigger: amend_trigger,
    AmendPresets: amend_presets,
    CancelOrder: cancel_order,
    CancelAll: cancel_all,
    CancelAllAfter: cancel_all_after,
    SetLeverage: set_leverage,
}
