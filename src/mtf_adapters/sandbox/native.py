"""The native face of the sandbox: the core's ports right on a world, for one account of it, without a wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import evolve

from mtf_adapters.sandbox import native_words as words
from mtf_adapters.sandbox.capabilities import CAPABILITIES
from mtf_adapters.sandbox.matching.commands import (
    AmendOrder,
    AmendTrigger,
    CancelAllAfter,
    CancelOrder,
    Command,
    PlaceOrder,
    PlaceTrigger,
    SetLeverage,
    SetPositionMode,
    Tick,
)
from mtf_adapters.sandbox.matching.events import (
    OrderFamily,
    OrderView,
    Refusal,
    Refused,
    Result,
)
from mtf_adapters.sandbox.matching.presets import fires_towards
from mtf_adapters.sandbox.world import World
from mtf_core.market import (
    AccountState,
    Amendment,
    Candles,
    CashFlow,
    Contract,
    EntryOrder,
    ExitOrder,
    Fill,
    MarginMode,
    MarkPrice,
    OpenOrder,
    OrderKind,
    OrderState,
    PositionMode,
    ProtectiveOrder,
    Quote,
    Side,
    Timeframe,
    TopOfBook,
    WriteOutcome,
    WriteResult,
)
from mtf_core.ports import ExchangeError, UnknownSymbolError
from mtf_core.ports.trading import FeeRates, Priority


class NativeExchange:
    """Implements `MarketData`, `Account` and `Trading`; what it can do is `sandbox/capabilities.py`.

    The account must be open in the world's engine; else ValueError. Its pushes are `NativeStreams`.
    """

    capabilities = CAPABILITIES

    def __init__(self, world: World, account: str) -> None:
        if account not in world.engine.accounts():
            raise ValueError(f"there is no account {account!r} in this world")
        self._world = world
        self._engine = world.engine
        self._account = account

    # Public data

    async def server_time_ms(self) -> int:
        return self._world.now_ms

    async def contracts(self) -> tuple[Contract, ...]:
        """As the market lists them, with the status that the engine trades by."""
        self._world.catch_up()
        listed = self._world.market.contracts(self._world.now_ms)
        known = {contract.symbol: self._engine.contract(contract.symbol) for contract in listed}
        return tuple(
            contract if (traded := known[contract.symbol]) is None else evolve(contract, status=traded.status)
            for contract in listed
        )

    async def candles(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> Candles:
        return self._world.market.candles(symbol, timeframe, first_open_ms, last_open_ms, self._world.now_ms)

    async def quotes(self, symbols: Sequence[str]) -> Mapping[str, Quote | ExchangeError]:
        return {symbol: self._quote(symbol) for symbol in symbols}

    # Reads of the account

    async def account_state(self) -> AccountState:
        return self._state()

    async def sync(self, *, priority: Priority = Priority.ACCOUNT) -> AccountState:
        return self._state()

    async def account_id(self) -> str:
        return self._account

    async def order(self, symbol: str, order_id: str, *, priority: Priority = Priority.ACCOUNT) -> OpenOrder | None:
        view = self._order(symbol, order_id)
        return None if view is None else words.open_order(view, self._engine.rules)

    async def open_orders(
        self, symbol: str | None = None, *, priority: Priority = Priority.ACCOUNT
    ) -> tuple[OpenOrder, ...]:
        return self._open_orders(self._caught_up(), symbol)

    async def order_history(
        self, symbol: str, from_ms: int, until_ms: int, *, priority: Priority = Priority.ACCOUNT
    ) -> tuple[OpenOrder, ...]:
        ended = self._engine.history(self._account, symbol, self._caught_up())
        return tuple(
            words.open_order(view, self._engine.rules) for view in ended if from_ms <= view.created_ms <= until_ms
        )

    async def fills(
        self, symbol: str, from_ms: int, until_ms: int, *, priority: Priority = Priority.ACCOUNT
    ) -> tuple[Fill, ...]:
        fills = self._engine.fills(self._account, symbol, self._caught_up())
        return tuple(words.fill(view) for view in fills if from_ms <= view.time_ms <= until_ms)

    async def cash_flows(
        self, from_ms: int, until_ms: int, *, priority: Priority = Priority.ACCOUNT
    ) -> tuple[CashFlow, ...]:
        flows = self._engine.flows(self._account, self._caught_up())
        return tuple(words.cash_flow(view) for view in flows if from_ms <= view.time_ms <= until_ms)

    async def fee_rates(self, symbol: str) -> FeeRates:
        contract = self._engine.contract(symbol)
        if contract is None:
            raise UnknownSymbolError(f"the sandbox lists no contract {symbol!r}")
        return FeeRates(contract.maker_fee, contract.taker_fee)

    # Writes

    async def submit_entry(self, order: EntryOrder) -> WriteOutcome:
        """Without effect when its last instant has passed by the world's time, to which the world catches up first."""
        command = PlaceOrder(
            account=self._account,
            symbol=order.symbol,
            action=words.opening_action(order.side),
            size=order.size,
            order_type=order.order_type,
            price=order.price,
            time_in_force=order.time_in_force,
            post_only=order.post_only,
            position_side=self._position_side(order.side),
            leverage=order.leverage,
            margin_mode=order.margin_mode,
            client_order_id=order.client_order_id,
            stop=words.preset(order.stop),
            target=words.preset(order.target),
        )
        done = self._enters(command, order.not_after_ms)
        if done is None:
            return WriteOutcome(WriteResult.EXPIRED_BEFORE_SENT, client_order_id=order.client_order_id)
        return words.outcome_of(done.answer, order.client_order_id)

    async def submit_exit(self, order: ExitOrder) -> WriteOutcome:
        command = PlaceOrder(
            account=self._account,
            symbol=order.symbol,
            action=words.opening_action(order.side).opposite,
            size=order.size,
            order_type=order.order_type,
            price=order.price,
            time_in_force=order.time_in_force,
            post_only=order.post_only,
            reduce_only=True,
            position_side=self._position_side(order.side),
            client_order_id=order.client_order_id,
        )
        return self._write(command, order.client_order_id)

    async def submit_protection(self, order: ProtectiveOrder) -> WriteOutcome:
        command = PlaceTrigger(
            account=self._account,
            symbol=order.symbol,
            action=words.opening_action(order.side).opposite,
            size=order.size,
            purpose=order.purpose,
            trigger_price=order.trigger.price,
            by=order.trigger.by,
            direction=fires_towards(order.purpose, order.side),
            limit_price=order.limit_price,
            position_side=self._position_side(order.side),
            client_order_id=order.client_order_id,
        )
        return self._write(command, order.client_order_id)

    async def amend(self, amendment: Amendment, *, priority: Priority = Priority.EXIT) -> WriteOutcome:
        """Which of the engine's amendments it is follows from the order that it names."""
        self._world.catch_up()
        order_id, symbol = _number(amendment.order_id), amendment.symbol
        view = self._engine.order(self._account, order_id, self._world.now_ms)
        if view is not None and view.family is OrderFamily.TRIGGER:
            trigger = amendment.trigger
            return self._write(
                AmendTrigger(
                    account=self._account,
                    symbol=symbol,
                    order_id=order_id,
                    trigger_price=trigger.price if trigger else None,
                    by=trigger.by if trigger else None,
                    limit_price=amendment.price,
                    size=amendment.size,
                )
            )
        if amendment.trigger is not None and view is not None:
            return words.outcome_of(Refused(Refusal.INVALID, f"order {order_id} waits for no price"))
        return self._write(AmendOrder(self._account, symbol, order_id, amendment.price, amendment.size))

    async def cancel(
        self, symbol: str, order_id: str, kind: OrderKind, *, priority: Priority = Priority.EXIT
    ) -> WriteOutcome:
        """`ALREADY_SO` for an order that was cancelled before, `NOT_FOUND` for one that ended otherwise."""
        if not order_id:
            raise ValueError(f"{symbol}: a cancellation names its order")
        self._world.catch_up()
        view = self._order(symbol, order_id)
        if view is not None and view.state is OrderState.CANCELLED:
            return WriteOutcome(WriteResult.ALREADY_SO, order_id, view.client_order_id)
        return self._write(CancelOrder(self._account, symbol, _number(order_id)))

    async def set_leverage(self, symbol: str, leverage: Decimal, margin_mode: MarginMode) -> WriteOutcome:
        known = self._engine.contract(symbol) is not None
        if known and self._engine.leverage(self._account, symbol) == (leverage, margin_mode):
            return WriteOutcome(WriteResult.ALREADY_SO)
        return self._write(SetLeverage(self._account, symbol, leverage, margin_mode))

    async def set_position_mode(self, mode: PositionMode) -> WriteOutcome:
        if self._engine.position_mode(self._account) is mode:
            return WriteOutcome(WriteResult.ALREADY_SO)
        return self._write(SetPositionMode(self._account, mode))

    async def cancel_all_after(self, symbol: str, seconds: int) -> WriteOutcome:
        timed = self.capabilities.timed_cancel_all
        longest = timed.most_seconds if timed is not None else None
        if timed is not None and seconds and not timed.least_seconds <= seconds <= (longest or seconds):
            return words.outcome_of(Refused(Refusal.INVALID, f"{timed.least_seconds} to {longest} seconds, 0 disarms"))
        return self._write(CancelAllAfter(self._account, symbol, seconds))

    def _enters(self, command: PlaceOrder, not_after_ms: int) -> Result | None:
        return self._world.do_by(command, not_after_ms)

    def _caught_up(self) -> int:
        self._world.catch_up()
        return self._world.now_ms

    def _state(self) -> AccountState:
        now_ms = self._caught_up()
        balance = self._engine.balance(self._account)
        return AccountState(
            time_ms=now_ms,
            available_balance=balance.available,
            equity=balance.equity,
            positions=tuple(words.position(view) for view in self._engine.positions(self._account)),
            open_orders=self._open_orders(now_ms, None),
            position_mode=self._engine.position_mode(self._account),
        )

    def _open_orders(self, now_ms: int, symbol: str | None) -> tuple[OpenOrder, ...]:
        live = self._engine.orders_of(self._account, symbol, now_ms)
        return tuple(words.open_order(view, self._engine.rules) for view in live)

    def _order(self, symbol: str, order_id: str) -> OrderView | None:
        view = self._engine.order(self._account, _number(order_id), self._caught_up())
        return view if view is not None and view.symbol == symbol else None

    def _position_side(self, side: Side) -> Side | None:
        hedged = self._engine.position_mode(self._account) is PositionMode.HEDGE
        return side if hedged else None

    def _quote(self, symbol: str) -> Quote | ExchangeError:
        try:
            tick = self._world.quote(symbol)
        except ExchangeError as error:
            return error
        return _quote_of(tick, self._world.now_ms)

    def _write(self, command: Command, client_order_id: str = "") -> WriteOutcome:
        return words.outcome_of(self._world.do(command).answer, client_order_id)


def _quote_of(tick: Tick, now_ms: int) -> Quote | ExchangeError:
    if not tick.bids or not tick.asks:
        return ExchangeError(f"{tick.symbol}: one side of the book is empty")
    top = TopOfBook(tick.symbol, tick.bids[0].price, tick.asks[0].price, now_ms)
    return Quote(top, MarkPrice(tick.symbol, tick.mark, now_ms))


def _number(order_id: str) -> int:
    """The engine's number; 0, which is no order's, for a text that is none."""
    return int(order_id) if order_id.isascii() and order_id.isdigit() else 0
