"""The mark of a store outside of its database: it never falls, and what is no mark is told, not passed over."""

from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mtf_adapters.local import FileHighWater, MemoryHighWater
from mtf_core.ports import HighWater, StoreError, StoreUnavailableError

STORE = "0123abcd"


@pytest.fixture(params=["file", "memory"])
def marks(request: pytest.FixtureRequest, tmp_path: Path) -> HighWater:
    return FileHighWater(tmp_path / "orders") if request.param == "file" else MemoryHighWater()


async def test_a_mark_rises_and_never_falls_for_each_store_by_itself(marks: HighWater) -> None:
    assert await marks.read(STORE) is None
    await marks.raise_to(STORE, 0)
    assert await marks.read(STORE) == 0
    for counter, expected in ((3, 3), (2, 3), (12, 12), (11, 12), (12, 12)):
        await marks.raise_to(STORE, counter)
        assert await marks.read(STORE) == expected
    assert await marks.read("another") is None


async def test_another_process_finds_the_mark(tmp_path: Path) -> None:
    await FileHighWater(tmp_path).raise_to(STORE, 5)
    assert await FileHighWater(tmp_path).read(STORE) == 5
    assert stat.S_IMODE((tmp_path / f"{STORE}.mark").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"5",
        b"mtf high water 0123abcd 5 00000000\n",
        b"\xff" * 40,
        b"mtf high water 0123abcd -5 00000000\n",
    ],
)
async def test_a_file_that_is_no_mark_is_a_clear_error_and_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / f"{STORE}.mark"
    path.write_bytes(content)
    for ask in (FileHighWater(tmp_path).read(STORE), FileHighWater(tmp_path).raise_to(STORE, 9)):
        with pytest.raises(StoreError, match=r"does not hold the mark.*mtf recover --confirm"):
            await ask
    assert path.read_bytes() == content


async def test_a_mark_that_was_cut_or_changed_by_one_digit_is_seen(tmp_path: Path) -> None:
    marks, path = FileHighWater(tmp_path), tmp_path / f"{STORE}.mark"
    await marks.raise_to(STORE, 123)
    whole = path.read_bytes()
    for broken in (*(whole[:length] for length in range(len(whole))), whole.replace(b"123", b"124")):
        path.write_bytes(broken)
        with pytest.raises(StoreError):
            await marks.read(STORE)
    path.rename(tmp_path / "another.mark")  # the mark of one store under another's name
    (tmp_path / "another.mark").write_bytes(whole)
    with pytest.raises(StoreError):
        await marks.read("another")


async def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    for name in ("../up", "", "a/b", "a" * 65, "."):
        with pytest.raises(StoreError, match="no id of a store"):
            await FileHighWater(tmp_path).raise_to(name, 1)


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailableError, match="cannot be written"):
        await FileHighWater(tmp_path / "file" / "orders").raise_to(STORE, 1)
    (tmp_path / f"{STORE}.mark").mkdir()
    with pytest.raises(StoreUnavailableError, match="cannot be read"):
        await FileHighWater(tmp_path).read(STORE)


_RAISER = """
import asyncio, sys
from pathlib import Path
from mtf_adapters.local import FileHighWater

async def main():
    marks = FileHighWater(Path(sys.argv[1]))
    for number in range(int(sys.argv[2]), 400, 4):
        await marks.raise_to("0123abcd", number)
        found = await marks.read("0123abcd")
        assert found >= number, (found, number)

asyncio.run(main())
"""


async def test_processes_that_raise_a_mark_at_once_leave_the_highest(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", _RAISER, str(tmp_path), str(n)], stderr=subprocess.PIPE)
        for n in range(4)
    ]
    complaints = [(await asyncio.to_thread(process.communicate))[1] for process in processes]
    assert complaints == [b""] * 4
    assert await FileHighWater(tmp_path).read(STORE) == 399
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {f"{STORE}.lock", f"{STORE}.mark"}  # nothing of the writing


async def test_a_process_that_is_killed_while_it_raises_leaves_a_whole_mark(tmp_path: Path) -> None:
    program = _RAISER.replace("range(int(sys.argv[2]), 400, 4)", "range(10**9)")
    highest = -1
    for number in range(6):
        process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path), "0"])
        await asyncio.sleep(0.4 + number * 0.03)
        process.kill()
        await asyncio.to_thread(process.communicate)
        found = await FileHighWater(tmp_path).read(STORE)
        assert found is None or found >= highest
        highest = -1 if found is None else found
    await FileHighWater(tmp_path).raise_to(STORE, 10**9)
    assert await FileHighWater(tmp_path).read(STORE) == 10**9
    assert {path.name for path in tmp_path.iterdir()} == {f"{STORE}.lock", f"{STORE}.mark"}
