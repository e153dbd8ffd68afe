"""What a replay took for granted, word by word: its settings, and what no setting changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from attrs import asdict, fields, frozen

from mtf_core.replay.ledger import Ledger
from mtf_core.settings.fields import setting_of
from mtf_core.settings.replay import ReplaySettings, SpreadStep

ALWAYS = (
    "orders fill from candles of one minute: what happened within a minute is not known, and the worse order counts",
    "orders never move the market, and the exchange never fails",
    "between two fills the account is measured at each full hour: a fall within an hour is not seen in the drawdown",
    "the account holds all symbols together: what one trade takes of the limits, another one lacks",
)
"""What holds of every replay."""


@frozen
class Assumption:
    """One setting that the figures rest on."""

    name: str
    value: Any
    """Text for exact numbers; a list of such for a table."""
    unit: str
    meaning: str

    @property
    def text(self) -> str:
        """The value as a person reads it."""
        if isinstance(self.value, bool):
            return "yes" if self.value else "no"
        if isinstance(self.value, list):
            return "; ".join(" ".join(f"{text} {unit}" for text, unit in self._with_units(row)) for row in self.value)
        if self.unit == "ratio":
            return f"{self.value} = {(100 * Decimal(self.value)).normalize():f} %"
        return f"{self.value} {self.unit.removesuffix('s') if str(self.value) == '1' else self.unit}".rstrip()

    @staticmethod
    def _with_units(row: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        for attribute in fields(SpreadStep):
            yield f"{Decimal(row[attribute.name]):,f}", setting_of(attribute).unit


def assumptions_of(ledger: Ledger) -> tuple[Assumption, ...]:
    """Every setting of the replay, in the order of its class: none is left out."""
    return assumptions_by(ledger.settings)


def assumptions_by(settings: ReplaySettings) -> tuple[Assumption, ...]:
    """The same of settings alone."""
    found = []
    for attribute in fields(ReplaySettings):
        described = setting_of(attribute)
        value = _plain(getattr(settings, attribute.name))
        found.append(Assumption(attribute.name, value, described.unit, described.doc))
    return tuple(found)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, tuple):
        return [_plain(asdict(one)) for one in value]
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return value
