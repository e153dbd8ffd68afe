"""What the streams of an account send: what is so when one begins to listen, and what happens to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from attrs import define, evolve, field, frozen

from mtf_adapters.sandbox.faces.okx.accounts import balance as balance_rows
from mtf_adapters.sandbox.faces.okx.accounts import held_of
from mtf_adapters.sandbox.faces.okx.algos import Algo
from mtf_adapters.sandbox.faces.okx.desk import Desk
from mtf_adapters.sandbox.faces.okx.holding_rows import position_row
from mtf_adapters.sandbox.faces.okx.parameters import Parameters
from mtf_adapters.sandbox.faces.okx.products import product_of
from mtf_adapters.sandbox.faces.okx.rows import Row, order_row, trade_id
from mtf_adapters.sandbox.faces.okx.topics import Channel, Topic
from mtf_adapters.sandbox.matching.events import (
    BalanceChanged,
    BalanceView,
    Booked,
    Event,
    Filled,
    FillView,
    OrderCause,
    OrderChanged,
    OrderFamily,
    OrderView,
    PositionChanged,
    PositionView,
)
from mtf_core.market import Contract, FillCause, FlowKind, OrderState

SNAPSHOT: Mapping[str, Any] = {"eventType": "snapshot", "curPage": 1, "lastPage": True}
UPDATE: Mapping[str, Any] = {"eventType": "event_update"}
_SILENT = frozenset({OrderCause.PRESET_DROPPED, OrderCause.FORGOTTEN})
"""Of these no stream tells."""
_MOST_ALGOS = 10_000
_EVENTS: Mapping[FillCause, str] = {
    FillCause.ORDER: "filled",
    FillCause.LIQUIDATION: "liquidation",
    FillCause.ADL: "adl",
    FillCause.SETTLEMENT: "delivered",
}
_FLOWS: Mapping[FlowKind, str] = {FlowKind.FUNDING: "funding_fee", FlowKind.TRANSFER: "transferred"}


@frozen
class Push:
    """One message to those of an account who listen to the channel."""

    account: str
    channel: Channel
    data: Sequence[Row]
    about: Mapping[str, Any] = {}
    """What stands beside `data`."""
    contract: Contract | None = None

    def is_for(self, topic: Topic) -> bool:
        if topic.channel is not self.channel:
            return False
        if self.contract is None:
            return True
        product = product_of(self.contract)
        return topic.is_about(product.inst_type, product.family, self.contract.symbol)


@define(eq=False)
class AccountPushes:
    """Events as messages. An execution is told with the change of its order; what waits in two halves is told once."""

    desk: Callable[[str], Desk]
    _fills: dict[int, list[FillView]] = field(factory=dict)
    """Executions of orders that have not ended, by the engine's id."""
    _algos: dict[tuple[str, int], Row] = field(factory=dict)
    """Each waiting order as it was told last; the oldest are forgotten."""
    _why: dict[str, str] = field(factory=dict)
    """What has moved an account's money since its balance was told, in the word that is used for it."""
    _trades: dict[str, list[Row]] = field(factory=dict)
    """Executions, and the positions that they changed, that no balance has been told with yet."""
    _held: dict[str, list[Row]] = field(factory=dict)

    def of(self, event: Event) -> Iterable[Push]:
        match event:
            case Filled(fill):
                self._fills.setdefault(fill.order_id, []).append(fill)
                self._why[fill.account] = _EVENTS[fill.cause]
                trade = {"instId": fill.symbol, "tradeId": trade_id(fill)}
                self._trades.setdefault(fill.account, []).append(trade)
            case Booked(flow) if flow.kind in _FLOWS:
                self._why[flow.account] = _FLOWS[flow.kind]
            case OrderChanged(order, cause) if cause not in _SILENT:
                yield from self._of_order(order)
            case PositionChanged(position):
                yield from self._of_position(position)
            case BalanceChanged(balance):
                yield from self._of_balance(balance)
            case _:
                return

    def everything(self, account: str, topic: Topic) -> Iterable[Push]:
        """What a channel says first and repeats; nothing of orders, which begin with what happens next."""
        desk = self.desk(account)
        if topic.channel is Channel.POSITIONS:
            rows = [position_row(held) for held in held_of(desk) if _is_about(topic, held.contract)]
            yield Push(account, topic.channel, rows, SNAPSHOT)
        elif topic.channel is Channel.ACCOUNT:
            yield Push(account, topic.channel, balance_rows(_asking(desk, topic)), SNAPSHOT)
        elif topic.channel is Channel.BALANCE_AND_POSITION:
            held = [position_row(each) for each in held_of(desk)]
            yield self._both(desk, "snapshot", held)

    def _of_order(self, order: OrderView) -> Iterable[Push]:
        desk = self.desk(order.account)
        if order.family is not OrderFamily.ORDER:
            yield from self._of_algo(desk, order)
            return
        if order.state is OrderState.REJECTED:
            return  # what a trigger became was refused: there is no such order
        fills = self._fills.get(order.order_id, [])
        around = desk.surroundings(order, {order.order_id: fills})
        row = order_row(order, around)
        yield Push(order.account, Channel.ORDERS, [_streamed(row, order, fills)], contract=around.contract)
        if order.state.is_final:
            self._fills.pop(order.order_id, None)

    def _of_algo(self, desk: Desk, order: OrderView) -> Iterable[Push]:
        algo = self._algo(desk, order)
        row, key = desk.algo_row(algo), (order.account, algo.number)
        if _without_prices(row) == self._algos.get(key):
            return
        self._algos[key] = _without_prices(row)
        if len(self._algos) > _MOST_ALGOS:
            del self._algos[next(iter(self._algos))]
        yield Push(order.account, Channel.ALGOS, [row], contract=desk.contract(order.symbol))

    def _algo(self, desk: Desk, order: OrderView) -> Algo:
        """What the order is a half of, as it is now; the order itself as it was when it changed."""
        known = [*desk.live(order.symbol), *desk.ended(order.symbol)] if order.pair_id else []
        halves = [each for each in known if each.pair_id == order.pair_id and each.order_id != order.order_id]
        found = sorted((*halves, order), key=lambda half: half.order_id)
        return evolve(desk.algo(found), halves=found)

    def _of_position(self, position: PositionView) -> Iterable[Push]:
        desk = self.desk(position.account)
        held = desk.held(position.symbol, position.side, position)
        row = position_row(held)
        yield Push(position.account, Channel.POSITIONS, [row], UPDATE, held.contract)
        if self._trades.get(position.account):
            self._held.setdefault(position.account, []).append(row)

    def _of_balance(self, balance: BalanceView) -> Iterable[Push]:
        """Margin that an order reserves is news of the account, and none of what came in and went out."""
        account = balance.account
        desk = self.desk(account)
        yield Push(account, Channel.ACCOUNT, balance_rows(desk), UPDATE)
        why = self._why.pop(account, None)
        if why is not None:
            yield self._both(desk, why, self._held.pop(account, []), self._trades.pop(account, []))

    def _both(self, desk: Desk, why: str, positions: Sequence[Row], trades: Sequence[Row] = ()) -> Push:
        now = str(desk.now_ms)
        coins = [coin for row in balance_rows(desk) for coin in row["details"]]
        document = {
            "pTime": now,
            "eventType": why,
            "balData": [{name: coin[name] for name in ("ccy", "cashBal", "uTime")} for coin in coins],
            "posData": [{name: row[name] for name in _POSITION_NAMES} for row in positions],
            "trades": list(trades),
        }
        return Push(desk.account, Channel.BALANCE_AND_POSITION, [document])


_POSITION_NAMES = (
    "posId",
    "tradeId",
    "instId",
    "instType",
    "mgnMode",
    "avgPx",
    "ccy",
    "posSide",
    "pos",
    "posCcy",
    "nonSettleAvgPx",
    "settledPnl",
    "uTime",
)


def _streamed(row: Row, order: OrderView, fills: Sequence[FillView]) -> Row:
    """An order as the stream has it: with its last execution, and `avgPx` 0 where nothing has filled."""
    last = fills[-1] if fills and order.filled else None
    by_exchange = last is not None and last.cause is not FillCause.ORDER
    return {
        **row,
        "avgPx": row["avgPx"] or "0",
        "fillFee": f"{-last.fee:f}" if last else "0",
        "fillFeeCcy": row["feeCcy"] if last else "",
        "fillPnl": f"{last.realised_profit:f}" if last else "0",
        "fillNotionalUsd": "",
        "execType": "" if last is None or by_exchange else "M" if last.is_maker else "T",
        "amendResult": "",
        "amendSource": "",
        "reqId": "",
        "code": "0",
        "msg": "",
        "lastPx": row["fillPx"],
        "notionalUsd": "",
    }


def _without_prices(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in {"last", "uTime"}}


def _asking(desk: Desk, topic: Topic) -> Desk:
    return desk.saying(Parameters({"ccy": topic.arg.get("ccy", "")}))


def _is_about(topic: Topic, contract: Contract) -> bool:
    product = product_of(contract)
    return topic.is_about(product.inst_type, product.family, contract.symbol)
