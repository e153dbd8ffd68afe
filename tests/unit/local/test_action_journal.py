"""The journal of what protected without the store: on the disk before the action leaves, whole, and read again."""

from __future__ import annotations

import stat
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from mtf_adapters.local import FileActionJournal, MemoryActionJournal
from mtf_core.market import ProtectiveOrder, Side, TriggerLevel, TriggerPrice, TriggerPurpose
from mtf_core.orders import Action
from mtf_core.ports import ActionJournal, Noted, StoreError, StoreUnavailableError
from tests.unit.orders.intents import an_intent


def a_note(number: int) -> Noted:
    level = TriggerLevel(Decimal("95.10"), TriggerPrice.MARK)
    stop = ProtectiveOrder("BTCUSDT", Side.LONG, TriggerPurpose.STOP, level, Decimal(3), f"stop-{number}")
    intent = an_intent(decision_key=f"key-{number}", version=number)
    return Noted(intent.decision_key, intent, Action(stop, "stop_missing", protects=True), 1_000 + number)


@pytest.fixture(params=["file", "memory"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> ActionJournal:
    is_file = request.param == "file"
    return FileActionJournal(tmp_path / "orders" / "one.journal") if is_file else MemoryActionJournal()


def test_what_was_noted_is_there_in_its_order_until_it_is_forgotten(journal: ActionJournal) -> None:
    assert journal.noted() == ()
    journal.forget()
    for number in range(3):
        journal.note(a_note(number))
    assert journal.noted() == tuple(map(a_note, range(3)))
    journal.forget()
    assert journal.noted() == ()
    journal.note(a_note(7))
    assert journal.noted() == (a_note(7),)


def test_another_process_finds_what_was_noted_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "one.journal"
    FileActionJournal(path).note(a_note(1))
    assert FileActionJournal(path).noted() == (a_note(1),)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_last_line_that_a_death_cut_off_counts_as_never_noted_wherever_it_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "one.journal"
    FileActionJournal(path).note(a_note(1))
    first = path.read_bytes()
    FileActionJournal(path).note(a_note(2))
    whole = path.read_bytes()
    for length in range(len(first), len(whole)):
        path.write_bytes(whole[:length])
        assert FileActionJournal(path).noted() == (a_note(1),)
        if length % 50 == 0:
            FileActionJournal(path).note(a_note(3))
            assert FileActionJournal(path).noted() == (a_note(1), a_note(3))


def test_a_line_that_was_changed_is_a_clear_error_and_is_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "one.journal"
    journal = FileActionJournal(path)
    journal.note(a_note(1))
    whole = path.read_bytes()
    for broken in (whole.replace(b"95.10", b"95.20"), b"\n" + whole, whole + b"nothing\n", b"\xff\xfe\n"):
        path.write_bytes(broken)
        with pytest.raises(StoreError, match=r"line \d cannot be read: .*compare the orders with the exchange"):
            FileActionJournal(path).noted()


def test_what_another_process_noted_meanwhile_is_not_forgotten_unseen(tmp_path: Path) -> None:
    mine, other = (FileActionJournal(tmp_path / "one.journal") for _ in range(2))
    mine.note(a_note(1))
    other.note(a_note(2))
    mine.note(a_note(3))
    mine.forget()
    assert mine.noted() == (a_note(1), a_note(2), a_note(3))
    mine.forget()
    assert other.noted() == ()
    other.note(a_note(4))
    other.forget()
    assert mine.noted() == ()


def test_a_journal_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    journal = FileActionJournal(tmp_path / "folder")
    for ask in (lambda: journal.note(a_note(1)), journal.noted, journal.forget):
        with pytest.raises(StoreUnavailableError, match="the journal cannot be"):
            ask()


_NOTER = """
import sys
from pathlib import Path
from mtf_adapters.local import FileActionJournal
from tests.unit.local.test_action_journal import a_note

journal = FileActionJournal(Path(sys.argv[1]))
for number in range(10**9):
    journal.note(a_note(number))
    print(number, flush=True)
"""


def test_what_was_noted_before_a_process_was_killed_is_there(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    path = tmp_path / "one.journal"
    command = [sys.executable, "-c", _NOTER, str(path)]
    with subprocess.Popen(command, cwd=pytestconfig.rootpath, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(20):
            process.stdout.readline()
        process.kill()
        said = 20 + len(process.stdout.read().splitlines())
    noted = FileActionJournal(path).noted()
    assert noted == tuple(map(a_note, range(len(noted))))
    assert said <= len(noted) <= said + 1
