"""What holds after everything that can happen, checked from outside: by results and reads alone."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal, localcontext
from fractions import Fraction

from attrs import evolve

from mtf_adapters.sandbox.matching.commands import Action, Command, Funding, MarketEvent, OpenAccount, TimePasses
from mtf_adapters.sandbox.matching.engine import MatchingEngine
from mtf_adapters.sandbox.matching.events import (
    BalanceChanged,
    BalanceView,
    Booked,
    Event,
    Filled,
    FillView,
    FlowView,
    OrderCause,
    OrderChanged,
    OrderFamily,
    OrderView,
    PositionChanged,
    PositionView,
    Refused,
    Result,
)
from mtf_adapters.sandbox.matching.rules import VenueRules
from mtf_core.market import FlowKind, MarginMode, OversizedExit, PositionMode, Side, TimeInForce
from tests.unit.matching.ledger import Ledger

GRAIN = Decimal("0.00000001")
_MARKED = ("mark_price", "unrealised_profit", "maintenance_margin", "liquidation_price")
"""What of a position follows the market and is not told anew at each tick."""


class Witness:
    """Runs steps on an engine, remembers what was told, and checks the laws after each."""

    def __init__(self, engine: MatchingEngine, accounts: dict[str, PositionMode], contract_size: Decimal) -> None:
        self.engine = engine
        self.rules: VenueRules = engine.rules
        self.accounts: list[str] = []
        self.now_ms = 0
        self.orders: dict[int, OrderView] = {}
        self.positions: dict[tuple[str, str, Side], PositionView] = {}
        self.balances: dict[str, BalanceView] = {}
        self.fills: list[FillView] = []
        self.flows: list[FlowView] = []
        self.forgotten: set[int] = set()
        self.profits: dict[tuple[str, str, Side], Decimal] = {}
        """Realised by each position since it was opened."""
        self.ledger = Ledger(Fraction(contract_size))
        self.told: list[Result] = []
        for name, mode in accounts.items():
            self.accounts.append(name)
            self.step(OpenAccount(name, Decimal(30_000), mode), 1)

    def step(self, what: Command | MarketEvent, after_ms: int) -> Result:
        """Timers that are due run in a step of their own, so that each result is of one cause."""
        self.now_ms += after_ms
        timer = self.engine.next_timer_ms()
        if timer is not None and timer <= self.now_ms:
            self._apply(TimePasses())
        return self._apply(what)

    def _apply(self, what: Command | MarketEvent) -> Result:
        due = self._expected_funding(what)
        result = self.engine.apply(what, self.now_ms)
        self.told.append(result)
        for event in result.events:
            self._hear(event)
        if isinstance(result.answer, Refused) and not self.rules.amend_failure_cancels:
            assert not result.events, "a refused command has no effect"
        self._check_funding(what, result, due)
        for name in self.accounts:
            self._check_account(name)
        return result

    def _hear(self, event: Event) -> None:
        if isinstance(event, OrderChanged):
            self._hear_order(event.order, event.cause)
        elif isinstance(event, Filled):
            self._hear_fill(event.fill)
        elif isinstance(event, Booked):
            self.flows.append(event.flow)
        elif isinstance(event, PositionChanged):
            view = event.position
            self.positions[view.account, view.symbol, view.side] = view
        elif isinstance(event, BalanceChanged):
            self.balances[event.balance.account] = event.balance

    def _hear_order(self, order: OrderView, cause: OrderCause) -> None:
        before = self.orders.get(order.order_id)
        if before is not None and before.state.is_final:
            assert cause is OrderCause.PRESET_DROPPED, "an ended order never changes"
            if order.presets_failed:
                told = evolve(before, presets_failed=True, updated_ms=order.updated_ms)
                assert order == told, "but in this: that its stop failed is learned when it comes due"
                self.orders[order.order_id] = order
            return
        assert order.size is None or order.filled <= order.size, "never above its size"
        assert before is None or order.filled >= before.filled, "what is executed stays executed"
        if order.state.is_final and order.time_in_force is TimeInForce.FOK and order.family is OrderFamily.ORDER:
            assert order.filled in (0, order.size), "whole, or not at all"
        self.orders[order.order_id] = order
        if cause is OrderCause.FORGOTTEN:
            self.forgotten.add(order.order_id)

    def _hear_fill(self, fill: FillView) -> None:
        self.fills.append(fill)
        line = self.ledger.write(fill)
        assert line.size >= 0, "nothing is closed that was not open"
        key = (fill.account, fill.symbol, fill.side)
        self.profits[key] = fill.realised_profit + (Decimal(0) if line.executions == 1 else self.profits[key])
        if not line.size:
            grains = round(line.cash / Fraction(GRAIN))
            assert Fraction(self.profits[key]) == grains * Fraction(GRAIN), "profits add up to the cash, rounded once"
        order = self.orders.get(fill.order_id)
        may_reverse = self.rules.oversized_exit is OversizedExit.REVERSES
        if order is not None and order.reduce_only and not may_reverse:
            assert not fill.opens, "what may only reduce never opens"

    def _check_account(self, name: str) -> None:
        balance = self.engine.balance(name)
        flows = [flow for flow in self.flows if flow.account == name]
        fills = [fill for fill in self.fills if fill.account == name]
        positions = self.engine.positions(name)
        with localcontext() as exact:
            exact.prec = 200
            assert balance.wallet == sum((flow.amount for flow in flows), Decimal(0))
            by_kind: dict[FlowKind, Decimal] = defaultdict(Decimal)
            for flow in flows:
                assert flow.amount % GRAIN == 0, "what is booked lies on the grain"
                by_kind[flow.kind] += flow.amount
            assert by_kind[FlowKind.REALISED_PROFIT] == sum((fill.realised_profit for fill in fills), Decimal(0))
            assert by_kind[FlowKind.FEE] == -sum((fill.fee for fill in fills), Decimal(0))
            unrealised = sum((position.unrealised_profit for position in positions), Decimal(0))
            assert balance.equity == balance.wallet + balance.unrealised_profit
            assert balance.unrealised_profit == unrealised
            assert balance.position_margin == sum((position.margin for position in positions), Decimal(0))
            isolated = sum((one.margin for one in positions if one.margin_mode is MarginMode.ISOLATED), Decimal(0))
            crossed = [one for one in positions if one.margin_mode is MarginMode.CROSS]
            assert crossed or balance.wallet >= isolated, "an account owes nothing"
            loss = min(Decimal(0), sum((one.unrealised_profit for one in crossed), Decimal(0)))
            free = balance.wallet - balance.order_margin - balance.position_margin + loss
            assert balance.available == max(Decimal(0), free)
        assert min(balance.available, balance.order_margin, balance.position_margin) >= 0
        live = self.engine.orders_of(name, None, self.now_ms + self.rules.visible_after_ms)
        self._check_reserved(name, balance, positions, live)
        self._check_positions(name, positions)
        self._check_told(name, balance, positions, live)

    def _check_reserved(
        self, name: str, balance: BalanceView, positions: tuple[PositionView, ...], live: tuple[OrderView, ...]
    ) -> None:
        """What orders have set aside of money and of positions, by own arithmetic."""
        resting = [order for order in live if order.family is OrderFamily.ORDER]
        for position in positions:
            exits = (
                order.size - order.filled
                for order in resting
                if order.reduce_only
                and order.symbol == position.symbol
                and order.size is not None
                and (order.action is Action.SELL) is (position.side is Side.LONG)
            )
            assert position.frozen_size == min(position.size, sum(exits, Decimal(0)))
        opening = [order for order in resting if not order.reduce_only]
        if not opening:
            assert balance.order_margin == 0, "nothing is set aside for nothing"
        elif not self.rules.live_after_ms:
            opens = self._opens(name, opening, positions)
            expected = sum((self._needs(order, size) for order, size in opens), Fraction(0))
            assert 0 <= Fraction(balance.order_margin) - expected <= 2 * len(opening) * Fraction(GRAIN)

    def _opens(
        self, name: str, opening: list[OrderView], positions: tuple[PositionView, ...]
    ) -> list[tuple[OrderView, Decimal]]:
        """How much each order would open. On one-way accounts the oldest orders close what is open, once."""
        one_way = self.engine.position_mode(name) is PositionMode.ONE_WAY
        held = {(one.symbol, one.side): one.size for one in positions if one_way}
        sizes = []
        for order in sorted(opening, key=lambda one: one.order_id):
            assert order.size is not None
            against = (order.symbol, Side.LONG if order.action is Action.SELL else Side.SHORT)
            closes = min(order.size - order.filled, held.get(against, Decimal(0)))
            held[against] = held.get(against, Decimal(0)) - closes
            sizes.append((order, order.size - order.filled - closes))
        return sizes

    def _needs(self, order: OrderView, opens: Decimal) -> Fraction:
        """Margin and the taker's fee of what a resting order would open."""
        contract = self.engine.contract(order.symbol)
        assert contract is not None
        assert order.price is not None, "only what has a price rests"
        value = Fraction(opens) * self.ledger.contract_size * Fraction(order.price)
        return value / Fraction(order.leverage) + value * Fraction(contract.taker_fee)

    def _check_positions(self, name: str, positions: tuple[PositionView, ...]) -> None:
        open_now = {(one.account, one.symbol, one.side): one for one in positions}
        for key, line in self.ledger.lines.items():
            if key[0] != name:
                continue
            position = open_now.pop(key, None)
            assert (Fraction(position.size) if position else 0) == line.size, "a position is the sum of its executions"
            if position is None:
                continue
            assert position.margin >= 0
            assert 0 <= position.frozen_size <= position.size
            tolerance = Fraction(GRAIN) * line.executions
            assert abs(Fraction(position.realised_profit) - line.earned) <= tolerance
            cost = line.average * line.size * self.ledger.contract_size
            assert abs(Fraction(position.entry_price) * line.size * self.ledger.contract_size - cost) <= tolerance
        assert not open_now, "no position without executions"
        earned = sum(
            (
                Fraction(flow.amount)
                for flow in self.flows
                if (flow.account, flow.kind) == (name, FlowKind.REALISED_PROFIT)
            ),
            Fraction(0),
        )
        expected = self.ledger.earned.get(name, Fraction(0))
        assert abs(earned - expected) <= Fraction(GRAIN) * self.ledger.executions

    def _check_told(
        self, name: str, balance: BalanceView, positions: tuple[PositionView, ...], live: tuple[OrderView, ...]
    ) -> None:
        """State follows from what was told: who listened from the beginning knows it."""
        told_live = {
            number: order
            for number, order in self.orders.items()
            if order.account == name and not order.state.is_final and number not in self.forgotten
        }
        assert {order.order_id: order for order in live} == told_live
        for ended in self.engine.history(name, None, self.now_ms):
            assert ended == self.orders[ended.order_id]
        told_open = {key: view for key, view in self.positions.items() if key[0] == name and view.size}
        assert {(one.account, one.symbol, one.side): _unmarked(one) for one in positions} == {
            key: _unmarked(view) for key, view in told_open.items()
        }
        told = self.balances[name]
        assert (told.wallet, told.order_margin, told.position_margin) == (
            balance.wallet,
            balance.order_margin,
            balance.position_margin,
        )

    def _expected_funding(self, what: Command | MarketEvent) -> dict[str, list[Fraction]]:
        """What each position of the symbol owes or gets, by own arithmetic."""
        if not isinstance(what, Funding) or not what.rate.is_finite():
            return {}
        tick = self.engine.tick(what.symbol)
        due: dict[str, list[Fraction]] = defaultdict(list)
        for (account, symbol, side), line in self.ledger.lines.items():
            if symbol == what.symbol and line.size and tick is not None:
                notional = line.size * self.ledger.contract_size * Fraction(tick.mark)
                due[account].append(notional * Fraction(what.rate) * (-1 if side is Side.LONG else 1))
        return due

    def _check_funding(self, what: Command | MarketEvent, result: Result, due: dict[str, list[Fraction]]) -> None:
        flows = [event.flow for event in result.events if isinstance(event, Booked)]
        funded = [flow for flow in flows if flow.kind is FlowKind.FUNDING]
        assert isinstance(what, Funding) or not funded
        for flow in funded:
            amounts = due[flow.account]
            booked = Fraction(flow.amount)
            assert any(abs(amount - booked) <= Fraction(GRAIN) or amount < booked < 0 for amount in amounts), (
                "funding is rate times notional at the mark, or as much as could be paid"
            )


def _unmarked(position: PositionView) -> dict[str, object]:
    names = (name for name in position.__slots__ if name not in _MARKED and not name.startswith("__"))
    return {name: getattr(position, name) for name in names}
