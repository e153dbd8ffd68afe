"""What was asked for as a selection of what is stored: moments that count back from the newest run become instants."""

from __future__ import annotations

from collections.abc import Sequence

from mtf_core.market import Timeframe, parse_moment
from mtf_core.ports import Stores
from mtf_core.records import Selection


async def selection_of(
    stores: Stores,
    since: str | None,
    until: str | None,
    symbols: Sequence[str] | None,
    timeframes: Sequence[str] | None,
    profile: str | None,
) -> Selection:
    """The selection; raises `InvalidInstantError` and `UnknownTimeframeError`.

    Durations count back from the newest run (of the profile), not from a clock: so they mean the same for a market
    whose time is not the wall's. Without a run they count back from 1970.
    """
    newest_ms = await stores.tallies.newest_ms(profile) if since or until else None
    return Selection(
        since_ms=None if since is None else parse_moment(since, newest_ms or 0),
        until_ms=None if until is None else parse_moment(until, newest_ms or 0),
        symbols=_names(symbols),
        timeframes=None if not timeframes else tuple(Timeframe.parse(name) for name in _names(timeframes) or ()),
        profile=profile,
    )


def _names(texts: Sequence[str] | None) -> tuple[str, ...] | None:
    """Names that may be repeated, and hold several separated by commas; each once."""
    if not texts:
        return None
    return tuple(dict.fromkeys(name.strip() for text in texts for name in text.split(",") if name.strip()))
