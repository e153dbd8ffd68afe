"""A small exchange of one account and one symbol, made to be looked at by the supervisor: nothing of it is mtf's own.

Everything that happens is remembered with its time, so that a read can be made of what was so some time ago.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import define, evolve, field, frozen

from mtf_core.market import (
    AccountState,
    Amendment,
    ArmsAt,
    Capabilities,
    CashFlow,
    Contract,
    ContractStatus,
    ExitOrder,
    Fill,
    FillCause,
    MarkPrice,
    OpenOrder,
    OrderKind,
    OrderState,
    OrderType,
    OversizedExit,
    Position,
    PositionMode,
    ProtectionScope,
    ProtectiveOrder,
    Quote,
    Side,
    TopOfBook,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
    WriteOutcome,
    WriteResult,
)
from mtf_core.orders import Cancellation, Intent, MarketNow, ReadsWanted, View, Write
from mtf_core.orders.evidence import Read
from tests.unit.orders.intents import SYMBOL

ZERO, TICK = Decimal(0), Decimal("0.1")
CONTRACT = Contract(
    symbol=SYMBOL,
    base_currency="BTC",
    quote_currency="USDT",
    status=ContractStatus.TRADING,
    tick_size=TICK,
    size_step=Decimal(1),
    contract_size=Decimal("0.001"),
    min_size=Decimal(1),
    max_size=Decimal(1000),
    max_market_size=Decimal(1000),
    min_leverage=Decimal(1),
    max_leverage=Decimal(50),
    maker_fee=Decimal("0.0002"),
    taker_fee=Decimal("0.0006"),
    turnover_24h=Decimal(1_000_000),
    opened_at_ms=0,
)


@frozen
class Shown:
    """What was so from an instant on."""

    from_ms: int
    orders: tuple[OpenOrder, ...]
    ended: tuple[OpenOrder, ...]
    fills: tuple[Fill, ...]
    sizes: tuple[tuple[Side, Decimal], ...]


@define(eq=False)
class Exchange:
    capabilities: Capabilities
    now_ms: int
    mark: Decimal = Decimal(101)
    book: tuple[Decimal, Decimal] | None = None
    """Best bid and ask; None: around the mark."""
    depth: Decimal = Decimal(1000)
    """How much an order that takes finds."""
    mode: PositionMode = PositionMode.HEDGE
    refuses_stops: bool = False
    refuses_exits: bool = False
    contract: Contract = CONTRACT
    children_bear_ids: bool = True
    """Whether the order that a trigger becomes bears the trigger's client id."""
    live: dict[str, OpenOrder] = field(factory=dict)
    ended: dict[str, OpenOrder] = field(factory=dict)
    fills: list[Fill] = field(factory=list)
    sizes: dict[Side, Decimal] = field(factory=lambda: {Side.LONG: ZERO, Side.SHORT: ZERO})
    stops_inside: dict[str, TriggerLevel] = field(factory=dict)
    armed_by: dict[str, str] = field(factory=dict)
    names: set[str] = field(factory=set)
    history: list[Shown] = field(factory=list)
    reversed: bool = False
    """An exit has opened a position of the other side."""
    _last_id: int = 100

    # What happens

    def takes_entry(self, intent: Intent) -> str:
        """The exchange has the entry: it rests."""
        attempt = intent.attempt
        order_id = self._new_id()
        self.live[order_id] = OpenOrder(
            symbol=SYMBOL,
            order_id=order_id,
            client_order_id=attempt.client_order_id,
            kind=OrderKind.LIMIT,
            side=intent.side,
            size=attempt.size,
            price=attempt.price,
            reduce_only=False,
            time_in_force=attempt.time_in_force,
            created_ms=self.now_ms,
            updated_ms=self.now_ms,
        )
        if attempt.carries_stop:
            self.stops_inside[order_id] = intent.wanted.stop
        self.names.add(attempt.client_order_id)
        self.remember()
        return order_id

    def fills_entry(self, order_id: str, size: Decimal) -> None:
        order = self.live[order_id]
        size = min(size, (order.size or ZERO) - order.filled)
        self._execute(order, size, order.price or self.mark, opens=True)
        if self._done(order_id).filled == order.size:
            self._end(order_id, OrderState.FILLED)
        self._arm(order_id)
        self.remember()

    def ends_entry(self, order_id: str) -> None:
        """Cancelled: what is filled stays."""
        self._end(order_id, OrderState.CANCELLED)
        self._arm(order_id, at_end=True)
        self.remember()

    def moves_to(self, mark: Decimal) -> None:
        """The mark price moves; stops and targets that it reaches fire."""
        self.mark = mark
        for order in tuple(self.live.values()):
            if order.kind is OrderKind.TRIGGER and order.order_id in self.live and self._is_reached(order):
                self._fire(order)
            elif order.reduce_only and order.kind is OrderKind.LIMIT and order.order_id in self.live:
                self._rest_or_take(order.order_id)
        self.remember()

    def trades_by_hand(self, side: Side, size: Decimal, *, opens: bool, cause: FillCause = FillCause.ORDER) -> None:
        """Somebody else opens or closes; in one-way mode what closes more than there is opens the other side."""
        size = size if opens else min(size, self.sizes[side])
        if size > 0:
            self._fill("hand-" + self._new_id(), "", side, size, self.mark, opens, cause)
            self._sweep()
            self.remember()

    def cancels_by_hand(self, order_id: str) -> None:
        if order_id in self.live:
            self._end(order_id, OrderState.CANCELLED)
            self.remember()

    def moves_stop_by_hand(self, order_id: str, price: Decimal) -> None:
        order = self.live[order_id]
        self.live[order_id] = evolve(order, trigger=TriggerLevel(price, TriggerPrice.MARK))
        self.remember()

    # What is written

    def does(self, write: Write) -> WriteOutcome:
        """Carries out a write; the answer says what became of it."""
        outcome = self._done_with(write)
        self.remember()
        return outcome

    def _done_with(self, write: Write) -> WriteOutcome:
        match write:
            case ProtectiveOrder():
                return self._protects(write)
            case ExitOrder():
                return self._exits(write)
            case Amendment():
                return self._amends(write)
            case Cancellation():
                if write.order_id not in self.live:
                    return WriteOutcome(WriteResult.NOT_FOUND)
                (self.ends_entry if write.order_id in self.stops_inside else self.cancels_by_hand)(write.order_id)
                return WriteOutcome(WriteResult.ACCEPTED, write.order_id)
        raise AssertionError(write)

    def _protects(self, write: ProtectiveOrder) -> WriteOutcome:
        if write.client_order_id in self.names:
            return WriteOutcome(WriteResult.DUPLICATE)
        order = OpenOrder(
            symbol=SYMBOL,
            order_id=self._new_id(),
            client_order_id=write.client_order_id,
            kind=OrderKind.TRIGGER,
            side=write.side,
            size=write.size,
            price=None,
            reduce_only=True,
            trigger=write.trigger,
            purpose=write.purpose,
            created_ms=self.now_ms,
            updated_ms=self.now_ms,
        )
        if write.size is None and self._has_its_only_whole_one(write.side):
            return WriteOutcome(WriteResult.REJECTED, code="one_of_the_whole_position_stands")
        is_stop = write.purpose is TriggerPurpose.STOP
        if not self.sizes[write.side] or self._is_reached(order) or (is_stop and self.refuses_stops):
            return WriteOutcome(WriteResult.REJECTED, code="refused")
        self.names.add(write.client_order_id)
        self.live[order.order_id] = order
        return WriteOutcome(WriteResult.ACCEPTED, order.order_id, write.client_order_id)

    def _has_its_only_whole_one(self, side: Side) -> bool:
        own = self.capabilities.position_protection
        waiting = (order for order in self.live.values() if order.kind is OrderKind.TRIGGER and order.side is side)
        return own is not None and own.one_whole_at_a_time and any(order.size is None for order in waiting)

    def _exits(self, write: ExitOrder) -> WriteOutcome:
        if write.client_order_id in self.names:
            return WriteOutcome(WriteResult.DUPLICATE)
        if not self.sizes[write.side] or self.refuses_exits:
            return WriteOutcome(WriteResult.REJECTED, code="refused")
        size = self._allowed(write.side, write.size)
        if size is None:
            return WriteOutcome(WriteResult.REJECTED, code="too_large")
        self.names.add(write.client_order_id)
        order = OpenOrder(
            symbol=SYMBOL,
            order_id=self._new_id(),
            client_order_id=write.client_order_id,
            kind=OrderKind.LIMIT if write.order_type is OrderType.LIMIT else OrderKind.MARKET,
            side=write.side,
            size=size,
            price=write.price,
            reduce_only=True,
            time_in_force=write.time_in_force,
            created_ms=self.now_ms,
            updated_ms=self.now_ms,
        )
        self.live[order.order_id] = order
        self._rest_or_take(order.order_id)
        return WriteOutcome(WriteResult.ACCEPTED, order.order_id, write.client_order_id)

    def _amends(self, write: Amendment) -> WriteOutcome:
        order = self.live.get(write.order_id)
        if order is None:
            return WriteOutcome(WriteResult.NOT_FOUND)
        changed = evolve(
            order,
            price=write.price or order.price,
            size=write.size or order.size,
            trigger=write.trigger or order.trigger,
        )
        if order.kind is OrderKind.TRIGGER and self._is_reached(changed):
            return WriteOutcome(WriteResult.REJECTED, code="refused")
        self.live[write.order_id] = changed
        return WriteOutcome(WriteResult.ACCEPTED, write.order_id)

    # What is read

    def view(
        self,
        wanted: ReadsWanted,
        lag_ms: int = 0,
        fails: frozenset[str] = frozenset(),
        lies: frozenset[str] = frozenset(),
    ) -> View:
        """What reads made now show, of how it was `lag_ms` ago. Those that fail are None; those that lie are empty."""
        shown, begun_ms = self._shown(self.now_ms - lag_ms), self.now_ms - 1
        shown = evolve(shown, **dict.fromkeys(lies, ()))
        since = wanted.since_ms
        account = None if "account" in fails else Read(self._account(shown), begun_ms)
        ended = tuple(order for order in shown.ended if order.created_ms >= since)
        fills = tuple(fill for fill in shown.fills if fill.time_ms >= since)
        return View(
            SYMBOL,
            account,
            Read(ended, begun_ms) if wanted.ended and "ended" not in fails else None,
            Read(fills, begun_ms) if wanted.fills and "fills" not in fails else None,
            Read[tuple[CashFlow, ...]]((), begun_ms) if wanted.flows and "flows" not in fails else None,
            since,
        )

    def market(self) -> MarketNow:
        bid, ask = self.book or (self.mark - TICK, self.mark + TICK)
        book = TopOfBook(SYMBOL, bid, ask, self.now_ms)
        return MarketNow(Quote(book, MarkPrice(SYMBOL, self.mark, self.now_ms)), self.contract)

    def account(self) -> AccountState:
        return self._account(self._shown(self.now_ms))

    def remember(self) -> None:
        self.history.append(
            Shown(
                self.now_ms,
                tuple(self.live.values()),
                tuple(self.ended.values()),
                tuple(self.fills),
                tuple(self.sizes.items()),
            )
        )

    def armed(self, side: Side = Side.LONG) -> tuple[OpenOrder, ...]:
        return tuple(
            order for order in self.live.values() if order.purpose is TriggerPurpose.STOP and order.side is side
        )

    def _shown(self, at_ms: int) -> Shown:
        nothing = Shown(0, (), (), (), ())
        return next((shown for shown in reversed(self.history) if shown.from_ms <= at_ms), nothing)

    def _account(self, shown: Shown) -> AccountState:
        positions = tuple(
            Position(SYMBOL, side, size, Decimal(100), Decimal(5), ZERO) for side, size in shown.sizes if size > 0
        )
        return AccountState(self.now_ms, Decimal(1000), Decimal(1000), positions, shown.orders, self.mode)

    # How it works

    def _new_id(self) -> str:
        self._last_id += 1
        return str(self._last_id)

    def _allowed(self, side: Side, size: Decimal) -> Decimal | None:
        if size <= self.sizes[side] or self.capabilities.oversized_exit is OversizedExit.REVERSES:
            return size
        return self.sizes[side] if self.capabilities.oversized_exit is OversizedExit.TRIMMED else None

    def _is_reached(self, order: OpenOrder) -> bool:
        assert order.trigger is not None
        is_stop = order.purpose is TriggerPurpose.STOP
        away = (self.mark - order.trigger.price) * order.side.sign
        return away <= 0 if is_stop else away >= 0

    def _fire(self, order: OpenOrder) -> None:
        """The trigger ends, and an order that takes stands in its place for as much as the book has."""
        self._end(order.order_id, OrderState.TRIGGERED)
        size = self._allowed(order.side, order.size or self.sizes[order.side])
        if not size:
            return
        child = evolve(
            order,
            order_id=self._new_id(),
            client_order_id=order.client_order_id if self.children_bear_ids else "",
            kind=OrderKind.MARKET,
            size=size,
            trigger=None,
            purpose=None,
            created_ms=self.now_ms,
        )
        self.live[child.order_id] = child
        self._rest_or_take(child.order_id)

    def _rest_or_take(self, order_id: str) -> None:
        order = self.live[order_id]
        rests = order.kind is OrderKind.LIMIT and order.price is not None
        if rests and order.price is not None and (self.mark - order.price) * order.side.sign < 0:
            return
        size = min((order.size or ZERO) - order.filled, self.depth)
        if self.capabilities.oversized_exit is not OversizedExit.REVERSES:
            size = min(size, self.sizes[order.side])
        if size > 0:
            self._execute(order, size, order.price or self.mark, opens=False)
        if order_id in self.live and (not rests or self._done(order_id).filled == order.size):
            is_whole = self._done(order_id).filled == order.size
            self._end(order_id, OrderState.FILLED if is_whole else OrderState.CANCELLED)

    def _execute(self, order: OpenOrder, size: Decimal, price: Decimal, *, opens: bool) -> None:
        self.live[order.order_id] = evolve(order, filled=order.filled + size, updated_ms=self.now_ms)
        self._fill(order.order_id, order.client_order_id, order.side, size, price, opens)
        self._sweep()

    def _fill(
        self,
        order_id: str,
        name: str,
        side: Side,
        size: Decimal,
        price: Decimal,
        opens: bool,
        cause: FillCause = FillCause.ORDER,
    ) -> None:
        told = name if self.capabilities.client_ids.lookup_fills_ms else ""
        number = f"f{len(self.fills):06d}"
        self.fills.append(
            Fill(SYMBOL, number, order_id, side, opens, price, size, ZERO, ZERO, True, self.now_ms, told, cause)
        )
        self.sizes[side] += size if opens else -size
        if self.sizes[side] < 0:
            self.reversed = True

    def _sweep(self) -> None:
        """Stops and targets end with their position."""
        for order in tuple(self.live.values()):
            if order.kind is OrderKind.TRIGGER and order.reduce_only and self.sizes[order.side] <= 0:
                self._end(order.order_id, OrderState.CANCELLED)

    def _arm(self, order_id: str, *, at_end: bool = False) -> None:
        """The stop inside an entry: it stands once the entry has filled so much, and grows with it."""
        level, inside = self.stops_inside.get(order_id), self.capabilities.entry_protection
        order = self._done(order_id)
        if level is None or inside is None or not order.filled or not self.sizes[order.side]:
            return
        if inside.arms_at is ArmsAt.FULL_FILL and order.filled != order.size and not at_end:
            return
        size = order.filled if inside.scope is ProtectionScope.ORDER else None
        if order_id in self.armed_by:
            stop = self.live.get(self.armed_by[order_id])
            if stop is not None and stop.size is not None:
                self.live[stop.order_id] = evolve(stop, size=order.filled)
            return
        stop_id = self._new_id()
        self.armed_by[order_id] = stop_id
        self.live[stop_id] = OpenOrder(
            symbol=SYMBOL,
            order_id=stop_id,
            client_order_id="",
            kind=OrderKind.TRIGGER,
            side=order.side,
            size=size,
            price=None,
            reduce_only=True,
            trigger=level,
            purpose=TriggerPurpose.STOP,
            created_ms=self.now_ms,
            updated_ms=self.now_ms,
        )

    def _done(self, order_id: str) -> OpenOrder:
        return self.live.get(order_id) or self.ended[order_id]

    def _end(self, order_id: str, state: OrderState) -> None:
        order = self.live.pop(order_id)
        self.ended[order_id] = evolve(order, state=state, updated_ms=self.now_ms)
