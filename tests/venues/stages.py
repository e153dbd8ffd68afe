"""Where the conformance kit plays: a venue, reached as mtf reaches it, and the world behind it, to look and to shape.

Adding a venue is one stage: its face of the sandbox, and its adapter on top.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from enum import Enum
from functools import partial
from pathlib import Path
from random import random
from tempfile import TemporaryDirectory

from attrs import asdict, define, field, frozen

from mtf_adapters.bitmart.hosts import Hosts
from mtf_adapters.bitmart.rest import Timing
from mtf_adapters.bitmart.signing import Credentials
from mtf_adapters.bitmart.venue import bitmart_venue
from mtf_adapters.limits import Limiter, Unlimited
from mtf_adapters.limits.local import LocalBudget
from mtf_adapters.local import WallClock
from mtf_adapters.okx.hosts import Hosts as OkxHosts
from mtf_adapters.okx.products import SWAP, XPERP, Product
from mtf_adapters.okx.signing import Credentials as OkxCredentials
from mtf_adapters.okx.venue import okx_venue
from mtf_adapters.online.sockets import Patience
from mtf_adapters.paper import paper_venue
from mtf_adapters.paper.desk import PaperDesk
from mtf_adapters.paper.exchange import PaperTrading
from mtf_adapters.paper.watched import Watched
from mtf_adapters.sandbox.capabilities import CAPABILITIES
from mtf_adapters.sandbox.faces.bitmart.face import BitmartFace
from mtf_adapters.sandbox.faces.bitmart.opening import ACCOUNT, BitmartSandbox
from mtf_adapters.sandbox.faces.bitmart.quirks import Quirks
from mtf_adapters.sandbox.faces.bitmart.script import parse_script
from mtf_adapters.sandbox.faces.okx.face import OkxFace
from mtf_adapters.sandbox.faces.okx.opening import OkxSandbox
from mtf_adapters.sandbox.faces.okx.quirks import Quirks as OkxQuirks
from mtf_adapters.sandbox.faces.okx.quirks import Sold
from mtf_adapters.sandbox.faces.okx.script import parse_script as parse_okx_script
from mtf_adapters.sandbox.faces.serving import served
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_adapters.sandbox.matching.commands import Level, OpenAccount, Tick
from mtf_adapters.sandbox.matching.engine import MatchingEngine
from mtf_adapters.sandbox.native import NativeExchange
from mtf_adapters.sandbox.native_streams import NativeStreams
from mtf_adapters.sandbox.world import World
from mtf_adapters.sandbox.world_clock import SteppedClock
from mtf_core.market import (
    Contract,
    EntryOrder,
    ExitOrder,
    MarginMode,
    MarkPrice,
    OrderType,
    PositionMode,
    ProtectiveOrder,
    Quote,
    Side,
    TimeInForce,
    TopOfBook,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
    WriteResult,
    on_grid_at_or_below,
    parse_instant,
    to_ms,
)
from mtf_core.ports import ExchangeWorld, MarketData, Streams, Trading, Venue

AT_MS = to_ms(parse_instant("2026-02-02T11:20Z"))
SYMBOL = "BTCUSDT"
BALANCE = Decimal(10_000)
TIMING = Timing(attempt_s=1.0, read_s=2.0, attempts=2, pause_s=0.01, longest_pause_s=0.02)
UNLIMITED = "quirks: {rate_limits: false}"
PATIENCE = Patience(ping_s=0.3, silent_s=0.5, again_s=0.05, longest_again_s=0.1)


@frozen
class Terms:
    """What the suite has to know of a venue beside its capabilities: names, and how its face may differ."""

    symbol: str = SYMBOL
    other_symbol: str = "ETHUSDT"
    unlisted: str = "NOSUCHUSDT"
    margin_mode: MarginMode = MarginMode.ISOLATED
    plays_in: frozenset[PositionMode] = frozenset(PositionMode)
    """The position modes in which orders work, whether the venue's executions tell enough in them or not."""
    leverage_in_order: bool = True
    """Whether an entry that names another leverage than an open position's is refused."""
    quote_currency: str = "USDT"
    """As the venue says it; the world's market is in one that is worth the same."""
    maintenance: WriteResult = WriteResult.MAINTENANCE
    """What a write comes to that is answered by words of maintenance; words that come with HTTP 5xx prove nothing."""
    pairs_are_one_order: bool = False
    """Whether a stop and a target that travelled together wait as one order of one id."""
    entry_call: str = ""
    """What faults call the call that sends an entry; empty where there is no wire."""
    cancel_call: str = ""
    positions_call: str = ""
    candle_topic: str = ""
    order_topic: str = ""
    remembers_cancelled: bool = True
    """Whether an order that ended without an execution can still be read."""
    remembers_after_restart: bool = True
    shows_cancelled: bool = True
    """Whether a cancelled order in the history is told from a live one."""
    completes_candles: bool = True
    """Whether the stream's last word on a candle is the candle as it closed."""


@define(eq=False)
class Stage:
    """One venue on one world. Prices are quote currency, sizes contracts."""

    venue: Venue
    world: World
    face: BitmartFace | OkxFace | None = None
    """None where there is no wire on which something could go wrong."""
    secrets: tuple[str, ...] = ()
    quirks: str = ""
    account: str = ACCOUNT
    """The account's name in the engine."""
    shows_sizes: bool = True
    """Whether the account meets the sizes that the market shows; False: they are assumed."""
    terms: Terms = Terms()
    _ids: int = 0

    @property
    def accounts(self) -> World:
        """The world in which the account is."""
        return self.world

    @property
    def trading(self) -> Trading:
        assert self.venue.trading is not None
        return self.venue.trading

    @property
    def market(self) -> MarketData:
        return self.venue.market

    @property
    def streams(self) -> Streams:
        assert self.venue.streams is not None
        return self.venue.streams

    @property
    def symbol(self) -> str:
        return self.terms.symbol

    @property
    def contract(self) -> Contract:
        contract = self.world.engine.contract(self.symbol)
        assert contract is not None
        return contract

    async def step(self, milliseconds: int) -> None:
        """Lets time pass, second by second; whoever listens hears of each."""
        while milliseconds > 0:
            self.world.advance(min(milliseconds, 1000))
            milliseconds -= 1000
            if self.face is not None:
                self.face.push()
        await self.market.server_time_ms()  # mtf looks at the exchange's clock now and then

    def show(self, price: Decimal, depth: int = 100_000) -> None:
        """The market is at this price, with so many contracts on each side, until time passes."""
        self.world.quote(self.symbol)
        tick, size = self.contract.tick_size, Decimal(depth)
        levels = (Level(price - tick, size),), (Level(price + tick, size),)
        self.world.happen(Tick(self.symbol, *levels, last=price, mark=price))

    def price(self, factor: str = "1") -> Decimal:
        """A price on the grid, as a multiple of the last one."""
        return on_grid_at_or_below(self.world.quote(self.symbol).last * Decimal(factor), self.contract.tick_size)

    def new_id(self) -> str:
        self._ids += 1
        return f"kit{self._ids:04d}"

    def entry(
        self,
        size: int = 6,
        price: Decimal | None = None,
        *,
        side: Side = Side.LONG,
        time_in_force: TimeInForce = TimeInForce.GTC,
        stop: Decimal | None = None,
        post_only: bool = False,
        client_order_id: str | None = None,
    ) -> EntryOrder:
        """An entry at a limit, or at market where there is no price."""
        return EntryOrder(
            symbol=self.symbol,
            side=side,
            size=Decimal(size),
            order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
            price=price,
            time_in_force=TimeInForce.IOC if price is None else time_in_force,
            post_only=post_only,
            leverage=Decimal(5),
            margin_mode=self.terms.margin_mode,
            client_order_id=self.new_id() if client_order_id is None else client_order_id,
            not_after_ms=self.world.now_ms + 30_000,
            stop=None if stop is None else TriggerLevel(stop, TriggerPrice.MARK),
        )

    def exit(self, size: int = 6, *, side: Side = Side.LONG) -> ExitOrder:
        return ExitOrder(self.symbol, side, Decimal(size), OrderType.MARKET, None, TimeInForce.IOC, self.new_id())

    def stop(self, price: Decimal, size: int | None = None, *, side: Side = Side.LONG) -> ProtectiveOrder:
        return ProtectiveOrder(
            self.symbol,
            side,
            TriggerPurpose.STOP,
            TriggerLevel(price, TriggerPrice.MARK),
            None if size is None else Decimal(size),
            self.new_id(),
        )

    async def levers(self) -> None:
        """The leverage of the suite's entries is set."""
        assert (await self.trading.set_leverage(self.symbol, Decimal(5), self.terms.margin_mode)).is_done

    async def holds(self, size: int = 6) -> None:
        """A long position of that size, opened at market."""
        await self.levers()
        assert (await self.trading.submit_entry(self.entry(size))).is_done

    def break_calls(self, kind: str, *endpoints: str, delay_ms: int = 3000) -> None:
        """From now on, calls of these endpoints (or `reads`, `writes`) fail so."""
        faults = ", ".join(f'{{kind: "{kind}", on: {name}, delay_ms: {delay_ms}}}' for name in endpoints)
        self._use(f"calls: [{faults}]")

    def break_streams(self, kind: str, topics: str) -> None:
        """From now on, messages of topics that begin so fail so."""
        self._use(f"streams: [{{kind: {kind}, on: {topics}}}]")

    def _use(self, faults: str) -> None:
        assert self.face is not None
        self.face.use_script(f"quirks: {{{self.quirks}}}\nfaults: {{{faults}}}")

    def mend(self) -> None:
        assert self.face is not None
        self.face.use_script(f"quirks: {{{self.quirks}}}")


@define(eq=False)
class PaperStage(Stage):
    """The account is in a world of its own, which hears of the venue's by its quotes."""

    desk: PaperDesk = field(kw_only=True)
    watched: Watched = field(kw_only=True)

    @property
    def accounts(self) -> World:
        return self.watched.world

    def show(self, price: Decimal, depth: int = 100_000) -> None:
        """As if somebody had read the quote at once."""
        super().show(price, depth)
        tick, now_ms = self.world.quote(self.symbol), self.world.now_ms
        book = TopOfBook(self.symbol, tick.bids[0].price, tick.asks[0].price, now_ms)
        self.desk.hear({self.symbol: Quote(book, MarkPrice(self.symbol, tick.mark, now_ms))})


class CountingBudget(LocalBudget):
    """Notes how often the exchange refused a call as one too many."""

    refusals = 0

    def refused(self, bucket: str, pause_ms: int) -> None:
        self.refusals += 1
        super().refused(bucket, pause_ms)


@asynccontextmanager
async def native() -> AsyncIterator[Stage]:
    """The sandbox's own face: the ports right on the world."""
    market = GeneratedMarket(1, 15)
    world = World(market, MatchingEngine(market.contracts(AT_MS)), SteppedClock(AT_MS))
    world.do(OpenAccount(ACCOUNT, BALANCE))
    exchange = NativeExchange(world, ACCOUNT)
    venue = Venue(
        exchange="sandbox",
        market_type="perpetual",
        label="the sandbox",
        namespace="kit",
        market=exchange,
        account=exchange,
        clock=world.clock,
        capabilities=CAPABILITIES,
        trading=exchange,
        streams=NativeStreams(world, ACCOUNT, poll_seconds=0.01),
        world=ExchangeWorld.LOCAL,
    )
    yield Stage(venue, world)


@asynccontextmanager
async def bitmart(
    quirks: str = "rate_limits: false", limiter: Limiter | None = None, *, seed: int | None = None
) -> AsyncIterator[Stage]:
    """BitMart's face, served, and its adapter on real HTTP and WebSocket; a seed draws the quirks not named."""
    script = parse_script(f"quirks: {{{quirks}}}")
    if seed is not None:
        script = parse_script(f"quirks_seed: {seed}\nquirks: {{{quirks}}}")
        quirks = written_out(script.quirks)
    sandbox = BitmartSandbox.of(GeneratedMarket(1, 15), SteppedClock(AT_MS), balance=BALANCE, script=script)
    async with sandbox.beating(), served(sandbox) as address:
        ready = sandbox.addresses(address)
        key = Credentials(ready["key"], ready["secret"], ready["memo"])
        hosts = Hosts(ready["rest"], ready["rest"], ready["ws_public"], ready["ws_private"])
        venue = bitmart_venue("demo", hosts, key, WallClock(), limiter or Unlimited(), timing=TIMING, patience=PATIENCE)
        assert venue.connection is not None
        async with venue.connection():
            secrets = (key.key, key.secret, key.memo)
            yield Stage(venue, sandbox.world, sandbox.face, secrets, quirks, terms=_bitmart_terms(script.quirks))


def _bitmart_terms(quirks: Quirks) -> Terms:
    return Terms(
        entry_call="submit-order",
        cancel_call="cancel-order",
        positions_call="position-v2",
        candle_topic="futures/klineBin1m",
        order_topic="futures/order",
        remembers_cancelled=quirks.cancelled_kept_days > 0,
        remembers_after_restart=not quirks.restart_forgets_history,
        shows_cancelled=quirks.history_cancelled_state != 2,
        completes_candles=quirks.kline_stream_completes,
    )


@asynccontextmanager
async def okx(
    quirks: str = "rate_limits: false", limiter: Limiter | None = None, *, seed: int | None = None
) -> AsyncIterator[Stage]:
    """OKX's face, served, and its adapter on real HTTP and WebSocket; a seed draws the quirks not named."""
    drawn = "" if seed is None else f"quirks_seed: {seed}\n"
    script = parse_okx_script(f"{drawn}quirks: {{{quirks}}}")
    quirks = quirks if seed is None else written_out(script.quirks)
    product = XPERP if script.quirks.sells is Sold.XPERP else SWAP
    sandbox = OkxSandbox.of(GeneratedMarket(1, 15), SteppedClock(AT_MS), balance=BALANCE, script=script)
    async with sandbox.beating(), served(sandbox) as address:
        ready = sandbox.addresses(address)
        key = OkxCredentials(ready["key"], ready["secret"], ready["passphrase"])
        hosts = OkxHosts(ready["rest"], ready["ws_public"], ready["ws_business"], ready["ws_private"])
        venue = okx_venue(
            "demo",
            "global",
            product,
            hosts,
            key,
            WallClock(),
            limiter or Unlimited(),
            timing=TIMING,
            patience=PATIENCE,
        )
        assert venue.connection is not None
        async with venue.connection():
            secrets = (key.key, key.secret, key.passphrase)
            yield Stage(venue, sandbox.world, sandbox.face, secrets, quirks, terms=_okx_terms(product))


def _okx_terms(product: Product) -> Terms:
    rest = "USDT-SWAP" if product is SWAP else "USD_UM_XPERP-310404"
    return Terms(
        symbol=f"BTC-{rest}",
        other_symbol=f"ETH-{rest}",
        unlisted=f"NOSUCH-{rest}",
        quote_currency=product.settle_currency,
        margin_mode=MarginMode.CROSS,
        plays_in=frozenset({PositionMode.HEDGE}),
        leverage_in_order=False,
        maintenance=WriteResult.UNKNOWN,
        pairs_are_one_order=True,
        entry_call="order",
        cancel_call="cancel-order",
        positions_call="positions",
        candle_topic="candle1m",
        order_topic="orders",
    )


OKX_ODD = (
    "rate_limits: false, attached_after_partial: false, oversized_exit: trimmed, algos_end_with_position: true, "
    "candle_ends_included: true, history_candles_most: 100, timer_takes_algos: true, timer_times_in_seconds: false, "
    "closed_position_shown: false, leverage_sides: net, leverage_info_served: false, batch_rows_reversed: true, "
    "rate_limit_with_status_200: true, key_errors_with_status_200: true, errors_have_data: false, "
    "contract_codes_missing: true, isolated_taken: true, same_leverage_passes: false, order_query_days: 1, "
    "cancel_algos_takes_trailing: false, whole_algo_ends_with_position: false, algo_needs_position: false, "
    "bad_stop_refuses_entry: false, pushes_keep_open: false, protocol_pings_count: true, orders_told_twice: true, "
    "logins_refused_vaguely: true"
)
"""The other value of what is not confirmed of OKX's wire."""


@asynccontextmanager
async def paper() -> AsyncIterator[Stage]:
    """Paper at the quotes of BitMart's face, without a key: the world is the venue's, the account is not in it."""
    sandbox = BitmartSandbox.of(GeneratedMarket(1, 15), SteppedClock(AT_MS), script=parse_script(UNLIMITED))
    async with sandbox.beating(), served(sandbox) as address:
        ready = sandbox.addresses(address)
        hosts = Hosts(ready["rest"], ready["rest"], ready["ws_public"], ready["ws_private"])
        real = bitmart_venue("demo", hosts, None, WallClock(), Unlimited(), timing=TIMING, patience=PATIENCE)
        with TemporaryDirectory() as folder:
            venue = paper_venue(real, Path(folder), BALANCE, random)
            assert venue.connection is not None
            assert isinstance(venue.trading, PaperTrading)
            async with venue.connection():
                desk = venue.trading.desk
                watched = await desk.opened()
                yield PaperStage(
                    venue,
                    sandbox.world,
                    sandbox.face,
                    account=desk.account,
                    shows_sizes=False,
                    desk=desk,
                    watched=watched,
                )


ODD = (
    "rate_limits: false, presets_arm_at: first_fill, presets_scope: position, oversized_exit: trimmed, "
    "client_ids_unique_for: while_open, kline_edges: neither, kline_late_second: true, kline_forming: false, "
    "long_order_ids: true, history_cancelled_state: 2, maker_only_refused_late: false, private_snapshot: true, "
    "gateway_errors_say: message, balance_code: 42000, leverage_code: 40012, cancel_orders_drops_trailing: true"
)
"""The other value of what is not confirmed of BitMart's wire."""


def written_out(quirks: Quirks | OkxQuirks) -> str:
    """Every quirk by its name, as a script has it."""
    plain = {name: value for name, value in asdict(quirks, value_serializer=_plain).items() if value is not None}
    return ", ".join(f"{name}: {value}" for name, value in plain.items())


def _plain(_: object, __: object, value: object) -> object:
    """A value as YAML has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return value.value if isinstance(value, Enum) else value


DRAWN = "rate_limits: false, empty_list_is_null: false, visible_after_ms: 0, live_after_ms: 0"
"""What stays as it is where the rest is drawn: the suite looks at once, and an empty list that is `null` is refused."""

OKX_DRAWN = "rate_limits: false, live_after_ms: 0, funding_interval_hours: 8"

WIRED = {"bitmart": bitmart, "okx": okx}
"""Venues over a wire: each takes its quirks and a limiter."""

STAGES: dict[str, Callable[[], AbstractAsyncContextManager[Stage]]] = {
    "native": native,
    "bitmart": bitmart,
    "paper": paper,
    "bitmart, otherwise": lambda: bitmart(ODD),
    "okx": okx,
    "okx, otherwise": lambda: okx(OKX_ODD),
    "okx, X-Perps": lambda: okx("rate_limits: false, sells: xperp"),
}

for number in filter(None, os.environ.get("QUIRK_SEEDS", "").split(",")):
    # On demand: `QUIRK_SEEDS=1,2,3` draws what is not confirmed of the wire from those seeds, too.
    STAGES[f"bitmart, seed {number}"] = partial(bitmart, DRAWN, seed=int(number))
    STAGES[f"okx, seed {number}"] = partial(okx, OKX_DRAWN, seed=int(number))
