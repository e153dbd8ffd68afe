"""Targets, and the stop at break-even: what is wanted of them, and the one write that brings the exchange there.

Targets move only for a reason: what is held has changed, the exchange's order differs from what is wanted, or somebody
asked. One that is partly filled, or near, is left alone.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from mtf_core.market import (
    AmendField,
    Amendment,
    ExitOrder,
    OpenOrder,
    OrderType,
    ProtectiveOrder,
    TimeInForce,
    TriggerLevel,
    TriggerPurpose,
    on_grid_at_or_above,
    on_grid_at_or_below,
)
from mtf_core.orders.actions import Action, Cancellation
from mtf_core.orders.client_ids import Purpose
from mtf_core.orders.intent import WantedTarget
from mtf_core.orders.lifecycle import EventKind
from mtf_core.orders.states import PositionState
from mtf_core.orders.supervision.look import Due, Look

_ZERO = Decimal(0)
_PURPOSES = (Purpose.TARGET, Purpose.SECOND_TARGET)


@frozen
class Part:
    """What one target is to close now."""

    index: int
    price: Decimal
    size: Decimal

    @property
    def purpose(self) -> Purpose:
        return _PURPOSES[self.index]


def parts_of(look: Look) -> tuple[Part, ...]:
    """The targets of what is held: shares on the grid of sizes, the rest to the second, too small ones merged."""
    targets, held = look.intent.targets, look.progress.held
    first_size = _first_size(look, targets)
    sizes = (held,) if first_size is None else (first_size, held - first_size)
    return tuple(
        Part(index, target.price, size)
        for index, (target, size) in enumerate(zip(targets, sizes, strict=False))
        if size
    )


def _first_size(look: Look, targets: tuple[WantedTarget, ...]) -> Decimal | None:
    """What is left for the first of two targets; None: it is for everything."""
    terms, progress = look.intent.terms, look.progress
    may_split = look.rules.trims or look.rules.has_whole_stop
    if len(targets) < 2:
        return None
    if progress.first_target_done:
        return _ZERO
    whole = _first_share(look, targets)
    if whole < terms.min_size or progress.held + progress.gained - whole < terms.min_size or not may_split:
        return None
    left = max(_ZERO, whole - progress.gained)
    return None if _ZERO < progress.held - left < terms.min_size else min(left, progress.held)


def _first_share(look: Look, targets: tuple[WantedTarget, ...]) -> Decimal:
    """Of what is held, and what the first target has closed of it already."""
    base = look.progress.held + look.progress.gained
    return on_grid_at_or_below(base * targets[0].share, look.intent.terms.size_step)


def follow_targets(look: Look) -> None:
    """Whether the first of two targets is done, and with it whether the stop is to stand at break-even."""
    progress, targets = look.progress, look.intent.targets
    if len(targets) < 2 or not progress.gained or not progress.held:
        return
    first = _first_share(look, targets)
    if not progress.first_target_done and first >= look.intent.terms.min_size and progress.gained >= first:
        look.note(first_target_done=True)
    _follow_break_even(look)


def _follow_break_even(look: Look) -> None:
    """Where the mark stands beyond it already the stop stays, and it is tried again."""
    level = break_even(look)
    if level is None or look.mark is None or not look.progress.first_target_done:
        return
    is_tighter = (level - look.intent.stop.price) * look.sign > 0
    if is_tighter and (look.mark - level) * look.sign > 0:
        before, by = look.intent.stop.price, look.intent.stop.by
        look.note(stop=TriggerLevel(level, by))
        look.tell(EventKind.PROTECTION_MOVED, what="stop", before=before, after=level, why="break_even")


def break_even(look: Look) -> Decimal | None:
    """Where the stop closes at no loss, fees included, on the grid's profitable side; None: it is not asked for."""
    progress, contract, terms = look.progress, look.market.contract, look.intent.terms
    if not terms.break_even_after_tp1 or contract is None or progress.average_entry is None or not progress.opened:
        return None
    paid = progress.average_entry * progress.opened * terms.contract_size
    entry_fee = max(_ZERO, progress.entry_fees / paid)
    taker = max(_ZERO, contract.taker_fee)
    if look.sign > 0:
        return on_grid_at_or_above(progress.average_entry * (1 + entry_fee) / (1 - taker), contract.tick_size)
    return on_grid_at_or_below(progress.average_entry * (1 - entry_fee) / (1 + taker), contract.tick_size)


def mend_targets(look: Look) -> Action | None:
    """The one write that is due for the targets of a protected position."""
    if look.intent.position is not PositionState.PROTECTED or look.rules.in_recovery:
        return None
    if look.closable != look.progress.held or not look.closable:
        return None
    parts = parts_of(look)
    stops = {stop.order_id for stop in look.armed()}
    own = [order for order in look.live if _is_target(look, order) and order.order_id not in stops]
    due = look.due(look.progress.sent.targets_ms, look.progress.next_target_ms)
    if due is Due.WAIT:
        return None
    surplus = _surplus(look, parts, own)
    if surplus is not None:
        return _sent(look, due, Cancellation(surplus.symbol, surplus.order_id, surplus.kind), "target_surplus")
    standing = {look.purpose(order): order for order in own}
    if due is Due.NEW and _may_have_fired(look, [part for part in parts if part.purpose not in standing]):
        return None
    for part in parts:
        order = standing.get(part.purpose)
        action = _placed(look, part, due) if order is None else _mended(look, part, order, due)
        if action is not None:
            return action
    if due is Due.NEW and look.progress.target_tries:
        look.note(target_tries=0)
    return None


def _is_target(look: Look, order: OpenOrder) -> bool:
    is_ours = order.side is look.intent.side and look.purpose(order) in _PURPOSES
    return is_ours and order.reduce_only and bool(order.order_id)


def _surplus(look: Look, parts: tuple[Part, ...], own: list[OpenOrder]) -> OpenOrder | None:
    """A target of ours that is not wanted any more, or stands twice; one that is executing is left alone."""
    wanted = {part.purpose for part in parts}
    seen: set[Purpose | None] = set()
    for order in own:
        purpose = look.purpose(order)
        if (purpose not in wanted or purpose in seen) and not order.filled:
            return order
        seen.add(purpose)
    return None


def _mended(look: Look, part: Part, order: OpenOrder, due: Due) -> Action | None:
    """Moved where price or size differ; nothing while it executes, is near, or the entry still fills."""
    stands = order.trigger.price if order.trigger is not None else order.price
    has_size = order.size is None or order.size == part.size
    if (stands == part.price and has_size) or order.filled or _is_near(look, stands):
        return None
    if stands == part.price and look.intent.entry.may_be_alive:
        return None
    before = {"price_before": stands, "size_before": order.size}
    after = {"price_after": part.price, "size_after": part.size}
    needs = _needs(order, stands != part.price, not has_size)
    amends = look.rules.capabilities.amends if order.trigger is None else look.rules.capabilities.amends_protection
    if due is Due.NEW:
        look.tell(EventKind.PROTECTION_MOVED, what=part.purpose.name.lower(), why="differs", **before, **after)
    if not needs <= amends:
        return _sent(look, due, Cancellation(order.symbol, order.order_id, order.kind), "target_differs")
    by = look.intent.wanted.target_trigger if order.trigger is None else order.trigger.by
    amendment = Amendment(
        order.symbol,
        order.order_id,
        price=part.price if AmendField.PRICE in needs else None,
        size=part.size if AmendField.SIZE in needs else None,
        trigger=TriggerLevel(part.price, by) if AmendField.TRIGGER in needs else None,
        purpose=None if order.trigger is None else TriggerPurpose.TARGET,
    )
    return _sent(look, due, amendment, "target_differs")


def _needs(order: OpenOrder, price: bool, size: bool) -> set[AmendField]:
    moves = AmendField.PRICE if order.trigger is None else AmendField.TRIGGER
    return ({moves} if price else set()) | ({AmendField.SIZE} if size else set())


def _is_near(look: Look, price: Decimal | None) -> bool:
    """Whether the price may reach it at any moment."""
    if price is None or look.mark is None:
        return look.mark is None  # where the market could not be read nothing is moved
    return abs(look.mark - price) < look.intent.terms.target_proximity * look.mark


def _may_have_fired(look: Look, missing: list[Part]) -> bool:
    """Whether a target that stood before may be gone because it fired.

    Then a second one would close what is not its own. Executions and position have to agree first, and for longer than
    one of them may lag behind the list of orders.
    """
    if not any(look.progress.target_generations[part.index] for part in missing):
        look.note(target_missing_ms=None)
        return False
    since_ms = look.progress.target_missing_ms
    if since_ms is None:
        since_ms = look.view_ms
        look.note(target_missing_ms=since_ms)
    agree = look.ledger is not None and look.ledger.left == look.position_size
    return not agree or look.view_ms - since_ms < look.rules.settle_ms


def _placed(look: Look, part: Part, due: Due) -> Action | None:
    """A target that is not there."""
    generation = look.progress.target_generations[part.index]
    if look.mark is None:
        return None
    if due is Due.NEW:
        generation += 1
        first, second = look.progress.target_generations
        look.note(target_generations=(generation, second) if part.index == 0 else (first, generation))
    client_id = look.intent.id_of(part.purpose, generation, look.ids)
    is_reached = (look.mark - part.price) * look.sign >= 0
    return _sent(look, due, _order(look, part, client_id, is_reached), "target_missing")


def _order(look: Look, part: Part, client_order_id: str, is_reached: bool) -> ProtectiveOrder | ExitOrder:
    """Waits for its trigger, or rests at its price; where the mark is beyond it already, it takes what there is."""
    intent = look.intent
    rests = intent.terms.target_order is OrderType.LIMIT
    if rests or is_reached:
        return ExitOrder(
            symbol=intent.symbol,
            side=intent.side,
            size=part.size,
            order_type=OrderType.LIMIT if rests else OrderType.MARKET,
            price=part.price if rests else None,
            time_in_force=TimeInForce.GTC if rests else TimeInForce.IOC,
            client_order_id=client_order_id,
        )
    return ProtectiveOrder(
        symbol=intent.symbol,
        side=intent.side,
        purpose=TriggerPurpose.TARGET,
        trigger=TriggerLevel(part.price, intent.wanted.target_trigger),
        size=part.size,
        client_order_id=client_order_id,
    )


def _sent(look: Look, due: Due, write: Cancellation | Amendment | ProtectiveOrder | ExitOrder, why: str) -> Action:
    if due is Due.NEW:
        tries = look.progress.target_tries + 1
        look.sends(targets_ms=look.now_ms)
        look.note(target_tries=tries, next_target_ms=look.now_ms + look.rules.pause_ms(max(0, tries - 2)))
    return Action(write, why, protects=False)
