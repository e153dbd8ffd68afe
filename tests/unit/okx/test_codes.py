"""The table of codes against the sheet's, which stands beside this file as code, HTTP status and what to do.

The sheet gives 51412 as not done; OKX's own page has two texts for it, one of them "has been triggered": so it is
looked at here.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mtf_adapters.okx.codes import ALL_FAILED, CODES, SOME_FAILED, meaning_of, write_result
from mtf_adapters.okx.envelope import SUCCESS
from mtf_adapters.online.meanings import ReadFailure
from mtf_core.market import WriteResult

SHEET = [
    (code, int(status), what)
    for code, status, what in (
        line.split() for line in (Path(__file__).parent / "sheet_codes.txt").read_text().splitlines()
    )
]
ADVICE = {
    "later": {WriteResult.MAINTENANCE, WriteResult.RATE_LIMITED},
    "limited": {WriteResult.RATE_LIMITED},
    "look": {WriteResult.UNKNOWN},
    "clock": {WriteResult.CLOCK_SKEW},
    "twice": {WriteResult.DUPLICATE},
    "gone": {WriteResult.NOT_FOUND},
    "no": {WriteResult.REJECTED},
    "cross": {WriteResult.WOULD_TAKE},
    "key": {WriteResult.AUTH},
    "here": {WriteResult.NOT_ALLOWED_HERE},
}
"""What may be said of a write where the sheet gives this advice."""

UNKNOWN_CODES = ["", "3", "00", "50000", "50999", "51999", "99999", "-1", "ok"]


def test_every_code_of_the_sheet_is_mapped_and_no_other() -> None:
    assert set(CODES) == {code for code, _, _ in SHEET}
    assert len(SHEET) == len(CODES), "each once"


@pytest.mark.parametrize(("code", "status", "what"), SHEET)
def test_a_code_means_for_a_write_what_the_sheet_advises(code: str, status: int, what: str) -> None:
    """Wherever the code stands: in the row, or alone; a failing server proves nothing whatever it says."""
    allowed = {WriteResult.UNKNOWN} if status >= 500 else ADVICE[what]
    if code == "50026":  # "system error": the sheet says that it was not done, and it comes with HTTP 500
        allowed = {WriteResult.UNKNOWN}
    assert write_result(ALL_FAILED, code, status) in allowed
    assert write_result(code, "", status) in allowed


@pytest.mark.parametrize(("code", "what"), [(code, what) for code, _, what in SHEET])
@pytest.mark.parametrize("of_cancel", [False, True])
def test_no_refusal_is_ever_a_success(code: str, what: str, of_cancel: bool) -> None:
    for envelope in (SUCCESS, ALL_FAILED, SOME_FAILED, code):
        for status in (200, 400, 401, 429, 500):
            result = write_result(envelope, code, status, of_cancel=of_cancel)
            assert result not in {WriteResult.ACCEPTED, WriteResult.ALREADY_SO}
            if what in {"look", "gone", "twice"}:
                assert not result.nothing_exists, "only a look can tell"


@pytest.mark.parametrize(("code", "what"), [(code, what) for code, _, what in SHEET])
def test_a_read_is_sent_again_only_where_a_moment_may_change_the_answer(code: str, what: str) -> None:
    meaning = meaning_of(code)
    assert meaning is not None
    assert meaning.words
    if meaning.again:
        assert what in {"later", "limited", "look"}
        assert meaning.read is ReadFailure.UNAVAILABLE
    if what == "gone":
        assert meaning.read is ReadFailure.NO_SUCH_ORDER


@pytest.mark.parametrize("code", UNKNOWN_CODES)
@pytest.mark.parametrize("envelope", [SUCCESS, ALL_FAILED, SOME_FAILED])
def test_a_code_that_nobody_knows_proves_nothing_of_a_write_and_is_no_answer_to_a_read(
    code: str, envelope: str
) -> None:
    if code:
        assert write_result(envelope, code, 200) is WriteResult.UNKNOWN
        assert write_result(code, "", 200) is WriteResult.UNKNOWN
    assert meaning_of(code) is None


@pytest.mark.parametrize(
    ("envelope", "row", "status", "result"),
    [
        (SUCCESS, SUCCESS, 200, WriteResult.ACCEPTED),
        (SUCCESS, "", 200, WriteResult.ACCEPTED),
        (SOME_FAILED, SUCCESS, 200, WriteResult.ACCEPTED),
        (SOME_FAILED, "51008", 200, WriteResult.REJECTED),
        (ALL_FAILED, "51008", 200, WriteResult.REJECTED),
        (SUCCESS, "51008", 200, WriteResult.REJECTED),
        (ALL_FAILED, SUCCESS, 200, WriteResult.UNKNOWN),
        (ALL_FAILED, "", 200, WriteResult.UNKNOWN),
        (SOME_FAILED, "", 200, WriteResult.UNKNOWN),
        ("51008", SUCCESS, 200, WriteResult.UNKNOWN),
        (SUCCESS, SUCCESS, 400, WriteResult.UNKNOWN),
        (SUCCESS, SUCCESS, 429, WriteResult.UNKNOWN),
        (SUCCESS, SUCCESS, 302, WriteResult.UNKNOWN),
        (SUCCESS, SUCCESS, 500, WriteResult.UNKNOWN),
    ],
)
def test_the_row_is_believed_first_and_whatever_contradicts_it_proves_nothing(
    envelope: str, row: str, status: int, result: WriteResult
) -> None:
    assert write_result(envelope, row, status) is result


@pytest.mark.parametrize("code", sorted({SUCCESS, ALL_FAILED, *CODES}))
def test_whatever_the_code_an_answer_of_a_failing_server_leaves_a_write_unknown(code: str) -> None:
    assert write_result(code, "", 503) is WriteResult.UNKNOWN
    assert write_result(ALL_FAILED, code, 502) is WriteResult.UNKNOWN


@pytest.mark.parametrize("code", ["51008_1000", "51004_1101", "51502_1030"])
def test_a_kind_within_a_code_means_what_the_code_means(code: str) -> None:
    assert meaning_of(code) is CODES[code[:5]]
    assert write_result(ALL_FAILED, code, 200) is WriteResult.REJECTED


def test_too_many_requests_by_their_status_alone_were_not_looked_at() -> None:
    assert write_result("50999", "", 429) is WriteResult.RATE_LIMITED
    assert write_result("51115", "", 429) is WriteResult.REJECTED, "a code that is known says more"


@pytest.mark.parametrize("code", ["50119", "60032"])
def test_a_key_that_is_not_known_is_told_with_its_three_likely_reasons(code: str) -> None:
    words = CODES[code].words
    assert "OKX_REGION" in words
    assert "MTF_ENVIRONMENT" in words
    assert "mistyped" in words


def test_a_key_of_the_other_environment_is_told_by_the_setting() -> None:
    assert "MTF_ENVIRONMENT" in CODES["50101"].words


def test_an_unknown_contract_is_told_as_such() -> None:
    assert CODES["51001"].read is ReadFailure.UNKNOWN_SYMBOL
