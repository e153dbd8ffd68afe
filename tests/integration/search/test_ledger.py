"""The trial ledger, on SQLite and on PostgreSQL: written before anything is known, and never changed."""

from __future__ import annotations

import multiprocessing

import pytest
from sqlalchemy import text

from mtf_adapters.trials.ledger import Outcome, OutcomeKind, TrialKind, TrialLedger, TrialStart
from mtf_core.ports import StoreError
from mtf_core.search.data import Day, SearchData

MONDAY = SearchData("monday", (Day("BTCUSDT", 0, "m1"), Day("ETHUSDT", 0, "m2")))
TUESDAY = SearchData("tuesday", (Day("BTCUSDT", 86_400_000, "t1"),))
BOTH = SearchData("both", (Day("XBT", 0, "m1"), Day("XBT", 86_400_000, "t1")))


@pytest.fixture
def url(empty_database_url: str) -> str:
    return empty_database_url


def start(key: str, *, data: str = "monday", configuration: str = "", kind: TrialKind = TrialKind.SEARCH) -> TrialStart:
    return TrialStart(
        key=key,
        search="s",
        data=data,
        profile="p",
        parameters_digest=f"parameters {key}",
        configuration=configuration or f"configuration {key}",
        parameters={"atr_k": 2},
        kind=kind,
    )


def scored(value: float) -> Outcome:
    return Outcome(OutcomeKind.SCORED, {"value": value})


def test_a_trial_is_there_before_its_score_and_stays_when_it_never_comes(url: str) -> None:
    with TrialLedger.opened(url) as ledger:
        ledger.note_data(MONDAY)
        first, second = ledger.begin([start("a"), start("b")])
        assert ledger.configurations_on("monday") == {"configuration a", "configuration b"}
        assert ledger.outcomes(["a", "b"]) == {}
        ledger.end(second, scored(0.1), sharpe=0.1)
    with TrialLedger.opened(url) as again:
        assert again.outcomes(["a", "b", "c"]) == {"b": scored(0.1)}
        assert again.counts("s") == {"interrupted": 1, "scored": 1}
        assert again.configurations_on("monday") == {"configuration a", "configuration b"}
        assert first != second


def test_an_outcome_is_written_once(url: str) -> None:
    with TrialLedger.opened(url) as ledger:
        (one,) = ledger.begin([start("a")])
        ledger.end(one, scored(0.1))
        with pytest.raises(StoreError):
            ledger.end(one, scored(9.9))
        assert ledger.outcomes(["a"]) == {"a": scored(0.1)}


def test_what_broke_off_may_be_tried_again_and_both_stay(url: str) -> None:
    with TrialLedger.opened(url) as ledger:
        (first,) = ledger.begin([start("a")])
        ledger.end(first, Outcome(OutcomeKind.FAILED, {"why": "no memory"}))
        assert ledger.outcomes(["a"]) == {}
        (second,) = ledger.begin([start("a")])
        ledger.end(second, scored(0.3))
        assert ledger.outcomes(["a"]) == {"a": scored(0.3)}
        assert ledger.counts("s") == {"failed": 1, "scored": 1}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE trials SET configuration = 'another'",
        "DELETE FROM trials",
        "UPDATE trial_outcomes SET sharpe = 9",
        "DELETE FROM trial_data_days",
        "DELETE FROM trial_searches",
    ],
)
def test_no_row_can_be_changed_or_deleted(url: str, statement: str) -> None:
    with TrialLedger.opened(url) as ledger:
        ledger.note_search("s", {"windows": []})
        ledger.note_data(MONDAY)
        (one,) = ledger.begin([start("a")])
        ledger.end(one, scored(1))
        with pytest.raises(Exception, match="the trial ledger is only added to"), ledger.engine.begin() as connection:
            connection.execute(text(statement))
        assert ledger.outcomes(["a"]) == {"a": scored(1)}


def test_trials_count_for_every_data_that_has_a_day_in_common(url: str) -> None:
    """Whatever the symbols and the spans are called: the same prices of a day are the same data."""
    with TrialLedger.opened(url) as ledger:
        for data in (MONDAY, TUESDAY, BOTH):
            ledger.note_data(data)
            ledger.note_data(data)
        ledger.begin([start("a"), start("b", data="tuesday"), start("again", configuration="configuration a")])
        (hold,) = ledger.begin([start("c", data="both", kind=TrialKind.HOLDOUT)])
        ledger.end(hold, scored(1), sharpe=0.5)
        assert ledger.configurations_on("monday") == {"configuration a", "configuration c"}
        assert ledger.configurations_on("tuesday") == {"configuration b", "configuration c"}
        assert len(ledger.configurations_on("both")) == 3
        assert ledger.configurations_on("never noted") == frozenset()


def test_a_report_is_told_how_many_were_tried_and_how_their_ratios_vary(url: str) -> None:
    """0.1 and 0.3 vary by 0.02; the report's own configuration counts once, whether it was tried before or not."""
    with TrialLedger.opened(url) as ledger:
        ledger.note_data(MONDAY)
        assert ledger.trials_on("monday", "mine").count == 1
        one, two, _ = ledger.begin([start("a"), start("b"), start("c")])
        ledger.end(one, scored(1), sharpe=0.1)
        assert ledger.trials_on("monday", "mine").sharpe_variance is None
        ledger.end(two, scored(1), sharpe=0.3)
        told = ledger.trials_on("monday", "mine")
        assert (told.count, told.sharpe_variance) == (4, pytest.approx(0.02))
        assert ledger.trials_on("monday", "configuration a").count == 3


def _write(url: str, name: str, count: int) -> None:
    with TrialLedger.opened(url) as ledger:
        for number in range(count):
            (one,) = ledger.begin([start(f"{name}{number}")])
            ledger.end(one, scored(number))


def test_several_processes_make_the_ledger_and_write_at_once(url: str) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_write, args=(url, name, 15)) for name in "abcd"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    with TrialLedger.opened(url) as ledger:
        assert ledger.counts("s") == {"scored": 60}
        assert len(ledger.outcomes([f"{name}{number}" for name in "abcd" for number in range(15)])) == 60
