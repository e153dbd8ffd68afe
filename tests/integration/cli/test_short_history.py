"""A candle file that begins too late, or lacks a minute: what the commands say of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtf_adapters.files.candles import write_candles_csv
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_core.market import DAY_MS, Candles, Gap, Timeframe, parse_instant, to_ms
from mtf_core.validation.shortage import CandleShortage, mending
from tests.integration.cli.conftest import Mtf
from tests.market_strategies import without

END_MS = to_ms(parse_instant("2026-02-01T12:00Z"))
HOLE_MS = to_ms(parse_instant("2026-01-03T10:07Z"))


def minutes(first_ms: int) -> Candles:
    return GeneratedMarket(1, 12).candles("DOGEUSDT", Timeframe.M1, first_ms, END_MS - 60_000, END_MS)


def world(folder: Path, candles: Candles) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The options of a run on the candles, and those of the questions that follow."""
    write_candles_csv(folder / "doge.csv", candles)
    database = ("--database", f"sqlite:///{folder / 'mtf.db'}")
    return ("--candles", f"DOGEUSDT={folder / 'doge.csv'}", *database), database


def test_of_one_nothing_is_told_in_the_plural(mtf: Mtf, tmp_path: Path) -> None:
    options, database = world(tmp_path, minutes(END_MS - 300 * Timeframe.M1.ms))
    assert "1 symbol," in mtf("run", *options).out
    assert ", 1 symbol\n" in mtf("funnel", *database).out
    mtf("contracts", "sync", *options)
    assert "\n1 contract\n" in mtf("contracts", "list", *options).out


@pytest.fixture
def short(tmp_path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return world(tmp_path, minutes(END_MS - 300 * Timeframe.H1.ms))


@pytest.fixture
def holey(tmp_path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    whole = minutes(END_MS - 125 * DAY_MS)
    return world(tmp_path, without(whole, [(HOLE_MS - int(whole.open_ms[0])) // 60_000]))


def test_three_hundred_hours_are_told_as_such_by_run_why_and_funnel(
    mtf: Mtf, short: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    options, database = short
    shown = mtf("run", "--profile", "scalper", *options).out
    assert "1 of 1 stopped here: fewer closed candles than the features in use need (not_enough_candles)" in shown
    assert "1h: 300 of 682 candles, usable from 2026-02-17T10:00:00Z: DOGEUSDT" in shown
    why = mtf("why", "DOGEUSDT", *database).out
    assert why.startswith(
        "DOGEUSDT: no context: 1h has 300 of 682 candles (usable from 2026-02-17T10:00:00Z), 15m is long"
    )
    assert "stopped at candles by not_enough_candles" in why
    funnel = mtf("funnel", *database)
    assert "1h: 300 of 682 candles (not_enough_candles), 1 symbol" in funnel.out
    stages = mtf("funnel", "--json", *database).json["stages"]
    assert [(one["passed"], one["stopped_by"]) for one in stages if one["stage"] == "candles"] == [
        (0, {"not_enough_candles": 1})
    ]


def test_the_command_that_mends_a_hole_works_as_it_is_written(mtf: Mtf, tmp_path: Path) -> None:
    """The store lacks an hour that the exchange has: the command of `mending`, word for word, fetches it."""
    database = ("--database", f"sqlite:///{tmp_path / 'mtf.db'}")
    for span in (("2026-01-30T00:00Z", "2026-01-30T05:00Z"), ("2026-01-30T07:00Z", "2026-01-30T12:00Z")):
        mtf("klines", "fetch", "BTCUSDT", "--timeframe", "1h", "--from", span[0], "--to", span[1], *database)
    hole_ms = to_ms(parse_instant("2026-01-30T06:00Z"))
    shortage = CandleShortage(Timeframe.H1, 6, 682, None, Gap(hole_ms, hole_ms, 1), END_MS)
    told = mending(shortage, "BTCUSDT", "sandbox", final=False)
    assert told is not None
    command = told.split("`")[1].removeprefix("mtf ").split()
    ended = mtf(*command, *database)
    assert ended.code == 0
    assert "BTCUSDT 1h: 1 candle fetched and stored, no holes" in ended.out


def test_a_missing_minute_is_told_with_its_place_its_cost_and_what_mends_it(
    mtf: Mtf, holey: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    options, database = holey
    ended = mtf("run", "--profile", "regular", *options)
    assert (
        "4h: 1 candle missing at 2026-01-03T08:00:00Z, 174 of 682 candles since; "
        "unusable until 2026-04-27T04:00:00Z (114 days): DOGEUSDT"
    ) in ended.out
    remedy = "to mend it: complete the candle file; if nothing traded then, `no_trade` in trading.yaml fills it"
    assert remedy in ended.out
    assert remedy in mtf("why", "DOGEUSDT", *database).out
    document = mtf("why", "--json", "DOGEUSDT", *database).json
    assert document["result"]["reason"] == document["reason"] == "candles_have_gaps"
    assert document["result"]["context"]["4h"]["shortage"]["usable_from"] == "2026-04-27T04:00:00Z"
    assert document["trace"]["context"]["reason"] == "pragmatic_context_has_invalid_timeframes"
