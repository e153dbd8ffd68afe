"""What a run is asked to do: every field checked, every problem named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.market import Timeframe
from mtf_core.problems import InvalidRequestError
from mtf_core.rules.ruleset import ContextMode
from mtf_core.run_request import MAX_SYMBOLS, MAX_WORKERS, OPTIONS, RunRequest
from mtf_core.runs.request import (
    check_profile,
    check_request,
    document_of_texts,
    parse_request,
    request_field_names,
)
from tests.unit.files.shipped import shipped

FLAGS = ("dry_run", "force_run", "force_timeframe_check", "skip_context", "skip_open_state_filter", "lock_per_symbol",
         "sync_tables", "process_tp_sl")  # fmt: skip


def problems(document: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequestError) as caught:
        parse_request(document)
    return {one.field: one.message for one in caught.value.problems}


def test_an_empty_request_is_a_dry_run_of_the_selected_symbols() -> None:
    assert parse_request({}) == RunRequest()
    assert RunRequest().dry_run
    assert parse_request(dict.fromkeys(request_field_names())) == RunRequest(), "null is not given"


def test_every_field_reaches_the_request() -> None:
    document = {
        "symbols": ["BTCUSDT", "1000PEPEUSDT"],
        "limit": 2,
        "profile": " scalper ",
        "validation_mode": "strict",
        "dry_run": True,
        "workers": 7,
        "force_run": True,
        "current_tf": "5m",
        "force_timeframe_check": True,
        "skip_context": True,
        "skip_open_state_filter": True,
        "lock_per_symbol": True,
        "sync_tables": False,
        "process_tp_sl": False,
        "exchange": "sandbox",
        "market_type": "perpetual",
        "at": "2022-01-31T14:00Z",
        "requested_by": "night desk",
    }
    assert set(document) == set(request_field_names())
    found = parse_request(document)
    assert found == RunRequest(
        symbols=("BTCUSDT", "1000PEPEUSDT"),
        limit=2,
        profile="scalper",
        validation_mode=ContextMode.STRICT,
        workers=7,
        force_run=True,
        current_tf=Timeframe.M5,
        force_timeframe_check=True,
        skip_context=True,
        skip_open_state_filter=True,
        lock_per_symbol=True,
        sync_tables=False,
        exchange="sandbox",
        at_ms=1_643_637_600_000,
        requested_by="night desk",
    )
    assert parse_request(json.loads(json.dumps(found.to_json()))) == found
    assert found.to_json()["at"] == "2022-01-31T14:00:00Z"


@pytest.mark.parametrize("name", FLAGS)
@pytest.mark.parametrize("value", [1, 0, "true", "", [], {}, 1.0])
def test_a_flag_is_true_or_false_and_nothing_like_it(name: str, value: Any) -> None:
    assert problems({name: value}) == {name: f"found {value!r}; allowed is true or false"}


@pytest.mark.parametrize("value", [0, -1, MAX_WORKERS + 1, 1.5, 1e300, float("inf"), True, "4", [4], 10**40])
def test_workers_are_a_whole_number_within_bounds(value: Any) -> None:
    assert problems({"workers": value}) == {"workers": f"found {value!r}; allowed is a whole number within 1..64"}
    assert parse_request({"workers": MAX_WORKERS}).workers == MAX_WORKERS
    assert repr(parse_request({"workers": 4.0}).workers) == "4", "JSON knows no other 4 than 4.0"


@pytest.mark.parametrize(
    "value",
    ["", " , ", [], {"BTCUSDT": 1}, ["btcusdt"], ["BTC/USDT"], [""], [1], [["A"]], ["Ä "], ["A" * 33], 5],
)
def test_symbols_are_names_and_at_least_one(value: Any) -> None:
    assert list(problems({"symbols": value})) == ["symbols"]


def test_symbols_may_be_one_text_and_small_letters_get_a_hint() -> None:
    assert parse_request({"symbols": "BTCUSDT, ETHUSDT,"}).symbols == ("BTCUSDT", "ETHUSDT")
    assert "did you mean BTCUSDT?" in problems({"symbols": "btcusdt"})["symbols"]


@pytest.mark.parametrize(
    ("alias", "value", "name", "meant"),
    [
        ("mtf_profile", "scalper_micro", "profile", "scalper_micro"),
        ("cex", "sandbox", "exchange", "sandbox"),
        ("type_contract", "perp", "market_type", "perpetual"),
        ("type_contract", "futures", "market_type", "perpetual"),
        ("context_mode", "strict", "validation_mode", ContextMode.STRICT),
        ("user_id", "42", "requested_by", "42"),
    ],
)
def test_clients_of_the_reference_may_use_its_names(alias: str, value: str, name: str, meant: object) -> None:
    assert getattr(parse_request({alias: value}), name) == meant
    assert alias in [alias for option in OPTIONS if option.name == name for alias in option.aliases]


def test_a_field_is_not_given_under_two_names() -> None:
    assert problems({"profile": "crash", "mtf_profile": "crash"}) == {
        "mtf_profile": "says the same as 'profile': write one of them"
    }
    assert parse_request({"profile": None, "mtf_profile": "crash"}).profile == "crash"


def test_texts_become_what_their_fields_are() -> None:
    texts = [
        ("symbols", "A,B"),
        ("symbols", "C"),
        ("workers", "4"),
        ("dry_run", "1"),
        ("force_run", "No"),
        ("cex", "1"),
    ]
    document = document_of_texts(texts)
    assert document == {"symbols": "A,B,C", "workers": 4, "dry_run": True, "force_run": False, "cex": "1"}
    assert document_of_texts([("workers", "x"), ("dry_run", "maybe")]) == {"workers": "x", "dry_run": "maybe"}
    with pytest.raises(InvalidRequestError, match="workers: stands twice"):
        document_of_texts([("workers", "1"), ("workers", "1")])


def test_a_request_is_held_to_the_exchange_that_serves_it() -> None:
    check_request(RunRequest(), "bitmart", "perpetual")
    check_request(RunRequest(exchange="bitmart"), "bitmart", "perpetual")
    with pytest.raises(InvalidRequestError, match="exchange: found 'okx'; these runs are on 'bitmart'"):
        check_request(RunRequest(exchange="okx"), "bitmart", "perpetual")


def test_symbols_are_kept_in_order_each_once_and_not_too_many() -> None:
    assert parse_request({"symbols": ["B", "A", "B"]}).symbols == ("B", "A")
    many = [f"S{number}" for number in range(MAX_SYMBOLS + 1)]
    message = problems({"symbols": many})["symbols"]
    assert len(message) < 400, "a wrong value is not repeated without end"
    assert parse_request({"symbols": many[1:]}).symbols == tuple(many[1:])


@pytest.mark.parametrize("value", ["2m", "", 5, ["5m"], {"5m": 1}, True, 5.0])
def test_the_timeframe_is_one_of_those_there_are(value: Any) -> None:
    assert problems({"current_tf": value})["current_tf"].endswith("one of 1m, 5m, 15m, 1h, 4h, 1d")


def test_a_timeframe_on_which_the_profile_never_enters_is_refused_with_those_on_which_it_does() -> None:
    profile = shipped("scalper_micro")  # rules for 5m, 1m; entries on 1m
    check_profile(RunRequest(), profile)
    check_profile(RunRequest(current_tf=Timeframe.M1), profile)
    with pytest.raises(InvalidRequestError) as refused:
        check_profile(RunRequest(current_tf=Timeframe.H4), profile)
    assert str(refused.value) == "current_tf: found 4h; scalper_micro never enters there, allowed is one of 1m"


@pytest.mark.parametrize("value", ["2022-01-31", "2022-01-31T14:00", "yesterday", "", 1_643_637_600, ["x"], True])
def test_an_instant_has_a_timezone(value: Any) -> None:
    assert list(problems({"at": value})) == ["at"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("exchange", 1),
        ("requested_by", "x" * 101),
        ("validation_mode", "lax"),
        ("limit", 0),
        ("market_type", "spot"),
        ("profile", ""),
        ("profile", 7),
        ("profile", []),
    ],
)
def test_names_are_texts_and_only_what_is_there_may_be_asked(name: str, value: Any) -> None:
    assert list(problems({name: value})) == [name]


def test_orders_are_sent_now_and_never_at_a_past_instant() -> None:
    assert not parse_request({"dry_run": False}).dry_run
    assert "never at a past instant" in problems({"dry_run": False, "at": "2026-01-31T14:00Z"})["dry_run"]


def test_targets_of_open_positions_are_not_moved_by_a_run_yet() -> None:
    assert "supervision" in problems({"process_tp_sl": True})["process_tp_sl"]


def test_all_problems_are_named_together_with_the_nearest_field() -> None:
    found = problems({"symbol": [], "workers": 0, "force": True, "current_tf": "2m"})
    assert list(found) == ["symbol", "workers", "force", "current_tf"], "in the order in which they were written"
    assert "did you mean 'symbols'?" in found["symbol"]


@pytest.mark.parametrize("document", [None, [], [1], "text", 5, True])
def test_a_request_is_an_object(document: Any) -> None:
    assert list(problems(document)) == ["request"]


Json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
Plausible = st.sampled_from([True, False, 1, 64, "5m", "sandbox", "perpetual", ["BTCUSDT"], "2022-01-31T14:00Z", None])


@given(st.dictionaries(st.sampled_from(request_field_names()) | st.text(max_size=12), Plausible | Json) | Json)
def test_any_document_gives_a_request_or_named_problems(document: Any) -> None:
    try:
        found = parse_request(document)
    except InvalidRequestError:
        named = problems(document)
        assert named
        assert set(named) <= ({*document, "request"} if isinstance(document, dict) else {"request"})
        return
    assert isinstance(document, dict)
    assert set(document) <= set(request_field_names())
    assert found.dry_run
    assert parse_request(found.to_json()) == found
