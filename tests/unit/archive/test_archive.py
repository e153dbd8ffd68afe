"""The archive: what is put in comes out, what is damaged is refused by its name, and nothing else is lost by it."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtf_adapters.archive import Archive, ArchiveError, DamagedArchiveError, candles_digest
from mtf_adapters.archive import folder as folder_module
from mtf_adapters.archive.adding import Added, Differs
from mtf_adapters.archive.archive import Verified
from mtf_adapters.archive.layout import checked_venue, venue_of_namespace
from mtf_adapters.archive.manifest import YearRecord
from mtf_core.market import MINUTE_MS, Candles, Timeframe
from tests.unit.archive.series import YEAR_MS, add, decimals, file_of, same, with_value

AROUND_NEW_YEAR = decimals(3000, first_ms=YEAR_MS - 1000 * MINUTE_MS)
"""The last 1,000 minutes of 2024 and the first 2,000 of 2025."""


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


def refusal(archive: Archive, symbol: str = "BTCUSDT") -> str:
    with pytest.raises(DamagedArchiveError) as refused:
        archive.candles("files", symbol)
    return str(refused.value)


def test_years_are_files_and_come_back_as_one_series(archive: Archive) -> None:
    assert add(archive, "BTCUSDT", AROUND_NEW_YEAR) == Added(3000, 0, 0)
    assert file_of(archive, "BTCUSDT", 2024).exists()
    assert same(archive.candles("files", "BTCUSDT"), AROUND_NEW_YEAR)
    (series,) = archive.series()
    assert (series.venue, series.symbol, series.count, series.missing) == ("files", "BTCUSDT", 3000, 0)
    assert series.counts == {2024: 1000, 2025: 2000}
    assert series.digests == {
        2024: candles_digest(AROUND_NEW_YEAR[:1000]),
        2025: candles_digest(AROUND_NEW_YEAR[1000:]),
    }
    assert archive.verify().problems == ()


def test_a_span_is_read_with_both_its_ends_and_only_from_its_years(archive: Archive) -> None:
    add(archive, "BTCUSDT", AROUND_NEW_YEAR)
    first, last = YEAR_MS - 2 * MINUTE_MS, YEAR_MS + MINUTE_MS
    assert archive.candles("files", "BTCUSDT", first, last).open_ms.tolist() == [
        first + minute * MINUTE_MS for minute in range(4)
    ]
    assert len(archive.candles("files", "BTCUSDT", first_open_ms=last)) == 1999
    assert len(archive.candles("files", "BTCUSDT", 0, 1)) == 0
    file_of(archive, "BTCUSDT", 2024).write_bytes(b"damaged")
    assert len(archive.candles("files", "BTCUSDT", first_open_ms=YEAR_MS)) == 2000


def test_holes_are_absent_minutes(archive: Archive) -> None:
    whole = decimals(100)
    holey = whole[np.r_[0:10, 50:100]]
    add(archive, "BTCUSDT", holey)
    assert same(archive.candles("files", "BTCUSDT"), holey)
    assert archive.series()[0].missing == 40
    assert add(archive, "BTCUSDT", whole) == Added(40, 60, 0), "a hole is filled"
    assert same(archive.candles("files", "BTCUSDT"), whole)


def test_the_same_again_writes_nothing(archive: Archive) -> None:
    add(archive, "BTCUSDT", AROUND_NEW_YEAR)
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in archive.root.rglob("*") if path.is_file()}
    assert add(archive, "BTCUSDT", AROUND_NEW_YEAR) == Added(0, 3000, 0)
    after = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in archive.root.rglob("*") if path.is_file()}
    assert after == before


def test_a_candle_that_differs_is_named_and_nothing_is_added(archive: Archive) -> None:
    candles = decimals(100)
    add(archive, "BTCUSDT", candles[:50])
    other = with_value(with_value(candles, "volume", 20, 1.5), "high", 30, 999.0)
    done = add(archive, "BTCUSDT", other)
    assert isinstance(done, Differs)
    assert (done.open_ms, done.column, done.count) == (YEAR_MS + 20 * MINUTE_MS, "volume", 2)
    assert "the candle of 2025-01-01T00:20:00Z has another volume than the one in the archive (1.5, there" in str(done)
    assert same(archive.candles("files", "BTCUSDT"), candles[:50])


def test_candles_are_replaced_where_that_is_wanted(archive: Archive) -> None:
    candles = decimals(100)
    add(archive, "BTCUSDT", candles[:50])
    other = with_value(candles, "volume", 20, 1.5)
    assert add(archive, "BTCUSDT", other, replace=True) == Added(50, 49, 1)
    assert same(archive.candles("files", "BTCUSDT"), other)


def test_only_minutes_are_kept(archive: Archive) -> None:
    with pytest.raises(ArchiveError, match="these are 5m candles; the archive keeps 1m ones"):
        add(archive, "BTCUSDT", decimals(100).aggregated(Timeframe.M5))


def test_what_is_not_there_is_said_with_what_is(archive: Archive) -> None:
    with pytest.raises(ArchiveError, match="mtf archive import and mtf archive fetch bring some"):
        archive.candles("files", "BTCUSDT")
    add(archive, "BTCUSDT", decimals(10))
    add(archive, "ETHUSDT", decimals(10), venue="binance")
    with pytest.raises(ArchiveError, match="no candles of ETHUSDT of files; there are some of binance"):
        archive.candles("files", "ETHUSDT")
    with pytest.raises(ArchiveError, match="of files there are BTCUSDT"):
        archive.candles("files", "SOLUSDT")
    with pytest.raises(ArchiveError, match="is no symbol"):
        archive.candles("files", "../../etc")
    with pytest.raises(ArchiveError, match="allowed are small letters"):
        archive.candles("..", "BTCUSDT")


def test_a_worlds_name_becomes_a_folder() -> None:
    assert venue_of_namespace("bitmart-live-sandbox-127.0.0.1:8080") == "bitmart-live-sandbox-127.0.0.1-8080"
    assert checked_venue("sandbox-seed-1-300") == "sandbox-seed-1-300"
    for name in ("", ".hidden", "A", "a/b", "a" * 101):
        with pytest.raises(ArchiveError):
            checked_venue(name)


@settings(max_examples=40)  # each waits for the disk
@given(st.data())
def test_no_byte_of_a_file_can_be_changed_unnoticed(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    archive = Archive(tmp_path_factory.mktemp("archive"))
    add(archive, "BTCUSDT", decimals(20))
    path = file_of(archive, "BTCUSDT")
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    assert refusal(archive).startswith(f"{path}: is not the file that was written")
    assert archive.verify().problems == (f"{path}: its bytes have another SHA-256 than the manifest says",)


def test_a_damaged_file_is_refused_by_its_name_and_the_others_are_read(archive: Archive) -> None:
    add(archive, "BTCUSDT", AROUND_NEW_YEAR)
    add(archive, "ETHUSDT", AROUND_NEW_YEAR)
    path = file_of(archive, "BTCUSDT", 2024)
    path.write_bytes(path.read_bytes()[:-1])
    assert refusal(archive).startswith(f"{path}: is not the file that was written")
    assert same(archive.candles("files", "ETHUSDT"), AROUND_NEW_YEAR)
    verified = archive.verify()
    assert (verified.files, verified.candles, len(verified.problems)) == (3, 5000, 1)
    path.unlink()
    assert refusal(archive) == f"{path}: cannot be read: No such file or directory"


def test_a_file_of_another_symbol_or_an_older_one_is_refused(archive: Archive) -> None:
    add(archive, "BTCUSDT", decimals(30)[:20])
    add(archive, "ETHUSDT", decimals(20, seed=2))
    old = file_of(archive, "BTCUSDT").read_bytes()
    add(archive, "BTCUSDT", decimals(30))
    file_of(archive, "BTCUSDT").write_bytes(old)
    assert "is not the file that was written" in refusal(archive)
    shutil.copy(file_of(archive, "ETHUSDT"), file_of(archive, "BTCUSDT"))
    assert "is not the file that was written" in refusal(archive)
    (archive.root / "files" / "BTCUSDT" / "1m" / "manifest.json").unlink()
    assert refusal(archive) == f"{file_of(archive, 'BTCUSDT')}: it holds 1m candles of ETHUSDT in 2025"


def test_without_a_manifest_the_files_say_what_is_there(archive: Archive) -> None:
    add(archive, "BTCUSDT", AROUND_NEW_YEAR)
    manifest = archive.root / "files" / "BTCUSDT" / "1m" / "manifest.json"
    manifest.unlink()
    assert same(archive.candles("files", "BTCUSDT"), AROUND_NEW_YEAR)
    assert archive.series()[0].count == 3000
    assert add(archive, "BTCUSDT", decimals(10, first_ms=YEAR_MS + 5000 * MINUTE_MS)) == Added(10, 0, 0)
    assert [year["count"] for year in json.loads(manifest.read_text())["years"]] == [1000, 2010]


def test_a_damaged_manifest_is_refused_by_its_name_with_the_way_out(archive: Archive) -> None:
    add(archive, "BTCUSDT", decimals(20))
    add(archive, "ETHUSDT", decimals(20))
    manifest = archive.root / "files" / "BTCUSDT" / "1m" / "manifest.json"
    manifest.write_text(manifest.read_text()[:-40])
    assert refusal(archive).startswith(f"{manifest}: cannot be read: ")
    assert "remove the manifest" in refusal(archive)
    listing = archive.listing()
    assert [one.symbol for one in listing.series] == ["ETHUSDT"]
    assert len(listing.problems) == 1
    with pytest.raises(DamagedArchiveError, match="cannot be read"):
        archive.series()
    manifest.write_text('{"format": 9}')
    assert refusal(archive) == f"{manifest}: has the format 9, this version reads 1"
    manifest.write_text((archive.root / "files" / "ETHUSDT" / "1m" / "manifest.json").read_text())
    assert refusal(archive) == f"{manifest}: is the manifest of 1m candles of ETHUSDT"


def test_what_a_death_left_half_written_is_ignored_and_written_over(archive: Archive) -> None:
    add(archive, "BTCUSDT", decimals(30)[:20])
    half = file_of(archive, "BTCUSDT").with_suffix(".new")
    half.write_bytes(b"PAR1 and no more")
    assert archive.verify().problems == ()
    assert add(archive, "BTCUSDT", decimals(30)) == Added(10, 20, 0)
    assert not half.exists()


def test_files_that_nobody_knows_are_told(archive: Archive) -> None:
    add(archive, "BTCUSDT", decimals(20))
    stranger = file_of(archive, "BTCUSDT", 2030)
    stranger.write_bytes(b"")
    assert archive.verify().problems == (f"{stranger}: is not in the manifest, and is not used",)
    assert len(archive.candles("files", "BTCUSDT")) == 20


def test_a_year_whose_file_was_removed_can_be_brought_anew(archive: Archive) -> None:
    add(archive, "BTCUSDT", AROUND_NEW_YEAR)
    file_of(archive, "BTCUSDT", 2024).unlink()
    assert "cannot be read" in refusal(archive)
    assert add(archive, "BTCUSDT", AROUND_NEW_YEAR) == Added(1000, 2000, 0)
    assert same(archive.candles("files", "BTCUSDT"), AROUND_NEW_YEAR)


class Died(BaseException):
    """Where a process is killed."""


@pytest.mark.parametrize("survived", range(4))
def test_a_death_between_any_two_steps_leaves_each_year_old_or_new(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, survived: int
) -> None:
    """The steps are four replacements: the manifest, both years, the manifest."""
    old = AROUND_NEW_YEAR[np.r_[500:1500]]
    add(archive, "BTCUSDT", old)
    steps = iter(range(10))
    real = folder_module.replace_whole

    def dying(path: Path, content: bytes, mode: int) -> None:
        if next(steps) == survived:
            raise Died
        real(path, content, mode)

    monkeypatch.setattr(folder_module, "replace_whole", dying)
    with pytest.raises(Died):
        add(archive, "BTCUSDT", AROUND_NEW_YEAR)
    monkeypatch.setattr(folder_module, "replace_whole", real)
    there = archive.candles("files", "BTCUSDT")
    years = {0: (500, 500), 1: (500, 500), 2: (1000, 500), 3: (1000, 2000)}[survived]
    assert (int((there.open_ms < YEAR_MS).sum()), int((there.open_ms >= YEAR_MS).sum())) == years
    assert same(there, AROUND_NEW_YEAR[np.isin(AROUND_NEW_YEAR.open_ms, there.open_ms)])
    assert add(archive, "BTCUSDT", AROUND_NEW_YEAR) == Added(3000 - sum(years), sum(years), 0)
    assert same(archive.candles("files", "BTCUSDT"), AROUND_NEW_YEAR)
    assert archive.verify().problems == ()


def test_one_process_at_a_time_writes_a_series(archive: Archive) -> None:
    folder = archive.folder("files", "BTCUSDT")
    with folder.alone(), pytest.raises(ArchiveError, match="another process is writing BTCUSDT of files"):
        add(archive, "BTCUSDT", decimals(10))
    assert add(archive, "BTCUSDT", decimals(10)) == Added(10, 0, 0)


def test_who_reads_while_another_process_writes_reads_the_new(archive: Archive) -> None:
    whole = decimals(300)
    add(archive, "BTCUSDT", whole[:100])
    folder = archive.folder("files", "BTCUSDT")
    before = folder.manifest()
    add(archive, "BTCUSDT", whole)
    assert same(folder.year(before, 2025), whole)


def test_verifying_while_another_process_writes_sees_no_damage(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, real = decimals(300), folder_module.SeriesFolder.prove
    add(archive, "BTCUSDT", whole[:100])

    def overtaken(self: folder_module.SeriesFolder, record: YearRecord) -> None:
        add(archive, "BTCUSDT", whole)
        real(self, record)

    monkeypatch.setattr(folder_module.SeriesFolder, "prove", overtaken)
    assert archive.verify() == Verified(1, 300, ())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_manifest_that_may_not_be_read_is_not_called_damaged(archive: Archive) -> None:
    add(archive, "BTCUSDT", decimals(10))
    (archive.root / "files" / "BTCUSDT" / "1m" / "manifest.json").chmod(0)
    with pytest.raises(ArchiveError, match="Permission denied"):
        archive.candles("files", "BTCUSDT")


def test_without_pyarrow_the_extra_is_named(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    add(archive, "BTCUSDT", decimals(10))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert len(archive.series()) == 1, "what there is, the manifests say"
    with pytest.raises(
        ArchiveError, match=r"needs pyarrow; install the extra: pip install 'mtf-orchestrator\[parquet\]'"
    ):
        archive.candles("files", "BTCUSDT")


@settings(max_examples=20)  # each waits for the disk
@given(st.lists(st.tuples(st.integers(0, 200), st.integers(1, 60)), min_size=1, max_size=6))
def test_pieces_in_any_order_make_the_whole(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[tuple[int, int]]
) -> None:
    archive = Archive(tmp_path_factory.mktemp("archive"))
    whole = decimals(300, first_ms=YEAR_MS - 100 * MINUTE_MS)
    wanted = np.zeros(300, dtype=np.bool_)
    for start, count in pieces:
        add(archive, "BTCUSDT", whole[start : start + count])
        wanted[start : start + count] = True
    assert same(archive.candles("files", "BTCUSDT"), whole[wanted])


def test_the_arrays_that_are_handed_out_cannot_be_written(archive: Archive) -> None:
    add(archive, "BTCUSDT", AROUND_NEW_YEAR)
    candles: Candles = archive.candles("files", "BTCUSDT")
    with pytest.raises(ValueError, match="read-only"):
        candles.close[0] = 1.0
