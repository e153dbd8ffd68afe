"""Files of candles into the archive: each as a whole or not at all, and the others whatever becomes of it."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

from mtf_adapters.archive import Archive, ArchiveError
from mtf_adapters.archive.adding import Added
from mtf_adapters.archive.importing import FileImported, FileOutcome, FileRefused, ImportOptions, import_files
from mtf_adapters.files.candle_table import read_options
from mtf_adapters.files.candles import write_candles_csv
from mtf_core.market import COLUMNS, MINUTE_MS, Candles, Timeframe
from tests.unit.archive.series import YEAR_MS, decimals, file_of, same, with_value

NOW_MS = YEAR_MS + 400 * 1440 * MINUTE_MS
CANDLES = decimals(240)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


def put(
    archive: Archive, *files: Path, timezone: str | None = None, align: bool = False, **says: Any
) -> list[FileOutcome]:
    read = read_options(None, timezone, align, NOW_MS)
    return list(import_files(archive, files, ImportOptions(read, NOW_MS, **says)))


def refused(archive: Archive, *files: Path, **options: Any) -> str:
    (outcome,) = put(archive, *files, **options)
    assert isinstance(outcome, FileRefused)
    return outcome.why


Values = Sequence[float]


def lines_of(line: Callable[[int, Values], str], candles: Candles = CANDLES) -> list[str]:
    columns = [getattr(candles, name).tolist() for name in COLUMNS]
    return [line(open_ms, values) for open_ms, *values in zip(candles.open_ms.tolist(), *columns, strict=True)]


def text(path: Path, lines: Sequence[str], header: str | None = None) -> Path:
    content = "\n".join([*([header] if header else []), *lines]) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(content.encode()))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr(path.with_suffix(".csv").name, content)
    else:
        path.write_text(content)
    return path


def wall(open_ms: int, form: str, hours: int = 0) -> str:
    return (datetime.fromtimestamp(open_ms / 1000, UTC) + timedelta(hours=hours)).strftime(form)


def plain(values: Values) -> str:
    return ",".join(map(repr, values))


BINANCE_HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)
OKX_HEADER = "instrument_name,open,high,low,close,vol,vol_ccy,vol_quote,open_time,confirm"


def binance(open_ms: int, values: Values) -> str:
    return f"{open_ms},{plain(values)},{open_ms + 59_999},1161596.5,17,13.5,580798.2,0"


def binance_us(open_ms: int, values: Values) -> str:
    return f"{open_ms * 1000},{plain(values)},{open_ms * 1000 + 59_999_999},592.0,17,954.9,296.0,0"


def okx(open_ms: int, values: Values) -> str:
    *prices, volume = values
    return f"BTC-USDT-SWAP,{plain(prices)},{volume * 100},{volume!r},1048070.7,{open_ms},1"


def binance_with_header(folder: Path) -> Path:
    return text(folder / "BTCUSDT-1m-2025-01.zip", lines_of(binance), BINANCE_HEADER)


def binance_without_header(folder: Path) -> Path:
    return text(folder / "BTCUSDT-1m-2025-01-01.zip", lines_of(binance_us))


def okx_file(folder: Path) -> Path:
    lines = [*lines_of(okx), f"BTC-USDT-SWAP,1,1,1,1,1,1,1,{YEAR_MS + 240 * MINUTE_MS},0"]
    return text(folder / "BTC-USDT-SWAP-candlesticks-2025-01.zip", lines, OKX_HEADER)


def bybit_named(folder: Path) -> Path:
    lines = lines_of(lambda open_ms, values: f"{open_ms},{plain(values)},290.4")
    return text(folder / "BTCUSDT-1m.csv", lines[::-1], "start,open,high,low,close,volume,turnover")


def plain_csv(folder: Path) -> Path:
    write_candles_csv(folder / "BTCUSDT_1m.csv.gz", CANDLES)
    return folder / "BTCUSDT_1m.csv.gz"


def freqtrade_feather(folder: Path) -> Path:
    columns = {name: getattr(CANDLES, name) for name in COLUMNS}
    times = pa.array(CANDLES.open_ms, pa.timestamp("ms", "UTC"))
    feather.write_feather(pa.table({"date": times, **columns}), folder / "BTC_USDT_USDT-1m-futures.feather")
    return folder / "BTC_USDT_USDT-1m-futures.feather"


def freqtrade_json(folder: Path) -> Path:
    rows = lines_of(lambda open_ms, values: json.dumps([open_ms, *values]))
    return text(folder / "BTC_USDT-1m.json.gz", [f"[{','.join(rows)}]"])


def parquet(folder: Path) -> Path:
    columns = {name: getattr(CANDLES, name) for name in COLUMNS}
    pq.write_table(pa.table({"timestamp": CANDLES.open_ms, **columns}), folder / "BTCUSDT-1m.parquet")
    return folder / "BTCUSDT-1m.parquet"


def crypto_data_download(folder: Path) -> Path:
    def line(open_ms: int, values: Values) -> str:
        *prices, volume = values
        shown = wall(open_ms, "%Y-%m-%d %H:%M:%S")
        return f"{open_ms},{shown},BTCUSDT,{plain(prices)},{volume!r},226382.8,99"

    header = (
        "https://www.CryptoDataDownload.com\nUnix,Date,Symbol,Open,High,Low,Close,Volume BTC,Volume USDT,tradecount"
    )
    return text(folder / "Binance_BTCUSDT_2025_minute.csv", lines_of(line)[::-1], header)


@pytest.mark.parametrize(
    "written",
    [
        binance_with_header,
        binance_without_header,
        okx_file,
        bybit_named,
        plain_csv,
        freqtrade_feather,
        freqtrade_json,
        parquet,
        crypto_data_download,
    ],
)
def test_files_of_exchanges_and_programs_go_in_bit_for_bit_and_by_their_names(
    archive: Archive, tmp_path: Path, written: Callable[[Path], Path]
) -> None:
    file = written(tmp_path)
    (outcome,) = put(archive, file)
    assert isinstance(outcome, FileImported), outcome
    assert outcome.done == Added(240, 0, 0)
    assert same(archive.candles("files", outcome.symbol), CANDLES)
    assert archive.series()[0].sources[0].files == (file.name,)


def test_bybits_files_for_metatrader_need_its_clock(archive: Archive, tmp_path: Path) -> None:
    lines = lines_of(lambda open_ms, values: f"{wall(open_ms, '%Y.%m.%d %H:%M', hours=3)},{plain(values)}")
    file = text(tmp_path / "BTCUSDT_1_2025-01-01_2025-01-31.csv.gz", lines)
    why = refused(archive, file)
    assert "--timezone" in why
    assert why.endswith("By its name it is Bybit's: +03:00")
    put(archive, file, timezone="+03:00")
    assert same(archive.candles("files", "BTCUSDT"), CANDLES)


def test_minutes_that_kraken_leaves_out_are_holes_and_are_told(archive: Archive, tmp_path: Path) -> None:
    holey = CANDLES[np.flatnonzero(np.arange(240) % 3 != 0)]
    lines = lines_of(lambda open_ms, values: f"{open_ms // 1000},{plain(values)},3", holey)
    (outcome,) = put(archive, text(tmp_path / "XBTUSD_1.csv", lines), symbol="BTCUSD")
    assert isinstance(outcome, FileImported)
    assert any("missing in 79 holes" in remark for remark in outcome.remarks)
    assert same(archive.candles("files", "BTCUSD"), holey)


def test_candles_that_open_a_second_late_go_in_where_they_belong(archive: Archive, tmp_path: Path) -> None:
    lines = lines_of(lambda open_ms, values: f"{open_ms + 1000},{plain(values)}")
    file = text(tmp_path / "BTCUSDT-1m.csv", lines, "timestamp,open,high,low,close,volume")
    assert "--align" in refused(archive, file)
    put(archive, file, align=True)
    assert same(archive.candles("files", "BTCUSDT"), CANDLES)


def test_other_timeframes_are_refused_by_their_names_or_by_their_spacing(archive: Archive, tmp_path: Path) -> None:
    five = CANDLES.aggregated(Timeframe.M5)
    only = "the archive keeps 1m candles, from which all others are built: get those"
    assert refused(archive, text(tmp_path / "BTCUSDT-5m-2025-01.zip", lines_of(binance, five))) == (
        f"its name says that its candles are not of 1m; {only}"
    )
    file = text(tmp_path / "candles.csv", lines_of(binance, five))
    assert refused(archive, file, symbol="BTCUSDT") == f"its candles are of 5m; {only}"
    wrong = text(tmp_path / "BTCUSDT-1m-2025-01.zip", lines_of(binance, five))
    assert refused(archive, wrong) == f"its candles are more than a minute apart; {only}"
    assert archive.series() == ()


def test_a_rare_symbols_few_minutes_go_in_where_the_name_says_what_they_are(archive: Archive, tmp_path: Path) -> None:
    few = CANDLES[np.array([0, 1, 7, 14, 21, 28, 35])]
    put(archive, text(tmp_path / "RAREUSDT-1m-2025-01.zip", lines_of(binance, few)))
    assert same(archive.candles("files", "RAREUSDT"), few)


def test_a_name_that_says_nothing_needs_a_symbol(archive: Archive, tmp_path: Path) -> None:
    file = text(tmp_path / "candles.csv", lines_of(binance))
    assert refused(archive, file) == "its name does not say whose candles it holds; give --symbol"
    assert isinstance(put(archive, file, symbol="BTCUSDT", venue="binance")[0], FileImported)
    assert [(one.venue, one.symbol) for one in archive.series()] == [("binance", "BTCUSDT")]


def test_files_of_several_symbols_are_never_glued_to_one(archive: Archive, tmp_path: Path) -> None:
    files = [text(tmp_path / f"{name}-1m-2025-01.zip", lines_of(binance)) for name in ("BTCUSDT", "ETHUSDT")]
    with pytest.raises(ArchiveError, match=r"2 symbols by their names \(BTCUSDT, ETHUSDT\)"):
        put(archive, *files, symbol="BTCUSDT")
    assert len(put(archive, *files)) == 2
    assert [one.symbol for one in archive.series()] == ["BTCUSDT", "ETHUSDT"]


def month(folder: Path, number: int, candles: Candles) -> Path:
    return text(folder / f"BTCUSDT-1m-2025-{number:02}.zip", lines_of(binance, candles))


def test_a_bad_file_is_refused_and_the_others_go_in(archive: Archive, tmp_path: Path) -> None:
    files = [month(tmp_path, number, CANDLES[(number - 1) * 80 : number * 80]) for number in (1, 2, 3)]
    files[1].write_bytes(files[1].read_bytes()[:-30])
    outcomes = put(archive, *files, tmp_path / "BTCUSDT-1m-2025-04.zip")
    whys = {one.file.name: one.why for one in outcomes if isinstance(one, FileRefused)}
    assert whys["BTCUSDT-1m-2025-02.zip"].startswith("the compressed data is damaged or cut off")
    assert whys["BTCUSDT-1m-2025-04.zip"] == "there is no such file"
    assert len(archive.candles("files", "BTCUSDT")) == 160


def test_a_file_that_differs_is_refused_by_its_first_minute_unless_it_may_replace(
    archive: Archive, tmp_path: Path
) -> None:
    put(archive, month(tmp_path, 1, CANDLES))
    other = month(tmp_path, 2, with_value(CANDLES, "volume", 60, 1.5))
    why = refused(archive, other)
    assert why.startswith(
        "the candle of 2025-01-01T01:00:00Z has another volume than the one in the archive (1.5, there "
    )
    assert why.endswith("nothing of it was stored. --replace takes the file's")
    assert same(archive.candles("files", "BTCUSDT"), CANDLES)
    (outcome,) = put(archive, other, replace=True)
    assert isinstance(outcome, FileImported)
    assert outcome.done == Added(0, 239, 1)
    assert archive.candles("files", "BTCUSDT").volume[60] == 1.5


def test_files_of_one_command_must_agree_with_each_other(archive: Archive, tmp_path: Path) -> None:
    outcomes = put(archive, month(tmp_path, 1, CANDLES), month(tmp_path, 2, with_value(CANDLES, "low", 3, 1.0)))
    assert [type(one) for one in outcomes] == [FileRefused, FileImported]
    assert same(archive.candles("files", "BTCUSDT"), CANDLES)


def test_importing_again_changes_nothing(archive: Archive, tmp_path: Path) -> None:
    put(archive, month(tmp_path, 1, CANDLES))
    before = archive.series()
    (outcome,) = put(archive, month(tmp_path, 1, CANDLES))
    assert isinstance(outcome, FileImported)
    assert outcome.done == Added(0, 240, 0)
    assert archive.series() == before


def test_an_option_that_a_file_has_no_use_for_is_refused(archive: Archive, tmp_path: Path) -> None:
    file = month(tmp_path, 1, CANDLES)
    assert "a time zone was given, but the times say themselves" in refused(archive, file, timezone="+03:00")
    assert "there is no offset to take off" in refused(archive, file, align=True)


def test_a_candle_of_the_future_is_refused(archive: Archive, tmp_path: Path) -> None:
    late = decimals(3, first_ms=NOW_MS - 2 * MINUTE_MS)
    assert "the candle is not closed at" in refused(archive, month(tmp_path, 1, late))


def test_a_row_that_stands_twice_with_the_same_numbers_goes_in_once(archive: Archive, tmp_path: Path) -> None:
    lines = lines_of(okx)
    file = text(tmp_path / "ETH-USDT-SWAP-candlesticks-2025-01.zip", [*lines[:9], lines[8], *lines[9:]], OKX_HEADER)
    (outcome,) = put(archive, file)
    assert isinstance(outcome, FileImported)
    assert "1 row given twice with the same numbers, left out once" in outcome.remarks
    assert same(archive.candles("files", "ETH-USDT-SWAP"), CANDLES)


def test_many_years_are_written_a_few_at_a_time(archive: Archive, tmp_path: Path) -> None:
    days = [decimals(100, first_ms=YEAR_MS - back * 366 * 1440 * MINUTE_MS, seed=back) for back in range(6, 0, -1)]
    files = [month(tmp_path, number, candles) for number, candles in enumerate(days, start=1)]
    assert all(isinstance(outcome, FileImported) for outcome in put(archive, *files))
    assert archive.series()[0].count == 600
    assert archive.verify().problems == ()


def test_a_symbol_whose_archive_is_damaged_or_busy_stops_no_other(archive: Archive, tmp_path: Path) -> None:
    bitcoin = month(tmp_path, 1, CANDLES)
    put(archive, bitcoin)
    file_of(archive, "BTCUSDT").write_bytes(b"damaged")
    ether = text(tmp_path / "ETHUSDT-1m-2025-01.zip", lines_of(binance))
    refusal, done = put(archive, month(tmp_path, 2, CANDLES), ether)
    assert isinstance(refusal, FileRefused)
    assert refusal.why.startswith(f"{file_of(archive, 'BTCUSDT')}: is not the file that was written")
    assert isinstance(done, FileImported)
    file_of(archive, "BTCUSDT").unlink()
    with archive.folder("files", "ETHUSDT").alone():
        done, refusal = put(archive, bitcoin, ether)
    assert isinstance(refusal, FileRefused)
    assert refusal.why == "another process is writing ETHUSDT of files in this archive; try again later"
    assert isinstance(done, FileImported)
    assert same(archive.candles("files", "BTCUSDT"), CANDLES)
