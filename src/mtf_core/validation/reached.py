"""How far a symbol came: the timeframe that was looked at last."""

from __future__ import annotations

from mtf_core.market import Timeframe
from mtf_core.rules.ruleset import ContextMode, RuleSet
from mtf_core.validation.decision import Decision
from mtf_core.validation.outcome import Outcome
from mtf_core.validation.selection import Step


def last_timeframe(decision: Decision) -> Timeframe | None:
    """From the highest context timeframe down to the execution timeframe that takes the entry, the last one reached.

    A symbol that the context stops ends at the first context timeframe that is invalid, in conflict, on another side
    than those above it, or, where the context is strict, neutral; where none is, at the lowest. One that the context
    lets through ends where the walk over the execution timeframes does.
    """
    if decision.execution_timeframe is not None:
        return decision.execution_timeframe
    rules = decision.batch.compiled.profile.rules
    if decision.context is not None and decision.context.side is None:
        return _stop_in_context(decision, rules)
    walked = [step.timeframe for step in decision.selection if step.step is not Step.NOT_REACHED]
    return walked[-1] if walked else next(iter(rules.execution_timeframes[-1:]), None)


def _stop_in_context(decision: Decision, rules: RuleSet) -> Timeframe | None:
    strict, sides = rules.mode is ContextMode.STRICT, set()
    for timeframe in rules.context_timeframes:
        outcome = decision.outcome(timeframe)
        sides |= {outcome.side} - {None}
        neutral = outcome is Outcome.NEUTRAL
        if outcome in (Outcome.INVALID, Outcome.CONFLICT) or len(sides) > 1 or (neutral and strict):
            return timeframe
    return next(iter(rules.context_timeframes[-1:]), None)
