"""What a person should know about a conversion: one finding for each thing that did not simply stay as it was."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from attrs import field, frozen

from mtf_core.settings.nodes import ConfigNode, Place


class FindingKind(StrEnum):
    """The lists of a report, in the order in which a person should read them."""

    RISKIER = "riskier than the source"
    """More can be lost here than the source allows; the result is written only when that is accepted."""
    DECISION = "needs a decision"
    """Several readings are possible; `done` says which one was taken."""
    CORRECTED = "meaning corrected"
    """The reference did something else than the file says; here the file counts."""
    NO_EFFECT = "no effect there"
    """Nothing in the reference read it, or nothing that it said could count."""
    DROPPED = "dropped"
    """It had an effect, but has no place here."""
    RENAMED = "renamed"
    """The same, written differently."""
    ADDED = "written out"
    """A default of the reference that would otherwise be another one here."""
    INHERITED = "from the common file"
    """The file says nothing, so that what the common file says comes into effect."""


@frozen
class Finding:
    """One thing worth knowing: what stood where in the source, what became of it, and the note that explains it.

    `reference` names the deviation (D1 to D49), the open point or the decision that it goes back to.
    """

    kind: FindingKind
    place: Place
    found: str
    done: str
    reference: str = ""

    def __str__(self) -> str:
        note = f" [{self.reference}]" if self.reference else ""
        return f"{self.place}: {self.found}; {self.done}{note}"


@frozen
class Findings:
    """Collects findings; the very same one is kept once."""

    _items: dict[Finding, None] = field(factory=dict, init=False)

    @property
    def items(self) -> tuple[Finding, ...]:
        return tuple(self._items)

    def take(self, findings: Iterable[Finding]) -> None:
        """Adds findings that were collected elsewhere."""
        self._items.update(dict.fromkeys(findings))

    def add(self, kind: FindingKind, node: ConfigNode, found: str, done: str, reference: str = "") -> None:
        self._items[Finding(kind, node.place, found, done, reference)] = None

    def riskier(self, node: ConfigNode, found: str, done: str, reference: str = "") -> None:
        self.add(FindingKind.RISKIER, node, found, done, reference)

    def decision(self, node: ConfigNode, found: str, done: str, reference: str = "") -> None:
        self.add(FindingKind.DECISION, node, found, done, reference)

    def corrected(self, node: ConfigNode, found: str, done: str, reference: str = "") -> None:
        self.add(FindingKind.CORRECTED, node, found, done, reference)

    def no_effect(self, node: ConfigNode, found: str, done: str, reference: str = "") -> None:
        self.add(FindingKind.NO_EFFECT, node, found, done, reference)

    def dropped(self, node: ConfigNode, found: str, done: str, reference: str = "") -> None:
        self.add(FindingKind.DROPPED, node, found, done, reference)

    def renamed(self, node: ConfigNode, found: str, done: str, reference: str = "") -> None:
        self.add(FindingKind.RENAMED, node, found, done, reference)

    def added(self, node: ConfigNode, found: str, done: str, reference: str = "") -> None:
        self.add(FindingKind.ADDED, node, found, done, reference)

    def inherited(self, node: ConfigNode, found: str, done: str, reference: str = "") -> None:
        self.add(FindingKind.INHERITED, node, found, done, reference)

    def in_order(self) -> tuple[Finding, ...]:
        """By kind, then by where they stand in the file."""
        kinds = list(FindingKind)
        return tuple(sorted(self._items, key=lambda item: (kinds.index(item.kind), item.place.line)))
