"""What a timeframe lacks of the candles that it needs, as numbers: how many there are, what is missing, until when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen

from mtf_core.market import DAY_MS, HOUR_MS, MINUTE_MS, Gap, Timeframe, format_instant
from mtf_core.words import counted


@frozen
class CandleShortage:
    """Why a timeframe cannot be evaluated.

    `had` candles stood without a hole up to the evaluated one, `needed` must. `hole` are the candles that are missing
    before them, or at their place where `had` is 0; None where the history simply begins there.
    """

    timeframe: Timeframe
    """Whose candles: the evaluated timeframe's, or those of another one that its rules read."""
    had: int
    needed: int
    first_open_ms: int | None
    """When the first of those that there were opened; None where there were none."""
    hole: Gap | None
    usable_from_ms: int
    """When enough will have closed, if none is missing from now on and the hole stays as it is."""
    missing: int = 0
    """How many of the last `needed` candles are missing since the history began: more than the hole has, where there
    are holes before it. 0 without a hole, and in what older versions stored."""

    @property
    def at_the_end(self) -> bool:
        """The newest candle itself is missing: it may still come."""
        return self.hole is not None and self.had == 0

    @property
    def hole_lasts_ms(self) -> int:
        """For how long a hole keeps the timeframe from being evaluated, from its first candle on; 0 without one."""
        return 0 if self.hole is None else self.usable_from_ms - self.hole.first_open_ms

    def to_json(self) -> dict[str, Any]:
        return {
            "timeframe": str(self.timeframe),
            "had": self.had,
            "needed": self.needed,
            "first_open": None if self.first_open_ms is None else format_instant(self.first_open_ms),
            "hole": None
            if self.hole is None
            else {
                "first_open": format_instant(self.hole.first_open_ms),
                "last_open": format_instant(self.hole.last_open_ms),
                "count": self.hole.count,
            },
            "usable_from": format_instant(self.usable_from_ms),
            "missing": self.missing,
        }


def what_is_lacking(shortage: CandleShortage) -> str:
    """`300 of 661 candles, usable from …`; of a hole its cost: `1 candle missing at …; unusable until …`."""
    until = format_instant(shortage.usable_from_ms)
    hole = shortage.hole
    if hole is None:
        return f"{_counts(shortage)}, usable from {until}"
    missing, where = f"{counted(hole.count, 'candle')} missing", format_instant(hole.first_open_ms)
    if shortage.at_the_end:
        return f"{missing} at the end, since {where}; unless they come, unusable until {until}"
    if hole.count > 1:
        where = f"{where} to {format_instant(hole.last_open_ms)}"
    lasts, before = _duration(shortage.hole_lasts_ms), shortage.missing - hole.count
    where += f" and {before} before" if before > 0 else ""
    return f"{missing} at {where}, {_counts(shortage)} since; unusable until {until} ({lasts})"


def _counts(shortage: CandleShortage) -> str:
    return f"{shortage.had} of {counted(shortage.needed, 'candle')}"


def _duration(ms: int) -> str:
    for unit, noun in ((DAY_MS, "days"), (HOUR_MS, "hours")):
        if ms >= 2 * unit:
            return f"{round(ms / unit)} {noun}"
    return counted(round(ms / MINUTE_MS), "minute")


def mending(shortage: CandleShortage, symbol: str | None, exchange: str | None, *, final: bool) -> str | None:
    """What fills a hole; None where there is none, or where its candles may still come by themselves.

    `symbol` None: of all symbols; `exchange` None: the one of the settings. `final`: what a market lacks it will always
    lack (`CandleService.final`).
    """
    if shortage.hole is None or shortage.at_the_end:
        return None
    if final:
        return "complete the candle file; if nothing traded then, `no_trade` in trading.yaml fills it"
    where = "" if exchange is None else f" --exchange {exchange}"
    whose = "" if symbol is None else f" --symbol {symbol}"
    return f"`mtf klines gaps{where}{whose} --timeframe {shortage.timeframe} --repair` asks the exchange again"


@frozen
class SharedShortage:
    """What several symbols lack alike: too short a history of one timeframe, or the same hole in it."""

    by_symbol: Mapping[str, CandleShortage]

    @property
    def last(self) -> CandleShortage:
        """That of the symbol that is the last to be usable."""
        return max(self.by_symbol.values(), key=lambda one: one.usable_from_ms)

    @property
    def in_words(self) -> str:
        """`1h: 300 of 661 candles, usable from …`; for several symbols the numbers of the worst."""
        counts = {one.had for one in self.by_symbol.values()}
        worst = "at worst " if len(counts) > 1 else ""
        return f"{self.last.timeframe}: {worst}{what_is_lacking(self.last)}"


def shared(shortages: Iterable[tuple[str, CandleShortage]]) -> tuple[SharedShortage, ...]:
    """The shortages of symbols, each once, grouped by what they have in common; those of most symbols first."""
    found: dict[tuple[object, ...], dict[str, CandleShortage]] = {}
    for symbol, one in shortages:
        found.setdefault((one.timeframe, one.needed, one.hole), {})[symbol] = one
    groups = [SharedShortage(by_symbol) for by_symbol in found.values()]
    return tuple(sorted(groups, key=lambda one: (-len(one.by_symbol), -one.last.timeframe.ms, min(one.by_symbol))))
