"""Whether an exchange is as this program needs it: each thing that a run rests on looked at once, by reads alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from attrs import define, field

from mtf_core.ending import ended
from mtf_core.market import AccountState, Candles, Contract, ContractStatus, Timeframe, format_instant
from mtf_core.ports import (
    AccountEvent,
    CandleEvent,
    Connected,
    Disconnected,
    ExchangeError,
    ExchangeUnavailableError,
    NotStreamed,
    PortError,
    Venue,
    VenueFinding,
)
from mtf_core.settings.profile import Profile
from mtf_core.words import counted

_STREAM_S = 15.0
"""How long a stream may take to connect, log in and subscribe."""
_REACH = "Look whether the exchange can be reached from this machine, and at the addresses in the settings."
_OF_A_KEY = (
    "Look at the key and its account on the exchange's site: its parts, its world (a demo has keys of its own), its "
    "region, its rights, the addresses that it is bound to, the account's mode."
)
_HOURS = 24


async def check_venue(
    venue: Venue, profile: Profile, symbol: str | None = None, *, with_account: bool = True
) -> AsyncIterator[VenueFinding]:
    """Findings in the order in which one thing rests on another; the venue's connection is open.

    `symbol` is the contract that candles and quotes are asked of; None: the one of the largest turnover. Without the
    account everything that needs a key is left out.
    """
    check = _Check(venue, profile, symbol)
    public = (check.clock, check.contracts, check.contract, check.candles, check.quote, check.candle_stream)
    private = (check.key, check.account, check.account_stream)
    yield VenueFinding("world", True, venue.label)
    for look in (*public, *(private if with_account else ()), check.limits):
        for finding in await look():
            yield finding


def open_contract(contracts: tuple[Contract, ...], symbol: str | None) -> Contract | None:
    """The contract of that name; without a name, of those that trade the one of the largest turnover."""
    if symbol is not None:
        return next((one for one in contracts if one.symbol == symbol), None)
    trading = [one for one in contracts if one.status is ContractStatus.TRADING]
    return max(trading, key=lambda one: (one.turnover_24h, one.symbol), default=None)


_Found = tuple[VenueFinding, ...]
_Look = Callable[["_Check"], Awaitable[_Found]]


def _looks(
    name: str, do: str = ""
) -> Callable[[Callable[[_Check], Awaitable[_Found]]], Callable[[_Check], Awaitable[_Found]]]:
    """What cannot be read is a finding, and keeps nothing else from being looked at; `do` is said of a refusal."""

    def decorate(look: _Look) -> _Look:
        async def looked(check: _Check) -> _Found:
            try:
                return await look(check)
            except PortError as error:
                unreached = isinstance(error, ExchangeUnavailableError)
                return (VenueFinding(name, False, str(error).splitlines()[0], _REACH if unreached else do),)

        return looked

    return decorate


@define(eq=False)
class _Check:
    venue: Venue
    profile: Profile
    symbol: str | None
    _listed: tuple[Contract, ...] = field(default=(), init=False)
    _state: AccountState | None = field(default=None, init=False)
    """The account, once it was read."""

    @property
    def _chosen(self) -> Contract | None:
        return open_contract(self._listed, self.symbol)

    @_looks("clock")
    async def clock(self) -> _Found:
        """This machine's clock beside the exchange's: what runs ask before each entry."""
        await self.venue.market.server_time_ms()
        skew = None if self.venue.skew is None else self.venue.skew()
        allowed_ms = self.profile.trading.orders.clock_skew_ms
        if skew is None or skew.astray_ms is not None:
            now = format_instant(self.venue.clock.now_ms())
            return (VenueFinding("clock", True, f"it is {now} there: a world that has a time of its own"),)
        found = f"the exchange's is {skew.skew_ms} ms ahead of this machine's, known to {skew.error_ms} ms"
        ok = skew.doubt_ms <= allowed_ms
        do = f"Set this machine's clock (NTP): beyond {allowed_ms} ms nothing is entered (orders.clock_skew_ms)."
        return (VenueFinding("clock", ok, found, "" if ok else do),)

    @_looks("contracts")
    async def contracts(self) -> _Found:
        self._listed = await self.venue.market.contracts()
        wanted = self.profile.contracts.selection.filters.quote_currency
        trading = [one for one in self._listed if one.status is ContractStatus.TRADING]
        of_quote = [one for one in trading if one.quote_currency == wanted]
        found = (
            f"{counted(len(self._listed), 'contract')}, {len(trading)} open for trading, {len(of_quote)} of them in "
            f"{wanted}"
        )
        if of_quote:
            return (VenueFinding("contracts", True, found),)
        quotes = ", ".join(sorted({one.quote_currency for one in trading}))
        do = f"Set selection.filters.quote_currency in mtf_contracts.yaml to one of: {quotes}."
        nothing = "Look whether this region and product are the account's: the exchange lists nothing open for trading."
        return (VenueFinding("contracts", False, found, do if trading else nothing),)

    @_looks("contract")
    async def contract(self) -> _Found:
        one = self._chosen
        if one is None:
            do = "Name one that `mtf contracts list` shows." if self.symbol else ""
            return (VenueFinding("contract", False, f"there is no contract {self.symbol or 'to look at'}", do),)
        brackets = counted(len(one.brackets), "leverage bracket") if one.brackets else "no leverage brackets"
        found = (
            f"{one.symbol}: prices in steps of {one.tick_size:f}, sizes of {one.size_step:f} from {one.min_size:f} "
            f"contracts of {one.contract_size:f} {one.base_currency}, leverage to {one.max_leverage:f}, {brackets}"
        )
        do = f"It is {one.status}: choose another one." if one.status is not ContractStatus.TRADING else ""
        return (VenueFinding("contract", not do, found, do),)

    @_looks("candles")
    async def candles(self) -> _Found:
        """A day is what its hours from 00:00 UTC make, and an hour what its quarters make: no day begins elsewhere."""
        if self._chosen is None:
            return ()
        day_ms = Timeframe.D1.last_closed_open(self.venue.clock.now_ms())
        hours = await self._candles(Timeframe.H1, day_ms, _HOURS)
        quarters = await self._candles(Timeframe.M15, day_ms, 4)
        told = {
            Timeframe.D1: (await self._candles(Timeframe.D1, day_ms, 1), hours.aggregated(Timeframe.D1)),
            Timeframe.H4: (await self._candles(Timeframe.H4, day_ms, 1), hours.aggregated(Timeframe.H4)[:1]),
            Timeframe.H1: (hours[:1], quarters.aggregated(Timeframe.H1)),
        }
        day = format_instant(day_ms)[:10]
        for timeframe, (asked, made) in told.items():
            if not len(asked) or not len(made):
                do = "Choose a contract that has traded for two days with --symbol."
                return (VenueFinding("candles", False, f"{timeframe} of {day} or its parts are missing", do),)
            if (difference := _difference(asked, made)) is not None:
                found = f"the {timeframe} candle of {day} is not what its parts make: {difference}"
                do = "Trade nothing: candles of this exchange begin at another time than 00:00 UTC."
                return (VenueFinding("candles", False, found, do),)
        return (
            VenueFinding("candles", True, f"1h, 4h and 1d of {day} open at 00:00 UTC and are what their parts make"),
        )

    async def _candles(self, timeframe: Timeframe, first_ms: int, count: int) -> Candles:
        assert self._chosen is not None
        last_ms = first_ms + (count - 1) * timeframe.ms
        return await self.venue.market.candles(self._chosen.symbol, timeframe, first_ms, last_ms)

    @_looks("quote")
    async def quote(self) -> _Found:
        if self._chosen is None:
            return ()
        symbol = self._chosen.symbol
        quote = (await self.venue.market.quotes([symbol])).get(symbol)
        if quote is None or isinstance(quote, ExchangeError):
            return (VenueFinding("quote", False, f"{symbol}: {quote or 'the answer left it out'}"),)
        book = quote.book
        found = f"{symbol}: bid {book.best_bid:f}, ask {book.best_ask:f}, mark {quote.mark.price:f}"
        return (VenueFinding("quote", True, found),)

    @_looks("candle_stream")
    async def candle_stream(self) -> _Found:
        if self._chosen is None or self.venue.streams is None:
            return ()
        symbol = self._chosen.symbol
        return (await _connects("candle_stream", self.venue.streams.candles([symbol], Timeframe.M1)),)

    async def key(self) -> _Found:
        """Accepted is a key with which the account was read: a name of the account may be made of the key alone."""
        if self.venue.trading is None:
            try:
                await self.venue.account.account_state()
            except ExchangeError as error:
                do = "Set all parts of a key, or MTF_PAPER=yes to trade on paper without one."
                return (VenueFinding("key", False, str(error), do),)
            return ()
        return (*await self._read_account(), *await self._examined())

    @_looks("key", _OF_A_KEY)
    async def _read_account(self) -> _Found:
        assert self.venue.trading is not None
        self._state = await self.venue.trading.sync()
        account = await self.venue.trading.account_id()
        return (VenueFinding("key", True, f"accepted; the account is {account}"),)

    @_looks("key_rights")
    async def _examined(self) -> _Found:
        """Also where the account could not be read: it may say why."""
        return () if self.venue.examine is None else await self.venue.examine()

    async def account(self) -> _Found:
        state = self._state
        if state is None:
            return ()
        return self._position_mode(state), self._margin_mode(), self._balance(state), self._holdings(state)

    def _position_mode(self, state: AccountState) -> VenueFinding:
        wanted, able = self.profile.trading.orders.position_mode, self.venue.capabilities.position_modes
        found = f"the account is in mode {state.position_mode or 'unknown'}, orders.position_mode is {wanted}"
        if state.position_mode in able and state.position_mode is wanted:
            return VenueFinding("position_mode", True, found)
        modes = " or ".join(sorted(able))
        do = f"Set the account on the exchange's site, and orders.position_mode, to {modes}: mtf never sets it."
        return VenueFinding("position_mode", False, found, do)

    def _margin_mode(self) -> VenueFinding:
        wanted, able = self.profile.trade_entry.defaults.margin_mode, self.venue.capabilities.margin_modes
        found = f"the profile {self.profile.name} asks for {wanted}; usable here: {', '.join(sorted(able))}"
        do = f"Set defaults.margin_mode in trade_entry.yaml to {' or '.join(sorted(able))}."
        return VenueFinding("margin_mode", wanted in able, found, "" if wanted in able else do)

    def _balance(self, state: AccountState) -> VenueFinding:
        found = f"equity {state.equity:f}, available {state.available_balance:f}"
        ok = state.available_balance > 0
        return VenueFinding("balance", ok, found, "" if ok else "Pay in what contracts are settled in, or free some.")

    def _holdings(self, state: AccountState) -> VenueFinding:
        """Told for a person to know: what is there already is nobody's fault."""
        found = f"{counted(len(state.positions), 'position')}, {counted(len(state.open_orders), 'open order')}"
        return VenueFinding("holdings", True, found)

    @_looks("account_stream")
    async def account_stream(self) -> _Found:
        if self.venue.trading is None or self.venue.streams is None:
            return ()
        return (await _connects("account_stream", self.venue.streams.account()),)

    @_looks("limits")
    async def limits(self) -> _Found:
        exits, waited_s = self.venue.exits_left(), self.venue.waited()
        room = "any number of positions" if exits is None else counted(exits, "position")
        found = f"the calls of this check waited {waited_s:.1f} s; {room} could be protected and closed without waiting"
        do = "Wait: other processes use up the limits of this key or address (docs/how-to/share-redis.md)."
        return (VenueFinding("limits", exits != 0, found, do if exits == 0 else ""),)


def _difference(asked: Candles, made: Candles) -> str | None:
    """The first price in which two candles differ, in words."""
    for name in ("open", "high", "low", "close"):
        one, other = float(getattr(asked, name)[0]), float(getattr(made, name)[0])
        if one != other:
            return f"{name} {one:g}, and {other:g} by its parts"
    return None


async def _connects(name: str, events: AsyncIterator[CandleEvent] | AsyncIterator[AccountEvent]) -> VenueFinding:
    """Whether the stream comes to stand; what it says before counts where it does not."""
    heard: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    listening = asyncio.create_task(_listen(events, heard))
    try:
        waiting: set[asyncio.Future[Any]] = {listening, heard}
        await asyncio.wait(waiting, timeout=_STREAM_S, return_when=asyncio.FIRST_COMPLETED)
        if not heard.done() and listening.done():
            listening.result()  # raises what the stream raised
    finally:
        await ended(listening)
    if not heard.done():
        return VenueFinding(name, False, f"nothing was heard within {_STREAM_S:.0f} s", _REACH)
    why = heard.result()
    return VenueFinding(name, not why, why or "connected and subscribed", _REACH if why else "")


async def _listen(events: AsyncIterator[CandleEvent] | AsyncIterator[AccountEvent], heard: asyncio.Future[str]) -> None:
    """Tells at once whether it stands: nothing, or why not; goes on until it is cancelled, which closes it."""
    async for event in events:
        if heard.done():
            continue
        if isinstance(event, Connected):
            heard.set_result("")
        elif isinstance(event, Disconnected | NotStreamed):
            heard.set_result(event.why)
