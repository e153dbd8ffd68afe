"""The table of codes, and what the engine's refusals become."""

import pytest

from mtf_adapters.sandbox.faces.bitmart.codes import CODES, REFUSALS, problem, problem_of
from mtf_adapters.sandbox.matching.events import Refusal, Refused

OTHER_THAN_400 = {
    **dict.fromkeys((30001, 30002, 30003, 30004, 30005, 30006, 30007, 30008), 401),
    **dict.fromkeys((30010, 30011, 30012, 40046, 40047, 40048, 40049, 40050), 403),
    **dict.fromkeys((30016, 30019, 30030, 30031, 42000), 200),
    30000: 404,
    30013: 429,
    30014: 503,
    30017: 418,
    30018: 503,
}
EXACT = {
    40035: "The order is not exist",
    40037: "The order id is not exist",
    40039: "The timestamp is invalid",
    40021: "Position does not exist",
    40034: "Symbol Not Exist",
    40038: "Invalid K-Line Step",
    30000: "Not found",
}


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_of_the_engine_has_a_code_a_status_and_words(refusal: Refusal):
    found = REFUSALS[refusal]
    assert found.code in CODES
    assert found.status == CODES[found.code].status
    assert found.text


def test_no_refusal_is_taken_for_a_success():
    assert 1000 not in {found.code for found in REFUSALS.values()}


@pytest.mark.parametrize("code", CODES)
def test_a_code_has_the_status_of_the_venues_table(code: int):
    assert CODES[code].status == OTHER_THAN_400.get(code, 400)


@pytest.mark.parametrize("code", EXACT)
def test_words_that_clients_match_are_exactly_those(code: int):
    assert CODES[code].text == EXACT[code]


def test_another_code_of_missing_balance_brings_its_own_status():
    refused = Refused(Refusal.NOT_ENOUGH_BALANCE)
    assert problem_of(refused, {40027: 42000}) == problem(42000)
    assert problem_of(refused, {40027: 42000}).status == 200


def test_the_overloaded_code_says_by_its_words_what_it_means():
    found = problem_of(Refused(Refusal.NOT_ENOUGH_BALANCE), {40027: 40012})
    assert (found.code, found.text) == (40012, CODES[40027].text)
