"""What a rule may refer to while it is read, and the state of reading it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from attrs import evolve, field, frozen

from mtf_core.config_nodes import ConfigNode, Place, Problems
from mtf_core.rules.catalogue import CONDITIONS
from mtf_core.rules.conditions.condition import Bounds, BuildContext
from mtf_core.rules.expressions import Test

BUILTIN_PREFIX = "builtin."
DEEPEST = 60
"""Forms and rules may be nested this deep, counted together; the tree is walked recursively everywhere."""


@frozen
class Scope:
    """The profile's named rules, what built-ins may depend on, and whether selector metrics exist here."""

    rules: Mapping[str, ConfigNode] = field(factory=dict)
    context: BuildContext = field(factory=BuildContext)
    metrics: bool = False
    """True inside the execution selector only; everywhere else a selector metric is an error."""

    def known_names(self) -> tuple[str, ...]:
        """Every name that a rule may use here."""
        return (*self.rules, *CONDITIONS, *(BUILTIN_PREFIX + name for name in CONDITIONS))


_ANY = Bounds()
_LARGEST = Decimal("1e300")
Reader = Callable[[ConfigNode, "Reading"], Test | None]


@frozen(eq=False)
class Reading:
    """One pass over a tree: where problems go, which rules are being read, and how deep."""

    scope: Scope
    problems: Problems
    reader: Reader
    trail: tuple[str, ...] = ()
    """Names of the profile's rules on the way down to here."""
    depth: int = 0
    finished: dict[str, Test | None] = field(factory=dict)
    """Rules already read in this pass: a rule used twice is read and reported once."""

    def test(self, node: ConfigNode) -> Test | None:
        """The test that a node below this one stands for, or None after reporting why there is none."""
        if self.depth >= DEEPEST:
            self.error(node.place, "rules nested too deeply", f"allowed are {DEEPEST} levels, named rules included")
            return None
        return self.reader(node, evolve(self, depth=self.depth + 1))

    def within_rule(self, name: str) -> Reading:
        return evolve(self, trail=(*self.trail, name))

    def error(self, place: Place, found: str, allowed: str, nearest: str | None = None) -> None:
        """Reports once: a rule that is used in many places is read in each of them."""
        report_once(self.problems, place, found, allowed, nearest)

    def number(self, node: ConfigNode, bounds: Bounds = _ANY) -> float | None:
        """A finite number within bounds."""
        value = node.value
        if not isinstance(value, Decimal):
            self.error(node.place, f"found {node.shown()}", _allowed("a number", bounds))
            return None
        if not value.is_finite() or not bounds.admits(value) or value.copy_abs() > _LARGEST:
            hint = " (a ratio: 0.01 means 1 %)" if bounds.high == 1 else ""
            self.error(node.place, f"found {value}", _allowed("a finite number", bounds) + hint)
            return None
        return float(value) or 0.0

    def whole(self, node: ConfigNode, bounds: Bounds) -> int | None:
        """A whole number within bounds."""
        number = self.number(node, bounds)
        if number is None:
            return None
        if number != int(number):
            self.error(node.place, f"found {node.shown()}", _allowed("a whole number", bounds))
            return None
        return int(number)

    def flag(self, node: ConfigNode) -> bool | None:
        if not isinstance(node.value, bool):
            self.error(node.place, f"found {node.shown()}", "allowed is true or false")
            return None
        return node.value


def _allowed(kind: str, bounds: Bounds) -> str:
    limits = str(bounds)
    return f"allowed is {kind}" + (f", {limits}" if limits else "")


def report_once(
    problems: Problems, place: Place, found: str, allowed: str, nearest: str | None = None, *, warning: bool = False
) -> None:
    """Adds a problem unless the very same one is already there."""
    fresh = Problems()
    (fresh.warning if warning else fresh.error)(place, found, allowed, nearest)
    if fresh.items[0] not in problems.items:
        problems.items.extend(fresh.items)
