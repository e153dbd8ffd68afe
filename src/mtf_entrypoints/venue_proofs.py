"""What of each exchange was proven, and how. A test compares this with the tests that there are and with the page of
promises (docs/safety.md): nothing here is claimed that they do not bear out."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen


@frozen
class Proof:
    """One way in which an exchange's adapter, or its face of the sandbox, was proven."""

    kind: str
    """The same in every version: programs look for it."""
    how: str
    tests: tuple[str, ...]
    """Names of tests that do it; each exists."""
    stages: tuple[str, ...] = ()
    """Names under which the conformance kit plays it (`tests/venues/stages.py`)."""
    figures: tuple[str, ...] = ()
    """What of `how` was measured, as docs/safety.md has it."""


_KIT = "test_an_entry_at_market_becomes_a_position"
_LAWS = "test_no_law_is_broken"

NEVER_REACHED = (
    "No machine of this project has reached a real exchange: what stands under `proven` was proven on sandboxes that "
    "speak the exchanges' words, written from their documents. The first run against a demo is yours: mtf venues check."
)

PROOFS: Mapping[str, tuple[Proof, ...]] = {
    "sandbox": (
        Proof("conformance_kit", "passes the kit that every exchange passes", (_KIT,), ("native",)),
        Proof(
            "simulation",
            "292,337 minutes of trading in virtual time with drawn faults, together with those behind BitMart's words",
            (_LAWS,),
            figures=("292,337 minutes",),
        ),
    ),
    "bitmart": (
        Proof(
            "conformance_kit",
            "adapter and face pass the kit over HTTP and WebSocket, with both values of what is not confirmed",
            (_KIT,),
            ("bitmart", "bitmart, otherwise"),
        ),
        Proof(
            "foreign_clients",
            "the official SDK and ccxt trade on the face unchanged, by REST and by streams",
            (
                "test_the_official_sdk_reads_the_market_and_trades",
                "test_the_official_sdk_hears_of_what_it_does_on_both_streams",
                "test_ccxt_reads_the_market_and_trades",
                "test_ccxt_pro_hears_of_what_it_does_on_both_streams",
            ),
        ),
        Proof(
            "simulation",
            "292,337 minutes of trading in virtual time with drawn faults, together with those on the sandbox itself",
            (_LAWS,),
            figures=("292,337 minutes",),
        ),
    ),
}
