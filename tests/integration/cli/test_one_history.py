"""One value, one history: every command that shows a feature of a candle shows the same value, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import mtf_core as mtf_api
from mtf_adapters.files.candles import write_candles_csv
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_core.market import DAY_MS, Timeframe, parse_instant, to_ms
from mtf_core.validation.explain import decision_to_json
from tests.integration.cli.conftest import Mtf

END_MS = to_ms(parse_instant("2026-02-01T13:00Z"))
PROFILE = "scalper_micro"
TIMEFRAMES = ("5m", "1m")

Readings = dict[str, tuple[float | None, dict[str, Any]]]
"""By a feature's name: its value (None: missing), and the history that it rests on."""


def values_in(tree: Mapping[str, Any] | None) -> Iterator[tuple[str, float | None]]:
    """The operands of a tree and all below it."""
    if tree is not None:
        yield from tree.get("values", {}).items()
        for child in tree.get("children", ()):
            yield from values_in(child)


def readings_in(timeframe: Mapping[str, Any]) -> Readings:
    """What a decision's document says of a timeframe's own features at the evaluated candle."""
    trees = [timeframe["long"], timeframe["short"], *timeframe["filters"]]
    values = dict(value for tree in trees for value in values_in(tree))
    return {
        name: (values[name], rests_on) for name, rests_on in timeframe["history"].items() if not {"[", "."} & set(name)
    }


@pytest.mark.parametrize(("minutes", "whole"), [(8 * 1440, True), (60 * 5, False)])
def test_every_command_shows_the_same_value_of_a_candle_and_the_same_candles_behind_it(
    mtf: Mtf, tmp_path: Path, minutes: int, whole: bool
) -> None:
    """With a history that suffices, and with 60 candles of 5m, too few for its averages."""
    candles = GeneratedMarket(1, 12).candles("DOGEUSDT", Timeframe.M1, END_MS - 8 * DAY_MS, END_MS, END_MS)[-minutes:]
    write_candles_csv(tmp_path / "doge.csv", candles)
    database = ("--database", f"sqlite:///{tmp_path / 'mtf.db'}")
    market = ("--candles", f"DOGEUSDT={tmp_path / 'doge.csv'}", *database, "--profile", PROFILE)
    assert mtf("run", *market).code == 0
    noted = mtf_api.decide(mtf_api.load_profile(PROFILE), symbol="DOGEUSDT", candles={"1m": candles}, at=END_MS)
    told = mtf("why", "DOGEUSDT", "--json", *database).json["trace"]["timeframes"]
    explained = mtf("conditions", "explain", "DOGEUSDT", "--json", *market).json["timeframes"]
    in_notebook = decision_to_json(noted.trace)["timeframes"]
    for timeframe in TIMEFRAMES:
        one = mtf("conditions", "explain", "DOGEUSDT", timeframe, "--json", *market).json
        readings = readings_in(explained[timeframe])
        assert readings == readings_in(told[timeframe]) == readings_in(in_notebook[timeframe]) == readings_in(one)
        assert {"close", "macd_hist"} < readings.keys()
        names = ("--name", ",".join(readings))
        document = mtf("indicators", "DOGEUSDT", timeframe, *names, "--json", *market).json
        assert readings == {name: (document["values"][name], document["history"][name]) for name in readings}
        short = {name for name, (_, rests_on) in readings.items() if rests_on["candles"] < rests_on["needed"]}
        missing = {name for name, (value, _) in readings.items() if value is None}
        assert short == missing - {"vwap"}, "vwap has candles enough, but not from the start of the day on"
        if timeframe == "5m":
            assert bool(short) is not whole


def test_the_texts_say_what_values_rest_on_in_the_same_words(mtf: Mtf, tmp_path: Path) -> None:
    candles = GeneratedMarket(1, 12).candles("DOGEUSDT", Timeframe.M1, END_MS - 8 * DAY_MS, END_MS, END_MS)
    write_candles_csv(tmp_path / "doge.csv", candles)
    database = ("--database", f"sqlite:///{tmp_path / 'mtf.db'}")
    market = ("--candles", f"DOGEUSDT={tmp_path / 'doge.csv'}", *database, "--profile", PROFILE)
    mtf("run", *market)
    noted = mtf_api.decide(mtf_api.load_profile(PROFILE), symbol="DOGEUSDT", candles={"1m": candles}, at=END_MS)
    texts = [
        mtf("why", "DOGEUSDT", "--full", *database).out,
        mtf("conditions", "explain", "DOGEUSDT", *market).out,
        noted.explain(),
        noted._repr_html_().replace("</pre></details>", ""),
    ]
    resting = [line for line in texts[0].splitlines() if " candles since 2026-" in line]
    assert resting
    for text in texts:
        assert "5m values rest on" in text
        assert [line for line in text.splitlines() if " candles since 2026-" in line] == resting
    assert "values rest on" not in mtf("why", "DOGEUSDT", *database).out
