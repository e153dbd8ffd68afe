"""The stop: exactly one that is armed over what is held, read back, of the right size and trigger.

Where it has to be changed: by amendment where the exchange can; else the new one first, and then the old one is
cancelled, so that no stop is ever cancelled while its position is open unless another armed one was read. Until then
both stand, which may close too much only where an exchange neither trims nor refuses such an exit; there a part that
is not covered gets a stop of its own instead.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve, frozen

from mtf_core.market import (
    AmendField,
    Amendment,
    OpenOrder,
    OrderKind,
    ProtectiveOrder,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
    on_grid_at_or_above,
    on_grid_at_or_below,
)
from mtf_core.orders.actions import Action, Cancellation
from mtf_core.orders.client_ids import Purpose
from mtf_core.orders.evidence import StopFault, protection_of
from mtf_core.orders.intent import ExitReason
from mtf_core.orders.lifecycle import AlarmKind, EventKind
from mtf_core.orders.states import PositionCause, PositionState
from mtf_core.orders.supervision.look import Due, Look

_AGAIN_MS = 1_000
"""Between two tries to move a stop that stands all the same."""
_WATCHED = frozenset({PositionState.UNPROTECTED, PositionState.PROTECTED})


@frozen
class Shield:
    """The stops over what is held: the one that counts, what is wrong with it, and what of ours is one too many."""

    kept: OpenOrder | None
    fault: StopFault | None
    surplus: tuple[OpenOrder, ...] = ()


def shield_of(look: Look) -> Shield:
    """From a successful read of the live orders."""
    armed, held = look.armed(), look.progress.held
    if len(armed) <= 1:
        found = protection_of(look.intent.side, held, _level_that_counts(look, armed), armed)
        return Shield(found.stop, found.fault)
    fitting = [stop for stop in armed if _fits(look, stop)]
    if not fitting:
        ours = tuple(stop for stop in armed if look.is_our_stop(stop))
        is_whole = any(_covers_in_parts(look, parts) for parts in (armed, ours) if parts)
        kept = (ours or armed)[0]
        return Shield(kept, None if is_whole else StopFault.SEVERAL, _one_part_too_many(look, ours))
    kept = max(fitting, key=lambda stop: _preference(look, stop))
    surplus = tuple(stop for stop in armed if stop is not kept and look.is_our_stop(stop))
    return Shield(kept, StopFault.SEVERAL if surplus else None, surplus)


def _level_that_counts(look: Look, armed: tuple[OpenOrder, ...]) -> TriggerLevel:
    """What the stop is measured against: where it stood when it was read back, as long as it is to be tightened."""
    seen, wanted = look.progress.stop_seen, look.intent.stop
    if seen is None or not armed or armed[0].trigger != seen:
        return wanted
    is_tightened = (wanted.price - seen.price) * look.sign > 0 and wanted.by is seen.by
    return seen if is_tightened and not _is_worse_than_planned(look, seen) else wanted


def _is_worse_than_planned(look: Look, level: TriggerLevel) -> bool:
    return (look.intent.wanted.stop.price - level.price) * look.sign > 0


def _fits(look: Look, stop: OpenOrder) -> bool:
    level = _level_that_counts(look, (stop,))
    return protection_of(look.intent.side, look.progress.held, level, (stop,)).fault is None


def _preference(look: Look, stop: OpenOrder) -> tuple[bool, Decimal, bool, str]:
    """The one that stands where it is wanted, else the tightest; ours before another's."""
    price = Decimal(0) if stop.trigger is None else stop.trigger.price
    return stop.trigger == look.intent.stop, price * look.sign, look.is_our_stop(stop), stop.order_id


def _covers_in_parts(look: Look, armed: tuple[OpenOrder, ...]) -> bool:
    """Whether every part of what is held has exactly one stop, each of the right trigger."""
    sizes = [stop.size for stop in armed if stop.size is not None]
    wanted = look.intent.stop
    return (
        len(sizes) == len(armed)
        and sum(sizes) == look.progress.held
        and all(protection_of(stop.side, stop.size or Decimal(0), wanted, (stop,)).fault is None for stop in armed)
    )


def _one_part_too_many(look: Look, ours: tuple[OpenOrder, ...]) -> tuple[OpenOrder, ...]:
    """Where our stops over parts are together larger than what is held, and an exit that is too large may be refused:
    the one without which the most stays covered."""
    held = look.progress.held
    sized = [(stop, stop.size) for stop in ours if stop.size is not None]
    total = sum((size for _, size in sized), Decimal(0))
    if look.rules.trims or len(sized) < 2 or total <= held:
        return ()
    return tuple(stop for stop, _ in sorted(sized, key=lambda one: (-min(held, total - one[1]), -one[1]))[:1])


def follow_stop(look: Look) -> None:
    """Whether the position is protected, as the read shows it; nothing follows from a read that shows no position."""
    if look.intent.position not in _WATCHED or not look.progress.held or not look.position_size:
        return
    _follow_grid(look)
    _follow_hands(look)
    covered = _covered(look)
    if covered > look.progress.stop_covered:
        look.note(stop_tries=0)
    look.note(stop_covered=covered)
    shield = shield_of(look)
    if shield.fault is not None:
        if look.intent.position is PositionState.PROTECTED:
            look.move_position(PositionCause.STOP_MISSING, fault=shield.fault)
            look.note(unprotected_since_ms=look.view_ms)
        return
    assert shield.kept is not None
    trigger = shield.kept.trigger
    look.move_position(
        PositionCause.STOP_READ_BACK,
        held=look.progress.held,
        stop=None if trigger is None else trigger.price,
        order_id=shield.kept.order_id,
    )
    look.note(
        unprotected_since_ms=None,
        stop_tries=0,
        stop_order_id=shield.kept.order_id,
        stop_is_foreign=not look.is_our_stop(shield.kept),
        stop_seen=trigger,
    )
    sent_ms = look.progress.sent.stop_ms
    if trigger == look.intent.stop and sent_ms is not None and look.view_ms >= sent_ms:
        look.sends(stop_ms=None)  # what was sent is what was read


def _covered(look: Look) -> Decimal:
    held = look.progress.held
    return min(held, sum((held if stop.size is None else stop.size for stop in look.armed()), Decimal(0)))


def _follow_grid(look: Look) -> None:
    """The contract's grid may be another than the plan's: the stop goes onto it, to the side of the smaller loss."""
    wanted, contract = look.intent.stop, look.market.contract
    if contract is None:
        return
    to_grid = on_grid_at_or_above if look.sign > 0 else on_grid_at_or_below
    price = to_grid(wanted.price, contract.tick_size)
    if price != wanted.price and price > 0:
        look.note(stop=TriggerLevel(price, wanted.by))
        look.tell(EventKind.PROTECTION_MOVED, what="stop", before=wanted.price, after=price, why="grid")


def _follow_hands(look: Look) -> None:
    """A stop that somebody moved: tighter is accepted; looser is restored once, and then accepted with an alarm."""
    armed, seen, wanted = look.armed(), look.progress.stop_seen, look.intent.stop
    trigger = armed[0].trigger if len(armed) == 1 else None
    if trigger is None or trigger in (seen, wanted) or trigger.by is not wanted.by:
        return
    tightened = (trigger.price - wanted.price) * look.sign
    on_its_way = look.due(look.progress.sent.stop_ms) is not Due.NEW
    if tightened > 0 and not on_its_way:
        _accept(look, trigger, "tightened_by_hand")
    elif tightened < 0 and seen is not None and look.progress.stop_restored and not on_its_way:
        _accept(look, trigger, "loosened_by_hand")


def _accept(look: Look, level: TriggerLevel, why: str) -> None:
    look.tell(EventKind.PROTECTION_MOVED, what="stop", before=look.intent.stop.price, after=level.price, why=why)
    look.note(stop=level, stop_seen=level)


def tell_of_stop(look: Look) -> None:
    """Alarms that stand for the protection."""
    progress, intent = look.progress, look.intent
    since_ms = progress.unprotected_since_ms
    within_ms = look.rules.settings.protect_within_sec * 1000
    if since_ms is not None and progress.held and not intent.position.is_over and look.now_ms - since_ms > within_ms:
        look.alarm(
            AlarmKind.UNPROTECTED,
            f"{progress.held:f} contracts have had no confirmed stop for {(look.now_ms - since_ms) // 1000} s",
        )
    if progress.stop_restored and progress.stop is not None and _is_worse_than_planned(look, progress.stop):
        look.alarm(
            AlarmKind.STOP_LOOSENED,
            f"its stop was moved away by hand to {progress.stop.price:f}, again after it was restored; it stays there",
        )


def protect(look: Look) -> Action | None:
    """Arms or mends the stop of a position that is not protected; gives it up after so many tries."""
    if look.intent.position is not PositionState.UNPROTECTED or not look.closable:
        return None
    shield = shield_of(look)
    if shield.fault is None:
        return None
    if shield.surplus:
        return _cancel_surplus(look, shield)
    due = _stop_due(look)
    if due is Due.WAIT:
        return None
    if due is Due.NEW and (look.progress.stop_tries >= look.rules.settings.protect_tries or _is_too_late(look, shield)):
        look.leaves_because(ExitReason.NOT_PROTECTED)
        look.move_position(PositionCause.CANNOT_PROTECT, fault=shield.fault, tries=look.progress.stop_tries)
        return None
    if due is Due.NEW:
        restores = shield.fault is StopFault.LOOSER and look.progress.stop_seen is not None
        look.note(stop_tries=look.progress.stop_tries + 1, stop_restored=look.progress.stop_restored or restores)
    return _mend(look, shield.kept, _level_to_restore(look, shield), due, f"stop_{shield.fault.value}")


def move_stop(look: Look) -> Action | None:
    """Moves a stop that protects to where it is wanted, such as break-even. Where that fails the old one stays."""
    if look.intent.position is not PositionState.PROTECTED or not look.closable:
        return None
    shield = shield_of(look)
    if shield.kept is None or shield.kept.trigger in (None, look.intent.stop) or len(look.armed()) > 1:
        return None
    if look.fires_at_once(look.intent.stop) is not False:
        return None
    due = look.due(look.progress.sent.stop_ms, look.progress.next_stop_ms)
    if due is Due.WAIT:
        return None
    if due is Due.NEW:
        look.note(next_stop_ms=look.now_ms + _AGAIN_MS)
    return _mend(look, shield.kept, look.intent.stop, due, "stop_moves")


def _stop_due(look: Look) -> Due:
    """An order that the exchange says it has, and does not show, is waited for longer than one of unknown outcome.

    Once it is shown nothing is on its way: what filled since is covered at once.
    """
    progress = look.progress
    is_hidden = progress.stop_accepted and all(stop.order_id != progress.stop_order_id for stop in look.armed())
    wait_ms = look.rules.settings.protect_within_sec * 1000 if is_hidden else look.rules.settle_ms
    return look.due(progress.sent.stop_ms, progress.next_stop_ms, max(wait_ms, look.rules.settle_ms))


def _is_too_late(look: Look, shield: Shield) -> bool:
    """Whether the price is where the stop would fire: what is left is closed, for no exchange takes such a stop.

    Where ours has fired already, and the book is beyond it too, or what it left was tried to be protected once in vain,
    the price is not waited for: a mark may be told late.
    """
    if shield.kept is not None:
        return False
    progress, stop = look.progress, look.intent.stop
    is_left_over = bool(progress.fired_order_id) and not progress.stop_order_id
    if is_left_over and (progress.stop_tries > 0 or look.fires_at_once(evolve(stop, by=TriggerPrice.LAST))):
        return True
    return bool(look.fires_at_once(stop))


def _cancel_surplus(look: Look, shield: Shield) -> Action | None:
    """One of several stops goes, while the one that counts was read as armed in this same view."""
    due = look.due(look.progress.sent.tidy_ms)
    if due is Due.WAIT or look.rules.in_recovery:
        return None
    if due is Due.NEW:
        look.sends(tidy_ms=look.now_ms)
    one = shield.surplus[0]
    return Action(Cancellation(one.symbol, one.order_id, OrderKind.TRIGGER), "stop_surplus", protects=False)


def _level_to_restore(look: Look, shield: Shield) -> TriggerLevel:
    """Where only the size is wrong, the level stays: moving it is no part of protecting, and may be refused."""
    kept = shield.kept
    if shield.fault is StopFault.WRONG_SIZE and kept is not None and kept.trigger is not None:
        level = _level_that_counts(look, (kept,))
        if protection_of(look.intent.side, kept.size or look.progress.held, level, (kept,)).fault is None:
            return kept.trigger
    return look.intent.stop


def _mend(look: Look, kept: OpenOrder | None, wanted: TriggerLevel, due: Due, why: str) -> Action | None:
    """One amendment, or one new stop; whichever it was before where the same is decided again."""
    held = look.progress.held
    amendment = None if kept is None or not look.is_our_stop(kept) else _amendment(look, kept, wanted)
    if amendment is not None:
        if due is Due.NEW:
            look.sends(stop_ms=look.now_ms)
            look.note(stop_accepted=False)
        return Action(amendment, why, protects=True)
    size = _size_of_new(look, kept, wanted)
    if look.rules.capabilities.position_protection is None:
        return None
    if due is Due.NEW:
        look.sends(stop_ms=look.now_ms)
        look.note(
            stop_generation=look.progress.stop_generation + 1,
            stop_accepted=False,
            replaced_stop_id=kept.order_id if kept is not None and look.is_our_stop(kept) else "",
        )
    order = ProtectiveOrder(
        symbol=look.intent.symbol,
        side=look.intent.side,
        purpose=TriggerPurpose.STOP,
        trigger=wanted,
        size=None if size is None else min(size, held),
        client_order_id=look.intent.id_of(Purpose.STOP, look.progress.stop_generation, look.ids),
    )
    return Action(order, why, protects=True)


def _amendment(look: Look, kept: OpenOrder, wanted: TriggerLevel) -> Amendment | None:
    """What would make it the stop that is wanted; None where the exchange cannot amend that, or nothing differs."""
    size = look.progress.held if kept.size not in (None, look.progress.held) else None
    level = wanted if kept.trigger != wanted else None
    needs = ({AmendField.SIZE} if size is not None else set()) | ({AmendField.TRIGGER} if level is not None else set())
    if not needs or not needs <= look.rules.capabilities.amends_protection or not kept.order_id:
        return None
    return Amendment(look.intent.symbol, kept.order_id, size=size, trigger=level, purpose=TriggerPurpose.STOP)


def _size_of_new(look: Look, kept: OpenOrder | None, wanted: TriggerLevel) -> Decimal | None:
    """None: the whole position. A part, where another stop already covers the rest and two may not overlap; and all
    that is ours by its size, where one of the whole position stands that is not ours to move, and bars a second one."""
    held = look.progress.held
    is_all_ours = look.position_size == held
    counts = [stop for stop in look.armed() if stop.trigger == wanted and (stop is kept or look.is_our_stop(stop))]
    covered = sum((stop.size for stop in counts if stop.size is not None), Decimal(0))
    is_part_missing = kept is not None and kept.size is not None and kept.trigger == wanted and covered < held
    if is_part_missing and not look.rules.trims:
        return held - covered
    is_barred = look.rules.one_whole_at_a_time and any(stop.size is None for stop in look.armed())
    return None if look.rules.has_whole_stop and is_all_ours and not is_barred else held
