"""The machine itself: one command or market event after another, each at its time, each with its result."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal, localcontext
from typing import Any

from mtf_adapters.sandbox.matching.account_book import AccountBook
from mtf_adapters.sandbox.matching.accounts import open_account, set_position_mode, transfer
from mtf_adapters.sandbox.matching.book import Book
from mtf_adapters.sandbox.matching.cancelling import cancel_all, cancel_all_after, cancel_order, run_timed_cancel
from mtf_adapters.sandbox.matching.commands import (
    CancelAll,
    CancelAllAfter,
    CancelOrder,
    Command,
    MarketEvent,
    OpenAccount,
    PlaceOrder,
    SetPositionMode,
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
from mtf_adapters.sandbox.matching.matching import fill_resting
from mtf_adapters.sandbox.matching.money import EXACT
from mtf_adapters.sandbox.matching.placing import go_live, leverage_for, place_order
from mtf_adapters.sandbox.matching.rules import VenueRules
from mtf_adapters.sandbox.matching.state import State
from mtf_adapters.sandbox.matching.timers import Timer, TimerKind
from mtf_adapters.sandbox.matching.views import balance_view, position_view
from mtf_core.market import Contract, MarginMode, OrderState, PositionMode

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
            for order in book.live_orders():
                if order.order_id == order_id:
                    return order.view() if order.visible_from_ms <= now_ms else None
            return book.ended.get(order_id)

    def orders_of(self, account: str, symbol: str | None, now_ms: int) -> tuple[OrderView, ...]:
        """Live orders, triggers and trailing orders by their ids."""
        with localcontext(EXACT):
            live = self._state.accounts[account].live_orders(symbol)
            views = [order.view() for order in live if order.visible_from_ms <= now_ms]
        return tuple(sorted(views, key=lambda view: view.order_id))

    def history(self, account: str, symbol: str | None, now_ms: int) -> tuple[OrderView, ...]:
        """Ended orders that are still remembered, in the order in which they ended."""
        ended = self._state.accounts[account].ended.values()
        return tuple(view for view in ended if symbol is None or view.symbol == symbol)

    def fills(self, account: str, symbol: str | None, now_ms: int) -> tuple[FillView, ...]:
        """Executions, the oldest first."""
        fills = self._state.accounts[account].fills
        return tuple(fill for fill in fills if symbol is None or fill.symbol == symbol)

    def flows(self, account: str, now_ms: int) -> tuple[FlowView, ...]:
        """Bookings, the oldest first."""
        return tuple(self._state.accounts[account].flows)

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
        return frozenset(symbol for symbol, instrument in self._state.instruments.items() if instrument.in_use)


def _run_timers(state: State, now_ms: int) -> tuple[Event, ...]:
    events: list[Event] = []
    while (timer := state.timers.pop_due(now_ms)) is not None:
        state.journal.start(max(timer.due_ms, state.now_ms))
        _run_timer(state, timer)
        _settle(state)
        events.extend(state.journal.events)
    return tuple(events)


def _run_timer(state: State, timer: Timer) -> None:
    account, instrument = state.accounts[timer.account], state.instruments[timer.symbol]
    if timer.kind is TimerKind.CANCEL_ALL:
        run_timed_cancel(state, account, timer)
        return
    order = instrument.pending.get(timer.number)
    if order is not None and order.state is OrderState.PENDING:
        go_live(state, instrument, order)


def _settle(state: State) -> None:
    """The last words of a command: positions and balances as they are now."""
    journal = state.journal
    for account, symbol, side in journal.positions:
        holding = state.accounts[account].holdings.get((symbol, side))
        if holding is not None:
            journal.tell(PositionChanged(position_view(state, state.accounts[account], holding)))
    for account in journal.balances:
        journal.tell(BalanceChanged(balance_view(state, state.accounts[account])))
    journal.positions.clear()
    journal.balances.clear()


def _tick(state: State, tick: Tick) -> Answer:
    instrument = state.instruments.get(tick.symbol)
    if instrument is None:
        return Refused(Refusal.UNKNOWN_SYMBOL, tick.symbol)
    instrument.book = Book(tick)
    if instrument.matches:
        fill_resting(state, instrument)
    return Accepted()


def _time_passes(state: State, event: TimePasses) -> Answer:
    return Accepted()


def _answer(state: State, what: Command | MarketEvent) -> Answer:
    market = _MARKET.get(type(what))
    if market is not None:
        return market(state, what)
    if isinstance(what, OpenAccount):
        return open_account(state, what)
    account = state.accounts.get(what.account)  # type: ignore[union-attr]
    if account is None:
        return Refused(Refusal.UNKNOWN_ACCOUNT, what.account)  # type: ignore[union-attr]
    symbol = getattr(what, "symbol", None)
    if symbol is not None and symbol not in state.instruments:
        return Refused(Refusal.UNKNOWN_SYMBOL, symbol)
    handler = _COMMANDS.get(type(what))
    if handler is None:
        return Refused(Refusal.INVALID, f"the engine does not know {type(what).__name__} yet")
    return handler(state, account, what)


def _place(state: State, account: AccountBook, command: PlaceOrder) -> Answer:
    return place_order(state, account, state.instruments[command.symbol], command)


_MARKET: dict[type, Callable[[State, Any], Answer]] = {Tick: _tick, TimePasses: _time_passes}
_COMMANDS: dict[type, Callable[[State, AccountBook, Any], Answer]] = {
    PlaceOrder: _place,
    CancelOrder: cancel_order,
    CancelAll: cancel_all,
    CancelAllAfter: cancel_all_after,
    SetPositionMode: set_position_mode,
    Transfer: transfer,
}
