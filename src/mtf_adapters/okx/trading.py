"""Orders on OKX: each write leaves at most once, and every answer, or the lack of one, is a `WriteOutcome`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from attrs import evolve

from mtf_adapters.okx import codes
from mtf_adapters.okx.account import OkxAccount
from mtf_adapters.okx.bodies import (
    amended_algo_body,
    amended_order_body,
    entry_body,
    exit_body,
    protection_body,
)
from mtf_adapters.okx.capabilities import LONGEST_TIMER_S, SHORTEST_TIMER_S
from mtf_adapters.okx.endpoints import (
    AMEND_ALGOS,
    AMEND_ORDER,
    CANCEL_ALGOS,
    CANCEL_ALL_AFTER,
    CANCEL_ORDER,
    LEVERAGE_INFO,
    PLACE_ALGO,
    PLACE_ORDER,
    SET_LEVERAGE,
    SET_POSITION_MODE,
    Endpoint,
)
from mtf_adapters.okx.limits import BUCKETS
from mtf_adapters.okx.mapping import POSITION_MODE_WORDS
from mtf_adapters.okx.products import Product
from mtf_adapters.okx.rest import Exchanged, NoReply, Reply, RestClient
from mtf_adapters.okx.wire import LeverageRow, Written
from mtf_adapters.online.fields import order_number
from mtf_adapters.online.structuring import structured
from mtf_adapters.online.writing import GivenIds, is_same_number, plain, unanswered
from mtf_core.market import (
    Amendment,
    EntryOrder,
    ExitOrder,
    InvalidOrderError,
    MarginMode,
    OrderKind,
    PositionMode,
    ProtectiveOrder,
    WriteOutcome,
    WriteResult,
)
from mtf_core.ports import ExchangeError, ExchangeUnavailableError, Priority

_BARRED_BY_ORDERS = frozenset({"59101", "59107", "59112", "59668", "59669"})
"""Codes of a leverage that cannot be set while orders or stops wait on the contract, be it the same (sheet §5)."""
_CANCELS = frozenset({CANCEL_ORDER, CANCEL_ALGOS})
_OF_ALGOS = frozenset({PLACE_ALGO, AMEND_ALGOS, CANCEL_ALGOS})


class OkxTrading(OkxAccount):
    """Implements the port `Trading`."""

    def __init__(self, rest: RestClient, product: Product, account_name: str) -> None:
        super().__init__(rest, product, account_name)
        self._given = GivenIds()

    async def submit_entry(self, order: EntryOrder) -> WriteOutcome:
        """Needs the exchange's time: without it nobody could tell whether the deadline has passed.

        A post-only order that would take is accepted, and shows as cancelled a moment later (sheet §6).
        """
        body = entry_body(order)
        if not await self._rest.learns_the_time():
            return WriteOutcome(
                WriteResult.NOT_SENT,
                client_order_id=order.client_order_id,
                text="the exchange's time could not be read",
            )
        exchanged = await self._rest.write(
            PLACE_ORDER, body, Priority.ENTRY, order.not_after_ms, order.leaves_within_ms
        )
        return self._placed(PLACE_ORDER, exchanged, order.client_order_id)

    async def submit_exit(self, order: ExitOrder) -> WriteOutcome:
        exchanged = await self._rest.write(PLACE_ORDER, exit_body(order), Priority.EXIT)
        return self._placed(PLACE_ORDER, exchanged, order.client_order_id)

    async def submit_protection(self, order: ProtectiveOrder) -> WriteOutcome:
        exchanged = await self._rest.write(PLACE_ALGO, protection_body(order), Priority.EXIT)
        return self._placed(PLACE_ALGO, exchanged, order.client_order_id)

    async def amend(self, amendment: Amendment, *, priority: Priority = Priority.EXIT) -> WriteOutcome:
        """Only what changes is said; raises `InvalidOrderError` for what cannot be amended."""
        if amendment.purpose is None:
            endpoint, body = AMEND_ORDER, amended_order_body(amendment)
        else:
            endpoint, body = AMEND_ALGOS, amended_algo_body(amendment)
        exchanged = await self._rest.write(endpoint, body, priority)
        return self._changed(endpoint, exchanged, amendment.order_id)

    async def cancel(
        self, symbol: str, order_id: str, kind: OrderKind, *, priority: Priority = Priority.EXIT
    ) -> WriteOutcome:
        if not order_id.strip() or not symbol.strip():
            raise ValueError(f"a cancel names its symbol and its order, found {symbol!r} and {order_id!r}")
        if kind is OrderKind.TRIGGER:
            exchanged = await self._rest.write(CANCEL_ALGOS, [{"instId": symbol, "algoId": order_id}], priority)
            return self._changed(CANCEL_ALGOS, exchanged, order_id)
        exchanged = await self._rest.write(CANCEL_ORDER, {"instId": symbol, "ordId": order_id}, priority)
        return self._changed(CANCEL_ORDER, exchanged, order_id)

    async def set_leverage(self, symbol: str, leverage: Decimal, margin_mode: MarginMode) -> WriteOutcome:
        """Of cross positions, the only ones that are declared; raises `InvalidOrderError` for others."""
        if margin_mode is not MarginMode.CROSS:
            raise InvalidOrderError(f"{symbol}: leverage is set for cross margin only, found {margin_mode}")
        body = {"instId": symbol, "lever": plain(leverage), "mgnMode": margin_mode.value}
        outcome = self._setting(SET_LEVERAGE, await self._rest.write(SET_LEVERAGE, body, Priority.ENTRY), body)
        if outcome.code in _BARRED_BY_ORDERS and await self._has_leverage(symbol, leverage):
            return evolve(outcome, result=WriteResult.ALREADY_SO)
        return outcome

    async def _has_leverage(self, symbol: str, leverage: Decimal) -> bool:
        """Whether it is so on every side; not where that cannot be read."""
        asked = {"instId": symbol, "mgnMode": MarginMode.CROSS.value}
        try:
            rows = await self._rest.read(LEVERAGE_INFO, LeverageRow, asked, Priority.ENTRY)
        except ExchangeError:
            return False
        return bool(rows) and all((row.instId, row.lever) == (symbol, leverage) for row in rows)

    async def set_position_mode(self, mode: PositionMode) -> WriteOutcome:
        body = {"posMode": POSITION_MODE_WORDS[mode]}
        try:
            exchanged = await self._rest.write(SET_POSITION_MODE, body, Priority.ENTRY)
        finally:
            self._config = None  # what was read before it says nothing any more
        return self._setting(SET_POSITION_MODE, exchanged, body)

    async def cancel_all_after(self, symbol: str, seconds: int) -> WriteOutcome:
        """The timer is the account's, whatever the symbol. Raises ValueError for a time that OKX does not take."""
        if seconds != 0 and not SHORTEST_TIMER_S <= seconds <= LONGEST_TIMER_S:
            raise ValueError(f"a timer is 0 or {SHORTEST_TIMER_S} to {LONGEST_TIMER_S} s, found {seconds}")
        body = {"timeOut": str(seconds)}
        return self._setting(CANCEL_ALL_AFTER, await self._rest.write(CANCEL_ALL_AFTER, body, Priority.EXIT), {})

    def _placed(self, endpoint: Endpoint, exchanged: Exchanged, client_order_id: str) -> WriteOutcome:
        """A new order. Success that names no order, another's id, or an order that was given out, proves nothing."""
        outcome = self._outcome(endpoint, exchanged, client_order_id=client_order_id)
        if outcome.result is not WriteResult.ACCEPTED or not isinstance(exchanged, Reply):
            return outcome
        row = _row_of(endpoint, exchanged)
        assert row is not None  # it was accepted by its own code
        is_algo = endpoint in _OF_ALGOS
        order_id, answered = (row.algoId, row.algoClOrdId) if is_algo else (row.ordId, row.clOrdId)
        if answered not in {"", client_order_id}:
            return self._doubted(outcome, f"accepted, and the answer is not to this request: {answered[:40]}")
        if not _names_an_order(order_id):
            return self._doubted(outcome, "accepted, and the answer names no order")
        if not self._given.is_its_own(order_id, client_order_id):
            return self._doubted(outcome, "accepted, and the answer names an earlier order")
        return WriteOutcome(outcome.result, order_id, client_order_id, outcome.code, outcome.text)

    def _changed(self, endpoint: Endpoint, exchanged: Exchanged, order_id: str) -> WriteOutcome:
        """An order that is there."""
        outcome = self._outcome(endpoint, exchanged, order_id=order_id)
        if outcome.result is not WriteResult.ACCEPTED or not isinstance(exchanged, Reply):
            return outcome
        row = _row_of(endpoint, exchanged)
        assert row is not None  # it was accepted by its own code
        answered = row.algoId if endpoint in _OF_ALGOS else row.ordId
        if answered not in {"", order_id}:
            return self._doubted(outcome, f"accepted, and the answer is not to this request: {answered[:40]}")
        return outcome

    def _setting(self, endpoint: Endpoint, exchanged: Exchanged, same: Mapping[str, str]) -> WriteOutcome:
        """A setting, whose row has no code of its own; `same` is what it repeats of the request."""
        outcome = self._outcome(endpoint, exchanged, has_rows=False)
        if outcome.result is not WriteResult.ACCEPTED or not isinstance(exchanged, Reply):
            return outcome
        for row in exchanged.envelope.rows:
            other = _other_than(same, row)
            if other:
                return self._doubted(outcome, f"accepted, and the answer is not to this request: {other}")
        return outcome

    def _outcome(
        self,
        endpoint: Endpoint,
        exchanged: Exchanged,
        *,
        client_order_id: str = "",
        order_id: str = "",
        has_rows: bool = True,
    ) -> WriteOutcome:
        """By the code of the one row, else by that of the whole answer."""
        if isinstance(exchanged, NoReply):
            return WriteOutcome(unanswered(exchanged), order_id, client_order_id, text=exchanged.why)
        envelope, said = exchanged.envelope, self._rest.said(exchanged)
        row = _row_of(endpoint, exchanged) if has_rows else None
        code = "" if row is None else row.sCode
        result = codes.write_result(envelope.code, code, exchanged.status, of_cancel=endpoint in _CANCELS)
        if result is WriteResult.ACCEPTED and has_rows and (row is None or not row.sCode):
            result, said = WriteResult.UNKNOWN, "accepted, and the answer says nothing of the order"
        window_ms = BUCKETS.buckets[endpoint.bucket].window_ms
        return WriteOutcome(
            result,
            order_id=order_id,
            client_order_id=client_order_id,
            code=code or envelope.code,
            text=said,
            retry_after_ms=window_ms if result is WriteResult.RATE_LIMITED else 0,
        )

    def _doubted(self, outcome: WriteOutcome, why: str) -> WriteOutcome:
        return WriteOutcome(WriteResult.UNKNOWN, "", outcome.client_order_id, outcome.code, why)


def _row_of(endpoint: Endpoint, reply: Reply) -> Written | None:
    """The one row; None where there is none, more than one, or none that can be read."""
    rows: Sequence[Any] = reply.envelope.rows
    if len(rows) != 1:
        return None
    try:
        return structured(rows[0], Written, endpoint.bucket)
    except ExchangeUnavailableError:
        return None


def _names_an_order(order_id: str) -> bool:
    try:
        return bool(order_number(order_id))
    except ValueError:
        return False


def _other_than(same: Mapping[str, str], row: Any) -> str:
    """What an answer says otherwise than the request did; empty where it agrees, or does not say."""
    told = row if isinstance(row, dict) else {}
    for name, asked in same.items():
        answered = str(told.get(name, "") or "")
        if answered not in {"", asked} and not is_same_number(answered, asked):
            return f"{name} {answered[:40]} instead of {asked}"
    return ""
