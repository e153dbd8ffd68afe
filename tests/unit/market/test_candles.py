"""Candles: what is refused and how it is said, cutting, gaps, merging, reading."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.market import COLUMNS, MINUTE_MS, Candles, Gap, InvalidCandlesError, Timeframe
from tests.market_strategies import START_MS, candle_series, walk, without


def columns(count: int = 4, **changes: list[Any]) -> dict[str, Any]:
    """Four sound candles, but for the columns that are given."""
    found: dict[str, Any] = {
        "open_ms": [START_MS + place * MINUTE_MS for place in range(count)],
        "open": [10.0] * count,
        "high": [12.0] * count,
        "low": [9.0] * count,
        "close": [11.0] * count,
        "volume": [5.0] * count,
    }
    return {**found, **changes}


def problem(**changes: list[Any]) -> str:
    with pytest.raises(InvalidCandlesError) as refused:
        Candles.checked(Timeframe.M1, **columns(**changes))
    return str(refused.value)


def equal(left: Candles, right: Candles) -> bool:
    return left.timeframe is right.timeframe and all(
        np.array_equal(getattr(left, name), getattr(right, name)) for name in ("open_ms", *COLUMNS)
    )


# --- validation -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"open": [10.0, 10.0, np.nan, 10.0]},
            "open is not a finite number (1×, first at row 2, 2024-01-01T00:02:00Z)",
        ),
        ({"high": [12.0, np.inf, 12.0, np.inf]}, "high is not a finite number (2×, first at row 1"),
        ({"low": [9.0, 9.0, 9.0, 0.0]}, "low is not above zero (1×, first at row 3"),
        ({"close": [11.0, -1.0, 11.0, 11.0]}, "close is not above zero (1×, first at row 1"),
        ({"volume": [0.0, 5.0, -0.5, 5.0]}, "negative volume (1×, first at row 2"),
        ({"volume": [0.0, 5.0, np.nan, 5.0]}, "volume is not a finite number (1×, first at row 2"),
        ({"low": [9.0, 10.5, 9.0, 9.0]}, "low above open, close or high (1×, first at row 1"),
        ({"high": [12.0, 12.0, 10.5, 12.0]}, "high below open or close (1×, first at row 2"),
        ({"open_ms": [START_MS + ms for ms in (0, 60_000, 120_001, 180_000)]}, "not aligned to 1m (1×, first at row 2"),
        (
            {"open_ms": [START_MS + ms for ms in (0, 60_000, 60_000, 120_000)]},
            "duplicate open time (1×, first at row 2",
        ),
        ({"open_ms": [START_MS + ms for ms in (0, 120_000, 60_000, 180_000)]}, "not in order (1×, first at row 2"),
        ({"open_ms": [START_MS * 1000 + ms for ms in range(4)]}, "is no count of milliseconds since 1970 (4×)"),
        ({"open_ms": [-60_000, 0, 60_000, 120_000]}, "open time -60000 at row 0 is no count of milliseconds"),
        ({"open_ms": [0.0, np.nan, 1.0, 2.0]}, "open times must be whole milliseconds"),
        ({"open_ms": [0.5, 1.0, 2.0, 3.0]}, "open times must be whole milliseconds"),
        ({"open_ms": ["2024-01-01"] * 4}, "open times must be whole milliseconds"),
        ({"open_ms": [datetime(2024, 1, 1)] * 4}, "open times must be whole milliseconds"),  # noqa: DTZ001
        ({"open_ms": [np.datetime64("NaT", "ms")] * 4}, "no count of milliseconds since 1970"),
        ({"close": ["11", "x", "11", "11"]}, "close must hold numbers"),
        ({"close": [11.0] * 3}, "close has shape (3,), open_ms has (4,)"),
        ({"volume": [[5.0] * 4]}, "volume has shape (1, 4), open_ms has (4,)"),
        ({"open_ms": [[START_MS]]}, "open_ms must be one-dimensional"),
    ],
)
def test_bad_candles_are_refused_with_row_and_reason(changes: dict[str, list[Any]], said: str) -> None:
    assert said in problem(**changes)


def test_every_kind_of_problem_is_reported_at_once() -> None:
    said = problem(volume=[-1.0, 5.0, 5.0, 5.0], close=[11.0, 0.0, 11.0, 11.0])
    assert "negative volume" in said
    assert "close is not above zero" in said


def test_what_is_sound_is_taken_with_zero_volume_and_equal_prices() -> None:
    candles = Candles.checked(Timeframe.M1, **columns(high=[11.0] * 4, low=[10.0] * 4, volume=[0.0] * 4))
    assert len(candles) == 4
    assert len(Candles.checked(Timeframe.M1, [], [], [], [], [], [])) == 0


def test_candles_do_not_share_the_callers_arrays() -> None:
    """Neither does a later change reach them, nor do the caller's arrays become read-only."""
    given_columns = {name: np.array(values) for name, values in columns().items()}
    candles = Candles.checked(Timeframe.M1, **given_columns)
    given_columns["close"][0] = 99.0
    given_columns["open_ms"][0] = 0
    assert candles.close[0] == 11.0
    assert candles.open_ms[0] == START_MS
    with pytest.raises(ValueError, match="read-only"):
        candles.close[0] = 1.0


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_open_times_may_be_datetime64_of_any_unit(unit: str) -> None:
    times = np.array(columns()["open_ms"], dtype="datetime64[ms]").astype(f"datetime64[{unit}]")
    assert Candles.checked(Timeframe.M1, **{**columns(), "open_ms": times}).open_ms.tolist() == columns()["open_ms"]


def test_open_times_may_be_aware_datetimes() -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    times = [datetime.fromtimestamp(ms / 1000, zone) for ms in columns()["open_ms"]]
    assert Candles.checked(Timeframe.M1, **{**columns(), "open_ms": times}).open_ms.tolist() == columns()["open_ms"]


# --- cutting --------------------------------------------------------------------------------------------------
@given(candle_series(Timeframe.M5, most=40), st.integers(-3, 45 * 5), st.integers(0, MINUTE_MS - 1))
def test_closed_at_keeps_exactly_what_has_ended(candles: Candles, minute: int, ms: int) -> None:
    now = int(candles.open_ms[0]) + minute * MINUTE_MS + ms
    kept = [open_ms for open_ms in candles.open_ms.tolist() if open_ms + Timeframe.M5.ms <= now]
    assert candles.closed_at(now).open_ms.tolist() == kept
    assert candles.closed_at(np.int64(now)).open_ms.tolist() == kept  # type: ignore[arg-type]
    aware = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=now)
    assert candles.closed_at(aware).open_ms.tolist() == kept


@given(candle_series(most=40), st.integers(-5, 45), st.integers(-5, 45))
def test_between_includes_both_ends(candles: Candles, first: int, last: int) -> None:
    origin = int(candles.open_ms[0])
    low, high = origin + first * MINUTE_MS, origin + last * MINUTE_MS
    kept = [open_ms for open_ms in candles.open_ms.tolist() if low <= open_ms <= high]
    assert candles.between(low, high).open_ms.tolist() == kept


@given(candle_series(Timeframe.M15, most=60))
def test_gaps_are_exactly_the_missing_candles(candles: Candles) -> None:
    present = set(candles.open_ms.tolist())
    everything = range(min(present), max(present) + 1, Timeframe.M15.ms)
    missing = [open_ms for open_ms in everything if open_ms not in present]
    found = [
        open_ms
        for gap in candles.gaps()
        for open_ms in range(gap.first_open_ms, gap.last_open_ms + 1, Timeframe.M15.ms)
    ]
    assert found == missing
    assert sum(gap.count for gap in candles.gaps()) == len(missing)
    assert all(gap.first_open_ms - Timeframe.M15.ms in present for gap in candles.gaps())


def test_a_run_of_missing_candles_is_one_gap() -> None:
    candles = without(walk(Timeframe.M1, 10, 1), [3, 4, 5])
    assert candles.gaps() == (Gap(START_MS + 3 * MINUTE_MS, START_MS + 5 * MINUTE_MS, 3),)


@given(candle_series(most=40), candle_series(most=40))
def test_merging_keeps_every_candle_and_prefers_the_other_series(left: Candles, right: Candles) -> None:
    rows = {int(candles.open_ms[i]): (candles, i) for candles in (left, right) for i in range(len(candles))}
    merged = left.merged(right)
    assert merged.open_ms.tolist() == sorted(rows)
    for name in COLUMNS:
        assert getattr(merged, name).tolist() == [
            getattr(rows[open_ms][0], name)[rows[open_ms][1]] for open_ms in sorted(rows)
        ]


@pytest.mark.parametrize("cut", [1, 4])
def test_merging_with_what_follows_appends_it_and_a_gap_between_stays_one(cut: int) -> None:
    candles = walk(Timeframe.M1, 5, 1)
    assert equal(candles[:cut].merged(candles[cut:]), candles)
    assert equal(candles[cut:].merged(candles[:cut]), candles)
    assert [gap.count for gap in candles[:1].merged(candles[3:]).gaps()] == [2]


def test_merging_with_nothing_changes_nothing_and_timeframes_do_not_mix() -> None:
    candles = walk(Timeframe.M1, 5, 1)
    assert candles.merged(Candles.empty(Timeframe.M1)) is candles
    assert Candles.empty(Timeframe.M1).merged(candles) is candles
    with pytest.raises(ValueError, match="cannot merge 1m with 5m"):
        candles.merged(walk(Timeframe.M5, 5, 1))


# --- reading --------------------------------------------------------------------------------------------------
def frame_columns(candles: Candles) -> dict[str, Any]:
    return {name: getattr(candles, name) for name in COLUMNS}


def frames(candles: Candles) -> dict[str, Any]:
    """The same candles as frames of both libraries, with every kind of time column."""
    times = candles.open_ms.astype("datetime64[ms]")
    prices = frame_columns(candles)
    pandas_times = pd.to_datetime(pd.Series(times))
    polars = pl.DataFrame({"timestamp": times, **prices})
    return {
        "pandas ms": pd.DataFrame({"open_ms": candles.open_ms, **prices}),
        "pandas naive": pd.DataFrame({"timestamp": pandas_times, **prices}),
        "pandas ns": pd.DataFrame({"timestamp": pandas_times.astype("datetime64[ns]"), **prices}),
        "pandas aware": pd.DataFrame({"timestamp": pandas_times.dt.tz_localize("UTC"), **prices}),
        "pandas elsewhere": pd.DataFrame(
            {"timestamp": pandas_times.dt.tz_localize("UTC").dt.tz_convert("Asia/Kolkata"), **prices}
        ),
        "polars ms": pl.DataFrame({"time": candles.open_ms, **prices}),
        "polars naive": polars,
        "polars us": polars.with_columns(pl.col("timestamp").cast(pl.Datetime("us"))),
        "polars aware": polars.with_columns(pl.col("timestamp").dt.replace_time_zone("UTC")),
        "polars elsewhere": polars.with_columns(
            pl.col("timestamp").dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Kolkata")
        ),
    }


@pytest.mark.parametrize("kind", list(frames(walk(Timeframe.M1, 3, 1))))
def test_a_frame_reads_as_the_candles_it_was_made_of(kind: str) -> None:
    candles = walk(Timeframe.M15, 50, 3)
    assert equal(Candles.from_frame(frames(candles)[kind], "15m"), candles)


def test_a_frame_without_the_columns_says_which_are_absent() -> None:
    frame = pd.DataFrame({"when": [1], "open": [1.0], "high": [1.0], "low": [1.0], "volume": [1.0]})
    with pytest.raises(InvalidCandlesError, match=r"missing: a time column .*, close; the columns are when, open"):
        Candles.from_frame(frame, "1m")


def test_a_frame_with_an_empty_price_is_refused_with_its_row() -> None:
    frame = pl.DataFrame({"open_ms": [START_MS, START_MS + MINUTE_MS], **{name: [1.0, None] for name in COLUMNS}})
    with pytest.raises(InvalidCandlesError, match="row 1: open must be a finite number, not nan"):
        Candles.from_frame(frame, "1m")


@pytest.mark.parametrize("name", ["candles.csv", "candles.csv.gz"])
def test_a_csv_file_reads_as_the_candles_that_were_written(tmp_path: Path, name: str) -> None:
    candles = without(walk(Timeframe.M5, 80, 4), [7, 8])
    frame = pd.DataFrame({"timestamp": candles.open_ms, **frame_columns(candles)})
    frame.to_csv(tmp_path / name, index=False, float_format="%.17g")
    assert equal(Candles.read_csv(tmp_path / name), candles)
    assert equal(Candles.read_csv(str(tmp_path / name), "5m"), candles)


def test_candles_show_their_span() -> None:
    assert repr(walk(Timeframe.H1, 3, 1)) == "Candles(1h, 3 candles, 2024-01-01T00:00:00Z … 2024-01-01T02:00:00Z)"
    assert repr(Candles.empty(Timeframe.H1)) == "Candles(1h, empty)"
