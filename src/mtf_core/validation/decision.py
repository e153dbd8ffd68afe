"""Decisions: what became of each symbol at one instant, with the tree that led there on demand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from attrs import field, frozen

from mtf_core.features.table import FeatureTable
from mtf_core.market import Side, Timeframe
from mtf_core.market.candles import Floats
from mtf_core.market.stack import Segments
from mtf_core.planning.facts import FactRole, FeatureFact, Signal, decision_key
from mtf_core.reasons import Reason
from mtf_core.rules.axis import InstantAxis, home_timeframe
from mtf_core.rules.capture import Captured
from mtf_core.rules.trace import TraceNode
from mtf_core.validation.causes import LACKING
from mtf_core.validation.compiled_profile import CompiledProfile
from mtf_core.validation.explain import decision_html, render_decision
from mtf_core.validation.outcome import REASONS, Outcome
from mtf_core.validation.readiness import shortage_of
from mtf_core.validation.resolve import DecideOptions, Resolution
from mtf_core.validation.resting import histories_of
from mtf_core.validation.selection import Step
from mtf_core.validation.shortage import CandleShortage
from mtf_core.validation.timeframe import TimeframeVerdicts
from mtf_core.validation.value_history import ValueHistory
from mtf_core.validation.verdicts import ContextVerdict, DecisionTrace, SelectorVerdict, TimeframeVerdict


@frozen(eq=False)
class Decision:
    """One symbol at one instant: READY (`reason` None) with a side and an execution timeframe, or not."""

    symbol: str
    at_ms: int
    reason: Reason | None
    side: Side | None
    execution_timeframe: Timeframe | None
    batch: DecisionBatch
    row: int

    @property
    def ready(self) -> bool:
        return self.reason is None

    @property
    def status(self) -> str:
        """READY or INVALID."""
        return "READY" if self.ready else "INVALID"

    @property
    def key(self) -> str | None:
        """The decision key: symbol, execution timeframe, open time (ms) of its last closed candle, side."""
        if not self.ready or self.execution_timeframe is None or self.side is None:
            return None
        return decision_key(self.symbol, self.execution_timeframe, self.at_ms, self.side)

    @property
    def signal(self) -> Signal | None:
        """What a plan starts from; None unless READY."""
        if self.key is None or self.side is None or self.execution_timeframe is None:
            return None
        return Signal(self.symbol, self.side, self.execution_timeframe, self.key)

    @property
    def context_skipped(self) -> bool:
        return self.batch.options.skip_context

    def outcome(self, timeframe: Timeframe) -> Outcome:
        return Outcome(int(self.batch.verdicts[timeframe].outcomes[self.row, -1]))

    def verdict(self, timeframe: Timeframe) -> tuple[Outcome, Reason | None]:
        """The timeframe's outcome and, where it is INVALID or CONFLICT, why."""
        return self.outcome(timeframe), REASONS[int(self.batch.verdicts[timeframe].reasons[self.row, -1])]

    def missing(self, timeframe: Timeframe) -> tuple[str, ...]:
        """Features that were missing for a rule or filter of the timeframe."""
        verdicts = self.batch.verdicts[timeframe]
        captured = [one for one in (verdicts.long, verdicts.short, *verdicts.filters) if one is not None]
        return tuple(dict.fromkeys(name for one in captured for name in one.missing(self.row)))

    def failed_filters(self, timeframe: Timeframe) -> tuple[str, ...]:
        """The mandatory filters that were not true, by name, where they made the timeframe invalid."""
        if self.verdict(timeframe)[1] is not Reason.FILTERS_MANDATORY_FAILED:
            return ()
        filters = self.batch.verdicts[timeframe].filters
        return tuple(dict.fromkeys(one.label(self.row) for one in filters if not one.holds(self.row)))

    def shortage(self, timeframe: Timeframe) -> CandleShortage | None:
        """What the timeframe lacked of its candles; None where there were enough."""
        batch = self.batch
        if batch.verdicts[timeframe].reasons[self.row, -1] not in LACKING:
            return None
        return shortage_of(batch.tables, self.row, timeframe, batch.compiled.parts[timeframe].needs)

    def timeframe(self, timeframe: Timeframe) -> TimeframeVerdict:
        """The timeframe's verdict with its trees."""
        verdicts = self.batch.verdicts[timeframe]
        return TimeframeVerdict(
            timeframe,
            verdicts.last_open_ms,
            *self.verdict(timeframe),
            _tree(verdicts.long, self.row),
            _tree(verdicts.short, self.row),
            tuple(captured.node(self.row) for captured in verdicts.filters),
            tuple(item.spoken_for for item in self.batch.compiled.profile.rules.filters_on(timeframe)),
            self.shortage(timeframe),
            self._carried(timeframe),
            self.histories(timeframe),
        )

    def histories(self, timeframe: Timeframe) -> Mapping[str, ValueHistory]:
        """The candles that each feature in the timeframe's trees rests on, by the name that it has there."""
        return self.batch.histories(timeframe, self.row)

    def _carried(self, timeframe: Timeframe) -> int:
        counts = self.batch.tables[timeframe].stack.carried
        return counts[self.row] if counts else 0

    @property
    def trace(self) -> DecisionTrace:
        """The whole tree that led here."""
        return DecisionTrace(
            self.symbol,
            self.at_ms,
            self.reason,
            self.side,
            self.execution_timeframe,
            self.key,
            self.context,
            tuple(self.timeframe(timeframe) for timeframe in self.batch.verdicts),
            self.selection,
        )

    @property
    def context(self) -> ContextVerdict | None:
        """None when the context was skipped."""
        found = self.batch.resolution.context
        if found is None:
            return None
        return ContextVerdict(Outcome(int(found.sides[self.row, -1])).side, REASONS[int(found.reasons[self.row, -1])])

    @property
    def selection(self) -> tuple[SelectorVerdict, ...]:
        """The walk from the highest execution timeframe down; empty when the profile has no selector."""
        return tuple(
            SelectorVerdict(
                one.timeframe,
                Step(int(one.step[self.row, -1])),
                bool(one.candidate[self.row, -1]),
                int(one.stay[self.row, -1]),
                int(one.drop[self.row, -1]),
                int(one.forbid[self.row, -1]),
            )
            for one in self.batch.resolution.selection.steps
        )

    def explain(self) -> str:
        """Every timeframe's trees with their operands, the context, the selector's walk and the verdict, as text."""
        return render_decision(self.trace)

    def __repr__(self) -> str:
        return f"Decision({render_decision(self.trace).splitlines()[0]})"

    def _repr_html_(self) -> str:
        return decision_html(self.trace)

    @property
    def valid_timeframes(self) -> int | None:
        """How many evaluated timeframes have the decision's side; None without a side."""
        if self.side is None:
            return None
        return sum(self.outcome(timeframe).side is self.side for timeframe in self.batch.verdicts)


def _tree(captured: Captured | None, row: int) -> TraceNode | None:
    return None if captured is None else captured.node(row)


Visible = dict[tuple[FeatureTable, str, int], Floats]
"""What was visible of a table's feature, so many candles back, at one instant: (n_symbols, 1)."""


@frozen(eq=False)
class DecisionBatch:
    """The decisions of many symbols at one instant."""

    compiled: CompiledProfile
    symbols: tuple[str, ...]
    at_ms: int
    tables: Mapping[Timeframe, FeatureTable]
    verdicts: Mapping[Timeframe, TimeframeVerdicts]
    resolution: Resolution
    options: DecideOptions
    evaluated: tuple[Timeframe, ...]
    """Timeframes that were evaluated for this instant; the others had not changed since the one before."""
    _histories: dict[tuple[Timeframe, tuple[Segments, ...]], Mapping[str, ValueHistory]] = field(
        factory=dict, init=False
    )
    """What values rest on, by where candles are missing: mostly the same for all symbols."""
    _visible: Visible = field(factory=dict, init=False)
    """Features that plans asked for, of all symbols: each is looked up once."""

    def __iter__(self) -> Iterator[Decision]:
        return map(self._decision, range(len(self.symbols)))

    def _decision(self, row: int) -> Decision:
        resolution = self.resolution
        reason, side, chosen = (
            int(codes[row, -1]) for codes in (resolution.reasons, resolution.sides, resolution.chosen)
        )
        timeframe = resolution.execution[chosen] if chosen >= 0 else None
        return Decision(self.symbols[row], self.at_ms, REASONS[reason], Outcome(side).side, timeframe, self, row)

    def __len__(self) -> int:
        return len(self.symbols)

    def histories(self, timeframe: Timeframe, row: int) -> Mapping[str, ValueHistory]:
        """What the features in a timeframe's trees rest on, for the symbol in that row."""
        part = self.compiled.parts[timeframe]
        alike = (timeframe, tuple(self.tables[home].stack.segments[row] for home in part.needs))
        if alike not in self._histories:
            self._histories[alike] = histories_of(part, self.tables, row, self.compiled.pivot_timeframe)
        return self._histories[alike]

    def of(self, symbol: str) -> Decision:
        """The decision of one symbol; KeyError when it was not among them."""
        if symbol not in self.symbols:
            raise KeyError(symbol)
        return self._decision(self.symbols.index(symbol))


def plan_facts(decision: Decision, tables: Mapping[Timeframe, FeatureTable]) -> dict[FactRole, FeatureFact]:
    """The features that the decision's plan needs, each from its last candle closed at the decision's instant.

    `tables` holds the timeframes of `CompiledProfile.plan_needs`, with the decision's symbol; empty unless READY.
    """
    if decision.execution_timeframe is None:
        return {}
    everything = {**tables, **decision.batch.tables}
    batch = decision.batch
    return feature_facts(
        batch.compiled, decision.execution_timeframe, everything, decision.symbol, decision.at_ms, batch._visible
    )


def feature_facts(
    compiled: CompiledProfile,
    execution: Timeframe,
    tables: Mapping[Timeframe, FeatureTable],
    symbol: str,
    at_ms: int,
    visible: Visible | None = None,
) -> dict[FactRole, FeatureFact]:
    """The features of a plan on an execution timeframe, as visible at an instant; a missing one is NaN.

    Those of a timeframe without a table are left out. `visible` keeps what was looked up at the same instant.
    """
    visible = {} if visible is None else visible
    found: dict[FactRole, FeatureFact] = {}
    axis = InstantAxis(tables, execution, np.array([at_ms]), compiled.pivot_timeframe, compiled.tolerance)
    for role, feature in compiled.plan_features[execution].items():
        home = home_timeframe(feature, execution, compiled.pivot_timeframe)
        if home in tables:
            seen = (tables[home], feature.name, feature.ago)
            if seen not in visible:
                visible[seen] = axis.value(feature, 0)
            row = tables[home].stack.symbols.index(symbol)
            close_ms = home.last_closed_open(at_ms) + home.ms
            found[role] = FeatureFact(float(visible[seen][row, 0]), close_ms)
    return found
