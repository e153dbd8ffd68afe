"""What a profile's validation file is compiled to: tests per timeframe and side, filters, context, selector."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import frozen

from mtf_core.market import Side, Timeframe
from mtf_core.rules.expressions import Named, Test


class ContextMode(StrEnum):
    """How context timeframes must agree."""

    PRAGMATIC = "pragmatic"
    """At least one has a side, all that have one agree, neutral ones are tolerated."""
    STRICT = "strict"
    """Every one has a side and all agree."""


@frozen
class TimeframeRules:
    """What must be true on a timeframe for each side; a side without rules never holds."""

    timeframe: Timeframe
    long: Test | None = None
    short: Test | None = None

    def of(self, side: Side) -> Test | None:
        return self.long if side is Side.LONG else self.short


@frozen
class Filter:
    """A mandatory filter: on which timeframes and for which sides it must be true."""

    test: Named
    timeframes: frozenset[Timeframe]
    sides: frozenset[Side]

    @property
    def for_both_sides(self) -> bool:
        return len(self.sides) == len(Side)

    @property
    def spoken_for(self) -> str:
        """`long`, `short` or `both`."""
        return "both" if self.for_both_sides else "/".join(sorted(self.sides))


@frozen
class SelectorEntry:
    """How the walk from the highest execution timeframe down treats one timeframe."""

    timeframe: Timeframe
    stay_on_if: tuple[Test, ...] = ()
    """All must be true to stay; empty stays."""
    drop_to_lower_if_any: tuple[Test, ...] = ()
    forbid_drop_to_lower_if_any: tuple[Test, ...] = ()
    """One true or unknown forbids the drop."""

    @property
    def tests(self) -> tuple[Test, ...]:
        return self.stay_on_if + self.drop_to_lower_if_any + self.forbid_drop_to_lower_if_any


@frozen
class RuleSet:
    """The compiled validation of one profile. Timeframes are ordered from the highest to the lowest."""

    mode: ContextMode
    context_timeframes: tuple[Timeframe, ...]
    execution_timeframes: tuple[Timeframe, ...]
    timeframes: Mapping[Timeframe, TimeframeRules]
    execution_timeframe_default: Timeframe | None = None
    filters: tuple[Filter, ...] = ()
    selector: tuple[SelectorEntry, ...] | None = None
    """None: no selector, the default timeframe or else the highest candidate is taken."""
    allow_1m_only_if_any: tuple[Test, ...] | None = None
    """None: no restriction on 1m; else one must be true for 1m to be selected."""

    @property
    def evaluated_timeframes(self) -> tuple[Timeframe, ...]:
        """Context and execution timeframes, distinct, the highest first."""
        both = {*self.context_timeframes, *self.execution_timeframes}
        return tuple(sorted(both, key=lambda timeframe: -timeframe.minutes))

    def filters_on(self, timeframe: Timeframe) -> tuple[Filter, ...]:
        return tuple(item for item in self.filters if timeframe in item.timeframes)

    def tests_on(self, timeframe: Timeframe) -> tuple[Test, ...]:
        """Every test that is evaluated on this timeframe's candles: both sides and the filters."""
        rules = self.timeframes.get(timeframe)
        sides = [test for test in (rules.long, rules.short) if test is not None] if rules else []
        return (*sides, *(item.test for item in self.filters_on(timeframe)))

    def selector_tests_on(self, timeframe: Timeframe) -> tuple[Test, ...]:
        """Every test that decides whether the walk stays at, leaves or may take this timeframe."""
        entries = tuple(test for entry in self.selector or () if entry.timeframe is timeframe for test in entry.tests)
        return entries + ((self.allow_1m_only_if_any or ()) if timeframe is Timeframe.M1 else ())
