"""When each symbol was last READY on each timeframe, and how long before the newest run that was."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from mtf_core.inquiry.flat import instant_text, row_to_json, selection_to_json
from mtf_core.market import Side, Timeframe
from mtf_core.ports import Stores
from mtf_core.records import Selection


@frozen
class LastReady:
    """The last READY decision of a symbol on a timeframe. All but the symbol is None where it never was READY."""

    symbol: str
    timeframe: Timeframe | None
    side: Side | None
    at_ms: int | None
    seconds_before_newest: float | None
    """Between its run and the newest run of the selected profile, by the market's time."""
    reason: str | None
    """Why no order came of it; None: one went, or would have."""
    run_id: str | None
    profile: str | None


@frozen
class Successes:
    """The last READY decisions, the newest first; then the symbols without one in that time."""

    selection: Selection
    newest_ms: int | None
    """The instant of the newest run, whether it lies in that time or not; None: there is no finished run."""
    rows: tuple[LastReady, ...]

    @property
    def never(self) -> tuple[str, ...]:
        """Symbols that were decided on, and were never READY."""
        return tuple(row.symbol for row in self.rows if row.at_ms is None)

    def to_json(self) -> dict[str, Any]:
        return {
            **selection_to_json(self.selection),
            "newest_run_at": instant_text(self.newest_ms),
            "rows": [row_to_json(row) for row in self.rows],
        }


async def successes(stores: Stores, selection: Selection) -> Successes:
    """The last READY decision of each selected symbol and timeframe."""
    newest_ms = await stores.tallies.newest_ms(selection.profile)
    rows = [
        LastReady(
            one.symbol,
            one.ending.timeframe,
            one.ending.side,
            one.instant_ms,
            None if newest_ms is None else (newest_ms - one.instant_ms) / 1000,
            None if one.ending.reason is None else str(one.ending.reason),
            one.run_id,
            one.profile,
        )
        for one in await stores.tallies.last_ready(selection)
    ]
    ready = {row.symbol for row in rows}
    never = [name for name in await stores.tallies.symbols(selection) if name not in ready]
    rows.sort(key=lambda row: (-(row.at_ms or 0), row.symbol, row.timeframe.ms if row.timeframe else 0))
    missing = [LastReady(name, None, None, None, None, None, None, None) for name in never]
    return Successes(selection, newest_ms, (*rows, *missing))
