"""One order through the whole order path, beside its replay: the same to the last digit, and each difference that is
planted is told by its cause, and by no other."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import define, evolve, field

from mtf_adapters.sandbox.depth import tick_around
from mtf_adapters.sandbox.market import Prices
from mtf_adapters.sandbox.matching.commands import Deleverage, Funding, Level, Tick
from mtf_adapters.sandbox.native import NativeExchange
from mtf_core.execution.by_hand import ask_close
from mtf_core.market import (
    MINUTE_MS,
    Amendment,
    Contract,
    EntryOrder,
    MarginMode,
    OrderType,
    Quote,
    Side,
    Timeframe,
    TimeInForce,
    TriggerPurpose,
    WriteOutcome,
    WriteResult,
    parse_instant,
    to_ms,
)
from mtf_core.ports import ExchangeError
from mtf_core.replay.comparing.causes import Cause
from mtf_core.replay.comparing.comparison import Comparison
from mtf_core.replay.comparing.lives import LiveFate
from mtf_core.replay.comparing.orders import OrderPair
from mtf_core.replay.ledger import Fate
from mtf_core.upkeep.operators import kill
from mtf_entrypoints.container import Container
from tests.integration.compare.recording import (
    KIND,
    Hand,
    OneOrder,
    Supervised,
    change,
    compared,
    comparison,
    copied,
    eager_configuration,
    record_one,
    stores_of,
)

LINK = OneOrder(symbol="LINKUSDT", seed=3, at_ms=to_ms(parse_instant("2026-02-02T11:25Z")), minutes=14)
"""Short at once, stopped out six minutes later; the sandbox and the kindest replay agree on every digit."""


@pytest.fixture(scope="module")
def config_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return eager_configuration(tmp_path_factory.mktemp("eager") / "config")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, config_dir: Path) -> str:
    """The order as it goes when nobody meddles."""
    url = f"sqlite:///{tmp_path_factory.mktemp('order') / 'mtf.db'}"
    record_one(LINK, url, config_dir)
    return url


@define(eq=False)
class Played:
    folder: Path
    config_dir: Path

    def __call__(self, hand: Hand, **assumed: object) -> OrderPair:
        """The one decision key of the order with that hand in it."""
        url = f"sqlite:///{self.folder / 'mtf.db'}"
        record_one(LINK, url, self.config_dir, hand)
        return only(compared(url, self.config_dir, **{**KIND, **assumed}))


@pytest.fixture
def played(tmp_path: Path, config_dir: Path) -> Played:
    return Played(tmp_path, config_dir)


def only(found: Comparison) -> OrderPair:
    """The key that a comparison is about; its decision is equal, and the parts of the money add up."""
    assert found.differences == ()
    totals = found.totals
    assert totals.difference == sum((share.usdt for share in totals.by_cause.values()), Decimal(0))
    (pair,) = found.pairs
    assert (pair.symbol, pair.not_compared, found.unexplained) == ("LINKUSDT", "", 0)
    assert set(totals.by_cause) == ({pair.cause} - {None})
    return pair


def exchange_of(container: Container) -> NativeExchange:
    exchange = container.venue().trading
    assert isinstance(exchange, NativeExchange)
    return exchange


def test_nobody_meddled_and_the_kindest_replay_is_the_same_to_the_last_digit(recorded: str, config_dir: Path) -> None:
    pair = only(compared(recorded, config_dir, **KIND))
    assert (pair.cause, pair.why) == (None, "")
    assert pair.live_trade is not None
    assert pair.replay_trade is not None
    live, replay = pair.live_trade, pair.replay_trade.trade
    for name in ("size", "entry_price", "exit_price", "fees_usdt", "gross_usdt", "net_usdt", "r_net", "exit_reason"):
        assert getattr(live, name) == getattr(replay, name), name
    assert live.net_usdt < 0


def test_what_an_operator_placed_of_a_dry_run_is_compared_like_any_order(config_dir: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'mtf.db'}"
    record_one(evolve(LINK, by_hand=True), url, config_dir)
    pair = only(compared(url, config_dir, **KIND))
    assert (pair.cause, pair.live.fate) == (None, LiveFate.TRADED)
    assert pair.live_net == pair.replay_net < 0


@define(eq=False)
class CancelsByHand(Hand):
    """Somebody cancels the entry at the exchange before it is filled."""

    cancelled: int = field(default=0, init=False)

    async def at(self, container: Container, now_ms: int) -> None:
        exchange = exchange_of(container)
        for order in await exchange.open_orders(None):
            if not order.reduce_only and not self.cancelled:
                await exchange.cancel(order.symbol, order.order_id, order.kind)
                self.cancelled += 1


def test_an_order_that_somebody_cancelled_at_the_exchange_was_not_filled(played: Played) -> None:
    hand = CancelsByHand()
    pair = played(hand)
    assert hand.cancelled == 1
    assert (pair.cause, pair.live.fate) == (Cause.NOT_FILLED, LiveFate.UNFILLED)
    assert (pair.live_net, pair.replay_trade is not None) == (0, True)


async def test_a_position_that_only_the_replay_still_holds_at_the_end_of_the_candles_is_not_compared(
    config_dir: Path, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'mtf.db'}"
    await asyncio.to_thread(record_one, LINK, url, config_dir, CancelsByHand())
    async with stores_of(url) as stores:
        ends_ms = LINK.at_ms + 4 * MINUTE_MS
        await stores.candles.delete("LINKUSDT", Timeframe.M1, ends_ms, 2**52)
        found = await comparison(stores, config_dir, **KIND)
    (pair,) = found.pairs
    assert pair.replay is not None
    assert pair.replay.fate is Fate.STILL_OPEN
    assert (pair.cause, pair.missing_from_ms, found.totals.not_compared) == (None, ends_ms, 1)


class Refuses(Hand):
    """The exchange takes no entry."""

    async def before(self, container: Container, supervised: Supervised) -> None:
        async def no(order: EntryOrder) -> WriteOutcome:
            return WriteOutcome(WriteResult.REJECTED, "", order.client_order_id, code="no", text="not today")

        exchange_of(container).submit_entry = no  # type: ignore[method-assign]


def test_an_order_that_the_exchange_refused_was_not_filled(played: Played) -> None:
    pair = played(Refuses())
    assert (pair.cause, pair.live.fate) == (Cause.NOT_FILLED, LiveFate.REJECTED)
    assert pair.why == "the exchange refused it: rejected_by_exchange"
    assert pair.replay_trade is not None


class ThinBook(Hand):
    """There is little at the touch, and nothing near behind it: who takes slips."""

    async def before(self, container: Container, supervised: Supervised) -> None:
        exchange_of(container)._world._book = thin_book


def thin_book(contract: Contract, prices: Prices, now_ms: int, traded: Decimal) -> Tick:
    tick = tick_around(contract, prices, now_ms, traded)
    asks = (evolve(tick.asks[0], size=contract.size_step), *tick.asks[1:])
    wide = [evolve(level, price=level.price + 20 * contract.tick_size) for level in asks[1:]]
    return evolve(tick, asks=(asks[0], *wide))


def test_an_exit_that_slipped_was_filled_differently(played: Played) -> None:
    pair = played(ThinBook())
    assert pair.cause is Cause.FILLED_DIFFERENTLY
    assert pair.why.startswith("exit price ")
    assert pair.live_net < pair.replay_net


@define(eq=False)
class TightensTheStop(Hand):
    """Somebody moves the stop near the price, two minutes after the fill."""

    moved: int = field(default=0, init=False)

    async def at(self, container: Container, now_ms: int) -> None:
        exchange = exchange_of(container)
        if self.moved or now_ms < LINK.at_ms + 120_000:
            return
        (quote,) = (await exchange.quotes(["LINKUSDT"])).values()
        assert isinstance(quote, Quote)
        for order in await exchange.open_orders(None):
            if order.purpose is TriggerPurpose.STOP and order.trigger is not None:
                nearer = evolve(order.trigger, price=quote.mark.price + Decimal("0.01"))
                await exchange.amend(Amendment("LINKUSDT", order.order_id, trigger=nearer, purpose=TriggerPurpose.STOP))
                self.moved += 1


def test_a_stop_that_was_moved_by_hand_fired_by_another_trigger_price(played: Played) -> None:
    hand = TightensTheStop()
    pair = played(hand)
    assert hand.moved == 1
    assert pair.cause is Cause.TRIGGER_PRICE_DIFFERED
    assert "the stop stood at " in pair.why
    assert pair.live_trade is not None
    assert pair.replay_trade is not None
    assert pair.live_trade.closed_ms < pair.replay_trade.trade.closed_ms


@define(eq=False)
class Once(Hand):
    """Something that happens once, two minutes after the run, while the position is open."""

    done: bool = field(default=False, init=False)

    async def at(self, container: Container, now_ms: int) -> None:
        state = await exchange_of(container).account_state()
        if state.positions and not self.done and now_ms >= LINK.at_ms + 120_000:
            self.done = True
            await self.it(container)

    async def it(self, container: Container) -> None:
        raise NotImplementedError


class ClosesByHand(Once):
    async def it(self, container: Container) -> None:
        await ask_close(container.environment(), "LINKUSDT", "tester")


def test_a_position_that_an_operator_closed_was_closed_by_hand(played: Played) -> None:
    pair = played(ClosesByHand())
    assert pair.cause is Cause.CLOSED_BY_HAND
    assert pair.why.startswith("left by hand ")
    assert pair.live_net != pair.replay_net


async def test_a_stop_in_the_minute_of_the_entry_may_have_been_reached_before_it(
    recorded: str, config_dir: Path, tmp_path: Path
) -> None:
    """Somewhere in the minute in which the entry really filled the price had been at its stop."""
    async with stores_of(copied(recorded, tmp_path)) as stores:
        live = only(await comparison(stores, config_dir, **KIND)).live_trade
        assert live is not None
        assert live.opened_ms is not None
        at = live.opened_ms // MINUTE_MS * MINUTE_MS
        minute = (await stores.candles.read(["LINKUSDT"], Timeframe.M1, at, at))["LINKUSDT"]
        reached = evolve(minute, high=minute.high + 2 * abs(float(live.planned_stop) - minute.close))
        await stores.candles.write({("LINKUSDT", Timeframe.M1): reached})
        pair = only(await comparison(stores, config_dir, **KIND))
    assert pair.cause is Cause.ORDER_WITHIN_CANDLE
    assert "within the minute of its entry; a candle does not say what came first" in pair.why


class Deleverages(Once):
    async def it(self, container: Container) -> None:
        exchange = exchange_of(container)
        (position,) = (await exchange.account_state()).positions
        exchange._world.happen(Deleverage(await exchange.account_id(), "LINKUSDT", position.side, position.size))


def test_a_position_that_the_exchange_deleveraged_was_closed_by_it(played: Played) -> None:
    pair = played(Deleverages())
    assert pair.cause is Cause.CLOSED_BY_EXCHANGE
    assert pair.why.startswith("left by adl ")


class Liquidates(Once):
    """The stop is cancelled, and the price jumps beyond what the position can bear before anybody looks."""

    async def it(self, container: Container) -> None:
        exchange = exchange_of(container)
        for order in await exchange.open_orders(None):
            await exchange.cancel(order.symbol, order.order_id, order.kind)
        (quote,) = (await exchange.quotes(["LINKUSDT"])).values()
        assert isinstance(quote, Quote)
        price = quote.book.best_ask * 2
        away = Level(price, Decimal(1000)), Level(price + Decimal("0.01"), Decimal(1000))
        exchange._world.happen(Tick("LINKUSDT", bids=away[:1], asks=away[1:], last=price, mark=price))


def test_a_position_that_was_liquidated_was_closed_by_the_exchange(played: Played) -> None:
    pair = played(Liquidates())
    assert pair.cause is Cause.CLOSED_BY_EXCHANGE
    assert pair.why.startswith("left by liquidation ")
    assert pair.live_net < pair.replay_net


class TakesFunding(Once):
    async def it(self, container: Container) -> None:
        exchange_of(container)._world.happen(Funding("LINKUSDT", Decimal("-0.0003")))


def test_a_funding_that_nobody_assumed_is_told_as_that(played: Played) -> None:
    pair = played(TakesFunding())
    assert pair.cause is Cause.FUNDING_DIFFERED
    assert pair.live_trade is not None
    assert pair.live_trade.funding_usdt > 0
    assert pair.live_net == pair.replay_net - pair.live_trade.funding_usdt


@define(eq=False)
class AnswersLate(Hand):
    """The exchange takes a minute to tell its prices, so that the order leaves a minute later."""

    late: int = field(default=0, init=False)

    async def before(self, container: Container, supervised: Supervised) -> None:
        market = container.venue().market
        quotes = market.quotes

        async def slowly(symbols: Sequence[str]) -> Mapping[str, Quote | ExchangeError]:
            if not self.late:
                self.late += 1
                await supervised(60)
            return await quotes(symbols)

        market.quotes = slowly  # type: ignore[method-assign]


def test_an_order_that_left_a_minute_late_differs_by_its_latency(played: Played) -> None:
    pair = played(AnswersLate())
    assert pair.cause is Cause.LATENCY
    assert pair.live.delay_minutes(LINK.at_ms) == 1


def test_an_order_that_was_there_sooner_than_the_replay_assumes_differs_by_its_latency(
    recorded: str, config_dir: Path
) -> None:
    pair = only(compared(recorded, config_dir, **{**KIND, "delay_minutes": 1}))
    assert pair.cause is Cause.LATENCY
    assert "on the exchange 2 s after its minute's close" in pair.why


class HoldsByHand(Hand):
    """Somebody holds a position of the symbol that no intent explains."""

    async def before(self, container: Container, supervised: Supervised) -> None:
        exchange = exchange_of(container)
        await exchange.set_leverage("LINKUSDT", Decimal(2), MarginMode.ISOLATED)
        order = EntryOrder(
            symbol="LINKUSDT",
            side=Side.LONG,
            size=Decimal(10),
            order_type=OrderType.MARKET,
            price=None,
            time_in_force=TimeInForce.IOC,
            post_only=False,
            leverage=Decimal(2),
            margin_mode=MarginMode.ISOLATED,
            client_order_id="byhand",
            stop=None,
            not_after_ms=LINK.at_ms + 60_000,
        )
        outcome = await exchange.submit_entry(order)
        assert outcome.result is WriteResult.ACCEPTED, outcome


class Kills(Hand):
    async def before(self, container: Container, supervised: Supervised) -> None:
        await kill(container.environment(), "tester")


@pytest.mark.parametrize(
    ("hand", "cause", "said"),
    [
        (HoldsByHand(), Cause.ACCOUNT_STATE_DIFFERED, "has_open_orders_or_positions"),
        (Kills(), Cause.OPERATORS_SWITCH, "kill_switch_on"),
    ],
)
def test_what_our_own_orders_do_not_explain_is_another_state_of_the_account_or_an_operators_switch(
    hand: Hand, cause: Cause, said: str, played: Played
) -> None:
    pair = played(hand)
    assert pair.cause is cause
    assert pair.why.endswith(said)
    assert (pair.live_trade, pair.replay_trade is not None) == (None, True)


async def test_minutes_that_are_missing_leave_an_order_uncompared_which_is_said(
    recorded: str, config_dir: Path, tmp_path: Path
) -> None:
    url = copied(recorded, tmp_path)
    async with stores_of(url) as stores:
        gone_ms = LINK.at_ms + 3 * MINUTE_MS
        assert await stores.candles.delete("LINKUSDT", Timeframe.M1, gone_ms, gone_ms) == 1
        found = await comparison(stores, config_dir, **KIND)
    (pair,) = found.pairs
    assert pair.not_compared == "minutes are missing in which its order lived"
    assert pair.missing_from_ms == gone_ms
    assert (found.totals.keys, found.totals.not_compared, found.totals.difference) == (0, 1, 0)
    assert any("LINKUSDT not compared, and in no sum" in remark for remark in found.remarks)
    assert any("`mtf klines fetch LINKUSDT --timeframe 1m --from 2026-02-02T11:28" in one for one in found.remarks)


async def test_an_order_whose_minutes_end_too_soon_is_not_compared(
    recorded: str, config_dir: Path, tmp_path: Path
) -> None:
    url = copied(recorded, tmp_path)
    async with stores_of(url) as stores:
        gone_ms = LINK.at_ms + 2 * MINUTE_MS
        await stores.candles.delete("LINKUSDT", Timeframe.M1, gone_ms, 2**52)
        (pair,) = (await comparison(stores, config_dir, **KIND)).pairs
    assert (pair.not_compared != "", pair.missing_from_ms) == (True, gone_ms)


def test_one_account_for_all_gives_the_same_where_there_is_one_order(recorded: str, config_dir: Path) -> None:
    assert only(compared(recorded, config_dir, one_account=True, **KIND)).cause is None


ADA = OneOrder(symbol="ADAUSDT", seed=3, at_ms=to_ms(parse_instant("2026-02-02T11:22Z")), minutes=40)
"""Waits in its zone, is not reached in time, and is cancelled at its deadline."""


@pytest.fixture(scope="module")
def unfilled(tmp_path_factory: pytest.TempPathFactory, config_dir: Path) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('unfilled') / 'mtf.db'}"
    record_one(ADA, url, config_dir)
    return url


def test_an_order_that_filled_in_neither_is_the_same(unfilled: str, config_dir: Path) -> None:
    found = compared(unfilled, config_dir, **KIND)
    (pair,) = found.pairs
    assert (pair.cause, pair.live.fate) == (None, LiveFate.UNFILLED)
    assert (found.totals.live_sent, found.totals.replay_sent, found.totals.equal) == (1, 1, 1)


def test_an_order_that_may_wait_longer_now_differs_by_its_configuration(unfilled: str, tmp_path: Path) -> None:
    """Its plan is the same order at the same price: only how long it is let wait was changed."""
    edited = eager_configuration(tmp_path / "edited")
    longer = "\nsupervision:\n  order_timeout_sec: 1500\n\nrisk:\n"
    change(edited / "app/trade_entry.scalper_micro.yaml", {"ttl_sec: 180": "ttl_sec: 1600", "\nrisk:\n": longer})
    found = compared(unfilled, edited, **KIND)
    (pair,) = found.pairs
    assert found.differences == ()
    assert (pair.cause, pair.live.fate) == (Cause.CONFIGURATION_CHANGED, LiveFate.UNFILLED)
    assert pair.replay_trade is not None
