"""The table of codes against the sheet's, which stands beside this file as code, HTTP status and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtf_adapters.bitmart.codes import CODES, SUCCESS, ReadFailure, meaning_of, write_result
from mtf_core.market import WriteResult

SHEET = [
    (int(code), int(status), retry)
    for code, status, retry in (
        line.split() for line in (Path(__file__).parent / "sheet_codes.txt").read_text().splitlines()
    )
]


def test_every_code_of_the_sheet_is_mapped_and_no_other() -> None:
    assert set(CODES) == {code for code, _, _ in SHEET}


@pytest.mark.parametrize(("code", "status", "retry"), SHEET)
def test_a_code_means_for_a_write_what_the_sheet_advises(code: int, status: int, retry: str) -> None:
    """Where it says to look first, nothing is claimed to have ended well; where it says no, nothing exists."""
    result = write_result(code, "", status)
    assert result is not WriteResult.ACCEPTED
    if retry == "clock":
        assert result is WriteResult.CLOCK_SKEW
    elif status >= 500:
        assert result is WriteResult.UNKNOWN
    elif retry in {"no", "wait", "stop"}:
        assert result.nothing_exists
    else:
        assert result is not WriteResult.RATE_LIMITED


@pytest.mark.parametrize("code", [0, 1, 999, 31000, 40051, 50000, -1])
def test_a_code_that_nobody_knows_proves_nothing_of_a_write_and_is_no_answer_to_a_read(code: int) -> None:
    assert write_result(code, "Ok", 200) is WriteResult.UNKNOWN
    assert meaning_of(code, "Ok") is None


def test_success_is_the_code_and_never_the_text() -> None:
    assert write_result(SUCCESS, "anything", 200) is WriteResult.ACCEPTED
    assert write_result(49998, "OK", 200) is WriteResult.REJECTED
    assert write_result(SUCCESS, "OK", 400) is WriteResult.UNKNOWN, "which contradicts itself"


@pytest.mark.parametrize("code", sorted({SUCCESS, *CODES}))
def test_whatever_the_code_an_answer_of_a_failing_server_leaves_a_write_unknown(code: int) -> None:
    assert write_result(code, "", 503) is WriteResult.UNKNOWN


def test_a_finished_order_is_cancelled_already_and_cannot_be_amended() -> None:
    assert write_result(40036, "", 400, of_cancel=True) is WriteResult.ALREADY_SO
    assert write_result(40036, "", 400) is WriteResult.REJECTED


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("SYMBOL_NOT_EXIST", WriteResult.REJECTED),
        ("contract account available balance not enough", WriteResult.REJECTED),
        ("System error", WriteResult.UNKNOWN),
    ],
)
def test_the_code_that_is_used_for_everything_is_told_apart_by_its_text(text: str, result: WriteResult) -> None:
    assert write_result(40012, text, 400) is result


def test_an_unknown_symbol_is_known_by_either_of_its_codes() -> None:
    for code, text in ((40034, "Symbol Not Exist"), (40012, "SYMBOL_NOT_EXIST")):
        meaning = meaning_of(code, text)
        assert meaning is not None
        assert meaning.read is ReadFailure.UNKNOWN_SYMBOL
