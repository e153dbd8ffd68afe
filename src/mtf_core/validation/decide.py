"""Deciding: the last closed candles of many symbols at one instant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import field, frozen

from mtf_core.features.table import FeatureTable
from mtf_core.market import CandleStack, Timeframe
from mtf_core.market.candles import Floats
from mtf_core.validation.blueprint import Blueprint
from mtf_core.validation.decision import DecisionBatch
from mtf_core.validation.judge import DecideOptions, judge
from mtf_core.validation.timeframe import TimeframeVerdicts, judge_timeframe

Stacks = Mapping[Timeframe, CandleStack]


@frozen(eq=False)
class Decider:
    """Decides minute after minute for one profile, computing again only the timeframes whose candles changed.

    Decisions depend on the stacks alone: what is kept between calls are results for the very same stack object.
    """

    blueprint: Blueprint
    _tables: dict[Timeframe, FeatureTable] = field(factory=dict, init=False)
    _verdicts: dict[Timeframe, TimeframeVerdicts] = field(factory=dict, init=False)

    def decide(
        self,
        stacks: Stacks,
        at_ms: int,
        symbols: Sequence[str] | None = None,
        options: DecideOptions | None = None,
        spread_bps: Mapping[str, float] | None = None,
        *,
        force: bool = False,
    ) -> DecisionBatch:
        """Decisions at `at_ms` for `symbols` (default: all of the stacks), all of which every stack must hold.

        Each stack must end with the last candle closed at `at_ms`. `spread_bps` are book spreads in basis points of
        mid; a symbol without one has an unknown spread. Stacks of timeframes that only plans need are carried along.
        `force` evaluates timeframes again that have not changed.
        """
        for timeframe, stack in stacks.items():
            if stack.end_ms != timeframe.last_closed_open(at_ms) + timeframe.ms:
                raise ValueError(f"the {timeframe} stack does not end with the last candle closed at {at_ms}")
        chosen = options or DecideOptions()
        evaluated = self._evaluate(stacks, force)
        wanted = tuple(symbols) if symbols is not None else next(iter(stacks.values())).symbols
        verdicts = {timeframe: self._verdicts[timeframe].rows(wanted) for timeframe in self.blueprint.parts}
        tables = {timeframe: table.rows(wanted) for timeframe, table in self._tables.items()}
        outcomes = {timeframe: one.outcomes for timeframe, one in verdicts.items()}
        judgement = judge(self.blueprint, tables, outcomes, np.array([at_ms]), chosen, _spreads(wanted, spread_bps))
        return DecisionBatch(self.blueprint, wanted, at_ms, tables, verdicts, judgement, chosen, evaluated)

    def _evaluate(self, stacks: Stacks, force: bool) -> tuple[Timeframe, ...]:
        """Brings tables and verdicts up to the stacks; returns the timeframes that were evaluated."""
        blueprint = self.blueprint
        changed = set()
        for timeframe, stack in stacks.items():
            kept = self._tables.get(timeframe)
            if force or kept is None or kept.stack is not stack:
                need = blueprint.needs.get(timeframe) or blueprint.plan_needs[timeframe]
                tail = min(stack.count, need.tail)
                self._tables[timeframe] = FeatureTable(stack, tail, blueprint.timezone)
                changed.add(timeframe)
        evaluated = []
        for timeframe, part in blueprint.parts.items():
            if timeframe in changed or timeframe not in self._verdicts:
                self._verdicts[timeframe] = judge_timeframe(
                    blueprint.profile.rules, part, self._tables, 1, blueprint.pivot_timeframe, traced=True
                )
                evaluated.append(timeframe)
        return tuple(evaluated)


def _spreads(symbols: Sequence[str], spread_bps: Mapping[str, float] | None) -> Floats | None:
    if spread_bps is None:
        return None
    return np.array([[spread_bps.get(symbol, np.nan)] for symbol in symbols])
