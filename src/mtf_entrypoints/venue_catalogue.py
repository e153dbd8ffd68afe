"""Every exchange that can be used, as far as it can be told without asking it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from mtf_adapters.sandbox.capabilities import CAPABILITIES as SANDBOX
from mtf_core.market import Capabilities
from mtf_entrypoints.capability_words import in_words
from mtf_entrypoints.settings import DEFAULT_EXCHANGE
from mtf_entrypoints.venue_proofs import NEVER_REACHED, PROOFS, Proof
from mtf_entrypoints.venues import VENUES
from mtf_entrypoints.wires import WIRES


@frozen
class DescribedVenue:
    """One exchange."""

    exchange: str
    market_type: str
    environments: tuple[str, ...]
    """Empty where there is but one world."""
    default_environment: str
    choices: Mapping[str, tuple[str, ...]]
    """Settings that choose one of a few words, such as a region."""
    capabilities: Capabilities
    proofs: tuple[Proof, ...]
    face: str = ""
    """What `mtf sandbox serve --face` takes for it; empty: it needs none."""
    page: str = ""
    remark: str = ""


def described_venues() -> tuple[DescribedVenue, ...]:
    """All of them, the sandbox first."""
    return tuple(_described(exchange, market_type) for exchange, market_type in VENUES)


def _described(exchange: str, market_type: str) -> DescribedVenue:
    proofs = PROOFS.get(exchange, ())
    if exchange == DEFAULT_EXCHANGE:
        return DescribedVenue(exchange, market_type, (), "", {}, SANDBOX, proofs, page=_page("trade-on-the-sandbox"))
    wire = WIRES[exchange]()
    choices = {wire.options_type.variable(name): allowed for name, allowed in wire.options_type.CHOICES.items()}
    return DescribedVenue(
        exchange,
        market_type,
        wire.environments,
        wire.default_environment,
        choices,
        wire.capabilities,
        proofs,
        face=exchange,
        page=_page(f"use-{exchange}"),
        remark=wire.remark,
    )


def _page(name: str) -> str:
    return f"docs/how-to/{name}.md"


def venues_to_json(venues: tuple[DescribedVenue, ...]) -> dict[str, Any]:
    """The document of `mtf venues --json`; its names are a contract (docs/how-to/check-an-exchange.md)."""
    return {
        "venues": [
            {
                "exchange": one.exchange,
                "market_type": one.market_type,
                "environments": list(one.environments),
                "default_environment": one.default_environment or None,
                "choices": {name: list(allowed) for name, allowed in one.choices.items()},
                "sandbox_face": one.face or None,
                "paper": bool(one.face),
                "capabilities": in_words(one.capabilities),
                "proven": [{"kind": proof.kind, "how": proof.how, "tests": list(proof.tests)} for proof in one.proofs],
                "real_exchange_reached": False,
                "remark": one.remark or None,
                "page": one.page,
            }
            for one in venues
        ],
        "note": NEVER_REACHED,
    }
