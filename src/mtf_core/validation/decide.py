"""Deciding: the last closed candles of many symbols at one instant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import field, frozen

from mtf_core.features.table import FeatureTable, Tables
from mtf_core.market import CandleStack, Timeframe
from mtf_core.market.candles import Floats
from mtf_core.validation.compiled_profile import CompiledProfile
from mtf_core.validation.decision import DecisionBatch
from mtf_core.validation.resolve import DecideOptions, resolve
from mtf_core.validation.timeframe import TimeframeVerdicts, resolve_timeframe

Stacks = Mapping[Timeframe, CandleStack]


@frozen(eq=False)
class Decider:
    """Decides minute after minute for one profile, computing again only the timeframes whose candles changed.

    Decisions depend on the stacks alone: what is kept between calls are results for the very same stack objects.
    """

    compiled: CompiledProfile
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
        """Decisions at `at_ms` for `symbols` (default: all of the first stack), all of which every stack must hold.

        There must be a stack of every timeframe that the compiled needs, and each must end with the last candle
        closed at `at_ms`. `spread_bps` are book spreads in basis points of mid; a symbol without one has an unknown
        spread. Stacks of timeframes that only plans need are carried along. `force` evaluates timeframes again that
        have not changed.
        """
        absent = [str(timeframe) for timeframe in self.compiled.needs if timeframe not in stacks]
        if absent:
            raise ValueError(f"there are no stacks of {', '.join(absent)}")
        for timeframe, stack in stacks.items():
            if stack.end_ms != timeframe.last_closed_open(at_ms) + timeframe.ms:
                raise ValueError(f"the {timeframe} stack does not end with the last candle closed at {at_ms}")
        chosen = options or DecideOptions()
        evaluated = self._evaluate(stacks, force)
        wanted = tuple(symbols) if symbols is not None else next(iter(stacks.values())).symbols
        verdicts = {timeframe: self._verdicts[timeframe].rows(wanted) for timeframe in self.compiled.parts}
        tables = {timeframe: self._tables[timeframe].rows(wanted) for timeframe in stacks}
        outcomes = {timeframe: one.outcomes for timeframe, one in verdicts.items()}
        reasons = {timeframe: one.reasons for timeframe, one in verdicts.items()}
        spreads = _spreads(wanted, spread_bps)
        resolution = resolve(self.compiled, tables, outcomes, reasons, np.array([at_ms]), chosen, spreads)
        return DecisionBatch(self.compiled, wanted, at_ms, tables, verdicts, resolution, chosen, evaluated)

    def _evaluate(self, stacks: Stacks, force: bool) -> tuple[Timeframe, ...]:
        """Brings tables and verdicts up to the stacks; returns the timeframes that were evaluated."""
        compiled = self.compiled
        changed = set()
        for timeframe, stack in stacks.items():
            kept = self._tables.get(timeframe)
            if force or kept is None or kept.stack is not stack:
                self._tables[timeframe] = compiled.table(stack)
                changed.add(timeframe)
        evaluated = []
        for timeframe, part in compiled.parts.items():
            if changed & part.needs.keys() or timeframe not in self._verdicts:
                tables = _aligned({home: self._tables[home] for home in part.needs}, timeframe)
                self._verdicts[timeframe] = resolve_timeframe(
                    compiled.profile.rules, part, tables, 1, compiled.pivot_timeframe, traced=True
                )
                evaluated.append(timeframe)
        return tuple(evaluated)


def _aligned(tables: Tables, evaluated: Timeframe) -> Tables:
    """The tables with the same rows: the symbols of the evaluated timeframe that all of them hold.

    A stack that has not changed may hold more symbols than one that was built for fewer.
    """
    if len({table.stack.symbols for table in tables.values()}) == 1:
        return tables
    held = [set(table.stack.symbols) for table in tables.values()]
    symbols = tuple(symbol for symbol in tables[evaluated].stack.symbols if all(symbol in one for one in held))
    return {timeframe: table.rows(symbols) for timeframe, table in tables.items()}


def _spreads(symbols: Sequence[str], spread_bps: Mapping[str, float] | None) -> Floats | None:
    if spread_bps is None:
        return None
    return np.array([[spread_bps.get(symbol, np.nan)] for symbol in symbols])
