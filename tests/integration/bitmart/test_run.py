"""A whole run over BitMart's wire: what it decides and plans is what a run right on the market decides and plans."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mtf_adapters.sandbox.clock import SandboxClock
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_core.market import PositionMode, WriteResult, format_instant
from mtf_core.ports import ExchangeError
from mtf_core.reasons import Reason
from mtf_core.runs import RunReport, RunRequest
from mtf_core.upkeep import sync_contracts
from mtf_entrypoints.container import opened
from mtf_entrypoints.settings import SandboxOptions, Settings
from tests.integration.bitmart.wire import UNHURRIED, settings_for
from tests.integration.faces.exchange import AT_MS, exchange

SEED, SIZE = 7, 24
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "BNBUSDT", "DOGEUSDT", "ADAUSDT", "AVAXUSDT")
WALL = SandboxClock(AT_MS)


async def over_the_wire(request: RunRequest, script: str = UNHURRIED) -> RunReport:
    async with (
        exchange(script, market=GeneratedMarket(SEED, SIZE)) as served,
        opened(settings_for(served)) as container,
    ):
        assert container.venue().remarks == ()
        return await container.orchestrator().run(request)


async def on_the_market(request: RunRequest) -> RunReport:
    options = SandboxOptions(seed=SEED, universe_size=SIZE)
    settings = Settings(database_url="memory", at_ms=AT_MS, sandbox=options)
    async with opened(settings, wall_clock=WALL) as container:
        return await container.orchestrator().run(request)


def numbers(value: Any) -> Any:
    """A report with texts of numbers as numbers: `184.90` and `184.9` are one price."""
    if isinstance(value, dict):
        return {name: numbers(one) for name, one in value.items()}
    if isinstance(value, list):
        return [numbers(one) for one in value]
    try:
        return Decimal(value) if isinstance(value, str) else value
    except ArithmeticError:
        return value


async def test_a_run_over_the_wire_decides_and_plans_as_one_right_on_the_market() -> None:
    request = RunRequest(symbols=SYMBOLS)
    wired, direct = await over_the_wire(request), await on_the_market(request)
    assert wired.exchange == "bitmart"
    assert format_instant(wired.instant_ms) == format_instant(direct.instant_ms)
    assert wired.account_error is None
    results, expected = wired.to_json()["results"], direct.to_json()["results"]
    assert len(results) == len(SYMBOLS)
    assert not [one for one in results.values() if one["status"] == "ERROR"]
    assert numbers(results) == numbers(expected)
    assert [one for one in results.values() if one.get("plan")], "else the comparison would compare nothing"


@pytest.mark.parametrize(
    "quirk",
    ["kline_edges: neither", "kline_edges: end, kline_late_second: true", "kline_forming: false"],
)
async def test_whatever_the_wire_makes_of_candles_the_decisions_are_the_same(quirk: str) -> None:
    request = RunRequest(symbols=SYMBOLS[:3])
    script = UNHURRIED.replace("}", f", {quirk}}}")
    wired, direct = await over_the_wire(request, script), await on_the_market(request)
    assert numbers(wired.to_json()["results"]) == numbers(direct.to_json()["results"])


async def test_without_a_key_symbols_are_decided_and_nothing_is_planned() -> None:
    none = dict.fromkeys(("BITMART_API_KEY", "BITMART_SECRET_KEY", "BITMART_API_MEMO"), "")
    async with (
        exchange(UNHURRIED, market=GeneratedMarket(SEED, SIZE)) as served,
        opened(settings_for(served, **none)) as container,
    ):
        report = await container.orchestrator().run(RunRequest(symbols=SYMBOLS))
    assert report.account_error is not None
    assert "there is no key" in report.account_error
    results = report.to_json()["results"].values()
    assert not [one for one in results if one.get("plan")]
    assert Reason.ACCOUNT_STATE_UNKNOWN in {one["reason"] for one in results}


@pytest.mark.parametrize("part", ["BITMART_API_KEY", "BITMART_SECRET_KEY", "BITMART_API_MEMO"])
async def test_a_wrong_part_of_a_key_is_told_in_one_clear_sentence(part: str) -> None:
    """A wrong secret or memo shows in what is signed alone: reads are not."""
    async with (
        exchange(UNHURRIED, market=GeneratedMarket(SEED, SIZE)) as served,
        opened(settings_for(served, **{part: "wrong-part"})) as container,
    ):
        venue = container.venue()
        assert venue.trading is not None
        outcome = await venue.trading.set_position_mode(PositionMode.HEDGE)
        report = await container.orchestrator().run(RunRequest(symbols=SYMBOLS[:1]))
    assert outcome.result is WriteResult.AUTH
    if part == "BITMART_API_KEY":
        assert report.account_error is not None
        assert "the key is not known" in report.account_error


BROKEN = (
    "cdn_page",
    "truncated",
    "malformed",
    "null_data",
    "no_data",
    "reset_mid_body",
    "server_error",
    "unknown_code",
)


def broken(kind: str, *endpoints: str) -> str:
    faults = ", ".join(f'{{kind: "{kind}", on: {name}}}' for name in endpoints)
    return f"{UNHURRIED}\nfaults: {{calls: [{faults}]}}"


@pytest.mark.parametrize("kind", [*BROKEN, "empty"])
async def test_a_part_of_the_account_that_cannot_be_read_leaves_it_unknown(kind: str) -> None:
    wired = await over_the_wire(RunRequest(symbols=("SOLUSDT",)), broken(kind, "assets-detail"))
    assert wired.account_error is not None
    assert "assets-detail" in wired.account_error
    (result,) = wired.to_json()["results"].values()
    assert (result["reason"], result.get("plan")) == (Reason.ACCOUNT_STATE_UNKNOWN, None)


@pytest.mark.parametrize("kind", ["cdn_page", "truncated", "null_data"])
async def test_candles_that_cannot_be_read_are_that_symbol_s_error_and_nothing_is_stored(kind: str) -> None:
    async with (
        exchange(broken(kind, "kline"), market=GeneratedMarket(SEED, SIZE)) as served,
        opened(settings_for(served)) as container,
    ):
        report = await container.orchestrator().run(RunRequest(symbols=("SOLUSDT",)))
        assert await container.stores().candles.spans() == ()
    (result,) = report.to_json()["results"].values()
    assert (result["status"], result.get("plan")) == ("ERROR", None)
    assert "kline" in str(result)


@pytest.mark.parametrize("kind", ["reset_mid_body", "unknown_code", "empty"])
async def test_contracts_that_cannot_be_read_leave_the_stored_ones_as_they_were(kind: str) -> None:
    async with (
        exchange(UNHURRIED, market=GeneratedMarket(SEED, SIZE)) as served,
        opened(settings_for(served)) as container,
    ):
        environment = container.environment()
        await sync_contracts(environment)
        before = await environment.stores.contracts.all()
        served.sandbox.face.use_script(broken(kind, "details"))
        with pytest.raises(ExchangeError):
            await sync_contracts(environment)
        assert await environment.stores.contracts.all() == before
