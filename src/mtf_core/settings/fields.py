"""Declaring settings once: type, unit, bounds, default and meaning stand beside the field they describe."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from attrs import NOTHING, Factory, field, frozen

_KEY = "setting"


@frozen
class Setting:
    """What a settings field means and which values it takes; bounds are in the field's own unit."""

    doc: str
    unit: str = ""
    ge: Decimal | None = None
    gt: Decimal | None = None
    le: Decimal | None = None
    lt: Decimal | None = None
    key: str | None = None
    """The key in the file where it differs from the field's name (`from`)."""
    keys: str = "name"
    """What the keys of a map of settings are, where they are no timeframes."""

    def bounds(self) -> str:
        """The bounds as a person reads them, empty when there are none."""
        parts = [
            f"{sign} {bound}"
            for sign, bound in (("≥", self.ge), (">", self.gt), ("≤", self.le), ("<", self.lt))
            if bound is not None
        ]
        return " and ".join(parts)

    def admits(self, value: Decimal) -> bool:
        return (
            (self.ge is None or value >= self.ge)
            and (self.gt is None or value > self.gt)
            and (self.le is None or value <= self.le)
            and (self.lt is None or value < self.lt)
        )


def _decimal(bound: int | str | None) -> Decimal | None:
    return None if bound is None else Decimal(bound)


def setting(
    default: Any = NOTHING,
    *,
    doc: str,
    unit: str = "",
    ge: int | str | None = None,
    gt: int | str | None = None,
    le: int | str | None = None,
    lt: int | str | None = None,
    key: str | None = None,
    keys: str = "name",
    factory: Callable[[], Any] | None = None,
) -> Any:
    """An attrs field that carries its `Setting`; without a default the key is required in the file."""
    described = Setting(doc, unit, _decimal(ge), _decimal(gt), _decimal(le), _decimal(lt), key, keys)
    return field(default=Factory(factory) if factory else default, metadata={_KEY: described})


def ratio(
    default: Any = NOTHING,
    *,
    doc: str,
    ge: int | str | None = 0,
    le: int | str | None = 1,
    key: str | None = None,
    gt: int | str | None = None,
) -> Any:
    """A `_pct` setting: a ratio within 0..1 (0.01 = 1 %); a percent written by mistake is refused by the bound.

    `gt` takes the place of `ge`, so that a message names one lower bound.
    """
    return setting(default, doc=doc, unit="ratio", ge=None if gt is not None else ge, le=le, gt=gt, key=key)


def setting_of(attribute: Any) -> Setting:
    """The `Setting` of an attrs attribute; raises KeyError for a field that was declared without one."""
    described: Setting = attribute.metadata[_KEY]
    return described
