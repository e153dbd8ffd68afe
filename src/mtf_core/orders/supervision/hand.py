"""What an operator asked for: checked against what was read, carried out by the same parts as everything else."""

from __future__ import annotations

from decimal import Decimal, DecimalException

from mtf_core.market import TriggerLevel
from mtf_core.orders.asked import Asked, AskedKind
from mtf_core.orders.intent import ExitReason, WantedTarget
from mtf_core.orders.lifecycle import EventKind
from mtf_core.orders.states import EntryCause, EntryState, PositionCause, PositionState
from mtf_core.orders.supervision.gone import follow_position
from mtf_core.orders.supervision.look import Look, is_beyond
from mtf_core.orders.trade import Booking, trade_booked_by_hand

OPERATOR = "operator"
_OPEN = frozenset({PositionState.UNPROTECTED, PositionState.PROTECTED, PositionState.EXITING})


class _NoError(ValueError):
    """The request is refused; the message is for the operator."""


def follow_hands(look: Look) -> None:
    """Carries out what was asked, in its order, each whole or not at all; a close is answered once all is over."""
    for asked in look.asked:
        if _is_of_another(look, asked):
            look.answer(
                asked, "nothing was done: what it was asked of is over, and this entry came after it; ask again"
            )
            continue
        if _has_lapsed(look, asked):
            _lapse(look, asked)
            continue
        intent, told = look.intent, len(look.events)
        try:
            outcome = _CARRIED_OUT[asked.kind](look, asked)
        except _NoError as refused:
            outcome = f"refused: {refused}"
            look.intent = intent
            del look.events[told:]
        if outcome:
            look.answer(asked, outcome)


def answer_closes(look: Look) -> None:
    """What was to be closed is over: the operator hears of it."""
    answered = {answer.number for answer in look.answers}
    if look.intent.position.is_over and look.intent.entry.is_final:
        for asked in look.asked:
            if asked.kind is AskedKind.CLOSE and asked.number not in answered:
                look.answer(asked, "done: nothing of it is open any more")


def _is_of_another(look: Look, asked: Asked) -> bool:
    """Whether it was asked before this intent began: then it was meant for the symbol's intent before."""
    began_ms = next(look.intent.attempts()).created_ms
    return asked.asked_ms is not None and asked.asked_ms < began_ms - look.rules.settings.clock_skew_ms


def _has_lapsed(look: Look, asked: Asked) -> bool:
    """Whether it was asked so long ago that it would surprise, and nothing of it was begun."""
    life_ms = look.rules.settings.operator_request_life_sec * 1000
    if asked.asked_ms is None or look.now_ms - asked.asked_ms <= life_ms:
        return False
    is_begun = look.intent.position is PositionState.CLOSING or look.progress.cancel_reason == OPERATOR
    return not (asked.kind is AskedKind.CLOSE and is_begun)


def _lapse(look: Look, asked: Asked) -> None:
    life_sec, ago_ms = look.rules.settings.operator_request_life_sec, look.now_ms - (asked.asked_ms or 0)
    look.answer(
        asked,
        f"lapsed: it was asked {ago_ms // 1000} s ago, and nobody could begin with it within {life_sec} s; nothing was "
        "done; ask again",
    )


def _close(look: Look, asked: Asked) -> str:
    if look.intent.position is PositionState.STALE or look.intent.entry is EntryState.EVIDENCE_LOST:
        raise _NoError(
            "what was read does not explain what is open; close it at the exchange, then `mtf position book`"
        )
    look.end_entry_because = OPERATOR
    if look.intent.position in _OPEN and look.view.account is not None:
        look.leaves_because(ExitReason.HAND)
        look.tell(EventKind.HAND, asked="close", actor=asked.actor)
        look.move_position(PositionCause.CLOSE_ASKED, why=OPERATOR)
    return ""


def _protect(look: Look, asked: Asked) -> str:
    done = []
    if "stop" in asked.values:
        done.append(_move_stop(look, asked))
    if "target" in asked.values:
        price = _number(asked, "target")
        first, *rest = look.intent.targets
        _set_targets(look, asked, (WantedTarget(price, first.share), *rest))
        done.append(f"the target goes to {price:f}")
    if not done:
        raise _NoError("it names neither a stop nor a target")
    return "; ".join(done)


def _targets(look: Look, asked: Asked) -> str:
    prices, shares = _numbers(asked, "prices"), _numbers(asked, "shares")
    if not 1 <= len(prices) <= 2 or len(prices) != len(shares):
        raise _NoError("one or two targets, each with its share")
    if any(share <= 0 for share in shares) or sum(shares) != 1:
        raise _NoError("shares are above 0 and add up to 1")
    moved = [_move_stop(look, asked)] if "stop" in asked.values else []
    _set_targets(look, asked, tuple(map(WantedTarget, prices, shares)))
    return "; ".join([*moved, "targets go to " + ", ".join(f"{price:f}" for price in prices)])


def _set_targets(look: Look, asked: Asked, targets: tuple[WantedTarget, ...]) -> None:
    if look.intent.position.is_over or not look.progress.held:
        raise _NoError("there is no position")
    prices, tick = [target.price for target in targets], look.intent.terms.tick_size
    if any(price <= 0 or price % tick for price in prices):
        raise _NoError(f"prices are multiples of {tick:f}")
    if any((price - look.intent.stop.price) * look.sign <= 0 for price in prices):
        raise _NoError("a target lies on the winning side of the stop")
    if prices != sorted(prices, reverse=look.sign < 0):
        raise _NoError("the nearer target comes first")
    before = look.intent.targets
    if targets != before:
        look.note(targets=targets, next_target_ms=0)
        look.tell(
            EventKind.PROTECTION_MOVED,
            what="targets",
            before=" ".join(f"{one.price:f}" for one in before),
            after=" ".join(f"{price:f}" for price in prices),
            why=OPERATOR,
            actor=asked.actor,
        )


def _move_stop(look: Look, asked: Asked) -> str:
    price, stop, tick = _number(asked, "stop"), look.intent.stop, look.intent.terms.tick_size
    if look.intent.position.is_over or not look.progress.held:
        raise _NoError("there is no position")
    if price <= 0 or price % tick:
        raise _NoError(f"prices are multiples of {tick:f}")
    if look.mark is None:
        raise _NoError("the market could not be read; ask again")
    if is_beyond(look.mark, price, look.intent.side):
        raise _NoError(f"the mark price {look.mark:f} is beyond a stop at {price:f}: it would fire at once")
    if (price - stop.price) * look.sign < 0 and asked.values.get("looser") != "yes":
        raise _NoError(f"a stop at {price:f} is farther away than {stop.price:f}: say that it may be looser")
    if price != stop.price:
        look.note(stop=TriggerLevel(price, stop.by), next_stop_ms=0)
        look.tell(
            EventKind.PROTECTION_MOVED, what="stop", before=stop.price, after=price, why=OPERATOR, actor=asked.actor
        )
    return f"the stop goes to {price:f}"


def _book(look: Look, asked: Asked) -> str:
    """A close that no read shows. Executions that explain the position come first: then there is nothing to book."""
    is_lost = look.intent.entry is EntryState.EVIDENCE_LOST
    is_stale = look.intent.position is PositionState.STALE
    if not is_lost and not is_stale:
        raise _NoError("executions explain this position; there is nothing to book")
    was_open = not is_stale and not look.intent.position.is_over
    if was_open and not look.is_flat:
        raise _NoError("its position is open; close it at the exchange first")
    booking = Booking(
        _number(asked, "price"),
        _number(asked, "size"),
        _number(asked, "profit"),
        _number(asked, "fees"),
        asked.values.get("reason", ""),
    )
    if was_open and booking.size:
        raise _NoError("executions tell what became of its position, and only its entry is not known: book --size 0")
    look.tell(EventKind.HAND, asked="book", actor=asked.actor, **dict(asked.values))
    if is_lost:
        look.move_entry(EntryCause.OPERATOR)
    if not is_stale and not booking.size:
        follow_position(look)  # one that executions explain is over as well now
        return "done: the entry counts as over"
    look.leaves_because(ExitReason.HAND)
    fills = () if look.view.fills is None else look.view.fills.value
    flows = () if look.view.flows is None else look.view.flows.value
    trade = trade_booked_by_hand(look.intent, fills, flows, booking, look.view_ms)
    if not is_stale:  # no read ever showed its position, so no state of it changes: the trade is told all the same
        look.tell(EventKind.CLOSED, **trade.details())
        return "done: booked as you told it"
    look.move_position(PositionCause.OPERATOR, **trade.details())
    look.note(held=Decimal(0), unprotected_since_ms=None, fired_since_ms=None)
    return "done: booked as you told it"


_CARRIED_OUT = {
    AskedKind.CLOSE: _close,
    AskedKind.PROTECT: _protect,
    AskedKind.TARGETS: _targets,
    AskedKind.BOOK: _book,
}


def _number(asked: Asked, name: str) -> Decimal:
    return _read(name, asked.values.get(name, ""))


def _numbers(asked: Asked, name: str) -> tuple[Decimal, ...]:
    return tuple(_read(name, text) for text in asked.values.get(name, "").split(",") if text.strip())


def _read(name: str, text: str) -> Decimal:
    try:
        value = Decimal(text.strip())
    except DecimalException:
        value = Decimal("NaN")
    if not value.is_finite():
        raise _NoError(f"{name} {text!r} is no number")
    return value
