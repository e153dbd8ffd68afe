"""What BitMart says of the account: behind the port `Account`, and the reading half of `Trading`."""

from __future__ import annotations

from typing import Protocol, TypeVar

from mtf_adapters.bitmart.capabilities import HISTORY_MS
from mtf_adapters.bitmart.endpoints import (
    ASSETS,
    FEE_RATE,
    OPEN_ORDERS,
    ORDER,
    ORDER_HISTORY,
    PLAN_ORDERS,
    POSITION_MODE,
    POSITIONS,
    TRADES,
    TRANSACTIONS,
    Endpoint,
)
from mtf_adapters.bitmart.mapping import (
    QUOTE_CURRENCY,
    fill_of,
    flow_of,
    order_of,
    plan_order_of,
    position_mode_of,
    position_of,
)
from mtf_adapters.bitmart.rest import NoSuchOrderError, RestClient
from mtf_adapters.bitmart.windows import read_span
from mtf_adapters.bitmart.wire import (
    AssetRow,
    FeeRateRow,
    ModeAnswer,
    OrderRow,
    PlanRow,
    PositionRow,
    TradeRow,
    TransactionRow,
)
from mtf_adapters.online.fields import as_given
from mtf_adapters.online.together import both
from mtf_core.market import DAY_MS, AccountState, CashFlow, Fill, OpenOrder, Position, PositionMode
from mtf_core.ports import ExchangeUnavailableError, FeeRates, Priority


class _OfSymbol(Protocol):
    @property
    def symbol(self) -> str: ...


Row = TypeVar("Row", bound=_OfSymbol)
Past = TypeVar("Past", bound=_OfSymbol)

_MOST_ORDERS = 100
_MOST_HISTORY_ROWS = 200
_MOST_FLOWS = 1000
_LONGEST_FLOWS_MS = 7 * DAY_MS
"""What an answer spans where no span is asked for; more was never seen to be allowed."""


_MODE_KEPT_MS = 1900
"""How long a position mode that was read counts: its call may be made twice in 2 s by all that use the key."""


class BitmartAccount:
    """Implements the port `Account` and the reads of `Trading`."""

    def __init__(self, rest: RestClient, account_name: str) -> None:
        self._rest = rest
        self._account_name = account_name
        self._mode: tuple[PositionMode, int] | None = None
        """The position mode that was read last, and when its read began, by the steady clock."""

    async def account_state(self) -> AccountState:
        return await self.sync()

    async def sync(self, *, priority: Priority = Priority.ACCOUNT) -> AccountState:
        """Orders first, then positions: what fills in between shows twice, and never not at all.

        The position mode may have been read up to two seconds before.
        """
        time_ms = self._rest.clock.surely_passed_ms()
        orders, mode = await both(self._live_orders(None, priority), self._position_mode(priority))
        assets, positions = await both(
            self._rest.read(ASSETS, list[AssetRow], priority=priority), self._positions(priority)
        )
        money = next((row for row in assets if row.currency == QUOTE_CURRENCY), None)
        if money is None:  # a well-formed answer that cannot be: nothing is assumed of the balance
            raise ExchangeUnavailableError(f"assets-detail: the answer has no {QUOTE_CURRENCY}")
        return AccountState(
            time_ms=time_ms,
            available_balance=money.available_balance,
            equity=money.equity,
            positions=positions,
            open_orders=orders,
            position_mode=mode,
        )

    async def account_id(self) -> str:
        """A digest of the key: no call names the account."""
        return self._account_name

    async def order(self, symbol: str, order_id: str, *, priority: Priority = Priority.ACCOUNT) -> OpenOrder | None:
        """Looked for among orders, then among those that wait for a price, then among those that ended."""
        if not order_id:
            raise ValueError(f"{symbol}: an order is looked up by its id")
        named: dict[str, str | int] = {"symbol": symbol, "order_id": order_id}
        try:
            row = await self._rest.read(ORDER, OrderRow, named, priority)
            if row.order_id != order_id:
                raise ExchangeUnavailableError(f"{ORDER.bucket}: asked for {order_id}, answered with {row.order_id}")
            return order_of(_all_of(symbol, [row], ORDER)[0])
        except NoSuchOrderError:
            pass
        waiting = await self.plan_order(symbol, order_id, priority)
        if waiting is not None:
            return plan_order_of(waiting)
        now_s = self._rest.clock.now_ms() // 1000  # without a span only the last week would be looked at
        span = {"start_time": now_s - HISTORY_MS // 1000 + 60, "end_time": now_s + 30}
        rows = await self._rest.read(ORDER_HISTORY, list[OrderRow], {**named, **span}, priority, null_is=[])
        _all_of(symbol, rows, ORDER_HISTORY)
        return next((order_of(row) for row in rows if row.order_id == order_id), None)

    async def plan_order(self, symbol: str, order_id: str, priority: Priority) -> PlanRow | None:
        """The live order that waits for a price, as the wire has it; None when there is none."""
        rows = await self._plan_rows(symbol, priority)
        return next((row for row in rows if row.order_id == order_id), None)

    async def open_orders(
        self, symbol: str | None = None, *, priority: Priority = Priority.ACCOUNT
    ) -> tuple[OpenOrder, ...]:
        return await self._live_orders(symbol, priority)

    async def order_history(
        self, symbol: str, from_ms: int, until_ms: int, *, priority: Priority = Priority.ACCOUNT
    ) -> tuple[OpenOrder, ...]:
        rows = await self._history(ORDER_HISTORY, list[OrderRow], symbol, from_ms, until_ms, priority, null_is=[])
        orders = {row.order_id: order_of(row) for row in rows}
        for order in [one for one in orders.values() if not one.state.is_final]:
            # A cancelled order may bear the state of a live one here; the order's own page tells.
            orders[order.order_id] = await self.order(symbol, order.order_id, priority=priority) or order
        inside = [order for order in orders.values() if from_ms <= order.created_ms <= until_ms]
        return tuple(sorted(inside, key=lambda order: (order.created_ms, order.order_id)))

    async def fills(
        self, symbol: str, from_ms: int, until_ms: int, *, priority: Priority = Priority.ACCOUNT
    ) -> tuple[Fill, ...]:
        rows = await self._history(TRADES, list[TradeRow], symbol, from_ms, until_ms, priority)
        fills = {row.trade_id: fill_of(row) for row in rows}
        inside = [fill for fill in fills.values() if from_ms <= fill.time_ms <= until_ms]
        return tuple(sorted(inside, key=lambda fill: (fill.time_ms, as_given(fill.fill_id))))

    async def cash_flows(
        self, from_ms: int, until_ms: int, *, priority: Priority = Priority.ACCOUNT
    ) -> tuple[CashFlow, ...]:
        async def ask(start_ms: int, end_ms: int) -> list[TransactionRow]:
            span = {"start_time": start_ms, "end_time": end_ms, "page_size": _MOST_FLOWS}
            return await self._rest.read(TRANSACTIONS, list[TransactionRow], span, priority)

        rows = await read_span(ask, from_ms, until_ms, longest_ms=_LONGEST_FLOWS_MS, most_rows=_MOST_FLOWS)
        flows = {row.tran_id: flow_of(row) for row in rows if row.asset == QUOTE_CURRENCY}
        inside = [flow for flow in flows.values() if from_ms <= flow.time_ms <= until_ms]
        return tuple(sorted(inside, key=lambda flow: (flow.time_ms, as_given(flow.flow_id))))

    async def fee_rates(self, symbol: str) -> FeeRates:
        row = await self._rest.read(FEE_RATE, FeeRateRow, {"symbol": symbol}, Priority.ACCOUNT)
        _all_of(symbol, [row], FEE_RATE)
        return FeeRates(maker=row.maker_fee_rate, taker=row.taker_fee_rate)

    async def _position_mode(self, priority: Priority) -> PositionMode:
        begun_ms = self._rest.clock.steady_ms()
        if self._mode is not None and 0 <= begun_ms - self._mode[1] < _MODE_KEPT_MS:
            return self._mode[0]
        self._mode = None
        answer = await self._rest.read(POSITION_MODE, ModeAnswer, priority=priority)
        mode = position_mode_of(answer.position_mode)
        self._mode = mode, begun_ms
        return mode

    async def _positions(self, priority: Priority) -> tuple[Position, ...]:
        rows = await self._rest.read(POSITIONS, list[PositionRow], priority=priority)
        held = (position_of(row) for row in rows)
        return tuple(position for position in held if position is not None)

    async def _live_orders(self, symbol: str | None, priority: Priority) -> tuple[OpenOrder, ...]:
        """Those that wait for a price first: one that fires in between shows at least as what it was."""
        waiting = await self._plan_rows(symbol, priority)
        orders = await self._rows(OPEN_ORDERS, list[OrderRow], symbol, priority)
        return tuple([order_of(row) for row in orders] + [plan_order_of(row) for row in waiting])

    async def _plan_rows(self, symbol: str | None, priority: Priority) -> list[PlanRow]:
        return await self._rows(PLAN_ORDERS, list[PlanRow], symbol, priority)

    async def _rows(
        self, endpoint: Endpoint, rows_of: type[list[Row]], symbol: str | None, priority: Priority
    ) -> list[Row]:
        params: dict[str, str | int] = {"limit": _MOST_ORDERS}
        if symbol is not None:
            params["symbol"] = symbol
        rows = await self._rest.read(endpoint, rows_of, params, priority)
        if len(rows) >= _MOST_ORDERS:
            raise ExchangeUnavailableError(
                f"{endpoint.bucket}: {_MOST_ORDERS} rows, as many as an answer holds: there may be more, unseen"
            )
        return rows if symbol is None else _all_of(symbol, rows, endpoint)

    async def _history(
        self,
        endpoint: Endpoint,
        rows_of: type[list[Past]],
        symbol: str,
        from_ms: int,
        until_ms: int,
        priority: Priority,
        null_is: list[Past] | None = None,
    ) -> list[Past]:
        """Rows of a symbol's history, which is asked for in seconds and may show more than was asked for."""

        async def ask(start_ms: int, end_ms: int) -> list[Past]:
            params: dict[str, str | int] = {
                "symbol": symbol,
                "start_time": start_ms // 1000,
                "end_time": end_ms // 1000 + 1,
            }
            rows = await self._rest.read(endpoint, rows_of, params, priority, null_is=null_is)
            return _all_of(symbol, rows, endpoint)

        oldest_ms = self._rest.clock.now_ms() - HISTORY_MS
        span_ms = HISTORY_MS - 2000  # whole seconds on both sides must not make it longer than is allowed
        return await read_span(ask, max(from_ms, oldest_ms), until_ms, longest_ms=span_ms, most_rows=_MOST_HISTORY_ROWS)


def _all_of(symbol: str, rows: list[Row], endpoint: Endpoint) -> list[Row]:
    """The rows, all of which are of the symbol that was asked for; else they answer another question."""
    other = next((row.symbol for row in rows if row.symbol != symbol), None)
    if other is not None:
        raise ExchangeUnavailableError(f"{endpoint.bucket}: asked for {symbol}, answered with {other}")
    return rows
