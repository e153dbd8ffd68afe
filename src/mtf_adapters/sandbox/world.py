"""A market, a matching engine and a clock that move together."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from decimal import Decimal

from attrs import evolve

from mtf_adapters.sandbox.depth import tick_around
from mtf_adapters.sandbox.market import Market, Moment, Prices
from mtf_adapters.sandbox.matching.book import is_a_market
from mtf_adapters.sandbox.matching.commands import (
    Command,
    ContractChange,
    Funding,
    MarketEvent,
    PlaceOrder,
    PlaceTrailing,
    PlaceTrigger,
    Tick,
    TimePasses,
)
from mtf_adapters.sandbox.matching.engine import MatchingEngine
from mtf_adapters.sandbox.matching.events import Event, Refusal, Refused, Result
from mtf_adapters.sandbox.world_clock import SteppedClock, WorldClock
from mtf_core.market import HOUR_MS, Contract, ContractStatus
from mtf_core.ports import ExchangeError, UnknownSymbolError

Listener = Callable[[int, Event], None]
BookMaker = Callable[[Contract, Prices, int, Decimal], Tick]
"""Of a contract, its prices, an instant and what traded since the tick before."""

_QUARTER_OF_A_MINUTE_MS = 15_000


class World:
    """Whoever acts or looks first brings the engine to the clock's now: symbols in use tick at every step.

    `step_ms` is how far ticks of one symbol lie apart, a divisor of 15 s, so that prices that a candle of a minute
    reaches are reached; other symbols tick when they are asked for. Contracts follow the market's, looked at every
    hour: a changed grid, a new listing, a status, an expiry. `book` says what stands around the prices.
    """

    def __init__(
        self,
        market: Market,
        engine: MatchingEngine,
        clock: WorldClock,
        step_ms: int = 1000,
        *,
        book: BookMaker = tick_around,
    ) -> None:
        if step_ms < 1 or _QUARTER_OF_A_MINUTE_MS % step_ms:
            raise ValueError(f"steps divide 15,000 ms evenly, found {step_ms}")
        self.market = market
        self.engine = engine
        self.clock = clock
        self._step_ms = step_ms
        self._book = book
        self._at_ms = clock.now_ms()
        self._seen: dict[str, tuple[int, Moment]] = {}
        """When each symbol ticked last, and what was there."""
        self._listeners: list[Listener] = []
        self._untold: deque[tuple[int, Event]] = deque()
        self._is_telling = False
        self._listed: dict[str, Contract] = {}
        """As the market said last: what was done to a contract by hand stays until the market changes it."""
        self._contracts_hour: int | None = None
        self._follow_contracts()

    @property
    def now_ms(self) -> int:
        return self.clock.now_ms()

    @property
    def funding_interval_ms(self) -> int:
        return self.engine.rules.funding_interval_hours * HOUR_MS

    def do(self, command: Command) -> Result:
        """Catches up, shows the engine the symbol as it is now, then has it carry the command out.

        Where the market has no data of the instant, nothing new is placed; what stands can be changed and cancelled.
        """
        self.catch_up()
        return self._carry_out(command)

    def do_by(self, command: Command, latest_ms: int) -> Result | None:
        """The same for a command with a last instant; None where that has passed once the world has caught up."""
        self.catch_up()
        return None if self._at_ms > latest_ms else self._carry_out(command)

    def happen(self, event: MarketEvent) -> Result:
        """Something that the exchange does by itself: a change of status, a deleveraging, a restart.

        What is said of a contract holds until the market itself lists it otherwise.
        """
        self.catch_up()
        if isinstance(event, Tick) and not is_a_market(event):
            return Result(Refused(Refusal.INVALID, "prices and sizes of a market are numbers above zero"))
        return self._apply(event)

    def catch_up(self) -> None:
        """Moves the engine to the clock's now, through every step and everything that is due on the way."""
        now_ms = self.clock.now_ms()
        while self._at_ms < now_ms:
            before_ms, self._at_ms = self._at_ms, min(self._next_ms(now_ms), now_ms)
            self._follow_contracts()
            in_use = sorted(self.engine.symbols_in_use())
            for symbol in in_use:
                self._tick(symbol)
            if self._at_ms // self.funding_interval_ms > before_ms // self.funding_interval_ms:
                self._settle_funding(in_use)
            self._apply(TimePasses())

    def advance(self, ms: int) -> None:
        """Moves a stepped clock, catching up step by step. Raises TypeError for a clock that flows by itself."""
        if not isinstance(self.clock, SteppedClock):
            raise TypeError("only a stepped clock can be advanced")
        self.catch_up()
        self.clock.advance(ms)
        self.catch_up()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Every event from now on goes to the listener with its time, in order; returns how to stop it."""
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    def quote(self, symbol: str) -> Tick:
        """The symbol's market now, with what accounts have left of it. Raises an `ExchangeError`: unknown symbol, or
        an instant that the market does not cover."""
        self.catch_up()
        if self.engine.contract(symbol) is None:
            raise UnknownSymbolError(f"the sandbox lists no contract {symbol!r}")
        is_shown = self._tick(symbol)
        tick = self.engine.tick(symbol)
        if tick is None or not is_shown:
            self.market.moment(symbol, self._at_ms)  # says why
            raise UnknownSymbolError(f"the sandbox shows no market of {symbol!r}")
        return tick

    def funding_rate(self, symbol: str, settles_ms: int) -> Decimal:
        """The rate of a settlement, past or to come. Raises `UnknownSymbolError`."""
        return self.market.funding_rate(symbol, settles_ms)

    def _carry_out(self, command: Command) -> Result:
        symbol = getattr(command, "symbol", None)
        is_shown = symbol is None or self.engine.contract(symbol) is None or self._tick(symbol)
        if not is_shown and isinstance(command, PlaceOrder | PlaceTrigger | PlaceTrailing):
            return Result(Refused(Refusal.NO_MARKET, "there are no prices of this instant"))
        return self._apply(command)

    def _next_ms(self, now_ms: int) -> int:
        """The next step, or what is due before it; where nothing is in use, there is no need to stop on the way."""
        timer = self.engine.next_timer_ms()
        if timer is None and not self.engine.symbols_in_use():
            return now_ms
        step = (self._at_ms // self._step_ms + 1) * self._step_ms
        return step if timer is None else min(step, max(timer, self._at_ms + 1))

    def _tick(self, symbol: str) -> bool:
        """A fresh book, once an instant: looking again does not fill it up again.

        False where the market has no data of the instant, like a file behind its end: what was seen last stays.
        """
        seen, contract = self._seen.get(symbol), self.engine.contract(symbol)
        if contract is None:
            return False
        if seen is not None and seen[0] == self._at_ms:
            return True
        try:
            moment = self.market.moment(symbol, self._at_ms)
        except ExchangeError:
            return False
        self._seen[symbol] = (self._at_ms, moment)
        before = seen[1] if seen is not None and seen[1].candle_ms == moment.candle_ms else None
        traded = max(Decimal(0), moment.traded - before.traded) if before is not None else moment.traded
        self._apply(self._book(contract, moment.prices, self._at_ms, traded))
        return True

    def _settle_funding(self, symbols: list[str]) -> None:
        settles_ms = self._at_ms // self.funding_interval_ms * self.funding_interval_ms
        for symbol in symbols:
            try:
                rate = self.market.funding_rate(symbol, settles_ms)
            except ExchangeError:
                continue
            self._apply(Funding(symbol, rate))

    def _follow_contracts(self) -> None:
        hour = self._at_ms // HOUR_MS
        if hour == self._contracts_hour:
            return
        self._contracts_hour = hour
        try:
            listed = self.market.contracts(self._at_ms)
        except ExchangeError:
            return
        for shown in listed:
            has_expired = 0 < shown.expires_at_ms <= self._at_ms
            contract = evolve(shown, status=ContractStatus.DELISTED) if has_expired else shown
            known = self._listed.get(contract.symbol) or self.engine.contract(contract.symbol)
            is_new = known is None or evolve(contract, turnover_24h=known.turnover_24h) != known
            if is_new and isinstance(self._apply(ContractChange(contract)).answer, Refused):
                continue  # it is asked for again in an hour
            self._listed[contract.symbol] = contract

    def _apply(self, what: Command | MarketEvent) -> Result:
        """A listener may look at the market, and so make something happen: that is told after what it is told of."""
        result = self.engine.apply(what, self._at_ms)
        self._untold.extend((self._at_ms, event) for event in result.events)
        if not self._is_telling:
            self._is_telling = True
            try:
                while self._untold:
                    at_ms, event = self._untold.popleft()
                    for listener in tuple(self._listeners):
                        listener(at_ms, event)
            finally:
                self._is_telling = False
        return result
