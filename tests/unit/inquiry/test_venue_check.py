"""What is looked at before an exchange is trusted: each thing can be right, and each can be found wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from mtf_adapters.files.profiles import load_profile
from mtf_core.inquiry import check_venue
from mtf_core.inquiry import venue_check as checking
from mtf_core.market import (
    DAY_MS,
    HOUR_MS,
    AccountState,
    Candles,
    Contract,
    MarginMode,
    PositionMode,
    Quote,
    Timeframe,
)
from mtf_core.ports import (
    ClockSkew,
    Disconnected,
    ExchangeError,
    ExchangeUnavailableError,
    Venue,
    VenueFinding,
)
from tests.venues.stages import native

PROFILE = load_profile("scalper_micro", None, frozenset({"sandbox"}))
EVERYTHING = (
    *("world", "clock", "contracts", "contract", "candles", "quote", "candle_stream"),
    *("key", "position_mode", "margin_mode", "balance", "holdings", "account_stream", "limits"),
)


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    async with native() as stage:
        yield stage.venue


async def findings(venue: Venue, symbol: str | None = None, *, with_account: bool = True) -> dict[str, VenueFinding]:
    found = [one async for one in check_venue(venue, PROFILE, symbol, with_account=with_account)]
    assert len({one.name for one in found}) == len(found)
    return {one.name: one for one in found}


class Otherwise:
    """A port as it is, but for what a test says of it."""

    def __init__(self, port: Any, **answers: Any) -> None:
        self._port = port
        for name, answer in answers.items():
            setattr(self, name, answer)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)


def market(venue: Venue, **answers: Any) -> Venue:
    return evolve(venue, market=Otherwise(venue.market, **answers))


def account(venue: Venue, **changes: Any) -> Venue:
    async def sync(**_: Any) -> AccountState:
        assert venue.trading is not None
        return evolve(await venue.trading.sync(), **changes)

    return evolve(venue, trading=Otherwise(venue.trading, sync=sync))


def raising(error: Exception) -> Any:
    async def raises(*_: Any, **__: Any) -> Any:
        raise error

    return raises


async def test_an_exchange_that_is_as_it_has_to_be_is_told_line_by_line(venue: Venue) -> None:
    found = await findings(venue)
    assert tuple(found) == EVERYTHING
    assert [one for one in found.values() if not one.ok or one.do] == []


async def test_what_needs_a_key_is_left_out_on_request(venue: Venue) -> None:
    found = await findings(evolve(venue, trading=None), with_account=False)
    assert tuple(found) == (*EVERYTHING[:7], "limits")


async def test_the_contract_of_the_largest_turnover_is_looked_at_unless_one_is_named(venue: Venue) -> None:
    contracts = await venue.market.contracts()
    largest = max((one for one in contracts if one.status == "trading"), key=lambda one: one.turnover_24h)
    assert (await findings(venue))["contract"].found.startswith(f"{largest.symbol}: ")
    other = next(one for one in contracts if one.status == "trading" and one is not largest)
    named = await findings(venue, other.symbol)
    assert named["contract"].found.startswith(f"{other.symbol}: ")
    assert named["quote"].found.startswith(f"{other.symbol}: ")
    assert f"sizes of {other.size_step:f} from {other.min_size:f}" in named["contract"].found


async def test_a_contract_that_there_is_not_is_told_and_nothing_is_asked_of_it(venue: Venue) -> None:
    found = await findings(venue, "NONEUSDT")
    assert "there is no contract NONEUSDT" in found["contract"].found
    assert not {"candles", "quote", "candle_stream"} & set(found)


@pytest.mark.parametrize(("skew_ms", "ok"), [(0, True), (-700, True), (1500, False), (-1500, False)])
async def test_a_clock_that_would_stop_entries_is_not_ok(venue: Venue, skew_ms: int, ok: bool) -> None:
    found = (await findings(evolve(venue, skew=lambda: ClockSkew(skew_ms, 20, 0))))["clock"]
    assert (found.ok, "Set this machine's clock" in found.do) == (ok, not ok)
    assert str(skew_ms) in found.found


async def test_contracts_in_another_currency_than_the_profile_looks_at_are_told_with_the_ones_that_there_are(
    venue: Venue,
) -> None:
    async def contracts() -> tuple[Contract, ...]:
        return tuple(evolve(one, quote_currency="USD") for one in await venue.market.contracts())

    found = (await findings(market(venue, contracts=contracts)))["contracts"]
    assert not found.ok
    assert "0 of them in USDT" in found.found
    assert found.do == "Set selection.filters.quote_currency in mtf_contracts.yaml to one of: USD."


async def test_an_exchange_that_lists_nothing_for_this_account_is_told(venue: Venue) -> None:
    async def contracts() -> tuple[Contract, ...]:
        return ()

    found = (await findings(market(venue, contracts=contracts)))["contracts"]
    assert not found.ok
    assert "region and product" in found.do


def _shifted(venue: Venue, only: Timeframe, by_ms: int) -> Venue:
    """Candles of one timeframe that are of another time than they say, as where days open at UTC+8."""

    async def candles(symbol: str, timeframe: Timeframe, first_ms: int, last_ms: int) -> Candles:
        if timeframe is not only:
            return await venue.market.candles(symbol, timeframe, first_ms, last_ms)
        parts = await venue.market.candles(symbol, Timeframe.M15, first_ms - by_ms, last_ms - by_ms + timeframe.ms - 1)
        moved = evolve(parts, open_ms=parts.open_ms + by_ms)
        return moved.aggregated(timeframe)

    return market(venue, candles=candles)


@pytest.mark.parametrize(
    ("timeframe", "by_ms"),
    [(Timeframe.D1, 8 * HOUR_MS), (Timeframe.D1, HOUR_MS), (Timeframe.H4, 2 * HOUR_MS), (Timeframe.H1, HOUR_MS // 2)],
)
async def test_candles_that_open_at_another_time_than_they_say_are_found(
    venue: Venue, timeframe: Timeframe, by_ms: int
) -> None:
    found = (await findings(_shifted(venue, timeframe, by_ms)))["candles"]
    assert not found.ok
    assert "is not what its parts make" in found.found
    assert "Trade nothing" in found.do
    assert (await findings(_shifted(venue, timeframe, 0)))["candles"].ok


async def test_a_contract_without_a_whole_day_is_told(venue: Venue) -> None:
    async def candles(symbol: str, timeframe: Timeframe, first_ms: int, last_ms: int) -> Candles:
        late_ms = first_ms + DAY_MS // 2 if timeframe is Timeframe.H1 else first_ms
        return await venue.market.candles(symbol, timeframe, late_ms, last_ms)

    found = (await findings(market(venue, candles=candles)))["candles"]
    assert not found.ok
    assert "or its parts are missing" in found.found


async def test_a_quote_that_is_refused_or_left_out_is_told(venue: Venue) -> None:
    async def refused(symbols: Sequence[str]) -> Mapping[str, Quote | ExchangeError]:
        return {symbol: ExchangeError("a side of the book is empty") for symbol in symbols}

    async def left_out(symbols: Sequence[str]) -> Mapping[str, Quote | ExchangeError]:
        return {}

    assert "a side of the book is empty" in (await findings(market(venue, quotes=refused)))["quote"].found
    assert not (await findings(market(venue, quotes=left_out)))["quote"].ok


async def test_a_read_that_fails_is_a_line_and_keeps_nothing_else_from_being_looked_at(venue: Venue) -> None:
    broken = raising(ExchangeUnavailableError("no answer within 10 s\nand more"))
    for name, answers in {"clock": "server_time_ms", "contracts": "contracts", "candles": "candles"}.items():
        found = await findings(market(venue, **{answers: broken}))
        assert (found[name].ok, found[name].found) == (False, "no answer within 10 s")
        assert "can be reached" in found[name].do
        assert found["balance"].ok
    assert venue.trading is not None
    found = await findings(evolve(venue, trading=Otherwise(venue.trading, sync=broken)))
    assert (found["key"].ok, found["key"].found) == (False, "no answer within 10 s")
    assert "position_mode" not in found
    assert found["account_stream"].ok


async def test_streams_that_do_not_come_to_stand_are_told(venue: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any) -> AsyncIterator[Any]:
        yield Disconnected(0, "the login was refused")
        await venue.market.server_time_ms()

    async def silent(*_: Any) -> AsyncIterator[Any]:
        for event in ():
            yield event
        await never.wait()

    async def refused(*_: Any) -> AsyncIterator[Any]:
        for event in ():
            yield event
        raise ExchangeError("there is no key")

    never = asyncio.Event()
    monkeypatch.setattr(checking, "_STREAM_S", 0.05)
    for stream, said in ((away, "the login was refused"), (silent, "nothing was heard"), (refused, "there is no key")):
        found = await findings(evolve(venue, streams=Otherwise(venue.streams, account=stream, candles=stream)))
        for name in ("account_stream", "candle_stream"):
            assert (found[name].ok, said in found[name].found) == (False, True), name


async def test_without_a_key_it_is_said_what_to_set(venue: Venue) -> None:
    keyless = evolve(
        venue,
        trading=None,
        account=Otherwise(venue.account, account_state=raising(ExchangeError("there is no key (A_KEY)"))),
    )
    found = await findings(keyless)
    assert (found["key"].ok, found["key"].found) == (False, "there is no key (A_KEY)")
    assert "MTF_PAPER=yes" in found["key"].do
    assert not {"position_mode", "balance", "holdings", "account_stream"} & set(found)


async def test_what_only_this_exchange_can_tell_stands_behind_its_key(venue: Venue) -> None:
    async def examine() -> tuple[VenueFinding, ...]:
        return (VenueFinding("key_rights", False, "read only", "Allow it to trade."),)

    found = await findings(evolve(venue, examine=examine))
    assert list(found)[7:9] == ["key", "key_rights"]
    assert not found["key_rights"].ok
    broken = await findings(evolve(venue, examine=raising(ExchangeError("not for this account"))))
    assert (broken["key_rights"].ok, broken["key_rights"].found) == (False, "not for this account")
    away = evolve(venue, examine=examine, trading=Otherwise(venue.trading, sync=raising(ExchangeError("spot mode"))))
    unread = await findings(away)
    assert not unread["key"].ok
    assert "key_rights" in unread, "what is told of the key may say why the account cannot be read"


async def test_a_key_counts_as_accepted_only_when_the_account_was_read_with_it(venue: Venue) -> None:
    """An exchange may name no account: then its name is made of the key, without a call."""
    refused = evolve(venue, trading=Otherwise(venue.trading, sync=raising(ExchangeError("the key is not known"))))
    found = (await findings(refused))["key"]
    assert (found.ok, found.found) == (False, "the key is not known")
    assert "Look at the key" in found.do


@pytest.mark.parametrize("mode", [PositionMode.ONE_WAY, None])
async def test_an_account_in_another_mode_than_the_settings_is_told(venue: Venue, mode: PositionMode | None) -> None:
    found = (await findings(account(venue, position_mode=mode)))["position_mode"]
    assert not found.ok
    assert "mtf never sets it" in found.do


async def test_a_margin_mode_that_the_exchange_does_not_have_is_told_with_the_key_to_change(venue: Venue) -> None:
    crossed = evolve(venue, capabilities=evolve(venue.capabilities, margin_modes=frozenset({MarginMode.CROSS})))
    found = (await findings(crossed))["margin_mode"]
    assert (found.ok, found.do) == (False, "Set defaults.margin_mode in trade_entry.yaml to cross.")


async def test_an_account_without_money_is_told(venue: Venue) -> None:
    assert not (await findings(account(venue, available_balance=Decimal(0))))["balance"].ok


async def test_limits_that_leave_no_room_for_an_exit_are_told(venue: Venue) -> None:
    found = (await findings(evolve(venue, exits_left=lambda: 0, waited=lambda: 7.25)))["limits"]
    assert not found.ok
    assert "waited 7.2 s" in found.found
    assert "0 positions" in found.found
