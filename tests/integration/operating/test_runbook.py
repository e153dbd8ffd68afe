"""The runbook's steps that nobody hopes to need, taken as they stand there, with an exchange that forgot.

An exchange (`mtf sandbox serve`), a supervisor (`mtf supervise`) and every command of the operator are processes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from docs.generating.walking import ROOT

from mtf_core.market import (
    EntryOrder,
    MarginMode,
    OrderType,
    ProtectiveOrder,
    Side,
    TimeInForce,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
    WriteOutcome,
)
from mtf_core.orders import Purpose, mint
from mtf_entrypoints.container import opened
from mtf_entrypoints.settings import read_settings
from tests.integration.operating.scene import ACCOUNT, KEY, SYMBOL, Scene, scene
from tests.integration.orders.nursery import Nursery, nursery
from tests.integration.secrets.place import COMMAND

PAGE = (ROOT / "docs/how-to/operate-orders.md").read_text()
LATER = "BTCUSDT:5m:2:long"
BOOK = ("position", "book", SYMBOL, "--yes", "--reason", "as the app shows")
CLOSED = ("--size", "1", "--price", "74000", "--profit", "1.2", "--fees", "0.1")


@pytest.fixture(scope="module")
def children() -> Iterator[Nursery]:
    with nursery(COMMAND, "tests.integration.execution.dying", "mtf_entrypoints.cli.app") as ready:
        yield ready


@pytest.fixture
async def there(tmp_path: Path, children: Nursery) -> AsyncIterator[Scene]:
    async with scene(tmp_path, children) as one:
        yield one


def is_on_the_page(*said: str) -> bool:
    """Whether the page says so, whatever lines it breaks it into."""
    page = " ".join(PAGE.split())
    return all(" ".join(text.split()) in page for text in said)


async def is_busy(there: Scene) -> bool:
    """Whether the symbol takes no other entry."""
    return bool((await there.json("story", KEY))["intent"]["is_live"])


async def test_stale_a_position_that_nothing_explains_is_booked_as_the_exchange_s_own_pages_tell(there: Scene) -> None:
    await there.hold()
    await there.does("CloseAll", account=ACCOUNT, symbol=SYMBOL)
    await there.restart()
    assert await there.until(there.alarms) == {"stale"}
    assert is_on_the_page("mtf alarms", (await there.json("alarms"))["alarms"][0]["text"])
    assert await is_busy(there)
    said = await there.mtf(*BOOK, *CLOSED)
    assert said == f"{SYMBOL}: done: booked as you told it\n"
    assert is_on_the_page(said)
    await there.until_quiet()
    assert await there.state() == ("done", "closed")
    (trade,) = (await there.json("trades"))["trades"]
    assert (trade["exit_price"], trade["booked_by_hand"], trade["size"]) == ("74000", True, "1")
    assert "the account is in order" in await there.mtf("recover")


async def test_evidence_lost_an_entry_that_never_filled_is_booked_with_no_size(there: Scene) -> None:
    await there.enter()
    await there.does("CancelAll", account=ACCOUNT, symbol=SYMBOL)
    await there.restart()
    await there.end_entries()
    assert await there.until(there.alarms) == {"evidence_lost"}
    assert is_on_the_page((await there.json("alarms"))["alarms"][0]["text"])
    assert await is_busy(there)
    said = await there.mtf(*BOOK, "--size", "0")
    assert said == f"{SYMBOL}: done: the entry counts as over\n"
    assert is_on_the_page("done: the entry counts as over", "--size 0")
    await there.until_quiet()
    assert await there.state() == ("done", "none")


async def test_evidence_lost_an_entry_that_filled_has_its_stop_and_is_booked_once_it_was_closed(there: Scene) -> None:
    """Its executions were forgotten before anybody read them."""
    price = await there.enter()
    await there.show(price - 5)
    await there.restart()
    await there.end_entries()
    assert await there.until(there.alarms) == {"evidence_lost"}
    assert await there.state() == ("evidence_lost", "protected")
    assert [order["purpose"] for order in await there.at_exchange("orders")].count("stop") == 1
    for words in (("position", "close", SYMBOL, "--yes"), (*BOOK, *CLOSED)):
        said = await there.mtf(*words)
        assert "refused: " in said
        assert "close it at the exchange" in said
    assert is_on_the_page("close it at the exchange")
    await there.does("CloseAll", account=ACCOUNT, symbol=SYMBOL)

    async def is_stale() -> bool:
        return await there.alarms() == {"stale", "evidence_lost"}

    await there.until(is_stale)
    assert await there.mtf(*BOOK, *CLOSED) == f"{SYMBOL}: done: booked as you told it\n"
    await there.until_quiet()
    assert await there.state() == ("done", "closed")


async def test_evidence_lost_ends_by_itself_once_the_exchange_shows_the_order_again(there: Scene) -> None:
    await there.enter()
    await there.fails("empty", "get-open-orders", "order-history")
    await there.end_entries()
    assert await there.until(there.alarms) == {"evidence_lost"}
    await there.mends()
    await there.until_quiet()
    assert await there.state() == ("done", "none")
    assert is_on_the_page("the next read that does ends it")


async def sent_late(there: Scene, *, opens: bool) -> WriteOutcome:
    """An order of the first intent's, which is over: bytes that were held up for long, or a hand with a back-up."""
    settings = read_settings(environ=dict(there.place.variables), dotenv=Path("absent.env"))
    async with opened(settings) as container:
        intent = await container.stores().orders.intent(KEY)
        venue = container.venue()
        assert intent is not None
        assert venue.trading is not None
        purpose = Purpose.ENTRY if opens else Purpose.TARGET
        made = mint(intent.tag, intent.counter, intent.account, KEY, 2, purpose, 1).text(venue.capabilities.client_ids)
        if opens:
            return await venue.trading.submit_entry(
                EntryOrder(
                    symbol=SYMBOL,
                    side=Side.LONG,
                    size=Decimal(1),
                    order_type=OrderType.LIMIT,
                    price=intent.attempt.price,
                    time_in_force=TimeInForce.GTC,
                    post_only=False,
                    leverage=Decimal(2),
                    margin_mode=MarginMode.ISOLATED,
                    client_order_id=made,
                    not_after_ms=venue.clock.now_ms() + 10_000,
                    stop=None,
                )
            )
        far = TriggerLevel(intent.wanted.targets[0].price + 1000, TriggerPrice.MARK)
        order = ProtectiveOrder(SYMBOL, Side.LONG, TriggerPurpose.TARGET, far, Decimal(1), made)
        return await venue.trading.submit_protection(order)


async def test_an_order_without_an_intent_is_cancelled_or_told_and_ends_with_the_position(there: Scene) -> None:
    await there.enter()
    await there.end_entries()

    async def is_over() -> bool:
        return not await is_busy(there)

    await there.until(is_over)
    await there.mtf("unkill")

    async def nothing_stands() -> bool:
        return await there.at_exchange("orders") == []

    opening = await sent_late(there, opens=True)
    assert opening.is_done, opening
    await there.until(nothing_stands)
    assert "orphan_order" in {one["kind"] for one in (await there.json("alarms", "--all"))["alarms"]}
    await there.until_quiet()

    await there.hold(LATER)
    reducing = await sent_late(there, opens=False)
    assert reducing.is_done, reducing
    assert await there.until(there.alarms) == {"orphan_order"}
    assert "orphan" in await there.mtf("orders")
    assert "reduces without an intent of its own, and is left" in await there.mtf("recover")
    assert reducing.order_id
    await there.mtf("position", "close", SYMBOL, "--yes", "--wait", "60")
    await there.until(nothing_stands)
    await there.until_quiet()
