"""Candle files as exchanges and traders' programs write them: what is recognised, what is said, what is asked back."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from attrs import evolve
from pyarrow import feather

from mtf_adapters.files import candle_blocks, candle_csv, candle_json
from mtf_adapters.files.candle_table import CandleReading, read_options
from mtf_adapters.files.candles import read_candle_file, read_candles
from mtf_core.market import COLUMNS, MINUTE_MS, Candles, InvalidCandlesError, Timeframe
from tests.market_strategies import walk, without

FIRST_MS = 1_743_120_000_000  # 2025-03-28T00:00Z
CANDLES = walk(Timeframe.M1, 90, 7, start_ms=FIRST_MS)


def heard(path: Path, **options: Any) -> tuple[Candles, list[str]]:
    """The candles of a file, and what was said of it."""
    said: list[str] = []
    return read_candles(path, tell=said.append, **options), said


def refusal(path: Path, **options: Any) -> str:
    with pytest.raises(InvalidCandlesError) as refused:
        read_candles(path, **options)
    return str(refused.value)


def rows(candles: Candles = CANDLES) -> list[tuple[int, float, float, float, float, float]]:
    return list(zip(candles.open_ms.tolist(), *(getattr(candles, name).tolist() for name in COLUMNS), strict=True))


def assert_same(read: Candles, written: Candles = CANDLES) -> None:
    for name in ("open_ms", *COLUMNS):
        assert np.array_equal(getattr(read, name), getattr(written, name)), name


def save(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def wall(open_ms: int, form: str, hours: float = 0) -> str:
    """What a clock shows that is some hours ahead of UTC."""
    return (datetime.fromtimestamp(open_ms / 1000, UTC) + timedelta(hours=hours)).strftime(form)


Writer = Callable[[int, float, float, float, float, float], str]

BINANCE = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume"
FORMATS: dict[str, tuple[list[str], Writer, list[str]]] = {
    "binance spot, no header, µs": (
        [],
        lambda t, o, h, low, c, v: f"{t}000,{o},{h},{low},{c},{v},{t + 59_999}999,{v * c},17,1,2,0",
        ["no header, read as open time, open", "times in microseconds"],
    ),
    "binance futures": (
        [BINANCE + ",ignore"],
        lambda t, o, h, low, c, v: f"{t},{o},{h},{low},{c},{v},{t + 59_999},{v * c},17,1,2,0",
        [],
    ),
    "kraken": (
        [],
        lambda t, o, h, low, c, v: f"{t // 1000},{o},{h},{low},{c},{v},3",
        ["no header, read as time, open, high, low, close, volume, trades"],
    ),
    "okx files": (
        ["instrument_name,open,high,low,close,vol,vol_ccy,vol_quote,open_time,confirm"],
        lambda t, o, h, low, c, v: f"X-USDT-SWAP,{o},{h},{low},{c},{v * 100},{v},{v * c},{t},1",
        ["volume from the column vol_ccy, not vol or vol_quote"],
    ),
    "okx answers": (
        [],
        lambda t, o, h, low, c, v: f"{t},{o},{h},{low},{c},{v * 100},{v},{v * c},1",
        ["no header, read as time, open, high, low, close, contracts, volume, quote volume, confirmed"],
    ),
    "tradingview": (
        ["time,open,high,low,close,Volume"],
        lambda t, *rest: f"{t // 1000}," + ",".join(map(str, rest)),
        [],
    ),
    "semicolons and a byte order mark": (
        ["\ufeffDate;Open;High;Low;Close;Volume"],
        lambda t, *rest: ";".join([wall(t, "%Y-%m-%d %H:%M"), *map(str, rest)]),
        [],
    ),
    "quoted, with a title": (
        ["Exported by a program", '"Time","Open","High","Low","Close","Volume (BTC)","Volume (Currency)"'],
        lambda t, o, h, low, c, v: f'"{t}","{o}","{h}","{low}","{c}","{v}","{v * c}"',
        ["the table begins in row 2", "volume from the column volume_btc, not volume_currency"],
    ),
    "pandas' unnamed index": (
        [",open,high,low,close,volume"],
        lambda t, *rest: ",".join([wall(t, "%Y-%m-%d %H:%M:%S+00:00"), *map(str, rest)]),
        [],
    ),
    "dukascopy": (
        ["Gmt time,Open,High,Low,Close,Volume"],
        lambda t, *rest: ",".join([wall(t, "%d.%m.%Y %H:%M:%S.000"), *map(str, rest)]),
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", list(FORMATS))
def test_a_file_is_read_as_it_is_and_says_what_was_recognised(tmp_path: Path, kind: str) -> None:
    header, write, expected = FORMATS[kind]
    read, said = heard(save(tmp_path / "candles.csv", [*header, *(write(*row) for row in rows())]))
    assert_same(read)
    assert len(said) == len(expected)
    for remark, part in zip(said, expected, strict=True):
        assert part in remark


def test_cryptodatadownload_is_turned_round_and_its_first_volume_is_base(tmp_path: Path) -> None:
    lines = ["https://www.CryptoDataDownload.com"]
    lines.append("Unix,Date,Symbol,Open,High,Low,Close,Volume ETH,Volume USDT,tradecount")
    for t, o, h, low, c, v in reversed(rows()):
        # The text column is in a zone of its own: the count decides.
        lines.append(f"{t},{wall(t, '%Y-%m-%d %H:%M:%S', 5)},ETHUSDT,{o},{h},{low},{c},{v},{v * c},99")
    read, said = heard(save(tmp_path / "cdd.csv", lines))
    assert_same(read)
    assert said == [
        "times from the column unix",
        "the table begins in row 2",
        "newest first, turned round",
        "volume from the column volume_eth, not volume_usdt",
    ]


def metatrader(tmp_path: Path, version: int, hours: float = 0) -> Path:
    if version == 4:
        lines = [f"{wall(t, '%Y.%m.%d,%H:%M', hours)},{o},{h},{low},{c},{v}" for t, o, h, low, c, v in rows()]
    else:
        lines = ["<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>"]
        for t, o, h, low, c, v in rows():
            cells = (wall(t, "%Y.%m.%d", hours), wall(t, "%H:%M:%S", hours), o, h, low, c, v, 0, 5)
            lines.append("\t".join(map(str, cells)))
    return save(tmp_path / "mt.csv", lines)


@pytest.mark.parametrize("version", [4, 5])
def test_metatrader_is_read_with_its_brokers_zone_and_refused_without(tmp_path: Path, version: int) -> None:
    path = metatrader(tmp_path, version, hours=2)
    assert "the times name no time zone" in (asked := refusal(path))
    assert "--timezone UTC, +02:00 or Europe/Athens" in asked
    for zone in ("+02:00", "UTC+2", "Europe/Athens"):
        assert_same(read_candles(path, timezone=zone))
    _, said = heard(path, timezone="+02:00")
    if version == 5:
        assert said == ["volume from the column tickvol, not vol (vol holds only zeros)"]


def test_a_zone_that_nothing_needs_or_nobody_knows_is_refused(tmp_path: Path) -> None:
    counts = save(
        tmp_path / "counts.csv", ["time,open,high,low,close,volume", *(",".join(map(str, row)) for row in rows())]
    )
    assert "a time zone was given, but the times say themselves" in refusal(counts, timezone="+02:00")
    assert "'Mars/Olympus' is no time zone; write it like UTC" in refusal(counts, timezone="Mars/Olympus")
    assert "'+99:00' is no time zone" in refusal(counts, timezone="+99:00")


def hours_of(walls: list[str]) -> list[str]:
    return ["time,open,high,low,close,volume", *(f"{text},10,12,9,11,5" for text in walls)]


def test_the_hour_that_happens_twice_is_told_apart_by_its_order(tmp_path: Path) -> None:
    """Athens, 2024-10-27: 04:00 summer time becomes 03:00, so 03:00 and 03:30 come twice, from 00:00Z on."""
    walls = [f"2024-10-27 {text}" for text in ("02:45", "03:00", "03:15", "03:30", "03:45")]
    walls += [f"2024-10-27 {text}" for text in ("03:00", "03:15", "03:30", "03:45", "04:00")]
    for order in (walls, walls[::-1]):
        read = read_candles(save(tmp_path / "autumn.csv", hours_of(order)), timezone="Europe/Athens")
        assert read.open_ms.tolist() == [1_729_986_300_000 + number * 900_000 for number in range(10)]


def test_an_hour_that_the_clock_skips_is_refused(tmp_path: Path) -> None:
    walls = ["2024-03-31 02:00", "2024-03-31 03:00", "2024-03-31 04:00"]
    said = refusal(save(tmp_path / "spring.csv", hours_of(walls)), timezone="Europe/Athens")
    assert "row 3: 2024-03-31 03:00 does not exist in Europe/Athens" in said


def test_a_constant_offset_is_named_and_taken_off_when_asked(tmp_path: Path) -> None:
    lines = ["timestamp,open,high,low,close,volume"]
    lines += [",".join(map(str, (t + 1000, *rest))) for t, *rest in rows()]
    path = save(tmp_path / "bitmart.csv", lines)
    assert "every candle opens 1 s after the start of a 1m candle (UTC)" in (asked := refusal(path))
    assert "--align" in asked
    read, said = heard(path, align=True)
    assert_same(read)
    assert said == ["1 s taken off every open time"]


def test_an_offset_of_hours_is_no_slip_and_stays_refused(tmp_path: Path) -> None:
    lines = hours_of([f"2024-01-{day:02} 16:00Z" for day in range(1, 9)])
    said = refusal(save(tmp_path / "days.csv", lines), align=True)
    assert "opens 57600 s after the start of a 1d candle (UTC): these are other candles" in said


def test_align_without_an_offset_is_refused(tmp_path: Path) -> None:
    lines = hours_of([f"2024-01-01 00:0{minute}" for minute in range(5)])
    assert "there is no offset to take off" in refusal(save(tmp_path / "a.csv", lines), align=True)


def test_a_file_that_changes_its_unit_says_where(tmp_path: Path) -> None:
    """Binance changed from ms to µs with 2025; years in one file hold both."""
    lines = ["time,open,high,low,close,volume"]
    lines += [",".join(map(str, (t if at < 40 else t * 1000, *rest))) for at, (t, *rest) in enumerate(rows())]
    read, said = heard(save(tmp_path / "years.csv", lines))
    assert_same(read)
    assert said == ["times in milliseconds, from row 42 on in microseconds"]


def test_minutes_without_trades_are_named_with_what_they_mean(tmp_path: Path) -> None:
    quiet = without(CANDLES, [5, 6, 20, 41])
    lines = [f"{t // 1000},{o},{h},{low},{c},{v + 1},3" for t, o, h, low, c, v in rows(quiet)]
    read, said = heard(save(tmp_path / "kraken.csv", lines))
    assert len(read) == 86
    assert said[1].startswith("4 candles missing in 3 holes, the first at 2025-03-28T00:05:00Z; no candle has volume 0")
    assert "up to 15 minutes each unless you say otherwise" in said[1]


def test_one_hole_is_one_hole(tmp_path: Path) -> None:
    lines = hours_of(["2024-01-01 00:00", "2024-01-01 00:01", "2024-01-01 00:03", "2024-01-01 00:04"])
    assert heard(save(tmp_path / "a.csv", lines))[1] == ["1 candle missing in 1 hole, at 2024-01-01T00:02:00Z"]


def test_candles_that_the_exchange_has_not_confirmed_are_left_out(tmp_path: Path) -> None:
    lines = ["open_time,open,high,low,close,volume,confirm"]
    lines += [",".join(map(str, (*row, int(at < 89)))) for at, row in enumerate(rows())]
    read, said = heard(save(tmp_path / "okx.csv", lines))
    assert_same(read, CANDLES[:89])
    assert said == ["1 candle not confirmed by the exchange left out"]
    lines[3] = lines[3][:-1] + "?"
    assert "row 4: whether the candle is confirmed must be 1 or 0, not '?'" in refusal(
        save(tmp_path / "okx.csv", lines)
    )


def test_freqtrades_files_are_read(tmp_path: Path) -> None:
    times = pa.array(CANDLES.open_ms, pa.timestamp("ms", "UTC"))
    columns = {name: getattr(CANDLES, name) for name in COLUMNS}
    feather.write_feather(pa.table({"date": times, **columns}), tmp_path / "BTC_USDT-1m.feather")
    assert_same(read_candles(tmp_path / "BTC_USDT-1m.feather"))
    packed = tmp_path / "BTC_USDT-1m.json.gz"
    packed.write_bytes(gzip.compress(json.dumps(rows()).encode()))
    assert_same(read_candles(packed))


def test_json_objects_and_numbers_as_texts_are_read(tmp_path: Path) -> None:
    path = tmp_path / "candles.json"
    path.write_text(json.dumps([dict(zip(("ts", *COLUMNS), map(str, row), strict=True)) for row in rows()]))
    assert_same(read_candles(path))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"data": []}', "the content is no list in JSON"),
        ("[1, 2]", "row 1 is 1; allowed is a list of rows"),
        ("[]", "there are no candles in it"),
        (f"[[{FIRST_MS}, 10, 12, 9, 11, 5], [{FIRST_MS + MINUTE_MS}, 10]]", "row 2 is not like row 1"),
        (f"[[{FIRST_MS}, 10, 12, 9, 11, null]]", "row 1: volume must be a number, not 'None'"),
    ],
)
def test_json_that_holds_no_candles_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.json").write_text(text)
    assert said in refusal(tmp_path / "a.json")


def test_an_archive_of_one_file_is_read_and_one_of_more_refused(tmp_path: Path) -> None:
    lines = "\n".join(",".join(map(str, row)) for row in rows())
    with zipfile.ZipFile(tmp_path / "BTCUSDT-1m.zip", "w") as archive:
        archive.writestr("BTCUSDT-1m.csv", lines)
    assert_same(read_candles(tmp_path / "BTCUSDT-1m.zip"))
    with zipfile.ZipFile(tmp_path / "BTCUSDT-1m.zip", "a") as archive:
        archive.writestr("ETHUSDT-1m.csv", lines)
    assert "the archive holds 2 files" in refusal(tmp_path / "BTCUSDT-1m.zip")


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_blocks_join_without_a_seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """A table is read in blocks; blank lines, quotes and all rows are where they were."""
    for module in (candle_blocks, candle_csv, candle_json):
        monkeypatch.setattr(module, "ROWS_PER_BLOCK", 7)
    path = tmp_path / f"candles.{kind}"
    if kind == "json":
        path.write_text(json.dumps(rows()))
    else:
        lines = ["time,open,high,low,close,volume", "", *(",".join(map(str, row)) for row in rows())]
        lines[40] = ",".join(f'"{cell}"' for cell in rows()[38])
        save(path, [*lines[:20], "  ", *lines[20:]])
    assert_same(read_candles(path))


def test_frames_are_recognised_as_files_are() -> None:
    """Case, units, a date and a time, texts, other names, and times in the index."""
    prices = {name.title(): getattr(CANDLES, name) for name in COLUMNS}
    stamps = pd.to_datetime(pd.Series(CANDLES.open_ms), unit="ms")
    frames = [
        pd.DataFrame({"Date": CANDLES.open_ms // 1000, **prices}),
        pd.DataFrame({"open_time": CANDLES.open_ms.astype(float) * 1000, **prices}),
        pd.DataFrame({"time": stamps.dt.strftime("%Y-%m-%dT%H:%M:%SZ"), **prices}),
        pd.DataFrame(prices, index=pd.DatetimeIndex(stamps, name="Datetime")),
        pd.DataFrame(prices, index=pd.DatetimeIndex(stamps).tz_localize("UTC").tz_convert("Asia/Tokyo")),
        pd.DataFrame({"time": stamps, **{name: column.astype(str) for name, column in prices.items()}}),
        pd.DataFrame({"time": stamps, **prices})[::-1],
        pl.DataFrame({"ts": CANDLES.open_ms * 1000, **prices}),
        pl.DataFrame({"date": stamps.dt.strftime("%Y-%m-%d"), "time": stamps.dt.strftime("%H:%M"), **prices}),
    ]
    for frame in frames[:-1]:
        assert_same(Candles.from_frame(frame))
    assert_same(Candles.from_frame(frames[-1], "1m", timezone="UTC"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([{"open": 1.0}], "list is no frame; give a pandas or polars frame"),
        ({"open": [1.0]}, "dict is no frame"),
        (pd.Series([1.0]), "Series is no frame"),
        (CANDLES, "Candles is no frame"),
        (None, "NoneType is no frame"),
        (pl.LazyFrame({"open": [1.0]}), r"LazyFrame is no frame; call .collect\(\)"),
        ("btc.csv", "files are read with Candles.read_csv"),
        (pd.DataFrame(), "missing: a time column"),
        (pd.DataFrame([[1, 2]], columns=["open", "open"]), "columns given more than once"),
        (pd.DataFrame({"time": [None], **dict.fromkeys(COLUMNS, 1.0)}), "row 0: the time is empty"),
        (pd.DataFrame({"time": [True], **dict.fromkeys(COLUMNS, 1.0)}), "must be datetimes, whole numbers or texts"),
    ],
)  # fmt: skip
def test_what_is_no_frame_of_candles_is_refused_with_advice(given: Any, said: str) -> None:
    with pytest.raises(InvalidCandlesError, match=said):
        Candles.from_frame(given, "1m")


def test_a_path_that_is_none_is_refused() -> None:
    for wrong in (None, 3, pd.DataFrame()):
        with pytest.raises(InvalidCandlesError, match="a file is named by its path"):
            Candles.read_csv(wrong)  # type: ignore[arg-type]


def test_parquet_and_feather_have_a_door_of_their_own(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {name: getattr(CANDLES, name) for name in COLUMNS}, index=pd.to_datetime(CANDLES.open_ms, unit="ms")
    )
    frame.to_parquet(tmp_path / "candles.parquet")
    assert_same(Candles.read_parquet(tmp_path / "candles.parquet"))


def without_repeats(path: Path, timezone: str | None = None) -> CandleReading:
    return read_candle_file(path, evolve(read_options(None, timezone, False, None), drop_repeats=True))


def test_a_row_that_is_given_twice_with_the_same_numbers_counts_once_for_whoever_wants_that(tmp_path: Path) -> None:
    """As in some of OKX's files; with other numbers it is refused."""
    header, lines = "timestamp,open,high,low,close,volume", [",".join(map(repr, values)) for values in rows()]
    file = save(tmp_path / "twice.csv", [header, *lines[:10], lines[9], *lines[10:]])
    assert "row 12: same time as the row before" in refusal(file)
    reading = without_repeats(file)
    assert_same(reading.candles)
    assert reading.remarks == ("1 row given twice with the same numbers, left out once",)
    other = lines[9].rpartition(",")[0] + ",1.5"
    with pytest.raises(InvalidCandlesError, match="row 12: same time as the row before"):
        without_repeats(save(tmp_path / "other.csv", [header, *lines[:10], other, *lines[10:]]))


def test_an_hour_that_a_clock_shows_twice_is_no_row_given_twice(tmp_path: Path) -> None:
    """26 October 2025 in Athens: two hours without trades look the same, and are two."""
    lines = [f"2025.10.26,{hour:02}:00,10,10,10,10,0" for hour in (1, 2, 3, 3, 4, 5)]
    reading = without_repeats(save(tmp_path / "athens.csv", lines), timezone="Europe/Athens")
    assert len(reading.candles) == 6
    assert not any("twice" in remark for remark in reading.remarks)
