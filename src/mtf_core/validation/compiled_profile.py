"""What a profile asks of the data, worked out once: tests, history and features per timeframe."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from attrs import field, frozen

from mtf_core.features.table import FeatureTable
from mtf_core.market import CandleStack, Side, Timeframe
from mtf_core.planning.needs import FactRole, needed_features, recorded_features
from mtf_core.rules.axis import home_timeframe
from mtf_core.rules.capture import TraceTemplate
from mtf_core.rules.expressions import Feature
from mtf_core.rules.needs import Need, Needs, feature_need, joined, needs_of
from mtf_core.rules.program import Program
from mtf_core.settings.profile import Profile
from mtf_core.validation.metrics import metric_features


@frozen(eq=False)
class TimeframePart:
    """What is evaluated on one timeframe."""

    timeframe: Timeframe
    needs: Needs
    long: TraceTemplate | None
    short: TraceTemplate | None
    filters: tuple[TraceTemplate, ...]
    program: Program = field(factory=Program)
    """The tests compiled for the last candles; shared by every evaluation."""
    program_over_all: Program = field(factory=lambda: Program(over_all=True))
    """The same for all candles of a series."""

    @property
    def sides(self) -> tuple[Side, ...]:
        """The sides that have rules."""
        return tuple(side for side, own in ((Side.LONG, self.long), (Side.SHORT, self.short)) if own is not None)


@frozen(eq=False)
class CompiledProfile:
    """A profile with everything derived from it.

    `needs` is what validation must load, by timeframe; `plan_needs` what only a plan asks for besides, loaded for
    READY symbols alone. `plan_features` are the features of a plan, by execution timeframe and role.
    """

    profile: Profile
    parts: Mapping[Timeframe, TimeframePart]
    needs: Needs
    plan_needs: Needs
    plan_features: Mapping[Timeframe, Mapping[FactRole, Feature]]

    def need(self, timeframe: Timeframe) -> Need:
        """What is needed of a timeframe, be it for validation or only for plans; KeyError when nothing is."""
        return self.needs.get(timeframe) or self.plan_needs[timeframe]

    def table(self, stack: CandleStack) -> FeatureTable:
        """The features of a stack at as many last candles as are needed."""
        return FeatureTable(stack, min(stack.count, self.need(stack.timeframe).tail), self.timezone, self.tolerance)

    @property
    def timezone(self) -> str:
        return self.profile.indicators.indicators.vwap.timezone

    @property
    def tolerance(self) -> float:
        """The weight that the seed of a recursive average may have left."""
        return float(self.profile.indicators.warmup_tolerance)

    @property
    def pivot_timeframe(self) -> Timeframe:
        return self.profile.indicators.indicators.pivot.timeframe


@lru_cache(maxsize=32)
def compile_profile(profile: Profile) -> CompiledProfile:
    """The compiled of a profile; worked out once per profile object, and kept with it."""
    return compile_anew(profile)


def compile_anew(profile: Profile) -> CompiledProfile:
    """The same for a profile that nobody has again, like one that was read out of the store: nothing is kept."""
    rules, indicators = profile.rules, profile.indicators
    pivots, tolerance = indicators.indicators.pivot.timeframe, float(indicators.warmup_tolerance)
    parts = {}
    for timeframe in rules.evaluated_timeframes:
        own = rules.timeframes.get(timeframe)
        long, short = (own.long, own.short) if own else (None, None)
        parts[timeframe] = TimeframePart(
            timeframe,
            needs_of(rules.tests_on(timeframe), timeframe, pivots, tolerance),
            TraceTemplate.of(long) if long is not None else None,
            TraceTemplate.of(short) if short is not None else None,
            tuple(TraceTemplate.of(item.test) for item in rules.filters_on(timeframe)),
        )
    selection = _selection_needs(profile, pivots, tolerance)
    validation = joined(*(part.needs for part in parts.values()), selection)
    features = {
        timeframe: {**needed_features(profile.trade_entry, timeframe), **recorded_features(timeframe)}
        for timeframe in rules.execution_timeframes
    }
    planning = joined(
        *(_feature_needs(tuple(roles.values()), timeframe, pivots, tolerance) for timeframe, roles in features.items())
    )
    shared = {timeframe: need for timeframe, need in planning.items() if timeframe in validation}
    return CompiledProfile(
        profile=profile,
        parts=parts,
        needs=joined(validation, shared),
        plan_needs={timeframe: need for timeframe, need in planning.items() if timeframe not in validation},
        plan_features=features,
    )


def _selection_needs(profile: Profile, pivots: Timeframe, tolerance: float) -> dict[Timeframe, Need]:
    """What the selector's tests and the metrics they use need, for every execution timeframe."""
    found: list[Needs] = []
    for timeframe in profile.rules.execution_timeframes:
        tests = profile.rules.selector_tests_on(timeframe)
        if tests:
            features = metric_features(profile, tests, timeframe)
            found.append(needs_of(tests, timeframe, pivots, tolerance, at_instants=True))
            found.append(_feature_needs(features, timeframe, pivots, tolerance))
    return joined(*found)


def _feature_needs(
    features: tuple[Feature, ...], evaluated: Timeframe, pivots: Timeframe, tolerance: float
) -> dict[Timeframe, Need]:
    """What features need that are looked at from an instant."""
    homes = [(feature, home_timeframe(feature, evaluated, pivots)) for feature in features]
    return joined(*({home: feature_need(feature.name, home, home, feature.ago, tolerance)} for feature, home in homes))
