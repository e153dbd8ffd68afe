"""What the handlers of calls work with: the world behind the face, its quirks, and the caller's account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import evolve, frozen

from mtf_adapters.sandbox.bars import FormingBars
from mtf_adapters.sandbox.faces.last_day import last_and_mark
from mtf_adapters.sandbox.faces.okx.algo_rows import algo_row
from mtf_adapters.sandbox.faces.okx.algos import Algo, paired
from mtf_adapters.sandbox.faces.okx.codes import RefusedError, problem_of, refuse
from mtf_adapters.sandbox.faces.okx.holding_rows import Held
from mtf_adapters.sandbox.faces.okx.notes import Notes
from mtf_adapters.sandbox.faces.okx.parameters import Parameters
from mtf_adapters.sandbox.faces.okx.quirks import Quirks
from mtf_adapters.sandbox.faces.okx.rows import Row, Surroundings, fill_row, order_row
from mtf_adapters.sandbox.matching.commands import Command, Tick
from mtf_adapters.sandbox.matching.events import (
    Accepted,
    FillView,
    OrderFamily,
    OrderView,
    PositionView,
    Refusal,
)
from mtf_adapters.sandbox.world import World
from mtf_core.market import Contract, OrderState, PositionMode, Side
from mtf_core.ports import ExchangeError

Fills = Mapping[int, Sequence[FillView]]
"""By the engine's id of their order, the oldest first."""
_NO_CODES: Mapping[Refusal, int] = {}


@frozen(eq=False)
class Desk:
    """One call's view of the exchange."""

    world: World
    forming: FormingBars
    quirks: Quirks
    notes: Notes
    account: str
    """Empty on public calls."""
    said: Parameters

    @property
    def now_ms(self) -> int:
        return self.world.now_ms

    @property
    def mode(self) -> PositionMode:
        return self.world.engine.position_mode(self.account)

    def saying(self, said: Parameters) -> Desk:
        """The same for one row of a batch."""
        return evolve(self, said=said)

    def do(self, command: Command, instead: Mapping[Refusal, int] = _NO_CODES) -> int:
        """Has the exchange act, and gives the order's id; raises what its refusal becomes."""
        result = self.world.do(command)
        if isinstance(result.answer, Accepted):
            return result.answer.order_id
        raise RefusedError(problem_of(result.answer, instead))

    # the market

    def contract(self, symbol: str) -> Contract:
        self.world.catch_up()
        found = self.world.engine.contract(symbol)
        if found is None:
            raise refuse(51001)
        return found

    def named_contract(self) -> Contract:
        """The contract that the call names and the exchange knows."""
        return self.contract(self.said.required_text("instId"))

    def symbol_or_none(self) -> str | None:
        symbol = self.said.text("instId")
        return None if symbol is None else self.contract(symbol).symbol

    def tick(self, symbol: str) -> Tick:
        """The market of the symbol now; raises that it is not there."""
        try:
            return self.world.quote(symbol)
        except ExchangeError:
            raise refuse(51021) from None

    def last_and_mark(self, symbol: str) -> tuple[Decimal, Decimal]:
        return last_and_mark(self.world, symbol, self.now_ms)

    # orders

    def live(self, symbol: str | None = None) -> Sequence[OrderView]:
        """What of the account's orders may still act, oldest first, as queries see it."""
        self.world.catch_up()
        return self.world.engine.orders_of(self.account, symbol, self.now_ms)

    def ended(self, symbol: str | None = None) -> Sequence[OrderView]:
        """Orders that ended and are remembered, oldest end first. What a trigger became and was refused is no order."""
        self.world.catch_up()
        ended = self.world.engine.history(self.account, symbol, self.now_ms)
        return [each for each in ended if each.family is not OrderFamily.ORDER or each.state is not OrderState.REJECTED]

    def order(self, engine_id: int) -> OrderView | None:
        return self.world.engine.order(self.account, engine_id, self.now_ms) if engine_id > 0 else None

    def fills(self, symbol: str | None = None) -> Fills:
        self.world.catch_up()
        found: dict[int, list[FillView]] = {}
        for fill in self.world.engine.fills(self.account, symbol, self.now_ms):
            found.setdefault(fill.order_id, []).append(fill)
        return found

    def surroundings(self, order: OrderView, fills: Fills) -> Surroundings:
        is_child = order.family is OrderFamily.ORDER and order.parent_id
        return Surroundings(
            contract=self.contract(order.symbol),
            mode=self.mode,
            fills=fills.get(order.order_id, ()),
            parent=self.order(order.parent_id) if is_child else None,
            note=self.notes.of(order.order_id),
        )

    def order_row(self, order: OrderView, fills: Fills) -> Row:
        return order_row(order, self.surroundings(order, fills))

    def fill_row(self, fill: FillView) -> Row:
        order = self.order(fill.order_id)
        if order is None:
            return fill_row(fill, None, Surroundings(self.contract(fill.symbol), self.mode))
        return fill_row(fill, order, self.surroundings(order, {}))

    # what waits for a price

    def algo(self, halves: Sequence[OrderView]) -> Algo:
        first = Algo(halves, self.notes.of(halves[0].pair_id or halves[0].order_id))
        return evolve(first, child=self.order(first.told.child_id))

    def live_algos(self, symbol: str | None = None) -> Sequence[Algo]:
        """The oldest first."""
        return [self.algo(halves) for halves in paired(self.live(symbol))]

    def ended_algos(self, symbol: str | None = None) -> Sequence[Algo]:
        """By their age, the oldest first."""
        found = [self.algo(halves) for halves in paired(self.ended(symbol))]
        return sorted(found, key=lambda algo: algo.number)

    def algo_row(self, algo: Algo) -> Row:
        symbol = algo.halves[0].symbol
        return algo_row(algo, self.contract(symbol), self.last_and_mark(symbol)[0])

    # positions

    def held(self, symbol: str, side: Side, position: PositionView | None) -> Held:
        leverage, margin_mode = self.world.engine.leverage(self.account, symbol)
        last, mark = self.last_and_mark(symbol)
        whole = [
            algo
            for algo in self.live_algos(symbol)
            if algo.size is None and algo.halves[0].action.value == ("sell" if side is Side.LONG else "buy")
        ]
        return Held(
            contract=self.contract(symbol),
            side=side,
            mode=self.mode,
            leverage=position.leverage if position else leverage,
            margin_mode=position.margin_mode if position else margin_mode,
            last=last,
            mark=position.mark_price if position else mark,
            equity=self.world.engine.balance(self.account).equity,
            now_ms=self.now_ms,
            position=position,
            whole=whole,
        )
