"""Whether a replay of real candles knows anything too soon: it is replayed again and again, cut at random instants.

    python -m tests.unit.replay.cuts BTCUSDT=candles.csv.gz --profile scalper_micro --cuts 200

Every cut is decided, planned and traded anew from the candles that had closed by then. What the whole replay knew at
that instant (READY minutes, trades, points of the account) has to be there, byte for byte.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Mapping, Sequence

import numpy as np
from attrs import frozen

import mtf_core as mtf
from mtf_adapters.sandbox.capabilities import CAPABILITIES
from mtf_core.market import MINUTE_MS, Candles
from mtf_core.replay.ledger import Ledger, ReplayMarket
from mtf_core.replay.opportunities import Opportunities, find_opportunities
from mtf_core.replay.replaying import ReplayRequest, replay
from mtf_core.settings.profile import Profile
from mtf_core.settings.replay import ReplaySettings
from mtf_core.validation.compiled_profile import CompiledProfile, compile_profile

QUICK = ReplaySettings(afterwards_minutes=0)
"""Rows of entries that did not fill are known at once: the hardest case."""


@frozen(eq=False)
class Markets:
    """Whole markets of a profile, to be replayed up to any instant."""

    profile: Profile
    compiled: CompiledProfile
    markets: tuple[ReplayMarket, ...]
    first_ms: int

    @classmethod
    def of(cls, profile: Profile, candles: Mapping[str, Candles], skipped_minutes: int = 0) -> Markets:
        made = tuple(_market(symbol, own) for symbol, own in candles.items())
        first_ms = min(int(market.candles.open_ms[0]) for market in made) + (1 + skipped_minutes) * MINUTE_MS
        return cls(profile, compile_profile(profile), made, first_ms)

    @property
    def end_ms(self) -> int:
        return max(int(market.candles.end_ms) for market in self.markets)

    def replayed(self, until_ms: int, each_minute: bool = False) -> Ledger:
        cut = tuple(_until(market, until_ms) for market in self.markets)
        request = ReplayRequest(
            profile=self.profile,
            markets=cut,
            first_ms=self.first_ms,
            last_ms=until_ms,
            settings=QUICK,
            capabilities=CAPABILITIES,
            version="cuts",
            each_minute=each_minute,
        )
        return replay(request, [self._decided(market, until_ms) for market in cut])

    def _decided(self, market: ReplayMarket, until_ms: int) -> Opportunities:
        spread = float(QUICK.spread_bps(market.contract.turnover_24h))
        return find_opportunities(self.compiled, market, self.first_ms, until_ms, spread)


def _market(symbol: str, candles: Candles) -> ReplayMarket:
    contract = mtf.venue_facts(symbol, candles, int(candles.open_ms[min(2000, len(candles) - 1)])).contract
    return ReplayMarket(symbol, candles, contract, True, symbol, "a file")


def _until(market: ReplayMarket, until_ms: int) -> ReplayMarket:
    count = int(np.searchsorted(market.candles.open_ms, until_ms - MINUTE_MS, side="right"))
    return ReplayMarket(
        market.symbol,
        market.candles[:count],
        market.contract,
        market.contract_is_guessed,
        market.digest,
        market.origin,
    )


def differences(whole: Ledger, cut: Ledger, cut_ms: int) -> list[str]:
    """What the cut replay says otherwise of what was known at the cut."""
    found = []
    for name in ("ready", "trades"):
        before, after = _known(getattr(whole, name), cut_ms), _known(getattr(cut, name), cut_ms)
        found += [f"{name}: {one}\n  cut: {other}" for one, other in _unlike(before, after)]
    points = [repr(point) for point in whole.equity if point.time_ms <= cut_ms]
    cut_points = [repr(point) for point in cut.equity if point.time_ms <= cut_ms]
    # A replay ends with a point of its own.
    found += [f"equity: {one}\n  cut: {other}" for one, other in _unlike(points, cut_points[: len(points)])]
    return found


def _known(rows: Sequence[object], cut_ms: int) -> list[str]:
    return [repr(row) for row in rows if (known := getattr(row, "known_ms")) is not None and known <= cut_ms]  # noqa: B009


def _unlike(before: Sequence[str], after: Sequence[str]) -> list[tuple[str, str]]:
    missing = ["nothing"] * abs(len(before) - len(after))
    padded = zip([*before, *missing], [*after, *missing], strict=False)
    return [(one, other) for one, other in padded if one != other]


def cuts_of(markets: Markets, whole: Ledger, count: int, seed: int) -> list[int]:
    """Instants at random, half of them within a minute of something that happened."""
    chance, first, last = random.Random(seed), markets.first_ms, markets.end_ms
    moments = [row.at_ms for row in whole.ready] + [trade.known_ms for trade in whole.trades]
    found = []
    for number in range(count):
        if number % 2 and moments:
            found.append(chance.choice(moments) + chance.randint(-1, 3) * MINUTE_MS)
        else:
            found.append(first + chance.randrange((last - first) // MINUTE_MS) * MINUTE_MS)
    return [min(max(cut_ms, first), last) for cut_ms in found]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("candles", nargs="+", metavar="SYMBOL=FILE")
    parser.add_argument("--profile", default="scalper_micro")
    parser.add_argument("--cuts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args(arguments)
    files = dict(one.split("=", 1) for one in told.candles)
    candles = {symbol: Candles.read_csv(path) for symbol, path in files.items()}
    markets = Markets.of(mtf.load_profile(told.profile), candles)
    whole = markets.replayed(markets.end_ms)
    _say(f"{len(whole.ready)} READY, {len(whole.trades)} trades, {len(whole.equity)} points of the account")
    stepping = markets.replayed(markets.end_ms, each_minute=True)
    same = repr((stepping.ready, stepping.trades, stepping.equity)) == repr((whole.ready, whole.trades, whole.equity))
    _say(f"looking at every minute: {'the same' if same else 'NOT THE SAME'}")
    bad = 0 if same else 1
    for number, cut_ms in enumerate(cuts_of(markets, whole, told.cuts, told.seed), 1):
        found = differences(whole, markets.replayed(cut_ms), cut_ms)
        bad += bool(found)
        if found:
            _say(f"cut {number} at {cut_ms}: {len(found)} differ; {found[0][:600]}")
    _say(f"{told.cuts} cuts, {bad} bad")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
