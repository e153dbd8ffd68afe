"""Real processes that trade on paper and are killed at random moments: the account's file stays whole, nothing is
entered twice, and no position ever stands without its stop."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import frozen

from mtf_adapters.local.places import default_data_folder
from mtf_adapters.paper.account_file import AccountFile, Kept
from mtf_adapters.paper.exchange import PaperTrading
from mtf_adapters.paper.lines import sum_of
from mtf_adapters.sandbox.matching.commands import PlaceOrder
from mtf_adapters.sandbox.matching.engine import MatchingEngine
from mtf_core.execution.supervisor import SupervisorState
from mtf_core.market import MarginMode, TriggerPurpose
from mtf_core.orders import EntryState
from tests.integration.bitmart.wire import UNHURRIED, environment_for
from tests.integration.faces.exchange import Exchange, exchange
from tests.integration.paper.trading import paper_trader
from tests.unit.paper.venue import PRICE, SYMBOL, Scene

DEATHS = 6
_PATIENCE_S = 300


def account_file() -> AccountFile:
    (path,) = (default_data_folder() / "paper").glob("*.account")
    return AccountFile(path)


async def life(served: Exchange, folder: Path, lines: int) -> None:
    """A process that is killed once the account has so many lines more, in the middle of whatever it does then."""
    variables = {
        **os.environ,
        **environment_for(served.ready),
        "MTF_PAPER": "yes",
        "DATABASE_URL": f"sqlite:///{folder / 'mtf.db'}",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    words = (sys.executable, "-m", "tests.integration.paper.mortal", served.ready["control"])
    with (folder / "said.txt").open("a") as said:
        process = await asyncio.create_subprocess_exec(*words, env=variables, stdout=said, stderr=said)
    wanted = lines_written() + lines
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while lines_written() < wanted:
                assert process.returncode is None, (folder / "said.txt").read_text()[-3000:]
                await asyncio.sleep(0.01)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def lines_written() -> int:
    found = list((default_data_folder() / "paper").glob("*.account"))
    return found[0].read_bytes().count(b"\n") if found else 0


@frozen
class Throughout:
    """What is seen when every step is taken again, as the file says."""

    steps: int
    """That were taken while a position was open, counted for each."""
    bare: int
    """Of them without a stop behind the position."""


def throughout(kept: Kept) -> Throughout:
    engine, steps, bare = MatchingEngine(()), 0, 0
    for line in kept.lines:
        assert sum_of(engine.apply(line.what, line.at_ms)) == line.answered
        held = engine.positions(kept.head.account) if kept.head.account in engine.accounts() else ()
        for position in held:
            orders = engine.orders_of(kept.head.account, position.symbol, line.at_ms)
            steps += 1
            bare += all(one.purpose is not TriggerPurpose.STOP for one in orders)
    return Throughout(steps, bare)


@pytest.mark.parametrize(("stop", "bare"), [(None, True), (PRICE - 100, False)])
async def test_a_position_without_a_stop_would_be_seen(stop: Decimal | None, bare: bool, tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    trading = PaperTrading(scene.desk())
    await trading.account_id()
    await trading.set_leverage(SYMBOL, Decimal(5), MarginMode.ISOLATED)
    await trading.submit_entry(scene.entry(stop=stop))
    kept = scene.file.kept()
    assert kept is not None
    found = throughout(kept)
    assert (found.steps > 0, found.bare > 0) == (True, bare)


@pytest.mark.parametrize("seed", [1])
async def test_killed_at_any_moment_it_goes_on_and_nothing_is_entered_twice(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    async with exchange(UNHURRIED) as served:
        for _ in range(DEATHS):
            await life(served, tmp_path, draw.randint(2, 12))
            kept = account_file().kept()
            assert kept is not None, "what a death cut off is no line"
        assert throughout(kept).steps > 0, "else nothing was open in any life"
        async with paper_trader(served, tmp_path) as trader:
            async with asyncio.timeout(_PATIENCE_S):  # the seat of who was killed lasts for seconds of this machine
                while trader.supervisor.status.state is not SupervisorState.SUPERVISING:
                    await trader.supervisor.look()
                    await asyncio.sleep(0.1)
            await trader.pass_by(90_000)  # an entry that was about to leave may have an effect for half a minute
            live = await trader.supervisor.desk.orders.live()
            assert not [one for one in live if one.entry in {EntryState.SUBMITTING, EntryState.UNKNOWN}]
            intents = (await trader.supervisor.desk.orders.history(1000)).items
        kept = account_file().kept()
        assert kept is not None
        assert throughout(kept).bare == 0
        placed = Counter(
            line.what.client_order_id
            for line in kept.lines
            if isinstance(line.what, PlaceOrder) and not line.what.reduce_only
        )
        known = Counter(attempt.client_order_id for one in intents for attempt in one.attempts())
        assert placed
        assert set(placed) <= set(known), "nothing was placed that the store does not know"
        assert set(placed.values()) == set(known.values()) == {1}, "each id is sent once, and is one attempt's"
