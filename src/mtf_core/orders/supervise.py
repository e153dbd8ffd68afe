"""The supervisor's judgement: one look at one intent, from what was read to the one write that is due.

Level-triggered and pure: whoever looks again at the same view decides the same, under the same ids, and whoever looks
later decides from what came of it. What could not be read proves nothing, and nothing is ever less for it.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import localcontext

from mtf_core.market import ArmsAt
from mtf_core.orders.actions import Action, Supervised
from mtf_core.orders.asked import Asked
from mtf_core.orders.intent import Intent
from mtf_core.orders.states import EntryState, PositionState
from mtf_core.orders.supervision.answers import after_write
from mtf_core.orders.supervision.entry import (
    EXIT_FILLED,
    cancel_entry,
    cancel_what_was_believed_over,
    deadline_ms,
    follow_entry,
    rest_must_end,
    tell_of_entry,
    touch_zone,
    why_end,
)
from mtf_core.orders.supervision.exits import close, follow_exits, tell_of_close
from mtf_core.orders.supervision.filling import follow_fills, follow_market
from mtf_core.orders.supervision.gone import end_position, follow_position, tell_of_position, tidy
from mtf_core.orders.supervision.hand import answer_closes, follow_hands
from mtf_core.orders.supervision.look import Look
from mtf_core.orders.supervision.protection import follow_stop, move_stop, protect, tell_of_stop
from mtf_core.orders.supervision.reads import reads_wanted
from mtf_core.orders.supervision.rules import Rules
from mtf_core.orders.supervision.targets import follow_targets, mend_targets
from mtf_core.orders.supervision.zone_end import cancel_for_zone_end, try_further
from mtf_core.orders.view import MarketNow, View
from mtf_core.planning.exact import PLAN_CONTEXT

__all__ = ["Rules", "after_write", "reads_wanted", "supervise"]

_UNRESOLVED = frozenset({EntryState.SUBMITTING, EntryState.UNKNOWN, EntryState.CANCELLING})
_RESTLESS = frozenset({PositionState.UNPROTECTED, PositionState.EXITING, PositionState.CLOSING})
_PATIENCE = 4
"""A pause is this part of the time for which looks have led nowhere."""


def supervise(
    intent: Intent, view: View, market: MarketNow, rules: Rules, asked: tuple[Asked, ...], now_ms: int
) -> Supervised:
    """How the intent is to stand, what happened, and the one write that is due.

    `now_ms` is the exchange's time. Raises nothing for whatever was read; `ClientIdError` where the exchange's ids have
    no room for ours, which is found out before any intent is made.
    """
    with localcontext(PLAN_CONTEXT):
        look = Look(intent, view, market, rules, asked, now_ms)
        action = _looked(look) if view.account is not None else None
        for tell in (tell_of_entry, tell_of_position, tell_of_stop, tell_of_close):
            tell(look)
        look.note(alarmed=frozenset(kind.value for kind in look.alarms))
        return Supervised(
            intent=look.intent,
            action=action,
            events=tuple(look.events),
            alarms=tuple(look.alarms.values()),
            answers=tuple(look.answers),
            switch_off=look.switch_off,
            look_again_ms=_look_again_ms(look),
        )


def _looked(look: Look) -> Action | None:
    """The states first, as the reads prove them; then the most urgent write; then the end, where there is none."""
    follow_entry(look)
    touch_zone(look)
    follow_fills(look)
    follow_market(look)
    follow_position(look)
    follow_exits(look)
    follow_targets(look)
    follow_stop(look)
    follow_hands(look)
    action = next(filter(None, (act(look) for act in _ACTS)), None)
    if action is None:
        end_position(look)
    answer_closes(look)
    return action


def _end_rest(look: Look) -> Action | None:
    """Any exit fill ends what of the entry still rests."""
    return cancel_entry(look, EXIT_FILLED) if rest_must_end(look) else None


def _end_entry(look: Look) -> Action | None:
    """Its deadline, the zone, a switch, or an operator."""
    why = why_end(look) if look.intent.entry.may_be_alive else ""
    return cancel_entry(look, why) if why else cancel_what_was_believed_over(look)


_ACTS: tuple[Callable[[Look], Action | None], ...] = (
    protect,
    close,
    _end_rest,
    _end_entry,
    move_stop,
    mend_targets,
    cancel_for_zone_end,
    try_further,
    tidy,
)
"""What may be done, the most urgent first: each says its write, or that it has none."""


def _look_again_ms(look: Look) -> int:
    """When the next look is due: soon where something is on its way or not protected, and at the next deadline."""
    intent, progress = look.intent, look.progress
    late_ms = look.rules.settings.look_sec * 1000
    may_be_bare = intent.entry in {EntryState.RESTING, *_UNRESOLVED} and not _is_covered_at_once(look)
    is_bare = intent.position in _RESTLESS or progress.unprotected_since_ms is not None
    if may_be_bare or is_bare or look.view.account is None:
        return min([look.rules.soon_ms, *_until_alarm_ms(look)])
    return min([late_ms, *_patience_ms(look), *_deadlines_ms(look)])


def _until_alarm_ms(look: Look) -> list[int]:
    """What has had no stop for too long is told at its time, and not a look later."""
    since_ms = look.progress.unprotected_since_ms
    if since_ms is None:
        return []
    left_ms = since_ms + look.rules.settings.protect_within_sec * 1000 - look.now_ms
    return [left_ms + 1] if left_ms >= 0 else []


def _deadlines_ms(look: Look) -> list[int]:
    """Until what has a time of its own. What is past was tried at its time: looks at each instant do not help it."""
    intent, first_fill_ms = look.intent, look.progress.first_fill_ms
    at_ms = []
    if intent.entry is EntryState.RESTING:
        at_ms.append(deadline_ms(look))
    if intent.terms.hard_time_stop_ms is not None and first_fill_ms is not None:
        at_ms.append(first_fill_ms + intent.terms.hard_time_stop_ms)
    return [max(look.rules.settle_ms, ms - look.now_ms) for ms in at_ms if ms > look.now_ms]


def _patience_ms(look: Look) -> list[int]:
    """How long to wait for what does not add up: soon at first, and longer the longer looks have led nowhere."""
    intent, progress = look.intent, look.progress
    since = [progress.flat_seen_ms, progress.less_since_ms]
    if intent.entry in {EntryState.SUBMITTING, EntryState.UNKNOWN}:
        since.append(intent.attempt.not_after_ms)
    elif intent.entry is EntryState.CANCELLING:
        since.append(progress.next_cancel_ms)
    return [max(look.rules.soon_ms, (look.now_ms - ms) // _PATIENCE) for ms in since if ms is not None]


def _is_covered_at_once(look: Look) -> bool:
    """Whether the stop travels in the entry and stands with its first fill."""
    from_venue = look.rules.capabilities.entry_protection
    return look.intent.attempt.carries_stop and from_venue is not None and from_venue.arms_at is ArmsAt.FIRST_FILL
