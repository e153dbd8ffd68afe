"""A market, a matching engine and a clock that move together."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from mtf_adapters.sandbox.depth import tick_around
from mtf_adapters.sandbox.market import Market
from mtf_adapters.sandbox.matching.commands import Command, MarketEvent, Tick, TimePasses
from mtf_adapters.sandbox.matching.engine import MatchingEngine
from mtf_adapters.sandbox.matching.events import Event, Result
from mtf_adapters.sandbox.world_clock import SteppedClock, WorldClock
from mtf_core.ports import UnknownSymbolError

Listener = Callable[[int, Event], None]


class World:
    """Whoever acts or looks first brings the engine to the clock's now: symbols in use tick at every step.

    `step_ms` is how far ticks of one symbol lie apart; other symbols tick when they are asked for.
    """

    def __init__(self, market: Market, engine: MatchingEngine, clock: WorldClock, step_ms: int = 1000) -> None:
        self.market = market
        self.engine = engine
        self.clock = clock
        self._step_ms = step_ms
        self._at_ms = clock.now_ms()
        self._ticked: dict[str, int] = {}
        """When each symbol ticked last."""
        self._listeners: list[Listener] = []

    @property
    def now_ms(self) -> int:
        return self.clock.now_ms()

    def do(self, command: Command) -> Result:
        """Catches up, shows the engine the symbol as it is now, then has it carry the command out."""
        self.catch_up()
        symbol = getattr(command, "symbol", None)
        if symbol is not None and self.engine.contract(symbol) is not None:
            self._tick(symbol, self._at_ms)
        return self._apply(command, self._at_ms)

    def happen(self, event: MarketEvent) -> Result:
        """Something the exchange does by itself: a change of status, a deleveraging, a restart."""
        self.catch_up()
        return self._apply(event, self._at_ms)

    def catch_up(self) -> None:
        """Moves the engine to the clock's now, through every step and everything that is due on the way."""
        now_ms = self.clock.now_ms()
        while self._at_ms < now_ms:
            at_ms = min(self._next_ms(), now_ms)
            for symbol in sorted(self.engine.symbols_in_use()):
                self._tick(symbol, at_ms)
            self._apply(TimePasses(), at_ms)
            self._at_ms = at_ms

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
        """The symbol's market now, with what accounts have left of it. Raises `UnknownSymbolError`."""
        self.catch_up()
        if self.engine.contract(symbol) is None:
            raise UnknownSymbolError(f"the sandbox lists no contract {symbol!r}")
        self._tick(symbol, self._at_ms)
        tick = self.engine.tick(symbol)
        if tick is None:
            raise UnknownSymbolError(f"the sandbox shows no market of {symbol!r}")
        return tick

    def _next_ms(self) -> int:
        step = (self._at_ms // self._step_ms + 1) * self._step_ms
        timer = self.engine.next_timer_ms()
        return step if timer is None else min(step, max(timer, self._at_ms + 1))

    def _tick(self, symbol: str, at_ms: int) -> None:
        """A fresh book, once an instant: looking again does not fill it up again."""
        contract = self.engine.contract(symbol)
        if contract is None or self._ticked.get(symbol) == at_ms:
            return
        self._ticked[symbol] = at_ms
        prices = self.market.prices(symbol, at_ms)
        self._apply(tick_around(contract, prices, at_ms, Decimal(0)), at_ms)

    def _apply(self, what: Command | MarketEvent, at_ms: int) -> Result:
        result = self.engine.apply(what, at_ms)
        for event in result.events:
            for listener in tuple(self._listeners):
                listener(at_ms, event)
        return result
