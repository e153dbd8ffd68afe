"""The disks that hold something of ours."""

from __future__ import annotations

from pathlib import Path

from mtf_adapters.local import LocalDisks
from mtf_adapters.sql import folder_of_database


def test_a_disk_is_seen_once_and_by_the_nearest_folder_that_exists(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (disk,) = LocalDisks([tmp_path / "not" / "there" / "yet", inner]).seen()
    assert disk.path == str(tmp_path / "not" / "there" / "yet")
    assert 0 < disk.free_bytes <= disk.total_bytes


def test_a_folder_that_cannot_be_looked_at_is_left_out(tmp_path: Path) -> None:
    name_that_is_too_long = Path("/") / ("x" * 5000)
    assert [disk.path for disk in LocalDisks([name_that_is_too_long, tmp_path]).seen()] == [str(tmp_path)]


def test_a_database_file_has_a_folder_and_a_server_has_none(tmp_path: Path) -> None:
    assert folder_of_database(f"sqlite:///{tmp_path}/mtf.db") == tmp_path
    assert folder_of_database("memory") is None
    assert folder_of_database("postgresql://mtf@localhost/mtf") is None
