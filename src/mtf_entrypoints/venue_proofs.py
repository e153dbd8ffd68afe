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
    """Tests that do it, each by its file and its name."""
    stages: tuple[str, ...] = ()
    """Names under which the conformance kit plays it (`tests/venues/stages.py`)."""
    figures: tuple[str, ...] = ()
    """What of `how` was measured, as docs/safety.md has it."""


_KIT = "tests/venues/test_orders.py::test_an_entry_at_market_becomes_a_position"
_LAWS = "tests/simulation/test_episodes.py::test_no_law_is_broken"


def _foreign(file: str, *names: str) -> tuple[str, ...]:
    return tuple(f"tests/integration/faces/{file}::{name}" for name in names)


NEVER_REACHED = (
    "No machine of this project has reached a real exchange: what stands under `proven` was proven on sandboxes that "
    "speak the exchanges' words, written from their documents. The first run against a demo is yours: mtf venues check."
)

PROOFS: Mapping[str, tuple[Proof, ...]] = {
    "sandbox": (
        Proof("conformance_kit", "passes the kit that every exchange passes", (_KIT,), ("native",)),
        Proof(
            "simulation",
            "359,232 minutes of trading in virtual time with drawn faults, together with those behind others' words",
            (_LAWS,),
            figures=("359,232 minutes",),
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
            _foreign(
                "test_foreign_clients.py",
                "test_the_official_sdk_reads_the_market_and_trades",
                "test_the_official_sdk_hears_of_what_it_does_on_both_streams",
                "test_ccxt_reads_the_market_and_trades",
                "test_ccxt_pro_hears_of_what_it_does_on_both_streams",
            ),
        ),
        Proof(
            "simulation",
            "359,232 minutes of trading in virtual time with drawn faults, together with those on the sandbox itself",
            (_LAWS,),
            figures=("359,232 minutes",),
        ),
    ),
    "okx": (
        Proof(
            "conformance_kit",
            "adapter and face pass the kit over HTTP and WebSocket, with both values of what is not confirmed, and "
            "with the EEA's X-Perps",
            (_KIT,),
            ("okx", "okx, otherwise", "okx, X-Perps"),
        ),
        Proof(
            "answers",
            "the adapter reads and writes what OKX's documents show; a run enters on the face and is supervised",
            (
                "tests/integration/cli/test_okx.py::test_a_run_enters_at_okx_and_its_positions_get_their_stops_there",
                "tests/integration/cli/test_venues.py::test_an_exchange_is_checked_line_by_line",
                "tests/unit/okx/test_account.py::"
                "test_an_account_is_money_positions_orders_triggers_and_mode_of_one_sync",
                "tests/unit/okx/test_bodies.py::"
                "test_an_entry_says_both_sides_its_margin_and_what_travels_in_it_with_the_price_that_fires_it",
            ),
        ),
        Proof(
            "foreign_clients",
            "the official SDK and ccxt trade on the face unchanged, by REST and by streams",
            (
                *_foreign(
                    "okx/test_foreign_clients.py",
                    "test_the_official_sdk_reads_the_market_and_trades",
                    "test_ccxt_reads_the_market_and_trades",
                ),
                *_foreign(
                    "okx/test_foreign_streams.py",
                    "test_the_official_client_hears_of_what_it_does_over_tls",
                    "test_ccxt_pro_hears_of_what_it_does_on_all_streams",
                ),
            ),
        ),
        Proof(
            "simulation",
            "8,700 minutes of trading in virtual time with drawn faults behind OKX's words; more are asked for",
            ("tests/simulation/test_episodes.py::test_no_law_is_broken_behind_okx_s_face",),
            figures=("8,700 minutes",),
        ),
    ),
}
