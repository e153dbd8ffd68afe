"""OKX's table of codes, and what the engine's refusals become."""

import pytest

from mtf_adapters.sandbox.faces.okx.codes import CODES, OK, REFUSALS, problem, problem_of
from mtf_adapters.sandbox.matching.events import Refusal, Refused


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_of_the_engine_has_a_code_and_words(refusal: Refusal) -> None:
    found = REFUSALS[refusal]
    assert int(found.code) in CODES
    assert found.text
    assert found.code != OK


def test_codes_of_the_gateway_are_told_from_those_of_trading() -> None:
    assert problem(50011).is_of_gateway
    assert not problem(51000).is_of_gateway


def test_a_refusal_may_have_another_code_where_a_handler_knows_better() -> None:
    refused = Refused(Refusal.NO_POSITION)
    assert problem_of(refused, {}).code == "51169"
    assert problem_of(refused, {Refusal.NO_POSITION: 51058}) == problem(51058)
