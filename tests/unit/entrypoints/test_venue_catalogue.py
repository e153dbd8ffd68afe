"""What is told of exchanges without asking them is what the code, the tests and the pages say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from attrs import evolve, fields

from mtf_adapters.sandbox.capabilities import CAPABILITIES
from mtf_core.market import AmendField, ArmsAt, Capabilities, OversizedExit, ProtectionScope, Proven, UniqueFor
from mtf_entrypoints.capability_words import in_words
from mtf_entrypoints.exchanges import EXCHANGES
from mtf_entrypoints.settings import VARIABLES
from mtf_entrypoints.venue_catalogue import described_venues, venues_to_json
from mtf_entrypoints.venue_proofs import PROOFS, Proof
from mtf_entrypoints.wires import WIRES
from tests.unit.docs.test_safety import SAFETY
from tests.venues.stages import STAGES

ROOT = Path(__file__).parents[3]
CLAIMS = [
    pytest.param(exchange, proof, id=f"{exchange} {proof.kind}")
    for exchange, proofs in PROOFS.items()
    for proof in proofs
]


def test_every_exchange_is_described_with_its_page_and_its_proofs() -> None:
    venues = described_venues()
    assert {one.exchange for one in venues} == EXCHANGES == set(PROOFS)
    for one in venues:
        assert (ROOT / one.page).exists(), one.page
        assert one.proofs
        assert set(one.choices) <= set(VARIABLES)


def test_what_is_told_of_a_wire_is_what_its_adapter_declares() -> None:
    described = {one.exchange: one for one in described_venues()}
    for exchange, wire in WIRES.items():
        assert described[exchange].capabilities is wire().capabilities
        assert described[exchange].environments == wire().environments
        assert wire().default_environment in wire().environments


@pytest.mark.parametrize(("exchange", "proof"), CLAIMS)
def test_what_is_said_to_be_proven_rests_on_tests_that_there_are(exchange: str, proof: Proof) -> None:
    assert proof.tests
    for test in proof.tests:
        file, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / file).read_text(), test
    assert set(proof.stages) <= set(STAGES)
    assert (proof.kind == "conformance_kit") == bool(proof.stages)
    if proof.stages and exchange in WIRES:
        assert all(stage.startswith(exchange) for stage in proof.stages)


@pytest.mark.parametrize(("exchange", "proof"), CLAIMS)
def test_every_figure_of_a_proof_stands_on_the_page_of_promises(exchange: str, proof: Proof) -> None:
    assert all(figure in proof.how and figure in SAFETY for figure in proof.figures), exchange
    told = set(re.findall(r"\d[\d,.]*\d|\d", proof.how))
    assert told == {number for figure in proof.figures for number in re.findall(r"\d[\d,.]*\d|\d", figure)}


def test_the_document_says_of_each_that_the_real_one_was_not_reached() -> None:
    document = venues_to_json(described_venues())
    assert [one["real_exchange_reached"] for one in document["venues"]] == [False] * len(EXCHANGES)
    assert "has reached a real exchange" in document["note"]


assert CAPABILITIES.entry_protection is not None
assert CAPABILITIES.position_protection is not None
OTHERWISE = {
    "stop_in_entry": evolve(
        CAPABILITIES, entry_protection=evolve(CAPABILITIES.entry_protection, arms_at=ArmsAt.FULL_FILL)
    ),
    "stop_of_position": evolve(
        CAPABILITIES, position_protection=evolve(CAPABILITIES.position_protection, whole_position=False)
    ),
    "stop_moves": evolve(CAPABILITIES, amends_protection=frozenset()),
    "entry_changes": evolve(CAPABILITIES, amends=frozenset({AmendField.PRICE})),
    "exit_too_large": evolve(CAPABILITIES, oversized_exit=OversizedExit.REJECTED),
    "client_ids": evolve(CAPABILITIES, client_ids=evolve(CAPABILITIES.client_ids, unique_for=UniqueFor.WHILE_OPEN)),
    "deadline": evolve(CAPABILITIES, request_deadline=None),
    "position_modes": evolve(CAPABILITIES, position_modes=frozenset()),
    "margin_modes": evolve(CAPABILITIES, margin_modes=frozenset()),
    "timed_cancel_all": evolve(CAPABILITIES, timed_cancel_all=None),
    "kept": evolve(CAPABILITIES, cancelled_orders_kept_ms=7_200_000),
    "candles": evolve(CAPABILITIES, candles=evolve(CAPABILITIES.candles, most_per_call=300)),
}


@pytest.mark.parametrize("name", in_words(CAPABILITIES))
def test_each_line_tells_its_own_capability(name: str) -> None:
    plain, other = in_words(CAPABILITIES), in_words(OTHERWISE[name])
    assert [one for one in plain if plain[one] != other[one]] == [name]


def test_what_is_not_there_is_told_as_such() -> None:
    bare = evolve(
        CAPABILITIES,
        entry_protection=None,
        position_protection=None,
        amends=frozenset(),
        client_ids=evolve(CAPABILITIES.client_ids, lookup_history_ms=0),
    )
    told = in_words(bare)
    assert told["stop_in_entry"].startswith("none")
    assert told["stop_of_position"] == "none"
    assert told["entry_changes"] == "not at all"
    assert told["client_ids"].endswith("not found")


@pytest.mark.parametrize("kept", Proven)
def test_a_timer_that_is_not_known_to_keep_stops_is_said_not_to_be_used(kept: Proven) -> None:
    assert CAPABILITIES.timed_cancel_all is not None
    able = evolve(CAPABILITIES, timed_cancel_all=evolve(CAPABILITIES.timed_cancel_all, keeps_protection=kept))
    assert ("not used" in in_words(able)["timed_cancel_all"]) == (kept is not Proven.YES)


def test_scopes_of_stops_are_told_apart() -> None:
    assert CAPABILITIES.entry_protection is not None
    whole = evolve(CAPABILITIES.entry_protection, scope=ProtectionScope.POSITION)
    assert "the whole position" in in_words(evolve(CAPABILITIES, entry_protection=whole))["stop_in_entry"]


def test_no_capability_is_forgotten() -> None:
    """A new one is told here, or is named as one that a person need not know before choosing an exchange."""
    told = {
        *("quotes_per_call", "size_unit", "closing", "cancel_by_client_id", "cancel_all_keeps_protection"),
        *("visibility_lag_ms", "position_mode_scope", "margin_mode_scope"),
        *("candles", "entry_protection", "position_protection", "client_ids", "request_deadline", "oversized_exit"),
        *("fills_kept_ms", "cancelled_orders_kept_ms", "position_modes", "margin_modes", "timed_cancel_all"),
        *("amends", "amends_protection"),
    }
    assert {one.name for one in fields(Capabilities)} == told
