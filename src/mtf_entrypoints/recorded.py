"""Recorded markets for a replay: a symbol's minutes from a file or from the archive, and the contract that they are of.

A source can be handed to another process, which then reads the minutes itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
from attrs import evolve, field, frozen

from mtf_adapters.archive import Archive, ArchiveError, candles_digest
from mtf_adapters.files.candle_table import ReadOptions
from mtf_adapters.files.candles import read_candle_file
from mtf_adapters.sandbox.candle_files import CandleFileMarket
from mtf_adapters.sandbox.contract_overrides import ContractOverrides
from mtf_core.market import DAY_MS, Candles, Contract, InvalidCandlesError, Timeframe, format_instant
from mtf_core.replay.ledger import ReplayMarket


class RecordedMarket(Protocol):
    """Where a symbol's minutes are."""

    @property
    def symbol(self) -> str: ...

    def open(self, first_ms: int | None) -> ReplayMarket:
        """The market for decisions from `first_ms` on; None: from its first minute on. Raises what reading raises."""
        ...


@frozen
class FileMarket:
    """A file of candles, as traders have them."""

    symbol: str
    path: Path
    options: ReadOptions
    overrides: ContractOverrides = field(factory=ContractOverrides)

    def open(self, first_ms: int | None) -> ReplayMarket:
        candles = _of_minutes(self.path, read_candle_file(self.path, self.options).candles)
        return _market(self.symbol, candles, self.path.name, self.overrides, None, first_ms)


@frozen
class ArchivedMarket:
    """A symbol of the archive, its minutes within [first, last]; None: all that there are."""

    symbol: str
    root: Path
    venue: str
    overrides: ContractOverrides = field(factory=ContractOverrides)
    contract: Contract | None = None
    """As the exchange described it; None: it came from files."""
    from_ms: int | None = None
    until_ms: int | None = None

    def open(self, first_ms: int | None) -> ReplayMarket:
        candles = Archive(self.root).candles(self.venue, self.symbol, self.from_ms, self.until_ms)
        if not len(candles):
            raise ArchiveError(f"{self.symbol}: the archive has no minutes of {self.venue} in that span")
        contract = None if self.contract is None else self.overrides.applied_to(self.contract)
        return _market(self.symbol, candles, f"archive, {self.venue}", self.overrides, contract, first_ms)


@frozen(eq=False)
class CandleMarket:
    """Candles that are at hand, in a notebook for instance."""

    symbol: str
    candles: Candles
    overrides: ContractOverrides = field(factory=ContractOverrides)
    contract: Contract | None = None
    """None: guessed from the prices."""

    def open(self, first_ms: int | None) -> ReplayMarket:
        return _market(self.symbol, _of_minutes(self.symbol, self.candles), "", self.overrides, self.contract, first_ms)


def _of_minutes(name: object, candles: Candles) -> Candles:
    if candles.timeframe is not Timeframe.M1:
        raise InvalidCandlesError(
            f"{name}: its candles are {candles.timeframe}; a replay goes minute by minute and needs 1m"
        )
    if not len(candles):
        raise InvalidCandlesError(f"{name}: there are no candles")
    return candles


def _market(
    symbol: str,
    candles: Candles,
    origin: str,
    overrides: ContractOverrides,
    contract: Contract | None,
    first_ms: int | None,
) -> ReplayMarket:
    known = contract if contract is not None else guessed_contract(symbol, candles, overrides, first_ms)
    is_guessed = contract is None and (overrides.tick_size is None or overrides.contract_size is None)
    return ReplayMarket(symbol, candles, known, is_guessed, candles_digest(candles), origin)


def guessed_contract(symbol: str, candles: Candles, overrides: ContractOverrides, first_ms: int | None) -> Contract:
    """The contract as the prices before the first decision suggest it, or those of the first day, where that is longer:
    what comes later must not show in what is traded earlier."""
    began_ms = int(candles.open_ms[0]) + DAY_MS
    until_ms = min(candles.end_ms, began_ms if first_ms is None else max(first_ms, began_ms))
    market = CandleFileMarket({symbol: candles.closed_at(until_ms)}, {symbol: overrides})
    (contract,) = market.contracts(until_ms)
    return contract


def without_volume(market: ReplayMarket) -> ReplayMarket:
    """The market for trading, which looks at prices alone: volumes are given back to the system."""
    candles = market.candles
    volume = np.broadcast_to(np.float64(0), candles.volume.shape)
    return evolve(market, candles=evolve(candles, volume=volume))


def with_times_of(market: ReplayMarket, others: Iterable[ReplayMarket]) -> ReplayMarket:
    """The market with another one's open times, where it has the same minutes: they are kept in memory once."""
    times = market.candles.open_ms
    same = next((one.candles.open_ms for one in others if np.array_equal(one.candles.open_ms, times)), times)
    return evolve(market, candles=evolve(market.candles, open_ms=same))


def remarks_of(markets: Mapping[str, ReplayMarket]) -> tuple[str, ...]:
    """What a reader has to know of the data."""
    found = ["no mark prices were recorded: stops and targets fire by the candles of trades"]
    guessed = [market for market in markets.values() if market.contract_is_guessed]
    if guessed:
        shown = ", ".join(
            f"{one.symbol} (tick {one.contract.tick_size:f}, contract of {one.contract.contract_size:f})"
            for one in guessed[:3]
        )
        more = f" and {len(guessed) - 3} more" if len(guessed) > 3 else ""
        found.append(f"guessed from the prices: {shown}{more}; fees, limits and turnover are assumed")
    holes = {symbol: gaps for symbol, one in markets.items() if (gaps := one.candles.gaps())}
    if holes:
        missing = sum(gap.count for gaps in holes.values() for gap in gaps)
        symbol, (gap, *_) = next(iter(holes.items()))
        found.append(
            f"{missing} minutes are missing in {len(holes)} of {len(markets)} symbols, the first at "
            f"{format_instant(gap.first_open_ms)} of {symbol}: nothing is decided or filled in them"
        )
    return tuple(found)
