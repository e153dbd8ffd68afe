"""Which execution timeframe takes the entry: the walk from the highest down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from attrs import frozen

from mtf_core.market import Timeframe
from mtf_core.reasons import Reason
from mtf_core.rules.truth import FALSE, TRUE, Truth
from mtf_core.validation.outcome import Codes, Mask, reason_code

if TYPE_CHECKING:
    from mtf_core.rules.expressions import Test
    from mtf_core.rules.ruleset import RuleSet

NONE_SELECTED = np.int8(-1)


class Step(IntEnum):
    """What the walk did at one timeframe."""

    NOT_REACHED = 0
    SELECTED = 1
    NOT_CANDIDATE = 2
    """It would stay, but the timeframe has not the context's side: on to the next lower one."""
    DROPPED = 3
    """A condition to drop holds and none forbids: on to the next lower one."""
    STOPPED = 4
    """Neither stays nor may drop: nothing is selected."""


@frozen(eq=False)
class SelectorStep:
    """One timeframe's part of the walk; int8 arrays. The truths are 1 true, 0 unknown, −1 false of the whole group."""

    timeframe: Timeframe
    candidate: Mask
    stay: Truth
    drop: Truth
    forbid: Truth
    step: Codes


@frozen(eq=False)
class Selection:
    """Index of the selected timeframe in the order of the walk (−1 none), the reason where none, and the walk."""

    chosen: Codes
    reasons: Codes
    steps: tuple[SelectorStep, ...]


@frozen(eq=False)
class GroupTruths:
    """What the three groups of a selector entry come to: 1 true, 0 unknown, −1 false."""

    stay: Truth
    drop: Truth
    forbid: Truth


TruthOf: TypeAlias = "Callable[[Test, Timeframe], Truth]"
"""Evaluates a selector test for the selector entry of a timeframe."""


def select(
    rules: RuleSet, candidates: Mapping[Timeframe, Mask], truth_of: TruthOf, shape: tuple[int, int]
) -> Selection:
    """The selection among `candidates` (timeframe, highest first → where its outcome is the context's side)."""
    allowed = _with_1m_restriction(rules, candidates, truth_of)
    groups = {
        entry.timeframe: GroupTruths(
            _all(entry.stay_on_if, entry.timeframe, truth_of, shape),
            _any(entry.drop_to_lower_if_any, entry.timeframe, truth_of, shape),
            _any(entry.forbid_drop_to_lower_if_any, entry.timeframe, truth_of, shape),
        )
        for entry in rules.selector or ()
        if entry.timeframe in candidates  # a run may be for one timeframe alone
    }
    return select_by_groups(rules, allowed, groups, shape)


def select_by_groups(
    rules: RuleSet,
    candidates: Mapping[Timeframe, Mask],
    groups: Mapping[Timeframe, GroupTruths],
    shape: tuple[int, int],
) -> Selection:
    """The walk itself, from the groups' truths; a timeframe without an entry stays."""
    if rules.selector is None:
        return _without_selector(rules.execution_timeframe_default, candidates, shape)
    empty = GroupTruths(np.full(shape, TRUE), np.full(shape, FALSE), np.full(shape, FALSE))
    chosen = np.full(shape, NONE_SELECTED)
    walking = np.ones(shape, dtype=np.bool_)
    steps = []
    for index, (timeframe, candidate) in enumerate(candidates.items()):
        group = groups.get(timeframe, empty)
        stays, drops = group.stay == TRUE, (group.drop == TRUE) & (group.forbid == FALSE)
        step = np.select(
            [~walking, stays & candidate, stays, drops],
            [Step.NOT_REACHED, Step.SELECTED, Step.NOT_CANDIDATE, Step.DROPPED],
            default=Step.STOPPED,
        ).astype(np.int8)
        chosen[step == Step.SELECTED] = index
        walking = (step == Step.NOT_CANDIDATE) | (step == Step.DROPPED)
        steps.append(SelectorStep(timeframe, candidate, group.stay, group.drop, group.forbid, step))
    return Selection(chosen, _none_selected(chosen), tuple(steps))


def _without_selector(
    default: Timeframe | None, candidates: Mapping[Timeframe, Mask], shape: tuple[int, int]
) -> Selection:
    """The default timeframe where it is a candidate, else the highest candidate."""
    order = sorted(candidates, key=lambda timeframe: (timeframe is not default, -timeframe.minutes))
    places = {timeframe: index for index, timeframe in enumerate(candidates)}
    chosen = np.full(shape, NONE_SELECTED)
    for timeframe in reversed(order):
        chosen[candidates[timeframe]] = places[timeframe]
    return Selection(chosen, _none_selected(chosen), ())


def _with_1m_restriction(
    rules: RuleSet, candidates: Mapping[Timeframe, Mask], truth_of: TruthOf
) -> dict[Timeframe, Mask]:
    allowed = dict(candidates)
    if rules.allow_1m_only_if_any is not None and Timeframe.M1 in allowed:
        mask = allowed[Timeframe.M1]
        allowed[Timeframe.M1] = mask & (_any(rules.allow_1m_only_if_any, Timeframe.M1, truth_of, mask.shape) == TRUE)
    return allowed


def _none_selected(chosen: Codes) -> Codes:
    none = reason_code(Reason.NO_TIMEFRAME_SELECTED)
    return np.where(chosen == NONE_SELECTED, none, reason_code(None)).astype(np.int8)


def _all(tests: tuple[Test, ...], timeframe: Timeframe, truth_of: TruthOf, shape: tuple[int, ...]) -> Truth:
    """All of them, and true when there are none."""
    truth = np.full(shape, TRUE)
    for test in tests:
        truth = np.minimum(truth, truth_of(test, timeframe))
    return truth


def _any(tests: tuple[Test, ...], timeframe: Timeframe, truth_of: TruthOf, shape: tuple[int, ...]) -> Truth:
    """Any of them, and false when there are none."""
    truth = np.full(shape, FALSE)
    for test in tests:
        truth = np.maximum(truth, truth_of(test, timeframe))
    return truth
