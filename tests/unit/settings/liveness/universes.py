"""The scenario of the selection of contracts: a generated market, and contracts that one filter each is about."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

from attrs import evolve

from mtf_core.market import HOUR_MS, Contract
from mtf_core.risk.switches import Switchboard
from mtf_core.runs.universe import select_universe
from mtf_core.settings.profile import Profile
from tests.unit.settings.liveness.histories import MARKET, NOW_MS


@cache
def listed() -> tuple[Contract, ...]:
    """Twenty contracts of the market; some more that are paid in another currency, halted, expired or young."""
    generated = MARKET.contracts(NOW_MS)
    like = evolve(generated[0], turnover_24h=Decimal(10**9))
    return (
        *generated,
        evolve(like, symbol="AAAUSDC", quote_currency="USDC"),
        evolve(like, symbol="BBBUSDT", status="Halted"),
        evolve(like, symbol="CCCUSDT", expires_at_ms=NOW_MS - HOUR_MS),
        evolve(like, symbol="DDDUSDT", opened_at_ms=NOW_MS - 100 * HOUR_MS),
        evolve(like, symbol="EEEUSDT", turnover_24h=Decimal(600_000)),
        evolve(like, symbol="FFFUSDT", turnover_24h=Decimal(700_000)),
    )


def universe(profile: Profile) -> object:
    """The symbols that a run would look at, in order."""
    return select_universe(profile.contracts.selection, listed(), Switchboard.of((), NOW_MS), NOW_MS).symbols
