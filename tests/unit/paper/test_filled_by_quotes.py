"""What a paper account is filled by: quotes that were seen, and the worst of minutes that were not watched."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from mtf_adapters.paper.desk import PaperDesk
from mtf_adapters.paper.exchange import PaperTrading
from mtf_core.market import HOUR_MS, MINUTE_MS, FlowKind, WriteResult
from mtf_core.ports import ExchangeError
from tests.unit.paper.venue import AT_MS, PRICE, SYMBOL, Scene

STOP = PRICE - 500


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


async def held(scene: Scene, desk: PaperDesk) -> PaperTrading:
    """A long position with its stop."""
    trading = PaperTrading(desk)
    assert (await trading.submit_entry(scene.entry(stop=STOP))).is_done
    assert len((await trading.sync()).positions) == 1
    return trading


async def prices(trading: PaperTrading) -> list[Decimal]:
    return [fill.price for fill in await trading.fills(SYMBOL, AT_MS, AT_MS + 24 * HOUR_MS)]


async def test_an_order_at_market_fills_at_the_quote_of_its_moment(scene: Scene) -> None:
    trading = PaperTrading(scene.desk())
    await trading.sync()
    scene.pass_by(1000, PRICE + 70)
    assert (await trading.submit_entry(scene.entry())).is_done
    scene.pass_by(1000, PRICE + 90)
    assert (await trading.fills(SYMBOL, AT_MS, AT_MS + HOUR_MS))[0].price == PRICE + 70, "the ask"


async def test_an_order_that_rests_waits_for_a_quote_that_reaches_it(scene: Scene) -> None:
    desk = scene.desk()
    trading = PaperTrading(desk)
    await trading.submit_entry(scene.entry(price=PRICE - 10))
    watched = await desk.opened()
    scene.pass_by(1000, PRICE - 9)
    await watched.look_around()
    assert await prices(trading) == []
    scene.pass_by(1000, PRICE - 12)
    await watched.look_around()
    assert await prices(trading) == [PRICE - 10]


async def test_a_stop_fires_by_the_first_quote_behind_it_and_fills_there(scene: Scene) -> None:
    desk = scene.desk()
    trading = await held(scene, desk)
    scene.pass_by(1000, STOP - 40)
    assert await prices(trading) == [PRICE], "nobody has seen it yet"
    await (await desk.opened()).look_around()
    assert await prices(trading) == [PRICE, STOP - 40 - Decimal("0.1")], "the bid of what was seen"


async def test_the_same_quote_looked_at_again_does_not_fill_the_book_up_again(scene: Scene) -> None:
    desk = scene.desk()
    await held(scene, desk)
    watched = await desk.opened()
    left = watched.world.engine.tick(SYMBOL)
    scene.clock.advance(1000)
    await watched.look((SYMBOL,))
    watched.world.catch_up()
    assert watched.world.engine.tick(SYMBOL) == left
    scene.market.show(PRICE)
    await watched.look((SYMBOL,))
    assert watched.world.engine.tick(SYMBOL) != left


async def test_by_a_quote_of_long_ago_nothing_is_placed(scene: Scene) -> None:
    trading = PaperTrading(scene.desk())
    await trading.sync()
    scene.pass_by(10_001)
    outcome = await trading.submit_entry(scene.entry())
    assert (outcome.result, outcome.code) == (WriteResult.REJECTED, "no_market")


async def test_where_the_venue_fails_what_stands_goes_on_standing(scene: Scene) -> None:
    desk = scene.desk()
    trading = await held(scene, desk)
    orders = await trading.open_orders()
    scene.market.fails = True
    scene.pass_by(30_000)
    with pytest.raises(ExchangeError):
        await (await desk.opened()).look_around()
    assert len((await trading.sync()).positions) == 1
    assert await trading.open_orders() == orders


async def test_a_minute_with_a_hole_is_judged_by_its_candle_against_the_position(scene: Scene) -> None:
    desk = scene.desk()
    trading = await held(scene, desk)
    watched = await desk.opened()
    scene.pass_by(MINUTE_MS, PRICE)
    await watched.look_around()
    scene.market.lows_and_highs = {AT_MS + MINUTE_MS: (float(STOP - 30), float(PRICE + 9000))}
    scene.pass_by(MINUTE_MS + 1000, PRICE)  # one long hole
    await watched.look_around()
    assert await prices(trading) == [PRICE, STOP - 30], "at the low, although the quotes before and after are above"


async def test_a_minute_that_was_watched_is_not_judged_by_its_candle(scene: Scene) -> None:
    desk = scene.desk()
    trading = await held(scene, desk)
    watched = await desk.opened()
    scene.market.lows_and_highs = {AT_MS + number * MINUTE_MS: (float(STOP - 30), 60_000.0) for number in range(4)}
    for _ in range(45):
        scene.pass_by(4000, PRICE)
        await watched.look_around()
    assert await prices(trading) == [PRICE]
    assert "candles" not in scene.market.asked


async def test_a_minute_in_which_the_position_was_opened_says_nothing(scene: Scene) -> None:
    """Its low may have been before the position."""
    desk = scene.desk()
    scene.pass_by(20_000, PRICE)
    trading = await held(scene, desk)
    watched = await desk.opened()
    scene.market.lows_and_highs = {AT_MS: (float(STOP - 30), 60_000.0)}
    scene.pass_by(41_000, PRICE)
    await watched.look_around()
    assert "candles" in scene.market.asked
    assert await prices(trading) == [PRICE]


async def test_nothing_good_follows_from_a_candle(scene: Scene) -> None:
    """An entry that rests is not filled by a minute that nobody watched, however far its candle went."""
    desk = scene.desk()
    trading = PaperTrading(desk)
    await trading.submit_entry(scene.entry(price=PRICE - 10))
    watched = await desk.opened()
    scene.pass_by(MINUTE_MS, PRICE)
    await watched.look_around()
    scene.market.lows_and_highs = {AT_MS + MINUTE_MS: (float(PRICE - 900), float(PRICE))}
    scene.pass_by(MINUTE_MS + 1000, PRICE)
    await watched.look_around()
    assert await prices(trading) == []


async def test_funding_is_against_the_position(scene: Scene) -> None:
    desk = scene.desk()
    trading = await held(scene, desk)
    watched = await desk.opened()
    scene.pass_by(5 * HOUR_MS, PRICE)
    await watched.look_around()
    (paid,) = [flow for flow in await trading.cash_flows(AT_MS, AT_MS + 24 * HOUR_MS) if flow.kind is FlowKind.FUNDING]
    (position,) = (await trading.sync()).positions
    contract = watched.world.engine.contract(SYMBOL)
    assert contract is not None
    assert paid.amount == -position.size * contract.contract_size * PRICE * Decimal("0.0001")
