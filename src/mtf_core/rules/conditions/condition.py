"""What a built-in condition is: a name, a side, parameters with bounds, and how to build its expression."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum

from attrs import field, frozen

from mtf_core.market import Side, Timeframe
from mtf_core.rules.expressions import Named, Test


class Family(StrEnum):
    """The chapters of the catalogue; the value is the heading."""

    AVERAGES = "Price against averages and VWAP"
    STRUCTURE = "Structure of the averages"
    MACD = "MACD"
    RSI = "RSI"
    VOLATILITY = "Volatility, volume, strength of trend"
    SELECTOR = "Selector metrics and flags"


class ParameterKind(StrEnum):
    """Which values a parameter takes; the value is what a message calls it."""

    NUMBER = "a number"
    INTEGER = "a whole number"
    BOOLEAN = "true or false"


@frozen
class Bounds:
    """The smallest and largest allowed value; with `open_low` the smallest itself is excluded."""

    low: float | None = None
    high: float | None = None
    open_low: bool = False

    def admits(self, value: Decimal) -> bool:
        """Whether a finite value lies within."""
        if self.low is not None and (value < self.low or (self.open_low and value == self.low)):
            return False
        return self.high is None or value <= self.high

    def __str__(self) -> str:
        if self.low is not None and self.high is not None and not self.open_low:
            return f"{self.low:g} to {self.high:g}"
        low = "" if self.low is None else f"{'>' if self.open_low else '≥'} {self.low:g}"
        high = "" if self.high is None else f"≤ {self.high:g}"
        return " and ".join(part for part in (low, high) if part)


@frozen
class Parameter:
    """One parameter of a condition. `default` None: not given unless written, or taken from the build context."""

    name: str
    default: float | bool | None
    kind: ParameterKind = ParameterKind.NUMBER
    unit: str = ""
    bounds: Bounds = Bounds()
    aliases: tuple[str, ...] = ()
    """Other keys under which older files set it."""
    main: bool = False
    """Whether `{name: number}` (or true/false, for a flag) sets it."""
    instead_of: str | None = None
    """The parameter that this one replaces; giving both is refused."""
    doc: str = ""


@frozen
class BuildContext:
    """What a condition may depend on besides its parameters: the evaluated timeframe and the ATR bounds set for it.

    `atr_bounds` maps a timeframe to the smallest and largest atr/close (ratios) of the indicator settings.
    """

    timeframe: Timeframe | None = None
    atr_bounds: Mapping[Timeframe, tuple[float, float]] = field(factory=dict)


Given = Mapping[str, float | bool]
"""Parameters that were written down, by canonical name."""


@frozen
class Arguments:
    """The values of a condition's parameters, defaults filled in."""

    values: Given

    def number(self, name: str) -> float:
        return float(self.values[name])

    def whole(self, name: str) -> int:
        return int(self.values[name])

    def flag(self, name: str) -> bool:
        return bool(self.values[name])

    def has(self, name: str) -> bool:
        return name in self.values


Build = Callable[[Arguments], Test]


@frozen
class Condition:
    """A built-in condition: the catalogue's entry and the builder of its expression."""

    name: str
    family: Family
    side: Side | None
    """The side it speaks for; None for both. Documentation and warnings only, never a reason to refuse."""
    summary: str
    """When it is true, as a formula; `x[k]` is x k candles earlier."""
    build: Build
    parameters: tuple[Parameter, ...] = ()
    metrics_only: bool = False
    """It reads a selector metric or flag, so it has no meaning outside the selector."""
    defaults_in: Callable[[BuildContext], Given] | None = None
    """Defaults that depend on the context, where the parameter's own is None."""
    check: Callable[[Arguments], str | None] | None = None
    """What is wrong with the parameters together, or None."""

    @property
    def main(self) -> Parameter | None:
        """The parameter that a bare number or flag sets."""
        return next((parameter for parameter in self.parameters if parameter.main), None)

    def parameter(self, key: str) -> Parameter | None:
        """The parameter of that name or alias."""
        return next((item for item in self.parameters if key == item.name or key in item.aliases), None)

    def merged(self, below: Given, above: Given) -> Given:
        """`above` over `below`; a parameter that replaces another one takes its place."""
        replaced = {item.instead_of for item in self.parameters if item.name in above}
        replaced |= {item.name for item in self.parameters if item.instead_of in above}
        return {**{name: value for name, value in below.items() if name not in replaced}, **above}

    def arguments(self, given: Given, context: BuildContext) -> Arguments:
        """The given values and the defaults of the rest, in the catalogue's order."""
        defaults = {item.name: item.default for item in self.parameters if item.default is not None}
        from_context = self.defaults_in(context) if self.defaults_in else {}
        values = self.merged({**defaults, **from_context}, given)
        return Arguments({item.name: values[item.name] for item in self.parameters if item.name in values})

    def problem(self, given: Given, context: BuildContext) -> str | None:
        """What is wrong with values that are each within bounds, or None."""
        return self.check(self.arguments(given, context)) if self.check else None

    def named(self, given: Given, context: BuildContext) -> Named:
        """The condition's test with these parameters, under its name."""
        arguments = self.arguments(given, context)
        return Named(self.name, self.build(arguments), tuple(arguments.values.items()), builtin=True)
