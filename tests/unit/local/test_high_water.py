"""The mark of a store outside of its database: it never falls, and what is no mark is told, not passed over."""

from __future__ import annotations

import asyncio
import hashlib
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mtf_adapters.local import FileHighWater, MemoryHighWater
from mtf_core.ports import HighWater, Mark, StoreError, StoreNotOursError, StoreUnavailableError

ACCOUNT, STORE = "bitmart-live account/1 ü", "0123abcd"


def mark(counter: int, store_id: str = STORE) -> Mark:
    return Mark(store_id, counter)


def file_of(folder: Path, account: str = ACCOUNT) -> Path:
    return folder / f"{hashlib.sha256(account.encode()).hexdigest()[:32]}.mark"


@pytest.fixture(params=["file", "memory"])
def marks(request: pytest.FixtureRequest, tmp_path: Path) -> HighWater:
    return FileHighWater(tmp_path / "orders") if request.param == "file" else MemoryHighWater()


async def test_a_mark_rises_and_never_falls_for_each_account_by_itself(marks: HighWater) -> None:
    assert await marks.read(ACCOUNT) is None
    await marks.raise_to(ACCOUNT, mark(0))
    assert await marks.read(ACCOUNT) == mark(0)
    for counter, expected in ((3, 3), (2, 3), (12, 12), (11, 12), (12, 12)):
        await marks.raise_to(ACCOUNT, mark(counter))
        assert await marks.read(ACCOUNT) == mark(expected)
    assert await marks.read("another") is None


async def test_of_an_account_that_is_anothers_nothing_is_raised_until_it_is_handed_over(marks: HighWater) -> None:
    await marks.raise_to(ACCOUNT, mark(5))
    for counter in (1, 5, 9):
        with pytest.raises(StoreNotOursError, match="another database"):
            await marks.raise_to(ACCOUNT, mark(counter, "new"))
    assert await marks.read(ACCOUNT) == mark(5)
    await marks.hand_over(ACCOUNT, mark(2, "new"))
    assert await marks.read(ACCOUNT) == mark(2, "new")
    with pytest.raises(StoreNotOursError):
        await marks.raise_to(ACCOUNT, mark(6))
    await marks.raise_to(ACCOUNT, mark(3, "new"))
    assert await marks.read(ACCOUNT) == mark(3, "new")


async def test_another_process_finds_the_mark(tmp_path: Path) -> None:
    await FileHighWater(tmp_path).raise_to(ACCOUNT, mark(5))
    assert await FileHighWater(tmp_path).read(ACCOUNT) == mark(5)
    assert stat.S_IMODE(file_of(tmp_path).stat().st_mode) == 0o600


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
    path = file_of(tmp_path)
    path.write_bytes(content)
    for ask in (FileHighWater(tmp_path).read(ACCOUNT), FileHighWater(tmp_path).raise_to(ACCOUNT, mark(9))):
        with pytest.raises(StoreError, match=r"does not hold the mark.*mtf recover --confirm"):
            await ask
    assert path.read_bytes() == content


async def test_a_mark_that_was_cut_or_changed_by_one_digit_is_seen(tmp_path: Path) -> None:
    marks, path = FileHighWater(tmp_path), file_of(tmp_path)
    await marks.raise_to(ACCOUNT, mark(123))
    whole = path.read_bytes()
    for broken in (*(whole[:length] for length in range(len(whole))), whole.replace(b"123", b"124")):
        path.write_bytes(broken)
        with pytest.raises(StoreError):
            await marks.read(ACCOUNT)
    file_of(tmp_path, "another").write_bytes(whole)  # the mark of one account under another's name
    with pytest.raises(StoreError):
        await marks.read("another")


async def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    for name in ("../up", "", "a b", "a" * 65, "."):
        with pytest.raises(StoreError, match="no id of a store"):
            await FileHighWater(tmp_path).raise_to(ACCOUNT, mark(1, name))
    assert await FileHighWater(tmp_path).read(ACCOUNT) is None


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailableError, match="cannot be written"):
        await FileHighWater(tmp_path / "file" / "orders").raise_to(ACCOUNT, mark(1))
    (file_of(tmp_path)).mkdir()
    with pytest.raises(StoreUnavailableError, match="cannot be read"):
        await FileHighWater(tmp_path).read(ACCOUNT)


_RAISER = """
import asyncio, sys
from pathlib import Path
from mtf_adapters.local import FileHighWater
from mtf_core.ports import Mark

async def main():
    marks = FileHighWater(Path(sys.argv[1]))
    for number in range(int(sys.argv[2]), 400, 4):
        await marks.raise_to(sys.argv[3], Mark("0123abcd", number))
        found = await marks.read(sys.argv[3])
        assert found.counter >= number, (found, number)

asyncio.run(main())
"""


async def test_processes_that_raise_a_mark_at_once_leave_the_highest(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", _RAISER, str(tmp_path), str(n), ACCOUNT], stderr=subprocess.PIPE)
        for n in range(4)
    ]
    complaints = [(await asyncio.to_thread(process.communicate))[1] for process in processes]
    assert complaints == [b""] * 4
    assert await FileHighWater(tmp_path).read(ACCOUNT) == mark(399)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {file_of(tmp_path).with_suffix(".lock").name, file_of(tmp_path).name}  # nothing of the writing


async def test_a_process_that_is_killed_while_it_raises_leaves_a_whole_mark(tmp_path: Path) -> None:
    program = _RAISER.replace("range(int(sys.argv[2]), 400, 4)", "range(10**9)")
    highest = -1
    for number in range(6):
        process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path), "0", ACCOUNT])
        await asyncio.sleep(0.4 + number * 0.03)
        process.kill()
        await asyncio.to_thread(process.communicate)
        found = await FileHighWater(tmp_path).read(ACCOUNT)
        assert found is None or found.counter >= highest
        highest = -1 if found is None else found.counter
    await FileHighWater(tmp_path).raise_to(ACCOUNT, mark(10**9))
    assert await FileHighWater(tmp_path).read(ACCOUNT) == mark(10**9)
    assert {path.name for path in tmp_path.iterdir()} == {
        file_of(tmp_path).with_suffix(".lock").name,
        file_of(tmp_path).name,
    }
