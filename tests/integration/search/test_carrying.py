"""How trials are carried out: where a process of the pool is killed, and where Optuna proposes them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pytest
from attrs import define

from mtf_adapters.archive import Archive
from mtf_adapters.trials.ledger import TrialLedger
from mtf_core.config_nodes import ConfigError
from mtf_core.market import DAY_MS, MINUTE_MS, format_instant
from mtf_core.search.trial import TrialResult
from mtf_entrypoints.search.performing import FinishedSearch, Searching
from mtf_entrypoints.search.pool import Answer, Asked, Carrier, Here, OnAllCores, WorkersDiedError
from mtf_entrypoints.search.preparing import PreparedSearch, prepare
from mtf_entrypoints.search.work import Workbench
from tests.integration.search.conftest import Made, SearchFolder
from tests.search_worlds import START_MS

OPTUNA = "method: {kind: optuna, trials: 4, at_once: 2}"
RANDOM = "method: {kind: random, trials: 6, seed: 1}"


def prepared(folder: SearchFolder) -> PreparedSearch:
    return prepare(
        folder.space,
        config_dir=folder.root / "config",
        archive=Archive(folder.root / "archive"),
        exchange="sandbox",
        cache=folder.root / "cache",
    )


def changed(folder: SearchFolder, old: str, new: str) -> None:
    text = folder.space.read_text()
    assert old in text
    folder.space.write_text(text.replace(old, new))


def asked(count: int) -> list[Asked]:
    return [Asked(number, {"trade_entry.defaults.atr_k": 2 + number / 4}, f"key {number}") for number in range(count)]


def test_a_process_that_is_killed_loses_no_trial(made: Made) -> None:
    work = prepared(made()).work
    answers: dict[int, Answer] = {}
    for one, answer in OnAllCores(work, 2).carry(asked(6)):
        answers[one.number] = answer
        if len(answers) == 1:
            multiprocessing.active_children()[0].kill()
    alone = {one.number: answer for one, answer in Here(Workbench(work)).carry(asked(6))}
    assert answers == alone
    assert all(isinstance(answer, TrialResult) for answer in answers.values())


def test_processes_that_are_killed_again_and_again_end_the_search_with_what_to_do(made: Made) -> None:
    work = prepared(made()).work

    def killing_after_each() -> None:
        for _ in OnAllCores(work, 2).carry(asked(12)):
            multiprocessing.active_children()[0].kill()

    with pytest.raises(WorkersDiedError, match="fewer --jobs need less; started again, it goes on where it was"):
        killing_after_each()


@define
class EndsAfter(Carrier):
    """Ends as a killed process does, after so many answers."""

    bench: Workbench
    count: int

    def carry(self, asked: Iterable[Asked]) -> Iterator[tuple[Asked, Answer]]:
        for answered in Here(self.bench).carry(asked):
            if not self.count:
                raise KeyboardInterrupt
            self.count -= 1
            yield answered


def searched(search: PreparedSearch, url: str, ends_after: int | None = None) -> FinishedSearch:
    bench = Workbench(search.work)
    with TrialLedger.opened(url) as ledger:
        return Searching(search, ledger, Here(bench) if ends_after is None else EndsAfter(bench, ends_after)).perform()


@pytest.mark.parametrize("ends_after", [2, 6])
def test_what_optuna_proposes_goes_on_where_it_was(made: Made, tmp_path: Path, ends_after: int) -> None:
    folder = made()
    changed(folder, RANDOM, OPTUNA)
    search = prepared(folder)
    whole = searched(search, f"sqlite:///{tmp_path / 'whole.db'}")
    cut = f"sqlite:///{tmp_path / 'cut.db'}"
    with pytest.raises(KeyboardInterrupt):
        searched(search, cut, ends_after)
    again = searched(search, cut)
    assert again.trials == whole.trials
    assert again.conclusion == whole.conclusion
    assert 5 <= len(whole.trials) <= 13
    numbers = {one.parameters["trade_entry.defaults.atr_k"] for one in islice(whole.trials, 1, None)}
    assert numbers <= {2, 3, 4}


def test_decisions_begin_and_end_where_the_space_says(made: Made) -> None:
    folder = made(days=14)
    first, last = format_instant(START_MS + DAY_MS), format_instant(START_MS + 13 * DAY_MS)
    changed(folder, "data:\n", f"data:\n  from: {first}\n  to: {last}\n")
    windows = prepared(folder).windows
    assert windows.search.first_ms == START_MS + DAY_MS
    assert windows.final.test.last_ms == START_MS + 13 * DAY_MS
    changed(folder, f"from: {first}", "from: yesterday")
    with pytest.raises(ConfigError, match=r"space\.yaml:4: data\.from: 'yesterday' is no instant"):
        prepared(folder)


def test_without_a_span_all_minutes_are_decided_on(made: Made) -> None:
    windows = prepared(made(days=12)).windows
    assert windows.search.first_ms == START_MS + MINUTE_MS
    assert windows.final.test.last_ms == START_MS + 12 * DAY_MS


def test_too_few_days_are_told_at_the_windows(made: Made) -> None:
    with pytest.raises(ConfigError, match=r"space\.yaml:\d+: windows: the windows need 9\.2 days .* has 8\.0"):
        prepared(made(days=8))


def test_what_is_known_of_contracts_makes_another_data(made: Made) -> None:
    folder = made()
    guessed = prepared(folder)
    (folder.root / "contracts.yaml").write_text("AAAUSDT: {tick_size: 0.01, contract_size: 0.7}\n")
    changed(folder, "data:\n", "data:\n  contracts: contracts.yaml\n")
    known = prepared(folder)
    assert (guessed.guessed, known.guessed) == (("AAAUSDT",), ())
    assert guessed.data.digest != known.data.digest
    (folder.root / "contracts.yaml").write_text("BBBUSDT: {tick_size: 0.01}\n")
    with pytest.raises(ConfigError, match="values for BBBUSDT; there are candles for AAAUSDT"):
        prepared(folder)


def test_of_the_archive_what_is_not_there_is_told_with_what_is(made: Made) -> None:
    folder = made()
    line = next(line for line in folder.space.read_text().splitlines() if line.startswith("  files:"))
    changed(folder, line, "  archive: {venue: binance}")
    with pytest.raises(ConfigError, match=r"found 'binance'; the archive .* is empty"):
        prepared(folder)
