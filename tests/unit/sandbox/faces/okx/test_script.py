"""The file of quirks and faults of OKX's face, and the numbers of orders."""

import pytest
from attrs import fields

from mtf_adapters.sandbox.faces.okx.quirks import (
    DRAWN,
    Quirks,
    algo_number,
    algo_of_number,
    attached_number,
    drawn_quirks,
    order_number,
    order_of_number,
)
from mtf_adapters.sandbox.faces.okx.script import parse_script
from mtf_adapters.sandbox.faults import FaultKind
from mtf_core.config_nodes import ConfigError
from mtf_core.market import ArmsAt, OversizedExit, UniqueFor


def test_a_script_says_quirks_and_faults() -> None:
    script = parse_script(
        "quirks: {attached_after_partial: false}\nfaults: {calls: [{kind: refused_after, on: order, code: 50004}]}"
    )
    assert script.quirks.attached_after_partial is False
    (fault,) = script.faults.calls
    assert (fault.kind, fault.on, fault.code) == (FaultKind.REFUSED_AFTER, "order", 50004)


def test_what_is_wrong_is_said_with_its_place() -> None:
    with pytest.raises(ConfigError, match="attached_after_part"):
        parse_script("quirks: {attached_after_part: true}")


def test_a_seed_draws_the_unconfirmed_quirks_and_leaves_named_ones() -> None:
    script = parse_script("quirks_seed: 3\nquirks: {oversized_exit: trimmed}")
    assert script.quirks.oversized_exit is OversizedExit.TRIMMED
    assert script.quirks == parse_script("quirks_seed: 3\nquirks: {oversized_exit: trimmed}").quirks


def test_every_value_of_every_unconfirmed_quirk_is_drawn_by_some_seed() -> None:
    drawn = [drawn_quirks(seed) for seed in range(300)]
    for name, values in DRAWN.items():
        assert {getattr(quirks, name) for quirks in drawn} == set(values), name


def test_drawn_quirks_are_quirks() -> None:
    assert set(DRAWN) <= {each.name for each in fields(Quirks)}


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_drawn_stops_wait_for_the_full_fill_and_ids_are_free_again(seed: int) -> None:
    rules = drawn_quirks(seed).rules()
    assert (rules.presets_arm_at, rules.client_ids_unique_for) == (ArmsAt.FULL_FILL, UniqueFor.WHILE_OPEN)
    assert (rules.client_id_alphabet, rules.client_id_characters) == ("A-Za-z0-9", 32)
    assert rules.one_whole_position_trigger


def test_numbers_lead_back_to_the_engines_ids_and_never_meet() -> None:
    assert order_of_number(order_number(17)) == algo_of_number(algo_number(17)) == 17
    assert len({order_number(1), algo_number(1), attached_number(1)}) == 3
    assert {len(each(1)) for each in (order_number, algo_number, attached_number)} == {19}


@pytest.mark.parametrize("number", ["", "1", "x", "-5", "²", "9" * 30])
def test_a_number_that_never_was_given_is_nothing(number: str) -> None:
    assert order_of_number(number) == algo_of_number(number) == 0
