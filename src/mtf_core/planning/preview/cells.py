"""What a preview is computed from, and how its arrays are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
from attrs import frozen

from mtf_core.market import Side, Timeframe
from mtf_core.market.candles import Floats
from mtf_core.planning.facts import FactRole
from mtf_core.settings.trade_entry import TradeEntrySettings


@frozen(eq=False)
class PreviewInputs:
    """What a preview is computed from; all arrays have the shape of `close` or broadcast to it, NaN is missing.

    `features` holds the roles that `needed_features` names. `symbol_cap` is the lowest of `leverage.per_symbol_caps`
    that matches. Fees are ratios of notional.
    """

    side: Side
    execution_timeframe: Timeframe
    close: Floats
    features: Mapping[FactRole, Floats]
    symbol_cap: Floats | float = np.inf
    entry_fee: float = 0.0
    exit_fee: float = 0.0


@frozen(eq=False)
class Cells:
    """The inputs beside the settings that they are previewed with; `entry` is the close where it is above zero."""

    settings: TradeEntrySettings
    inputs: PreviewInputs
    entry: Floats

    @property
    def is_long(self) -> bool:
        return self.inputs.side is Side.LONG

    @property
    def sign(self) -> int:
        return self.inputs.side.sign

    def missing(self) -> Floats:
        return np.full(self.entry.shape, np.nan)

    def positive(self, role: FactRole) -> Floats:
        """The feature in a role where it is finite and above zero, else NaN; in the shape of the close."""
        found = self.inputs.features.get(role)
        if found is None:
            return self.missing()
        values = np.broadcast_to(found, self.entry.shape)
        return np.where(np.isfinite(values) & (values > 0), values, np.nan)


def number(value: Decimal) -> Floats:
    """A setting as the formulas take it."""
    return np.asarray(float(value))


def first_known(candidates: Sequence[Floats]) -> Floats:
    """Cell by cell the first candidate that is not NaN."""
    found = candidates[0]
    for candidate in candidates[1:]:
        found = np.where(np.isnan(found), candidate, found)
    return found
