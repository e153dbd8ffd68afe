"""Too short a history, and a hole in it: report, why, funnel and a look at the symbol tell the same numbers."""

from __future__ import annotations

from attrs import define, field

from mtf_adapters.sql import Database
from mtf_core.inquiry import explain_symbol, funnel, verify_run, why
from mtf_core.market import Candles, Gap, Timeframe
from mtf_core.ports import MarketData
from mtf_core.reasons import Reason, Stage
from mtf_core.records.counts import ShortSeries
from mtf_core.upkeep import find_gaps, repair_gaps
from mtf_core.validation.shortage import CandleShortage
from tests.integration.runs.world import NOW_MS, World, reasons, world_on
from tests.unit.files.shipped import shipped

H1 = Timeframe.H1
HOLE_MS = NOW_MS - 250 * H1.ms
"""Before the candles of 15m that the run looks at, of which the hour would be built."""
SCALPER = shipped("scalper")
NEEDED = 682
"""Candles of 1h that `scalper` needs: 661 for ema_200, 21 steps back."""


@define
class Patchy:
    """The candles of a market without some of them: an hour of BTCUSDT, and all but the last 300 of ETHUSDT."""

    market: MarketData
    holes: set[tuple[str, int]] = field(factory=lambda: {("BTCUSDT", HOLE_MS)})

    async def candles(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> Candles:
        found = await self.market.candles(symbol, timeframe, first_open_ms, last_open_ms)
        if timeframe is not H1:
            return found
        if symbol == "ETHUSDT":
            return found.between(NOW_MS - 300 * H1.ms, last_open_ms)
        for name, at_ms in self.holes:
            if name == symbol:
                found = found.between(first_open_ms, at_ms - 1).merged(found.between(at_ms + 1, last_open_ms))
        return found


def patchy_world(database: Database) -> tuple[World, Patchy]:
    there = world_on(database, SCALPER)
    patchy = Patchy(there.exchange)
    there.watched.candles = patchy.candles  # type: ignore[method-assign]
    return there, patchy


SHORT = CandleShortage(H1, 300, NEEDED, NOW_MS - 300 * H1.ms, None, NOW_MS + 382 * H1.ms)
HOLEY = CandleShortage(
    H1, 249, NEEDED, NOW_MS - 249 * H1.ms, Gap(HOLE_MS, HOLE_MS, 1), NOW_MS - 249 * H1.ms + NEEDED * H1.ms, missing=1
)


async def test_every_answer_has_the_same_numbers() -> None:
    async with Database.open("memory") as database:
        there, _ = patchy_world(database)
        report = await there.run()
        for symbol, reason, shortage in (
            ("ETHUSDT", Reason.NOT_ENOUGH_CANDLES, SHORT),
            ("BTCUSDT", Reason.CANDLES_HAVE_GAPS, HOLEY),
        ):
            assert reasons(report)[symbol] == reason
            assert report.results[symbol].context[H1].shortage == shortage
            told = await why(there.stores.runs, symbol)
            assert told is not None
            assert told.trace is not None
            assert told.trace.timeframes[0].shortage == shortage
            assert f"1h has {shortage.had} of {NEEDED} candles" in told.sentence
            seen = await explain_symbol(there.environment, SCALPER, symbol)
            assert seen.shortage(H1) == shortage
            assert f"{shortage.had} of {NEEDED} candles" in seen.explain()
        verified = await verify_run(there.stores, report.run_id)
        assert verified is not None
        assert verified.ok, "the numbers are made again from the stored candles"


async def test_the_report_groups_what_symbols_lack() -> None:
    async with Database.open("memory") as database:
        there, _ = patchy_world(database)
        report = await there.run()
        groups = {tuple(group.by_symbol): group.last for group in report.shortages}
        assert groups == {("BTCUSDT",): HOLEY, ("ETHUSDT",): SHORT}


async def test_the_funnel_does_not_let_them_pass_its_candles() -> None:
    async with Database.open("memory") as database:
        there, _ = patchy_world(database)
        first = await there.run()
        there.later(minutes=1)
        await there.run()
        one, both = await funnel(there.stores, first.run_id), await funnel(there.stores, since_ms=0)
        assert one is not None
        assert both is not None
        for runs, found in ((1, one), (2, both)):
            (candles,) = [stage for stage in found.stages if stage.stage is Stage.CANDLES]
            assert candles.stopped == {Reason.NOT_ENOUGH_CANDLES: runs, Reason.CANDLES_HAVE_GAPS: runs}
            assert found.short == (
                ShortSeries(H1, Reason.CANDLES_HAVE_GAPS, runs, 249, NEEDED),
                ShortSeries(H1, Reason.NOT_ENOUGH_CANDLES, runs, 300, NEEDED),
            )
        assert one.to_json()["short_of_candles"][0] == {
            "timeframe": "1h",
            "reason": "candles_have_gaps",
            "symbols": 1,
            "fewest": 249,
            "needed": NEEDED,
        }
        assert "1h: 300 of 682 candles (not_enough_candles), 1 symbol" in one._repr_html_()


async def test_a_hole_that_the_exchange_fills_later_is_mended_by_the_command_that_why_names() -> None:
    async with Database.open("memory") as database:
        there, patchy = patchy_world(database)
        await there.run()
        told = await why(there.stores.runs, "BTCUSDT")
        assert told is not None
        assert told.remedies == (
            "`mtf klines gaps --exchange sandbox --symbol BTCUSDT --timeframe 1h --repair` asks the exchange again",
        )
        assert told.remedies[0] in told.render()
        patchy.holes.clear()
        broken = await find_gaps(there.environment, ["BTCUSDT"], [H1])
        (repaired,) = await repair_gaps(there.environment, broken)
        assert (repaired.written, repaired.gaps) == (1, ())
        there.later(minutes=60)
        report = await there.run()
        assert report.results["BTCUSDT"].context[H1].shortage is None


async def test_short_history_has_no_remedy_but_time() -> None:
    async with Database.open("memory") as database:
        there, _ = patchy_world(database)
        await there.run()
        told = await why(there.stores.runs, "ETHUSDT")
        assert told is not None
        assert told.remedies == ()
        there.later(minutes=60 * 382)
        report = await there.run()
        assert report.results["ETHUSDT"].context[H1].shortage is None, "at the instant that was named"
