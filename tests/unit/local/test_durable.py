"""Files that are replaced as a whole, and who may read them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mtf_adapters.local.durable import AS_THE_UMASK_SAYS, replace_whole


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.usefixtures("umask")
def test_what_is_ours_alone_nobody_else_reads_and_what_is_for_others_is_as_the_umask_says(tmp_path: Path) -> None:
    replace_whole(tmp_path / "marks.json", b"1")
    replace_whole(tmp_path / "report.html", b"2", AS_THE_UMASK_SAYS)
    assert (mode(tmp_path / "marks.json"), mode(tmp_path / "report.html")) == (0o600, 0o640)


@pytest.mark.usefixtures("umask")
def test_what_a_death_left_behind_does_not_decide_who_may_read(tmp_path: Path) -> None:
    (tmp_path / "marks.new").touch(0o666)
    (tmp_path / "report.new").touch(0o600)
    replace_whole(tmp_path / "marks.json", b"1")
    replace_whole(tmp_path / "report.html", b"2", AS_THE_UMASK_SAYS)
    assert (mode(tmp_path / "marks.json"), mode(tmp_path / "report.html")) == (0o600, 0o640)
