"""A paper account outlives the process: whoever takes the steps of its file again comes to the same."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from mtf_adapters.paper.account_file import AccountFile
from mtf_adapters.paper.exchange import PaperTrading
from mtf_adapters.sandbox.matching.engine import MatchingEngine
from mtf_core.market import HOUR_MS, MINUTE_MS, OrderKind, WriteResult
from mtf_core.ports import ExchangeError, TradingRefusedError
from tests.unit.paper.test_filled_by_quotes import STOP, held, prices
from tests.unit.paper.venue import AT_MS, PRICE, SYMBOL, Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def seen(engine: MatchingEngine, now_ms: int) -> list[object]:
    """Everything that an account shows, but for what follows the last price."""
    name = "paper-1"
    return [
        engine.orders_of(name, None, now_ms),
        engine.history(name, None, now_ms),
        engine.fills(name, None, now_ms),
        engine.flows(name, now_ms),
        [(one.symbol, one.side, one.size, one.entry_price, one.margin) for one in engine.positions(name)],
        engine.balance(name).wallet,
    ]


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_happened_the_next_process_finds_the_account_as_it_was(scene: Scene, seed: int) -> None:
    chance, price = Random(seed), PRICE
    desk = scene.desk()
    trading, watched = PaperTrading(desk), await desk.opened()
    for number in range(120):
        price += Decimal(chance.randint(-120, 120))
        scene.pass_by(chance.choice([200, 1000, 4000, 70_000]), price)
        if chance.random() < 0.25:
            limit = chance.choice([None, price - 60, price + 30])
            await trading.submit_entry(scene.entry(stop=price - 250, price=limit, name=f"n{number}"))
        resting = [one for one in await trading.open_orders() if one.kind is OrderKind.LIMIT]
        if resting and chance.random() < 0.2:
            await trading.cancel(SYMBOL, resting[0].order_id, OrderKind.LIMIT)
        await watched.look_around()
    before = seen(watched.world.engine, scene.clock.now_ms())
    assert len(watched.world.engine.fills("paper-1", None, scene.clock.now_ms())) > 5, "else nothing was compared"
    desk.close()
    again = await scene.desk().opened()
    assert seen(again.world.engine, scene.clock.now_ms()) == before


async def test_what_happened_while_no_process_lived_is_judged_by_the_candles(scene: Scene) -> None:
    desk = scene.desk()
    await held(scene, desk)
    desk.close()
    scene.market.lows_and_highs = {AT_MS + 5 * MINUTE_MS: (float(STOP - 30), float(PRICE))}
    scene.pass_by(HOUR_MS, PRICE)
    trading = PaperTrading(scene.desk())
    await trading.account_id()
    assert await prices(trading) == [PRICE, STOP - 30]


async def test_funding_that_fell_due_while_no_process_lived_is_paid(scene: Scene) -> None:
    desk = scene.desk()
    trading = await held(scene, desk)
    flows = len(await trading.cash_flows(AT_MS, AT_MS + 48 * HOUR_MS))
    desk.close()
    scene.pass_by(17 * HOUR_MS, PRICE)
    trading = PaperTrading(scene.desk())
    await trading.account_id()
    assert len(await trading.cash_flows(AT_MS, AT_MS + 48 * HOUR_MS)) == flows + 2


async def test_while_one_process_trades_no_other_does(scene: Scene) -> None:
    desk, other = scene.desk(), PaperTrading(scene.desk())
    await held(scene, desk)
    with pytest.raises(TradingRefusedError, match="another process of this machine trades on the paper account"):
        await other.account_id()
    assert len((await other.sync()).positions) == 1, "looking is for everybody"
    desk.close()
    assert await other.account_id() == "paper-1"


async def test_looking_writes_nothing(scene: Scene) -> None:
    await PaperTrading(scene.desk()).sync()
    assert not scene.file.path.exists()


async def test_a_line_that_a_death_cut_off_never_was(scene: Scene) -> None:
    desk = scene.desk()
    await held(scene, desk)
    desk.close()
    whole = scene.file.path.read_bytes()
    scene.file.path.write_bytes(whole + b'{"ms":1,"kind":"PlaceOr')
    trading = PaperTrading(scene.desk())
    assert await trading.account_id()
    assert len((await trading.sync()).positions) == 1
    assert scene.file.path.read_bytes().startswith(whole)
    assert b'"PlaceOr\n' not in scene.file.path.read_bytes()


async def test_a_file_that_was_changed_is_refused_by_its_line(scene: Scene) -> None:
    desk = scene.desk()
    await held(scene, desk)
    desk.close()
    whole = scene.file.path.read_bytes()
    scene.file.path.write_bytes(whole.replace(b'"size":"6"', b'"size":"7"', 1))
    with pytest.raises(ExchangeError, match=r"line \d+ of the paper account comes to something else"):
        await scene.desk().opened()
    scene.file.path.write_bytes(whole.replace(b'"kind":"OpenAccount"', b'"kind":"OpenBottle"', 1))
    with pytest.raises(ExchangeError, match=r"line \d+ was changed since it was written"):
        await scene.desk().opened()
    scene.file.path.write_bytes(b"no account\n")
    with pytest.raises(ExchangeError, match="line 1 is no paper account"):
        await scene.desk().opened()


async def test_what_cannot_be_kept_is_told_to_nobody(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    trading = PaperTrading(scene.desk())
    await trading.account_id()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        outcome = await trading.submit_entry(scene.entry())
        assert (outcome.result, outcome.order_id) == (WriteResult.UNKNOWN, "")
        assert "No space left on device" in outcome.text
    outcome = await trading.submit_entry(scene.entry(name="two"))
    assert "start the process again" in outcome.text


async def test_where_the_venue_does_not_answer_the_account_is_not_opened_and_stays_free(scene: Scene) -> None:
    scene.market.fails = True
    with pytest.raises(ExchangeError):
        await scene.desk().opened()
    scene.market.fails = False
    assert await scene.desk().opened()


async def test_another_account_than_the_one_that_was_named_is_not_traded_on(scene: Scene) -> None:
    AccountFile(scene.file.path).path.write_bytes(b'{"format":1,"account":"paper-2","balance":"5"}\n')
    with pytest.raises(ExchangeError, match="another paper account was opened meanwhile"):
        await scene.desk().opened()
