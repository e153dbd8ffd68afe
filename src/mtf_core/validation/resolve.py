"""From timeframe verdicts to one decision per cell: context, execution selection, final reason."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from attrs import evolve, frozen

from mtf_core.features.carrying import Indices
from mtf_core.features.table import Tables
from mtf_core.market import Timeframe
from mtf_core.market.candles import Floats
from mtf_core.reasons import Reason
from mtf_core.rules.axis import InstantAxis
from mtf_core.rules.evaluate import Evaluator
from mtf_core.rules.expressions import Test
from mtf_core.rules.truth import Truth
from mtf_core.validation.causes import final_reasons
from mtf_core.validation.compiled_profile import CompiledProfile
from mtf_core.validation.context import ContextVerdicts, resolve_context
from mtf_core.validation.metrics import metric_names, metrics
from mtf_core.validation.outcome import Codes, Mask, Outcome, reason_code
from mtf_core.validation.selection import NONE_SELECTED, Selection, select

NOT_ALLOWED = reason_code(Reason.EXECUTION_TF_NOT_ALLOWED_BY_TRADE_ENTRY)


@frozen
class DecideOptions:
    """What a request may ask of validation."""

    skip_context: bool = False
    """The side is left to the execution timeframe."""
    current_tf: Timeframe | None = None
    """Only this execution timeframe may take the entry; context timeframes are evaluated all the same."""


@frozen(eq=False)
class Resolution:
    """The decisions of all cells. `sides` are outcome codes (0 none), `chosen` indexes `execution` (−1 none).

    `reasons` is 0 exactly where the decision is READY.
    """

    execution: tuple[Timeframe, ...]
    context: ContextVerdicts | None
    selection: Selection
    sides: Codes
    chosen: Codes
    reasons: Codes


def resolve(
    compiled: CompiledProfile,
    tables: Tables,
    outcomes: Mapping[Timeframe, Codes],
    reasons: Mapping[Timeframe, Codes],
    instants_ms: Indices,
    options: DecideOptions,
    spread_bps: Floats | None = None,
) -> Resolution:
    """Context and selection at every instant, from the outcomes that were visible then and their reasons: int8
    (n_symbols, n_instants) per timeframe."""
    found = _resolved(compiled, tables, outcomes, instants_ms, options, spread_bps)
    context = () if found.context is None else compiled.profile.rules.context_timeframes
    return evolve(found, reasons=final_reasons(found.reasons, reasons, context, found.execution))


def _resolved(
    compiled: CompiledProfile,
    tables: Tables,
    outcomes: Mapping[Timeframe, Codes],
    instants_ms: Indices,
    options: DecideOptions,
    spread_bps: Floats | None = None,
) -> Resolution:
    """`resolve` without what stands behind its reasons."""
    rules = compiled.profile.rules
    shape = next(iter(outcomes.values())).shape
    context = None
    if not options.skip_context:
        seen = [outcomes[timeframe] for timeframe in rules.context_timeframes]
        context = resolve_context(rules.mode, seen, shape)
    execution = tuple(tf for tf in rules.execution_timeframes if options.current_tf in (None, tf))
    wanted = {timeframe: _wanted(outcomes[timeframe], context) for timeframe in execution}
    candidates: dict[Timeframe, Mask] = {timeframe: sides > 0 for timeframe, sides in wanted.items()}
    truths = _SelectorTruths(compiled, tables, instants_ms, wanted, context, spread_bps)
    selection = select(rules, candidates, truths.of, shape)
    return _final(compiled, execution, wanted, context, selection)


@frozen(eq=False)
class JudgedOver:
    """The decisions of one symbol at many instants; arrays of shape (n_instants,), coded as in `Resolution`."""

    execution: tuple[Timeframe, ...]
    sides: Codes
    chosen: Codes
    reasons: Codes


def resolve_instants(
    compiled: CompiledProfile,
    tables: Tables,
    outcomes: Mapping[Timeframe, Codes],
    of_timeframes: Mapping[Timeframe, Codes],
    instants_ms: Indices,
    options: DecideOptions,
    spread_bps: Floats | None = None,
) -> JudgedOver:
    """`resolve` for one symbol at many instants: looked up where the timeframes' outcomes alone decide.

    That is everywhere if no test of the selector is asked; else where no execution timeframe has the wanted side.
    `of_timeframes` are the reasons that go with the outcomes.
    """
    timeframes = tuple(outcomes)
    combination = np.zeros(len(instants_ms), dtype=np.int16)
    for timeframe in timeframes:
        combination *= np.int16(len(Outcome))
        combination += outcomes[timeframe][0]
    table = _of_all_combinations(compiled, timeframes, options)
    sides, chosen, reasons = (codes[0].take(combination) for codes in (table.sides, table.chosen, table.reasons))
    if _asks(compiled):
        reached = np.flatnonzero(chosen != NONE_SELECTED)
        if len(reached):
            seen = {timeframe: codes[:, reached] for timeframe, codes in outcomes.items()}
            spread = None if spread_bps is None else spread_bps[:, reached]
            asked = _resolved(compiled, tables, seen, instants_ms[reached], options, spread)
            sides[reached], chosen[reached], reasons[reached] = asked.sides[0], asked.chosen[0], asked.reasons[0]
    context = () if options.skip_context else compiled.profile.rules.context_timeframes
    behind = {timeframe: codes[0] for timeframe, codes in of_timeframes.items()}
    return JudgedOver(table.execution, sides, chosen, final_reasons(reasons, behind, context, table.execution))


def _asks(compiled: CompiledProfile) -> bool:
    """Whether the selector, or the restriction on 1m, has a test."""
    rules = compiled.profile.rules
    return any(rules.selector_tests_on(timeframe) for timeframe in rules.execution_timeframes)


@lru_cache(maxsize=64)
def _of_all_combinations(
    compiled: CompiledProfile, timeframes: tuple[Timeframe, ...], options: DecideOptions
) -> Resolution:
    """The resolution of every combination of outcomes, in the order of their numbers to the base of all outcomes.

    Where the selector has tests it is left out: something is chosen wherever there is a choice.
    """
    grid = np.indices((len(Outcome),) * len(timeframes), dtype=np.int8).reshape(len(timeframes), 1, -1)
    outcomes = dict(zip(timeframes, grid, strict=True))
    if _asks(compiled):
        rules = evolve(compiled.profile.rules, selector=None, allow_1m_only_if_any=None)
        compiled = evolve(compiled, profile=evolve(compiled.profile, rules=rules))
    return _resolved(compiled, {}, outcomes, np.zeros(0, np.int64), options)


def _wanted(outcomes: Codes, context: ContextVerdicts | None) -> Codes:
    """Side code where a timeframe could take the entry: its side, if that is the context's; else 0."""
    has_side = (outcomes == Outcome.LONG) | (outcomes == Outcome.SHORT)
    agrees = has_side if context is None else has_side & (outcomes == context.sides)
    return np.where(agrees, outcomes, np.int8(0)).astype(np.int8)


def _final(
    compiled: CompiledProfile,
    execution: tuple[Timeframe, ...],
    wanted: Mapping[Timeframe, Codes],
    context: ContextVerdicts | None,
    selection: Selection,
) -> Resolution:
    allowed = compiled.profile.trade_entry.decision.allowed_execution_timeframes
    sides = np.zeros_like(selection.chosen)
    reasons = selection.reasons
    for index, timeframe in enumerate(execution):
        here = selection.chosen == index
        sides = np.where(here, wanted[timeframe], sides)
        if allowed and timeframe not in allowed:
            reasons = np.where(here, NOT_ALLOWED, reasons)
    if context is not None:
        reasons = np.where(context.reasons > 0, context.reasons, reasons)
        sides = np.where(context.reasons > 0, np.int8(0), np.where(sides > 0, sides, context.sides))
    chosen = np.where(reasons == NOT_ALLOWED, selection.chosen, np.where(reasons > 0, NONE_SELECTED, selection.chosen))
    return Resolution(execution, context, selection, sides.astype(np.int8), chosen, reasons.astype(np.int8))


class _SelectorTruths:
    """Evaluates selector tests at the instants, each entry on its own timeframe, with that entry's metrics."""

    def __init__(
        self,
        compiled: CompiledProfile,
        tables: Tables,
        instants_ms: Indices,
        wanted: Mapping[Timeframe, Codes],
        context: ContextVerdicts | None,
        spread_bps: Floats | None,
    ) -> None:
        self._compiled_profile = compiled
        self._tables = tables
        self._instants = instants_ms
        self._wanted = wanted
        self._context = context
        self._spread = spread_bps
        self._evaluators: dict[Timeframe, Evaluator] = {}

    def of(self, test: Test, timeframe: Timeframe) -> Truth:
        return self.evaluator(timeframe).truth(test)

    def evaluator(self, timeframe: Timeframe) -> Evaluator:
        found = self._evaluators.get(timeframe)
        if found is None:
            axis = InstantAxis(
                self._tables,
                timeframe,
                self._instants,
                self._compiled_profile.pivot_timeframe,
                self._compiled_profile.tolerance,
            )
            sides = self._wanted[timeframe] if self._context is None else self._context.sides
            names = metric_names(self._compiled_profile.profile.rules.selector_tests_on(timeframe))
            values = metrics(self._compiled_profile.profile, names, axis, sides, self._spread)
            found = self._evaluators[timeframe] = Evaluator(axis, values)
        return found
