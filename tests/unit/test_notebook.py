"""The Python API: from files, arrays and frames to decisions and plans, without files of its own or a network."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from attrs import evolve

import mtf_core as mtf
from mtf_core.door import NoSourceError
from mtf_core.market import COLUMNS
from tests.market_strategies import moody_minutes, walk
from tests.unit.validation.profiles import M1, M5, compare, profile_of


@cache
def minutes() -> mtf.Candles:
    return moody_minutes(9, 4)


@cache
def always_long() -> mtf.Profile:
    """READY at once, so that plans can be asked for; the history that it needs is short."""
    from mtf_core.rules.ruleset import TimeframeRules  # noqa: PLC0415

    rules = {tf: TimeframeRules(tf, long=compare("close", ">", 0)) for tf in (M5, M1)}
    return profile_of((M5,), (M1,), rules=rules)


def columns(candles: mtf.Candles) -> dict[str, Any]:
    return {name: getattr(candles, name) for name in COLUMNS}


def sources(folder: Path) -> dict[str, mtf.Candles]:
    """The same minutes from every place that candles may come from."""
    candles = minutes()
    pd.DataFrame({"timestamp": candles.open_ms, **columns(candles)}).to_csv(
        folder / "btc-1m.csv", index=False, float_format="%.17g"
    )
    times = candles.open_ms.astype("datetime64[ms]")
    return {
        "file": mtf.Candles.read_csv(folder / "btc-1m.csv"),
        "numpy": mtf.Candles.checked(mtf.Timeframe.M1, candles.open_ms, **columns(candles)),
        "pandas": mtf.Candles.from_frame(pd.DataFrame({"timestamp": times, **columns(candles)}), "1m"),
        "polars": mtf.Candles.from_frame(pl.DataFrame({"timestamp": times, **columns(candles)}), "1m"),
    }


def test_candles_from_a_file_numpy_pandas_and_polars_give_the_same_decision(tmp_path: Path) -> None:
    profile = mtf.load_profile("scalper_micro")
    shown = {
        kind: mtf.decide(profile, symbol="BTCUSDT", candles={"1m": candles}, at="2024-01-08T12:00Z").explain()
        for kind, candles in sources(tmp_path).items()
    }
    assert len(set(shown.values())) == 1
    assert shown["file"].startswith("BTCUSDT at 2024-01-08T12:00:00Z: ")
    assert "not_enough_candles" not in shown["file"]


def test_an_instant_may_be_text_a_datetime_or_milliseconds_and_is_the_end_by_default() -> None:
    profile, candles = always_long(), {"1m": minutes()}
    at = datetime(2024, 1, 8, 12, tzinfo=UTC)
    ms = int(at.timestamp() * 1000)
    for instant in ("2024-01-08T12:00Z", "2024-01-08T13:00+01:00", at, ms, np.int64(ms), pd.Timestamp(at)):
        assert mtf.decide(profile, symbol="T", candles=candles, at=instant).at_ms == ms  # type: ignore[arg-type]
    assert mtf.decide(profile, symbol="T", candles=candles).at_ms == minutes().end_ms


def test_decisions_over_history_are_arrays_with_names_for_people() -> None:
    signals = mtf.decide_over(mtf.load_profile("scalper_micro"), {"1m": minutes()}, symbol="T")
    assert len(signals) == len(minutes()) == len(signals.reasons) == len(signals.ready)
    assert signals.instants_ms[-1] == minutes().end_ms
    assert sum(signals.counts().values()) == len(signals)
    index = int(np.flatnonzero(signals.ready)[0])
    assert (signals.reason(index), signals.execution_timeframe(index)) == (None, mtf.Timeframe.M1)
    assert signals.side(index) in (mtf.Side.LONG, mtf.Side.SHORT)
    assert signals.counts()["READY"] == int(signals.ready.sum())


def test_a_ready_decision_can_be_planned_on_the_sandboxs_facts() -> None:
    at = "2024-01-08T12:00Z"
    decision = mtf.decide(always_long(), symbol="BTCUSDT", candles={"1m": minutes()}, at=at)
    assert decision.ready
    facts = mtf.venue_facts("BTCUSDT", minutes(), at)
    plan = mtf.plan_order(
        always_long(), decision, contract=facts.contract, book=facts.book, balance=Decimal(1000), mark=facts.mark
    )
    assert isinstance(plan, mtf.OrderPlan | mtf.Skip)
    if isinstance(plan, mtf.OrderPlan):
        assert plan.side is mtf.Side.LONG


def test_the_facts_of_a_venue_are_those_of_the_only_one_or_of_the_one_that_is_named() -> None:
    at = "2024-01-08T12:00Z"
    assert mtf.venue_facts("T", minutes(), at) == mtf.venue_facts("T", minutes(), at, venue="sandbox")
    with pytest.raises(NoSourceError, match="no venue nyse; registered are: sandbox"):
        mtf.venue_facts("T", minutes(), at, venue="nyse")


def test_a_decision_that_is_not_ready_is_not_planned() -> None:
    decision = mtf.decide(always_long(), symbol="T", candles={"1m": minutes()[:3]})
    facts = mtf.venue_facts("T", minutes(), "2024-01-08T12:00Z")
    with pytest.raises(ValueError, match=r"T is not READY at 2024-01-01T00:03:00Z: not_enough_candles"):
        mtf.plan_order(always_long(), decision, contract=facts.contract, book=facts.book, balance=1000)


def test_a_decision_shows_itself_in_a_notebook() -> None:
    decision = evolve(mtf.decide(always_long(), symbol="T", candles={"1m": minutes()}), symbol="<T>")
    assert repr(decision) == "Decision(<T> at 2024-01-10T00:00:00Z: READY long on 1m)"
    html = decision._repr_html_()
    assert html.startswith("<b>&lt;T&gt; at ")
    assert "<details><summary>5m " in html


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"candles": {}}, ValueError, "no candles were given"),
        ({"candles": {"1m": mtf.Candles.empty(mtf.Timeframe.M1)}}, ValueError, "T: there are no 1m candles"),
        ({"candles": {"3m": walk(M1, 5, 1)}}, ValueError, "unknown timeframe '3m'; allowed: 1m, 5m"),
        ({"candles": {"5m": walk(M1, 5, 1)}}, ValueError, "the candles given as 5m are 1m candles"),
        (
            {"candles": {"1m": pd.DataFrame()}},
            mtf.InvalidCandlesError,
            "1m: need Candles, not DataFrame; see Cand",
        ),
        ({"candles": walk(M1, 5, 1)}, mtf.InvalidCandlesError, "by timeframe, like candles={'1m': .*not as Candles"),
        ({"candles": [walk(M1, 5, 1)]}, mtf.InvalidCandlesError, "not as list"),
        ({"candles": {"5m": walk(M5, 5, 1)}}, ValueError, "T: no 1m candles, and none finer to build them from"),
        ({"at": "2024-01-08 noon"}, ValueError, "is no instant; write it like"),
        ({"at": "2024-01-08T12:00"}, ValueError, "has no timezone"),
        ({"at": datetime(2024, 1, 8)}, ValueError, "has no timezone"),  # noqa: DTZ001
        ({"at": 1.5}, TypeError, "an instant is a text like"),
        ({"current_tf": "2m"}, ValueError, "unknown timeframe '2m'"),
        ({"current_tf": "4h"}, ValueError, "current_tf is 4h; .* never enters there, allowed: 1m"),
        ({"history": "some"}, ValueError, "history is 'some'; allowed: needed, all"),
    ],
)
def test_what_cannot_be_decided_is_said_clearly(arguments: dict[str, Any], error: type[Exception], said: str) -> None:
    given = {"symbol": "T", "candles": {"1m": walk(M1, 5, 1)}, **arguments}
    with pytest.raises(error, match=said):
        mtf.decide(always_long(), **given)


def test_over_history_what_cannot_be_decided_is_said_clearly() -> None:
    with pytest.raises(ValueError, match="there are no 1m candles"):
        mtf.decide_over(always_long(), {"1m": mtf.Candles.empty(mtf.Timeframe.M1)})
    with pytest.raises(ValueError, match="no 1m candles, and none finer"):
        mtf.decide_over(always_long(), {"5m": walk(M5, 5, 1)})
    with pytest.raises(ValueError, match="2 spreads for 5 candles of 1m"):
        mtf.decide_over(always_long(), {"1m": walk(M1, 5, 1)}, spread_bps=np.zeros(2))


def test_an_unknown_profile_is_refused_with_the_known_ones() -> None:
    with pytest.raises(mtf.ConfigError, match="scalper_micro"):
        mtf.load_profile("scalper_mikro")


def test_every_public_name_is_there_and_no_other() -> None:
    assert all(getattr(mtf, name) is not None for name in mtf.__all__)
    assert dir(mtf) == mtf.__all__
    with pytest.raises(AttributeError, match="has no attribute 'decied'"):
        _ = mtf.decied  # type: ignore[attr-defined]


@pytest.mark.parametrize("symbol", ["btcusdt", " BTCUSDT", "", "BTC/USDT", None])
def test_a_name_that_is_no_symbol_is_refused_for_settings_would_not_know_it(symbol: str) -> None:
    with pytest.raises(ValueError, match="symbol: found "):
        mtf.decide(always_long(), symbol=symbol, candles={"1m": minutes()})
    if symbol != "":
        with pytest.raises(ValueError, match="symbol: found "):
            mtf.decide_over(always_long(), {"1m": minutes()}, symbol=symbol or "x")


@pytest.mark.parametrize("balance", ["much", None, ""])
def test_a_balance_that_is_no_amount_is_refused_in_plain_words(balance: str) -> None:
    at = "2024-01-08T12:00Z"
    decision = mtf.decide(always_long(), symbol="BTCUSDT", candles={"1m": minutes()}, at=at)
    facts = mtf.venue_facts("BTCUSDT", minutes(), at)
    with pytest.raises(ValueError, match=r"balance: found .*; allowed is an amount of USDT"):
        mtf.plan_order(always_long(), decision, contract=facts.contract, book=facts.book, balance=balance)
