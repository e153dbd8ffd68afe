"""What executions say of a position: how much of it our attempts opened, and how much of that was closed again.

Executions rarely say whose they are. What our attempts opened is ours by their ids. What closed is ours by its id, or
by its cause (liquidation, ADL, settlement); anything else closes what strangers opened first, as long as there is some.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from attrs import define, field, frozen

from mtf_core.market import ClientIds, Fill, FillCause, OpenOrder
from mtf_core.orders.client_ids import Purpose, read_client_id
from mtf_core.orders.intent import Intent

_ZERO, _AVERAGE_STEP = Decimal(0), Decimal("1e-12")
EXITS = frozenset(Purpose) - {Purpose.ENTRY}


@frozen(kw_only=True)
class Ledger:
    """Sizes in contracts; everything since the intent was committed."""

    opened: Decimal
    closed: Decimal
    gained: Decimal
    """What was closed nearer to the first target than to the average entry."""
    value: Decimal
    """Σ price · size of what was opened."""
    fees: Decimal
    """Of what was opened."""
    by_attempt: Mapping[int, Decimal]
    strangers: Decimal
    """What others opened of our side, and nobody closed."""
    others_ms: int | None
    """When others last opened of our side, or another store closed there; an execution that closes and bears no id that
    tells may be of a stop of ours."""
    first_ms: int | None
    newest_ms: int | None
    """When our attempts' first and newest executions happened."""

    @property
    def left(self) -> Decimal:
        return self.opened - self.closed

    @property
    def average(self) -> Decimal | None:
        return (self.value / self.opened).quantize(_AVERAGE_STEP) if self.opened else None


@define(eq=False)
class _Sums:
    opened: Decimal = _ZERO
    closed: Decimal = _ZERO
    gained: Decimal = _ZERO
    value: Decimal = _ZERO
    fees: Decimal = _ZERO
    strangers: Decimal = _ZERO
    by_attempt: dict[int, Decimal] = field(factory=dict)
    times: list[int] = field(factory=list)
    others: list[int] = field(factory=list)


def purpose_of(intent: Intent, client_order_id: str, ids: ClientIds) -> Purpose | None:
    """What an order of this intent is for, by its client id; None for any other order."""
    made = read_client_id(client_order_id, ids) if client_order_id else None
    is_ours = made is not None and (made.tag, made.counter) == (intent.tag, intent.counter)
    return made.purpose if made is not None and is_ours else None


def ledger_of(intent: Intent, fills: Iterable[Fill], shown: Iterable[OpenOrder], ids: ClientIds) -> Ledger | None:
    """The sums; None where executions that were known before are missing: such a read proves nothing.

    `shown`: orders that tell which client id an execution's order has, where executions do not carry it.
    """
    names = {order.order_id: order.client_order_id for order in shown if order.client_order_id}
    sums, since_ms = _Sums(), min(attempt.created_ms for attempt in intent.attempts())
    for fill in _in_order(intent, fills):
        name = fill.client_order_id or names.get(fill.order_id, "")
        made = read_client_id(name, ids) if name else None
        if fill.opens:
            is_others = _opens(sums, intent, fill, name, names) and (made is None or made.tag != intent.tag)
        else:
            is_ours = fill.cause is not FillCause.ORDER or purpose_of(intent, name, ids) in EXITS
            _closes(sums, intent, fill, is_ours)
            is_others = made is not None and made.tag != intent.tag
        if is_others and fill.time_ms >= since_ms:
            sums.others.append(fill.time_ms)
    progress = intent.progress
    if sums.opened < progress.opened or sums.closed < progress.closed:
        return None
    return Ledger(
        opened=sums.opened,
        closed=sums.closed,
        gained=sums.gained,
        value=sums.value,
        fees=sums.fees,
        by_attempt=sums.by_attempt,
        strangers=sums.strangers,
        others_ms=max(sums.others, default=None),
        first_ms=min(sums.times, default=None),
        newest_ms=max(sums.times, default=None),
    )


def _in_order(intent: Intent, fills: Iterable[Fill]) -> list[Fill]:
    once = {fill.fill_id: fill for fill in fills if fill.symbol == intent.symbol and fill.side is intent.side}
    return sorted(once.values(), key=lambda fill: (fill.time_ms, not fill.opens, fill.fill_id))


def _opens(sums: _Sums, intent: Intent, fill: Fill, name: str, names: Mapping[str, str]) -> bool:
    """Counts what was opened; True where none of our attempts did."""
    for attempt in intent.attempts():
        if name == attempt.client_order_id or (attempt.order_id and fill.order_id == attempt.order_id):
            sums.opened += fill.size
            sums.value += fill.size * fill.price
            sums.fees += fill.fee
            sums.by_attempt[attempt.number] = sums.by_attempt.get(attempt.number, _ZERO) + fill.size
            sums.times.append(fill.time_ms)
            return False
    is_strangers = bool(name or fill.order_id in names or intent.attempt.order_id)
    if is_strangers:
        sums.strangers += fill.size  # else it may be our attempt's, whose order nobody has shown yet
    return is_strangers


def _closes(sums: _Sums, intent: Intent, fill: Fill, is_ours: bool) -> None:
    theirs = _ZERO if is_ours else min(sums.strangers, fill.size)
    ours = min(fill.size - theirs, sums.opened - sums.closed)
    sums.strangers = max(_ZERO, sums.strangers - (fill.size - ours))
    sums.closed += ours
    if ours and _is_gain(intent, fill.price, sums.value / sums.opened):
        sums.gained += ours


def _is_gain(intent: Intent, price: Decimal, average: Decimal) -> bool:
    targets = intent.targets
    return (price - (average + targets[0].price) / 2) * intent.side.sign >= 0
