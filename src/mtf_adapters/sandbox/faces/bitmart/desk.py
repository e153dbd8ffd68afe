"""What the handlers of calls work with: the world behind the face, its quirks, and the caller's account."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from attrs import frozen

from mtf_adapters.sandbox.bars import FormingBars
from mtf_adapters.sandbox.faces.bitmart.codes import RefusedError, problem_of, refuse
from mtf_adapters.sandbox.faces.bitmart.details import Board
from mtf_adapters.sandbox.faces.bitmart.parameters import Parameters
from mtf_adapters.sandbox.faces.bitmart.quirks import Quirks
from mtf_adapters.sandbox.matching.commands import Command, Tick
from mtf_adapters.sandbox.matching.events import Accepted, OrderFamily, OrderView
from mtf_adapters.sandbox.world import World
from mtf_core.market import Contract, PositionMode
from mtf_core.ports import ExchangeError

UNKNOWN_SYMBOL, UNKNOWN_TO_QUERY, UNKNOWN_TO_CANCEL = 40034, 40035, 40037


@frozen(eq=False)
class Desk:
    """One call's view of the exchange."""

    world: World
    forming: FormingBars
    board: Board
    quirks: Quirks
    account: str
    """Empty on public calls."""
    said: Parameters

    @property
    def now_ms(self) -> int:
        return self.world.now_ms

    @property
    def mode(self) -> PositionMode:
        return self.world.engine.position_mode(self.account)

    def do(self, command: Command) -> Accepted:
        """Has the exchange act; raises what its refusal becomes."""
        result = self.world.do(command)
        if isinstance(result.answer, Accepted):
            return result.answer
        raise RefusedError(problem_of(result.answer, self.quirks.codes()))

    def symbol(self) -> str:
        """The symbol that the call names and the exchange knows."""
        return self.contract(self.said.required_text("symbol", UNKNOWN_SYMBOL)).symbol

    def symbol_or_none(self) -> str | None:
        """The symbol that the call names, if it names one."""
        return self.symbol() if self.said.has("symbol") else None

    def contract(self, symbol: str) -> Contract:
        self.world.catch_up()
        found = self.world.engine.contract(symbol)
        if found is None:
            raise refuse(UNKNOWN_SYMBOL)
        return found

    def tick(self, symbol: str) -> Tick:
        """The market of the symbol now; raises that it is paused where there is none."""
        found = self.tick_or_none(symbol)
        if found is None:
            raise refuse(40015)
        return found

    def tick_or_none(self, symbol: str) -> Tick | None:
        try:
            return self.world.quote(symbol)
        except ExchangeError:
            return None

    def live(self, symbol: str | None, *families: OrderFamily) -> Sequence[OrderView]:
        """What of the account's orders may still act, oldest first, as queries see it."""
        self.world.catch_up()
        orders = self.world.engine.orders_of(self.account, symbol, self.now_ms)
        return [order for order in orders if order.family in families]

    def ended(self, symbol: str | None) -> Sequence[OrderView]:
        """Orders that ended and are remembered, oldest first."""
        self.world.catch_up()
        return self.world.engine.history(self.account, symbol, self.now_ms)

    def order_id(self, symbol: str, *families: OrderFamily) -> int | None:
        """The engine's id of the order that the call names by either id; None where it names none.

        Raises what an order gets that is not there, is of another kind or has ended.
        """
        if self.said.has("order_id"):
            number = self.quirks.engine_id(self.said.required_whole("order_id", UNKNOWN_TO_CANCEL))
            self.world.catch_up()
            known = self.world.engine.order(self.account, number, self.now_ms) if number > 0 else None
            # One that queries do not show yet can be cancelled all the same.
            if number <= 0 or (known is not None and (known.symbol != symbol or known.family not in families)):
                raise refuse(UNKNOWN_TO_CANCEL)
            return number
        if self.said.has("client_order_id"):
            return self._by_client_id(symbol, self.said.required_text("client_order_id"), families)
        return None

    def required_order_id(self, symbol: str, *families: OrderFamily) -> int:
        found = self.order_id(symbol, *families)
        if found is None:
            raise refuse(40011)
        return found

    def _by_client_id(self, symbol: str, client_id: str, families: Sequence[OrderFamily]) -> int:
        for order in self.live(symbol, *families):
            if order.client_order_id == client_id:
                return order.order_id
        if any(order.client_order_id == client_id and order.family in families for order in self.ended(symbol)):
            raise refuse(40036)
        raise refuse(UNKNOWN_TO_CANCEL)

    def last_and_mark(self, symbol: str) -> tuple[Decimal, Decimal]:
        tick = self.tick_or_none(symbol)
        return (tick.last, tick.mark) if tick else (Decimal(0), Decimal(0))
