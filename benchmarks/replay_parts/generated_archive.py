"""An archive of generated symbols for the benchmark of the replay, made once and then used again."""

from __future__ import annotations

from pathlib import Path

from attrs import evolve

from mtf_adapters.archive import Archive
from mtf_adapters.archive.adding import Addition
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_core.market import DAY_MS, MINUTE_MS, Candles, Contract, Timeframe, parse_instant, to_ms

END_MS = to_ms(parse_instant("2026-01-01T00:00Z"))
"""Days are counted back from here, so a year is one file of each symbol."""
VENUE = "generated"
SEED, LISTED = 1, 200
"""One market for every size up to 60 symbols over two years."""


def made(cache: Path, symbols: int, days: int) -> Path:
    """The folder of an archive of so many symbols and days; what is there already is not made again."""
    root = cache / f"{symbols}-symbols-{days}-days"
    market, first_ms = GeneratedMarket(SEED, LISTED), END_MS - days * DAY_MS
    tradable = [one for one in market.contracts(END_MS) if one.is_tradable(END_MS)]
    listed = [one for one in tradable if one.opened_at_ms <= first_ms][:symbols]
    if len(listed) < symbols:
        raise ValueError(
            f"the generated market has {len(listed)} symbols that can be traded for {days} days, not {symbols}"
        )
    there = {one.symbol for one in Archive(root).series() if one.count == days * DAY_MS // MINUTE_MS}
    for contract in listed:
        if contract.symbol not in there:
            minutes = market.candles(contract.symbol, Timeframe.M1, first_ms, END_MS - MINUTE_MS, END_MS)
            _kept(root, contract, minutes)
    return root


def _kept(root: Path, contract: Contract, minutes: Candles) -> None:
    folder = Archive(root).folder(VENUE, contract.symbol)
    with folder.alone() as manifest:
        addition = Addition(folder, manifest)
        addition.take(minutes)
        addition.keep(evolve(manifest, contract=contract, contract_at_ms=END_MS))
