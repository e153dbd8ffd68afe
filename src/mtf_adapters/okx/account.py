"""What OKX says of the account: behind the port `Account`, and the reading half of `Trading`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from attrs import frozen

from mtf_adapters.okx.capabilities import HISTORY_MS
from mtf_adapters.okx.endpoints import (
    ALGO_HISTORY,
    ALGO_ORDER,
    ALGOS_PENDING,
    BALANCE,
    BILLS,
    BILLS_ARCHIVE,
    CONFIG,
    FILLS,
    FILLS_HISTORY,
    INSTRUMENTS,
    ORDER,
    ORDERS_ARCHIVE,
    ORDERS_HISTORY,
    ORDERS_PENDING,
    POSITIONS,
    Endpoint,
)
from mtf_adapters.okx.mapping import (
    CONDITIONAL,
    ONE_CANCELS_OTHER,
    TRAILING,
    TRIGGER,
    algo_of,
    fill_of,
    flows_of,
    order_of,
    position_mode_of,
    position_of,
)
from mtf_adapters.okx.market_data import STANDARD_FEES, fees_by_group, only
from mtf_adapters.okx.paging import MOST_ROWS, read_pages
from mtf_adapters.okx.products import Product
from mtf_adapters.okx.rest import NoSuchOrderError, RestClient
from mtf_adapters.okx.wire import (
    AlgoRow,
    BalanceRow,
    BillRow,
    ConfigRow,
    FillRow,
    InstrumentRow,
    OrderRow,
    PositionRow,
)
from mtf_adapters.online.fields import as_given
from mtf_adapters.online.together import both, every
from mtf_core.market import DAY_MS, AccountState, CashFlow, Fill, OpenOrder, Position, PositionMode
from mtf_core.ports import ExchangeError, ExchangeUnavailableError, FeeRates, Priority


class _OfSymbol(Protocol):
    @property
    def instId(self) -> str: ...  # noqa: N802 - as on the wire


Row = TypeVar("Row", bound=_OfSymbol)
Params = Mapping[str, str | int]

_CONFIG_KEPT_MS = 1900
"""How long a configuration that was read counts: its call may be made five times in 2 s by all that use the key."""
_SPOT_ONLY, _MODES = "1", frozenset({"1", "2", "3", "4"})
_BOTH_LEVELS = f"{CONDITIONAL},{ONE_CANCELS_OTHER}"
_WAITING = (_BOTH_LEVELS, TRIGGER, TRAILING)
"""Kinds of algo orders, as they can be asked for: only these two may be joined (sheet §7)."""
_ENDS = ("effective", "canceled", "order_failed")
_RECENT_ORDERS_MS, _RECENT_FILLS_MS, _RECENT_BILLS_MS = 7 * DAY_MS, 3 * DAY_MS, 7 * DAY_MS
"""What the quick lists hold; the archives hold three months."""
_EDGE_MS = 60_000
"""A list may forget a little sooner than it says; and an execution's row is made a little later than it happened."""


@frozen
class _Config:
    mode: PositionMode
    coin: str
    """The currency that the product's contracts settle in, of this account."""


class OkxAccount:
    """Implements the port `Account` and the reads of `Trading`."""

    def __init__(self, rest: RestClient, product: Product, account_name: str) -> None:
        self._rest = rest
        self._product = product
        self._account_name = account_name
        self._config: tuple[_Config, int] | None = None
        """What was read last, and when its read began, by the steady clock."""
        self._uid = ""
        """The account's number, once it was told."""

    async def account_state(self) -> AccountState:
        return await self.sync()

    async def sync(self, *, priority: Priority = Priority.ACCOUNT) -> AccountState:
        """Orders first, then positions: what fills in between shows twice, and never not at all.

        Modes may have been read up to two seconds before.
        """
        time_ms = self._rest.clock.surely_passed_ms()
        orders, config = await both(self._live_orders(None, priority), self._configuration(priority))
        (available, equity), positions = await both(self._money(config.coin, priority), self._positions(priority))
        return AccountState(
            time_ms=time_ms,
            available_balance=available,
            equity=equity,
            positions=positions,
            open_orders=orders,
            position_mode=config.mode,
        )

    async def account_id(self) -> str:
        """The account's own number, whatever key it is asked with; a digest of the key where it is not told."""
        self._uid = self._uid or _uid_of(await self._rest.read(CONFIG, ConfigRow, priority=Priority.ACCOUNT))
        return self._uid or self._account_name

    async def order(self, symbol: str, order_id: str, *, priority: Priority = Priority.ACCOUNT) -> OpenOrder | None:
        """Looked for among orders, then among those that wait for a price, then among those that ended."""
        if not order_id:
            raise ValueError(f"{symbol}: an order is looked up by its id")
        found = await self._found(ORDER, OrderRow, {"instId": symbol, "ordId": order_id}, priority)
        for row in _all_of(symbol, found, ORDER):
            return order_of(_named(row, row.ordId, order_id, ORDER))
        waiting = await self._found(ALGO_ORDER, AlgoRow, {"algoId": order_id}, priority)
        for algo in _all_of(symbol, waiting, ALGO_ORDER):
            return algo_of(_named(algo, algo.algoId, order_id, ALGO_ORDER))
        now_ms = self._rest.clock.now_ms()
        ended = await self.order_history(symbol, now_ms - HISTORY_MS, now_ms + _EDGE_MS, priority=priority)
        return next((one for one in ended if one.order_id == order_id), None)

    async def _found(self, endpoint: Endpoint, rows_of: type[Row], params: Params, priority: Priority) -> list[Row]:
        try:
            return await self._rest.read(endpoint, rows_of, params, priority)
        except NoSuchOrderError:
            return []

    async def open_orders(
        self, symbol: str | None = None, *, priority: Priority = Priority.ACCOUNT
    ) -> tuple[OpenOrder, ...]:
        return await self._live_orders(symbol, priority)

    async def order_history(
        self, symbol: str, from_ms: int, until_ms: int, *, priority: Priority = Priority.ACCOUNT
    ) -> tuple[OpenOrder, ...]:
        """Orders of the book from the list of a week, and the archive for what is older; those that waited for a price.

        The kinds of algo orders that this program never places are not looked for: what they became are orders.
        """
        orders, algos = await both(
            self._past_orders(symbol, from_ms, until_ms, priority), self._past_algos(symbol, from_ms, priority)
        )
        found = {row.ordId: order_of(row) for row in orders} | {row.algoId: algo_of(row) for row in algos}
        ended = [order for order in found.values() if order.state.is_final]
        inside = [order for order in ended if from_ms <= order.created_ms <= until_ms]
        return tuple(sorted(inside, key=lambda order: (order.created_ms, order.order_id)))

    async def _past_orders(self, symbol: str, from_ms: int, until_ms: int, priority: Priority) -> list[OrderRow]:
        rows = await self._span(ORDERS_HISTORY, OrderRow, "ordId", "cTime", symbol, from_ms, until_ms, priority)
        if from_ms >= self._rest.clock.now_ms() - _RECENT_ORDERS_MS + _EDGE_MS:
            return rows
        older = await self._span(ORDERS_ARCHIVE, OrderRow, "ordId", "cTime", symbol, from_ms, until_ms, priority)
        return older + rows

    async def _past_algos(self, symbol: str, from_ms: int, priority: Priority) -> list[AlgoRow]:
        """There is no span to ask for: pages are read until they are older than what is wanted."""
        lists = await every(
            self._pages(
                ALGO_HISTORY,
                AlgoRow,
                "algoId",
                {"ordType": _BOTH_LEVELS, "state": state, "instId": symbol},
                priority,
                is_enough=lambda row: row.cTime < from_ms,
            )
            for state in _ENDS
        )
        return [row for rows in lists for row in _all_of(symbol, rows, ALGO_HISTORY)]

    async def fills(
        self, symbol: str, from_ms: int, until_ms: int, *, priority: Priority = Priority.ACCOUNT
    ) -> tuple[Fill, ...]:
        is_recent = from_ms >= self._rest.clock.now_ms() - _RECENT_FILLS_MS + _EDGE_MS
        endpoint = FILLS if is_recent else FILLS_HISTORY
        # Spans count when a row was made, which is after it happened.
        rows = await self._span(endpoint, FillRow, "billId", "ts", symbol, from_ms, until_ms + _EDGE_MS, priority)
        fills = {(row.tradeId, row.ordId): (fill_of(row), as_given(row.billId)) for row in rows}
        inside = [one for one in fills.values() if from_ms <= one[0].time_ms <= until_ms]
        return tuple(fill for fill, _ in sorted(inside, key=lambda one: (one[0].time_ms, one[1])))

    async def cash_flows(
        self, from_ms: int, until_ms: int, *, priority: Priority = Priority.ACCOUNT
    ) -> tuple[CashFlow, ...]:
        """Of the currency that the contracts settle in."""
        config = await self._configuration(priority)
        is_recent = from_ms >= self._rest.clock.now_ms() - _RECENT_BILLS_MS + _EDGE_MS
        endpoint = BILLS if is_recent else BILLS_ARCHIVE
        params: dict[str, str | int] = {"ccy": config.coin, "begin": from_ms - 1, "end": until_ms + 1}
        rows = await self._pages(endpoint, BillRow, "billId", params, priority, is_enough=lambda row: row.ts < from_ms)
        bills = {row.billId: row for row in rows if row.ccy == config.coin and from_ms <= row.ts <= until_ms}
        in_order = sorted(bills.values(), key=lambda row: (row.ts, as_given(row.billId)))
        return tuple(flow for row in in_order for flow in flows_of(row))

    async def fee_rates(self, symbol: str) -> FeeRates:
        """Of the contract's group; the standard rates where the exchange names no such group."""
        asked = {"instType": self._product.inst_type, "instId": symbol}
        rows, fees = await both(
            self._rest.read(INSTRUMENTS, InstrumentRow, asked, Priority.ACCOUNT),
            fees_by_group(self._rest, self._product),
        )
        return fees.get(only(rows, symbol, INSTRUMENTS).groupId, STANDARD_FEES)

    async def _configuration(self, priority: Priority) -> _Config:
        begun_ms = self._rest.clock.steady_ms()
        if self._config is not None and 0 <= begun_ms - self._config[1] < _CONFIG_KEPT_MS:
            return self._config[0]
        self._config = None
        rows = await self._rest.read(CONFIG, ConfigRow, priority=priority)
        uid = _uid_of(rows)
        if self._uid and uid not in {"", self._uid}:
            raise ExchangeUnavailableError(f"{CONFIG.bucket}: asked as account {self._uid}, answered as {uid}")
        self._uid = self._uid or uid
        config = _config_of(rows, self._product)
        self._config = config, begun_ms
        return config

    async def _money(self, coin: str, priority: Priority) -> tuple[Decimal, Decimal]:
        """What is available, and the equity.

        A coin of which the account holds nothing has no row (sheet §5). An answer that is whole otherwise, and has
        none, says so: zero, with which nothing can be opened.
        """
        rows = await self._rest.read(BALANCE, BalanceRow, {"ccy": coin}, priority)
        if len(rows) != 1:
            raise ExchangeUnavailableError(f"{BALANCE.bucket}: {len(rows)} rows where one of the account belongs")
        money = [row for row in rows[0].details if row.ccy == coin]
        if not money:
            return Decimal(0), Decimal(0)
        if len(money) > 1:
            raise ExchangeUnavailableError(f"{BALANCE.bucket}: {coin} is there twice")
        available = money[0].availBal if money[0].availEq is None else money[0].availEq
        if available is None:
            raise ExchangeUnavailableError(f"{BALANCE.bucket}: how much {coin} is available is not told")
        return available, money[0].eq

    async def _positions(self, priority: Priority) -> tuple[Position, ...]:
        rows = await self._rest.read(POSITIONS, PositionRow, {"instType": self._product.inst_type}, priority)
        held = (position_of(row) for row in rows)
        return tuple(position for position in held if position is not None)

    async def _live_orders(self, symbol: str | None, priority: Priority) -> tuple[OpenOrder, ...]:
        """Those that wait for a price first: one that fires in between shows at least as what it was."""
        of = {"instType": self._product.inst_type, **({} if symbol is None else {"instId": symbol})}
        lists = await every(
            self._pages(ALGOS_PENDING, AlgoRow, "algoId", {"ordType": kinds, **of}, priority) for kinds in _WAITING
        )
        waiting = [row for rows in lists for row in rows]
        orders = await self._pages(ORDERS_PENDING, OrderRow, "ordId", of, priority)
        if symbol is not None:
            _all_of(symbol, waiting, ALGOS_PENDING)
            _all_of(symbol, orders, ORDERS_PENDING)
        return tuple([order_of(row) for row in orders] + [algo_of(row) for row in waiting])

    async def _span(
        self,
        endpoint: Endpoint,
        rows_of: type[Row],
        key: str,
        time: str,
        symbol: str,
        from_ms: int,
        until_ms: int,
        priority: Priority,
    ) -> list[Row]:
        """Rows of a symbol's history. Whether the ends of a span count is not documented: it is asked for wider."""
        params: dict[str, str | int] = {
            "instType": self._product.inst_type,
            "instId": symbol,
            "begin": max(0, from_ms - 1),
            "end": until_ms + 1,
        }
        rows = await self._pages(
            endpoint, rows_of, key, params, priority, is_enough=lambda row: getattr(row, time) < from_ms
        )
        return _all_of(symbol, rows, endpoint)

    async def _pages(
        self,
        endpoint: Endpoint,
        rows_of: type[Any],
        key: str,
        params: Params,
        priority: Priority,
        *,
        is_enough: Callable[[Any], bool] | None = None,
    ) -> list[Any]:
        async def ask(after: str) -> list[Any]:
            asked = {**params, "limit": MOST_ROWS, **({"after": after} if after else {})}
            return await self._rest.read(endpoint, rows_of, asked, priority)

        return await read_pages(ask, lambda row: str(getattr(row, key)), endpoint.bucket, is_enough=is_enough)


def _uid_of(rows: Sequence[ConfigRow]) -> str:
    """Empty where the answer does not tell one."""
    return rows[0].uid if len(rows) == 1 else ""


def _config_of(rows: Sequence[ConfigRow], product: Product) -> _Config:
    """Raises `ExchangeError` for an account that can hold no contracts."""
    if len(rows) != 1 or rows[0].acctLv not in _MODES:
        raise ExchangeUnavailableError(f"{CONFIG.bucket}: the mode of the account is not told")
    if rows[0].acctLv == _SPOT_ONLY:
        raise ExchangeError(
            "the account is in spot mode, in which OKX lets nobody trade contracts: choose the futures mode on its site"
        )
    coin = rows[0].settleCcy if product.account_names_currency else ""
    return _Config(position_mode_of(rows[0].posMode), coin or product.settle_currency)


def _all_of(symbol: str, rows: list[Row], endpoint: Endpoint) -> list[Row]:
    """The rows, all of which are of the symbol that was asked for; else they answer another question."""
    other = next((row.instId for row in rows if row.instId != symbol), None)
    if other is not None:
        raise ExchangeUnavailableError(f"{endpoint.bucket}: asked for {symbol}, answered with {other}")
    return rows


def _named(row: Row, found: str, asked: str, endpoint: Endpoint) -> Row:
    if found != asked:
        raise ExchangeUnavailableError(f"{endpoint.bucket}: asked for {asked}, answered with {found}")
    return row
