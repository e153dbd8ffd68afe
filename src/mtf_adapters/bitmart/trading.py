"""Orders on BitMart: each write leaves at most once, and every answer, or the lack of one, is a `WriteOutcome`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mtf_adapters.bitmart import codes
from mtf_adapters.bitmart.account import BitmartAccount
from mtf_adapters.bitmart.endpoints import (
    CANCEL_ALL_AFTER,
    CANCEL_ORDER,
    CANCEL_PLAN_ORDER,
    MODIFY_LIMIT_ORDER,
    MODIFY_PLAN_ORDER,
    MODIFY_PROTECTION,
    SET_LEVERAGE,
    SET_POSITION_MODE,
    SUBMIT_ORDER,
    SUBMIT_PROTECTION,
    Endpoint,
)
from mtf_adapters.bitmart.limits import BUCKETS
from mtf_adapters.bitmart.mapping import (
    CLOSE_LONG,
    CLOSE_SHORT,
    MAKER_ONLY,
    MODES,
    OPEN_LONG,
    OPEN_SHORT,
    POSITION_MODE_WORDS,
    PRICE_TYPES,
    is_protection,
    plan_order_of,
    whole_contracts,
)
from mtf_adapters.bitmart.rest import Exchanged, NoReply, Reply, RestClient
from mtf_adapters.bitmart.wire import OrderAnswer, PlanRow
from mtf_adapters.online.structuring import structured
from mtf_adapters.online.writing import GivenIds, client_id, is_same_number, plain, unanswered
from mtf_core.market import (
    Amendment,
    EntryOrder,
    ExitOrder,
    InvalidOrderError,
    MarginMode,
    OpenOrder,
    OrderKind,
    OrderType,
    PositionMode,
    ProtectiveOrder,
    Side,
    TriggerLevel,
    TriggerPurpose,
    WriteOutcome,
    WriteResult,
)
from mtf_core.ports import ExchangeError, ExchangeUnavailableError, Priority

_SHORTEST_TIMER_S = 5


class BitmartTrading(BitmartAccount):
    """Implements the port `Trading`."""

    def __init__(self, rest: RestClient, account_name: str) -> None:
        super().__init__(rest, account_name)
        self._given = GivenIds()

    async def submit_entry(self, order: EntryOrder) -> WriteOutcome:
        """Needs the exchange's time: without it nobody could tell whether the deadline has passed."""
        body = entry_body(order)
        if not await self._rest.learns_the_time():
            return WriteOutcome(
                WriteResult.NOT_SENT,
                client_order_id=order.client_order_id,
                text="the exchange's time could not be read",
            )
        exchanged = await self._rest.write(
            SUBMIT_ORDER, body, Priority.ENTRY, order.not_after_ms, order.leaves_within_ms
        )
        return self._outcome(SUBMIT_ORDER, exchanged, order.client_order_id)

    async def submit_exit(self, order: ExitOrder) -> WriteOutcome:
        exchanged = await self._rest.write(SUBMIT_ORDER, exit_body(order), Priority.EXIT)
        return self._outcome(SUBMIT_ORDER, exchanged, order.client_order_id)

    async def submit_protection(self, order: ProtectiveOrder) -> WriteOutcome:
        exchanged = await self._rest.write(SUBMIT_PROTECTION, protection_body(order), Priority.EXIT)
        same = {"client_order_id": order.client_order_id}
        return self._outcome(SUBMIT_PROTECTION, exchanged, order.client_order_id, same=same)

    async def amend(self, amendment: Amendment, *, priority: Priority = Priority.EXIT) -> WriteOutcome:
        """An order that waits for a price is read first: the exchange wants all of it said again.

        Raises `InvalidOrderError` for what cannot be amended: the size of one that waits, the trigger of one that does
        not.
        """
        if amendment.purpose is None:
            exchanged = await self._rest.write(MODIFY_LIMIT_ORDER, amended_limit_body(amendment), priority)
            return self._outcome(MODIFY_LIMIT_ORDER, exchanged, same={"order_id": amendment.order_id})
        if amendment.size is not None:
            raise InvalidOrderError(
                f"{amendment.symbol}: the size of an order that waits for a price cannot be amended"
            )
        try:
            row = await self.plan_order(amendment.symbol, amendment.order_id, priority)
        except ExchangeError as error:
            return WriteOutcome(WriteResult.NOT_SENT, text=f"the order could not be read: {error}")
        if row is None:
            return WriteOutcome(WriteResult.NOT_FOUND, text="nothing was sent: no such order waits for a price")
        endpoint, body = amended_plan(amendment, row)
        exchanged = await self._rest.write(endpoint, body, priority)
        return self._outcome(endpoint, exchanged, same={"order_id": amendment.order_id})

    async def cancel(
        self, symbol: str, order_id: str, kind: OrderKind, *, priority: Priority = Priority.EXIT
    ) -> WriteOutcome:
        if not order_id.strip() or not symbol.strip():  # without an id it would mean every order of the symbol
            raise ValueError(f"a cancel names its symbol and its order, found {symbol!r} and {order_id!r}")
        endpoint = CANCEL_PLAN_ORDER if kind is OrderKind.TRIGGER else CANCEL_ORDER
        exchanged = await self._rest.write(endpoint, {"symbol": symbol, "order_id": order_id}, priority)
        return self._outcome(endpoint, exchanged, order_id=order_id)

    async def set_leverage(self, symbol: str, leverage: Decimal, margin_mode: MarginMode) -> WriteOutcome:
        body = {"symbol": symbol, "leverage": plain(leverage), "open_type": margin_mode.value}
        return self._outcome(SET_LEVERAGE, await self._rest.write(SET_LEVERAGE, body, Priority.ENTRY), same=body)

    async def set_position_mode(self, mode: PositionMode) -> WriteOutcome:
        body = {"position_mode": POSITION_MODE_WORDS[mode]}
        try:
            exchanged = await self._rest.write(SET_POSITION_MODE, body, Priority.ENTRY)
        finally:
            self._mode = None  # what was read before it says nothing any more
        return self._outcome(SET_POSITION_MODE, exchanged, same=body)

    async def cancel_all_after(self, symbol: str, seconds: int) -> WriteOutcome:
        """Raises ValueError for a time between 0 and the exchange's shortest, 5 s."""
        if not symbol.strip() or (seconds != 0 and seconds < _SHORTEST_TIMER_S):
            raise ValueError(f"{symbol}: a timer is 0 or at least {_SHORTEST_TIMER_S} s, found {seconds}")
        body = {"symbol": symbol, "timeout": seconds}
        exchanged = await self._rest.write(CANCEL_ALL_AFTER, body, Priority.EXIT)
        return self._outcome(CANCEL_ALL_AFTER, exchanged, same={"result": "true"})

    def _outcome(
        self,
        endpoint: Endpoint,
        exchanged: Exchanged,
        client_order_id: str = "",
        order_id: str = "",
        *,
        same: Mapping[str, str] | None = None,
    ) -> WriteOutcome:
        """`same`: what the answer repeats of the request where it repeats it; else it answers another one."""
        if isinstance(exchanged, NoReply):
            return WriteOutcome(unanswered(exchanged), order_id, client_order_id, text=exchanged.why)
        said, code = self._rest.said(exchanged), exchanged.envelope.code
        is_cancel = endpoint in {CANCEL_ORDER, CANCEL_PLAN_ORDER}
        result = codes.write_result(code, said, exchanged.status, of_cancel=is_cancel)
        if result is WriteResult.ACCEPTED and endpoint in _NAMES_ITS_ORDER:
            named = _named_order(exchanged, endpoint)
            if named is None:  # success without an id proves less than it says
                result, said = WriteResult.UNKNOWN, "accepted, and the answer names no order"
            order_id = named or ""
            if client_order_id and order_id and not self._given.is_its_own(order_id, client_order_id):
                result, said, order_id = WriteResult.UNKNOWN, "accepted, and the answer names an earlier order", ""
        if result is WriteResult.ACCEPTED and (other := _other_than(same or {}, exchanged.envelope.data)):
            result, said, order_id = (
                WriteResult.UNKNOWN,
                f"accepted, and the answer is not to this request: {other}",
                "",
            )
        window_ms = BUCKETS.buckets[endpoint.bucket].window_ms
        return WriteOutcome(
            result,
            order_id=order_id,
            client_order_id=client_order_id,
            code=str(code),
            text=said,
            retry_after_ms=window_ms if result is WriteResult.RATE_LIMITED else 0,
        )


_NAMES_ITS_ORDER = frozenset(
    {SUBMIT_ORDER, SUBMIT_PROTECTION, MODIFY_LIMIT_ORDER, MODIFY_PROTECTION, MODIFY_PLAN_ORDER}
)


def _other_than(same: Mapping[str, str], data: Any) -> str:
    """What an answer says otherwise than the request did; empty where it agrees, or does not say."""
    told = data if isinstance(data, dict) else {}
    for name, asked in same.items():
        answered = str(told.get(name, "")).lower()
        if answered not in {"", "none", "-", asked.lower()} and not is_same_number(answered, asked):
            return f"{name} {answered[:40]} instead of {asked}"
    return ""


def _named_order(reply: Reply, endpoint: Endpoint) -> str | None:
    try:
        return structured(reply.envelope.data, OrderAnswer, endpoint.bucket).order_id
    except ExchangeUnavailableError:
        return None


def entry_body(order: EntryOrder) -> dict[str, Any]:
    """What `submit-order` is told to open a position."""
    mode = {"mode": MAKER_ONLY if order.post_only else MODES[order.time_in_force]}
    is_market = order.order_type is OrderType.MARKET
    return {
        "symbol": order.symbol,
        "client_order_id": client_id(order.client_order_id),
        "side": OPEN_LONG if order.side is Side.LONG else OPEN_SHORT,
        **_type_and_price(order.order_type, order.price),
        **({} if is_market else mode),  # a market order never rests, and takes no mode
        "size": whole_contracts(order.symbol, order.size),
        "leverage": plain(order.leverage),
        "open_type": order.margin_mode.value,
        **_preset("stop_loss", order.stop),
        **_preset("take_profit", order.target),
    }


def exit_body(order: ExitOrder) -> dict[str, Any]:
    """What `submit-order` is told to close: its side code reduces and never opens."""
    mode = {"mode": MAKER_ONLY if order.post_only else MODES[order.time_in_force]}
    return {
        "symbol": order.symbol,
        "client_order_id": client_id(order.client_order_id),
        "side": _closing(order.side),
        **_type_and_price(order.order_type, order.price),
        **({} if order.order_type is OrderType.MARKET else mode),
        "size": whole_contracts(order.symbol, order.size),
    }


def protection_body(order: ProtectiveOrder) -> dict[str, Any]:
    """What `submit-tp-sl-order` is told; its category is always said, for its default has changed (sheet §3.5)."""
    whole = order.size is None
    return {
        "symbol": order.symbol,
        "client_order_id": client_id(order.client_order_id),
        "type": "stop_loss" if order.purpose is TriggerPurpose.STOP else "take_profit",
        "side": _closing(order.side),
        "trigger_price": plain(order.trigger.price),
        "price_type": PRICE_TYPES[order.trigger.by],
        **_execution(order.limit_price),
        "plan_category": 2 if whole else 1,
        **({} if order.size is None else {"size": whole_contracts(order.symbol, order.size)}),
    }


def amended_limit_body(amendment: Amendment) -> dict[str, Any]:
    if amendment.trigger is not None:
        raise InvalidOrderError(f"{amendment.symbol}: an order that does not wait for a price has no trigger to amend")
    if not amendment.order_id.isdigit():
        raise InvalidOrderError(f"{amendment.symbol}: {amendment.order_id!r} is no id of this exchange")
    size = amendment.size
    return {
        "symbol": amendment.symbol,
        "order_id": int(amendment.order_id),
        **({} if amendment.price is None else {"price": plain(amendment.price)}),
        **({} if size is None else {"size": whole_contracts(amendment.symbol, size)}),
    }


def amended_plan(amendment: Amendment, row: PlanRow) -> tuple[Endpoint, dict[str, Any]]:
    """The call for an order that waits for a price, and all that is said again of it."""
    now: OpenOrder = plan_order_of(row)
    trigger = amendment.trigger or now.trigger
    price = now.price if amendment.price is None else amendment.price
    assert trigger is not None  # every row has one
    common = {
        "symbol": amendment.symbol,
        "order_id": amendment.order_id,
        "trigger_price": plain(trigger.price),
        "price_type": PRICE_TYPES[trigger.by],
    }
    if is_protection(row):
        # Said again as it is: left out, a stop of a part could become one of the whole position.
        category = {"plan_category": row.plan_category} if row.plan_category else {}
        return MODIFY_PROTECTION, {**common, **_execution(price), **category}
    kind = "market" if price is None else "limit"
    return MODIFY_PLAN_ORDER, {**common, "type": kind, **({} if price is None else {"executive_price": plain(price)})}


def _execution(limit_price: Decimal | None) -> Mapping[str, str]:
    if limit_price is None:
        return {"executive_price": "0", "category": "market"}
    return {"executive_price": plain(limit_price), "category": "limit"}


def _type_and_price(order_type: OrderType, price: Decimal | None) -> Mapping[str, str]:
    return {"type": order_type.value, **({} if price is None else {"price": plain(price)})}


def _preset(name: str, level: TriggerLevel | None) -> Mapping[str, Any]:
    if level is None:
        return {}
    return {f"preset_{name}_price": plain(level.price), f"preset_{name}_price_type": PRICE_TYPES[level.by]}


def _closing(side: Side) -> int:
    return CLOSE_LONG if side is Side.LONG else CLOSE_SHORT
