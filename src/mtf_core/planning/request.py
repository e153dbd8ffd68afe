"""One planning request, and the log in which its steps are kept."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal
from functools import cached_property

from attrs import define, field

from mtf_core.market import Contract, Side, Timeframe
from mtf_core.planning.exact import decimal_of
from mtf_core.planning.facts import FactRole, MarketFacts, Signal
from mtf_core.planning.needs import needed_features
from mtf_core.planning.outcome import Skip, Step, StepValue
from mtf_core.planning.zone_event import ZoneEvent
from mtf_core.reasons import Reason
from mtf_core.rules.expressions import Feature
from mtf_core.settings.trade_entry import TradeEntrySettings


@define(frozen=True, slots=False)
class PlanRequest:
    """Everything a plan is made from. Slots are off so that derived values can be cached."""

    signal: Signal
    contract: Contract
    facts: MarketFacts
    settings: TradeEntrySettings
    now_ms: int

    @property
    def side(self) -> Side:
        return self.signal.side

    @property
    def is_long(self) -> bool:
        return self.signal.side is Side.LONG

    @property
    def timeframe(self) -> Timeframe:
        return self.signal.execution_timeframe

    @property
    def tick(self) -> Decimal:
        return self.contract.tick_size

    @cached_property
    def reference_price(self) -> Decimal:
        """The mark price, else the middle of the book."""
        return self.facts.mark.price if self.facts.mark else self.facts.book.mid

    @property
    def reference_name(self) -> str:
        return "mark" if self.facts.mark else "mid"

    @cached_property
    def needs(self) -> Mapping[FactRole, Feature]:
        return needed_features(self.settings, self.timeframe)

    def fact(self, role: FactRole) -> Decimal | None:
        """The value of a role; None when it is missing, or when the settings do not ask for it."""
        found = self.facts.features.get(role) if role in self.needs else None
        return decimal_of(found.value) if found else None

    def recorded(self, role: FactRole) -> Decimal | None:
        """The value of a role that only a record asks for; None when it is missing."""
        known = self.facts.features.get(role)
        return decimal_of(known.value) if known else None

    def positive(self, role: FactRole) -> Decimal | None:
        """The value of a role that only makes sense above zero: an ATR or a price."""
        value = self.fact(role)
        return value if value is not None and value > 0 else None

    def label(self, role: FactRole) -> str:
        """The feature that plays a role, as a step names it: `15m.atr`."""
        feature = self.needs.get(role)
        return str(feature) if feature else role.value


@define
class StepLog:
    """Collects the steps of one plan in order; lives as long as the planning of that plan."""

    steps: list[Step] = field(factory=list)
    zone_event: ZoneEvent | None = None
    """How the market stood to the zone; known once there is an entry, or none because of the zone."""
    keeps: bool = True
    """False where nobody reads the steps."""

    def add(self, name: str, formula: str, value: StepValue, unit: str = "", **inputs: StepValue | None) -> None:
        """Keeps a step; an input of None is shown as missing."""
        if self.keeps:
            self.steps.append(Step(name, formula, _shown(inputs), readable(value), unit))

    def skip(self, reason: Reason, **facts: StepValue | None) -> Skip:
        """The end of a plan that cannot be, with the numbers that explain it."""
        return Skip(reason, _shown(facts), tuple(self.steps), self.zone_event)


def readable(value: StepValue) -> StepValue:
    """A number with at most 28 digits: only quotients have more."""
    return _READABLE.plus(value) if isinstance(value, Decimal) and len(value.as_tuple().digits) > 28 else value


def _shown(numbers: Mapping[str, StepValue | None]) -> tuple[tuple[str, StepValue], ...]:
    return tuple((key, "missing" if number is None else readable(number)) for key, number in numbers.items())


_READABLE = Context(prec=28, traps=[])
