"""The file of quirks and faults."""

from pathlib import Path

import pytest
from attrs import fields

from mtf_adapters.sandbox.faces.bitmart.quirks import DRAWN, Quirks, drawn_quirks
from mtf_adapters.sandbox.faces.bitmart.script import parse_script, read_script
from mtf_adapters.sandbox.faults import FaultKind
from mtf_core.config_nodes import ConfigError
from mtf_core.market import ArmsAt, OversizedExit


def test_a_script_says_quirks_and_faults():
    script = parse_script(
        "quirks: {presets_arm_at: first_fill, visible_after_ms: 250}\n"
        "faults: {seed: 7, calls: [{kind: lost_answer, on: submit-order, calls: [1]}]}"
    )
    assert (script.quirks.presets_arm_at, script.quirks.visible_after_ms) == (ArmsAt.FIRST_FILL, 250)
    (fault,) = script.faults.calls
    assert (fault.kind, fault.on, fault.calls) == (FaultKind.LOST_ANSWER, "submit-order", (1,))


def test_json_is_read_as_well():
    assert parse_script('{"quirks": {"oversized_exit": "trimmed"}}').quirks.oversized_exit is OversizedExit.TRIMMED


def test_everything_that_is_wrong_is_said_at_once_with_its_place():
    with pytest.raises(ConfigError) as caught:
        parse_script("quirks:\n  kline_edge: both\n  idle_sec: 0\nfaults:\n  calls:\n    - {kind: rset}\n")
    text = str(caught.value)
    assert "script:2: quirks.kline_edge" in text
    assert "did you mean 'kline_edges'?" in text
    assert "script:3: quirks.idle_sec: found 0; allowed is ≥ 1" in text
    assert "script:6: faults.calls[0].kind: found 'rset'" in text


def test_a_file_that_is_not_there_is_a_clear_error(tmp_path: Path):
    with pytest.raises(ConfigError, match="does not exist"):
        read_script(tmp_path / "none.yaml")


def test_a_seed_draws_the_unconfirmed_quirks_and_leaves_named_ones():
    script = parse_script("quirks_seed: 3\nquirks: {presets_arm_at: first_fill}")
    assert script.quirks.presets_arm_at is ArmsAt.FIRST_FILL
    assert script.quirks != Quirks(presets_arm_at=ArmsAt.FIRST_FILL)
    assert script.quirks == parse_script("quirks_seed: 3\nquirks: {presets_arm_at: first_fill}").quirks


def test_every_value_of_every_unconfirmed_quirk_is_drawn_by_some_seed():
    drawn = [drawn_quirks(seed) for seed in range(300)]
    for name, values in DRAWN.items():
        assert {getattr(quirks, name) for quirks in drawn} == set(values), name


def test_drawn_quirks_are_quirks():
    assert set(DRAWN) <= {each.name for each in fields(Quirks)}


@pytest.mark.parametrize("seed", range(20))
def test_drawn_quirks_make_rules_of_an_engine(seed: int):
    quirks = drawn_quirks(seed)
    rules = quirks.rules()
    assert (rules.client_id_characters, rules.presets_arm_at) == (32, quirks.presets_arm_at)
    assert ("_" in rules.client_id_alphabet) is quirks.client_ids_take_signs


@pytest.mark.parametrize("long", [False, True])
def test_order_numbers_lead_back_to_the_engines_ids(long: bool):
    quirks = Quirks(long_order_ids=long)
    assert quirks.engine_id(quirks.order_number(17)) == 17
    assert (quirks.order_number(1) > 2**53) is long
