"""Reading candle files: what is accepted, and what each refusal says."""

import gzip
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtf_adapters.files.candles import read_candles, write_candles_csv
from mtf_core.market import COLUMNS, MINUTE_MS, Candles, InvalidCandlesError, Timeframe, UnknownTimeframeError

HEADER = "timestamp,open,high,low,close,volume"
START_S = 1_640_995_200  # 2022-01-01T00:00Z
START_MS = START_S * 1000


def row(time: object, prices: str = "10,12,9,11,5.5") -> str:
    return f"{time},{prices}"


def write(tmp_path: Path, *lines: str, name: str = "candles.csv") -> Path:
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def three(times: list[object]) -> list[str]:
    return [HEADER, *map(row, times)]


@pytest.mark.parametrize(
    "times",
    [
        ["2022-01-01 00:00:00.000000", "2022-01-01 00:01:00.000000", "2022-01-01 00:02:00.000000"],
        ["2022-01-01T00:00Z", "2022-01-01T00:01Z", "2022-01-01T00:02Z"],
        ["2022-01-01T01:00+01:00", "2022-01-01T01:01+01:00", "2022-01-01T01:02+01:00"],
        ["2022-01-01 00:00:00 UTC", "2022-01-01 00:01:00 UTC", "2022-01-01 00:02:00 UTC"],
        [START_S, START_S + 60, START_S + 120],
        [f"{START_S}.0", f"{START_S + 60}.0", f"{START_S + 120}.0"],
        [START_S * 10**3, (START_S + 60) * 10**3, (START_S + 120) * 10**3],
        [START_S * 10**6, (START_S + 60) * 10**6, (START_S + 120) * 10**6],
        [START_S * 10**9, (START_S + 60) * 10**9, (START_S + 120) * 10**9],
    ],
    ids=["naive", "Z", "offset", "UTC", "s", "s as float", "ms", "µs", "ns"],
)
def test_every_way_to_write_a_time_gives_the_same_candles(tmp_path: Path, times: list[object]):
    candles = read_candles(write(tmp_path, *three(times)))
    assert candles.timeframe is Timeframe.M1
    assert candles.open_ms.tolist() == [START_MS, START_MS + MINUTE_MS, START_MS + 2 * MINUTE_MS]


def test_columns_may_come_in_any_order_and_case_with_others_between(tmp_path: Path):
    path = write(
        tmp_path,
        "Volume, trades,CLOSE,Low,high,Open,Date",
        f"5.5,3,11,9,12,10,{START_S}",
        f"6.5,4,11,9,12,10,{START_S + 60}",
    )
    candles = read_candles(path)
    assert [float(getattr(candles, name)[0]) for name in COLUMNS] == [10, 12, 9, 11, 5.5]


def test_blank_lines_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path: Path):
    path = tmp_path / "candles.csv"
    path.write_bytes(f"\ufeff{HEADER}\r\n{row(START_S)}\r\n\r\n{row(START_S + 60)}\r\n".encode())
    assert len(read_candles(path)) == 2


def test_quoted_cells_are_read(tmp_path: Path):
    path = write(tmp_path, '"note",' + HEADER, f'"a, b",{row(START_S)}', f'"c","{START_S + 60}","10","12","9","11","5"')
    assert len(read_candles(path)) == 2
    assert "row 3: 2 values" in refusal(write(tmp_path, '"note",' + HEADER, f'"a, b",{row(START_S)}', '"a","b"'))


def test_gzip_is_read_whatever_the_name(tmp_path: Path):
    content = gzip.compress("\n".join(three([START_S, START_S + 60, START_S + 120])).encode())
    for name in ("candles.csv.gz", "candles.csv"):
        (tmp_path / name).write_bytes(content)
        assert len(read_candles(tmp_path / name)) == 3


def test_holes_are_read_as_holes(tmp_path: Path):
    minutes = [0, 1, 2, 5, 6]
    candles = read_candles(write(tmp_path, *three([START_S + 60 * minute for minute in minutes])))
    (gap,) = candles.gaps()
    assert (gap.count, gap.first_open_ms) == (2, START_MS + 3 * MINUTE_MS)


def test_the_most_common_spacing_is_the_timeframe_unless_it_is_given(tmp_path: Path):
    path = write(tmp_path, *three([START_S, START_S + 300, START_S + 600, START_S + 6000]))
    assert read_candles(path).timeframe is Timeframe.M5
    assert read_candles(path, "1m").timeframe is Timeframe.M1


def test_the_core_reads_through_the_same_door(tmp_path: Path):
    path = write(tmp_path, *three([START_S, START_S + 60]))
    assert len(Candles.read_csv(path, "1m")) == 2


def refusal(path: Path, *args: object, **kwargs: int) -> str:
    with pytest.raises(InvalidCandlesError) as caught:
        read_candles(path, *args, **kwargs)  # type: ignore[arg-type]
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


T0, T1, T2 = START_S, START_S + 60, START_S + 120


@pytest.mark.parametrize(
    ("lines", "parts"),
    [
        ([""], ["the file is empty"]),
        ([HEADER], ["no candles in it"]),
        (["time,open,high,low,close", "1,2"], ["row 1: missing: volume; the columns are time, open"]),
        (["x;y;z", "1;2;3"], ["row 1: missing: a time column (timestamp, open_time", "open, high, low, close, volume"]),
        (["title", HEADER + ",Open", row(1) + ",3"], ["row 2: the column open is given more than once"]),
        ([HEADER + ",vol,Vol", row(1) + ",3,4"], ["the column vol is given more than once"]),
        ([HEADER + ",date", row(T0) + f",{T0}"], ["more than one time column: timestamp, date; leave one, or name it"]),
        (["time,open,high,low,close,Volume A,Volume B", row(1)], ["volume may be volume_a or volume_b; name"]),
        (["time,open,high,low,close,Volume USD", row(1)], ["volume is missing, and volume_usd is in quote currency"]),
        ([row(T0) + ",1,2"], ["no header, and the 8 columns of the first row are in no known order; put names"]),
        ([HEADER, row(T0), f"{T1},1,2,3"], ["row 3: 4 values, the first row has 6 columns"]),
        ([HEADER, row(T0), row(T1, "10,x,9,11,5")], ["row 3: high must be a number, not 'x'"]),
        ([HEADER, row(T0), row(T1, "10,1_2,9,11,5")], ["row 3: high must be a number, not '1_2'"]),
        ([HEADER, row(T0), row(T1, "10,,9,11,5")], ["row 3: high must be a number, not nothing"]),
        ([HEADER.replace(",", ";"), f"{T0};10,5;12;9;11;5"], ["row 2: open must be a number, not '10,5'; write decim"]),
        ([HEADER, row(T0), "", row(T1, "10,x,9,11,5")], ["row 4: high"]),
        ([HEADER, row(T0), row(T1, "10,12,9,nan,5")], ["row 3: close must be a finite number, not nan"]),
        ([HEADER, row(T0), row(T1, "10,inf,9,11,5")], ["row 3: high must be a finite number, not inf"]),
        ([HEADER, row(T0), row(T1, "10,12,0,11,5")], ["row 3: low must be above zero, not 0"]),
        ([HEADER, row(T0), row(T1, "10,12,9,11,-5")], ["row 3: volume must not be negative, not -5"]),
        ([HEADER, row(T0), row(T1, "10,12,10.5,11,5")], ["row 3: low is above open, close or high: 10.5"]),
        ([HEADER, row(T0), row(T1, "10,10.5,9,11,5")], ["row 3: high is below open or close: 10.5"]),
        ([row(T0, "10,11,12,9,5"), row(T1)], ["row 1: low is above", "(no header, read as time, open", "name them"]),
        (three([T0, T1, T1]), ["row 4: same time as the row before"]),
        (three([T2, T0, T1]), ["row 3: earlier than", "from the oldest to the newest, or all the other way"]),
        (three([T0, T1, "2022-01-01T00:02"]), ["row 4", "is of another kind, the first row has a whole number"]),
        (three(["2022-01-01T00:00", T1]), ["row 3", "is of another kind, the first row has a date"]),
        (three(["2022-01-01T00:00", "2022-01-01T00:01Z"]), ["row 3: some times name a time zone and some do not"]),
        (three(["yesterday", "today"]), ["row 2: the time 'yesterday' is no time; allowed: 2022-01-31 14:00"]),
        (three(["01/02/2022 00:00"]), ["row 2: the time '01/02/2022 00:00' may begin with its day or its month"]),
        (three([5, 65]), ["row 2: 5 is no time in seconds, ms, µs or ns between 1973 and 2286"]),
        (three([T0, T1, 10**40]), ["row 4", "is no time in seconds"]),
        (three([T0 * 10**9 + 1, T0 * 10**9 + 2]), ["row 2", "ns is no whole microsecond"]),
        (three([T0, T1 + 7, T2, T2 + 60, T2 + 120]), ["row 3: open time is no start of a 1m candle (UTC)"]),
        (three(["2022-01-01T00:00:00.0005", "2022-01-01T00:01:00"]), ["59.9995 seconds apart"]),
        (three([T0, T0 + 180, T0 + 360]), ["180 seconds apart, which is no timeframe; allowed: 1m, 5m"]),
        (three([T0]), ["a single candle does not tell its timeframe; give one"]),
    ],
)  # fmt: skip
def test_a_bad_csv_is_refused_with_row_finding_and_remedy(tmp_path: Path, lines: list[str], parts: list[str]):
    message = refusal(write(tmp_path, *lines))
    for part in parts:
        assert part in message


def test_every_kind_of_problem_is_named_at_once(tmp_path: Path):
    lines = [HEADER, row(START_S), row(START_S, "10,12,9,nan,-1"), row(START_S + 60)]
    message = refusal(write(tmp_path, *lines))
    assert message.count("row 3: ") == 3


def test_a_candle_that_is_not_closed_yet_is_refused(tmp_path: Path):
    path = write(tmp_path, *three([START_S, START_S + 60, START_S + 120]))
    closed_ms = START_MS + 3 * MINUTE_MS
    assert len(read_candles(path, not_after_ms=closed_ms)) == 3
    message = refusal(path, not_after_ms=closed_ms - 1)
    assert message == "row 4: the candle is not closed at 2022-01-01T00:02:59.999Z"


def test_an_unknown_timeframe_is_refused_by_name(tmp_path: Path):
    with pytest.raises(UnknownTimeframeError, match="unknown timeframe '3m'"):
        read_candles(tmp_path / "any.csv", "3m")


def test_files_that_cannot_be_read_are_refused_in_one_line(tmp_path: Path):
    assert refusal(tmp_path / "none.csv") == "there is no such file"
    assert refusal(tmp_path / "none.parquet") == "there is no such file"
    assert refusal(tmp_path) == "this is a folder, not a file"
    plain = write(tmp_path, *three([START_S]), name="plain.csv.gz")
    assert refusal(plain) == "the name ends in .gz but the content is something else"
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(gzip.compress(b"x" * 10_000)[:-12])
    assert refusal(cut).startswith("the compressed data is damaged or cut off")
    binary = tmp_path / "binary.csv"
    binary.write_bytes(bytes(range(256)))
    assert "no UTF-8 text" in refusal(binary)
    binary.write_bytes(b"timestamp\0open")
    assert "binary" in refusal(binary)
    binary.write_bytes(b'timestamp,"' + b"x" * 200_000)
    assert "no CSV" in refusal(binary)
    rubbish = tmp_path / "rubbish.parquet"
    rubbish.write_bytes(b"no parquet at all")
    assert refusal(rubbish) == "the name ends in .parquet but the content is something else"
    rubbish.write_bytes(b"PAR1 and no more")
    assert refusal(rubbish).startswith("the content cannot be read")


def parquet(tmp_path: Path, times: pa.Array, **changes: pa.Array) -> Path:
    columns = {
        name: pa.array([float(value)] * len(times)) for name, value in zip(COLUMNS, (10, 12, 9, 11, 5), strict=True)
    }
    path = tmp_path / "candles.parquet"
    pq.write_table(pa.table({"timestamp": times, **columns, **changes}), path)
    return path


NAIVE = [datetime(2022, 1, 1, 0, minute) for minute in range(3)]  # noqa: DTZ001  # files do hold naive times
AWARE = [moment.replace(tzinfo=UTC) for moment in NAIVE]


@pytest.mark.parametrize(
    "times",
    [
        pa.array(NAIVE, pa.timestamp("ns")),
        pa.array(NAIVE, pa.timestamp("s")),
        pa.array(AWARE, pa.timestamp("ms", "Europe/Paris")),
        pa.array([START_MS, START_MS + MINUTE_MS, START_MS + 2 * MINUTE_MS]),
        pa.array([START_S, START_S + 60, START_S + 120], pa.int32()),
        pa.array(["2022-01-01T00:00", "2022-01-01T00:01", "2022-01-01T00:02"]),
    ],
    ids=["naive ns", "naive s", "aware ms", "ms", "int32 s", "text"],
)
def test_parquet_gives_the_same_candles_as_csv(tmp_path: Path, times: pa.Array):
    candles = read_candles(parquet(tmp_path, times))
    assert candles.open_ms.tolist() == [START_MS, START_MS + MINUTE_MS, START_MS + 2 * MINUTE_MS]
    assert candles.high.tolist() == [12.0] * 3


def test_a_bad_parquet_is_refused_with_its_row(tmp_path: Path):
    times = pa.array(NAIVE, pa.timestamp("us"))
    empty_cell = refusal(parquet(tmp_path, times, close=pa.array([11.0, None, 11.0])))
    assert empty_cell == "row 2: close must be a finite number, not nan"
    no_time = refusal(parquet(tmp_path, pa.array([NAIVE[0], None, NAIVE[2]], pa.timestamp("us"))))
    assert no_time == "row 2: the time is empty"
    text = refusal(parquet(tmp_path, times, close=pa.array(["11", "b", "11"])))
    assert text == "row 2: close must be a number, not 'b'"
    floats = refusal(parquet(tmp_path, pa.array([1.5, 2.5, 3.5])))
    assert floats == "row 1: the time 1.5 is no whole number"


def test_parquet_without_pyarrow_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = parquet(tmp_path, pa.array(NAIVE, pa.timestamp("us")))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert refusal(path).endswith("needs pyarrow; install the extra: pip install 'mtf-orchestrator[parquet]'")


prices = st.floats(min_value=1e-9, max_value=1e9, allow_nan=False)


@given(st.lists(st.tuples(prices, prices, prices, prices, st.floats(0, 1e12)), min_size=2, max_size=30), st.booleans())
def test_what_is_written_is_read_back_bit_for_bit(tmp_path_factory, rows, zipped):
    values = np.array(rows)
    low, high = values[:, :4].min(axis=1), values[:, :4].max(axis=1)
    opens = START_MS + np.arange(len(rows)) * Timeframe.H4.ms
    candles = Candles.checked(Timeframe.H4, opens, values[:, 0], high, low, values[:, 1], values[:, 4])
    path = tmp_path_factory.mktemp("candles") / ("candles.csv.gz" if zipped else "candles.csv")
    write_candles_csv(path, candles)
    back = read_candles(path)
    assert back.timeframe is Timeframe.H4
    for name in ("open_ms", *COLUMNS):
        assert np.array_equal(getattr(back, name), getattr(candles, name))


def test_the_same_candles_write_the_same_bytes(tmp_path: Path):
    candles = read_candles(write(tmp_path, *three([START_S, START_S + 60])))
    for name in ("one.csv.gz", "two.csv.gz"):
        write_candles_csv(tmp_path / name, candles)
    assert (tmp_path / "one.csv.gz").read_bytes() == (tmp_path / "two.csv.gz").read_bytes()
