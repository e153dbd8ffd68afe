"""Scenarios that need whole runs: plans from real candles, guards over a day, switches, locks, the choice of a profile.

Each story comes out as what a trader would see: prices, reasons, symbols that were looked at, calls to the exchange.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from mtf_adapters.files.config_dir import config_dir_in_use
from mtf_adapters.files.profiles import load_profile
from mtf_core.inquiry import plan_symbol
from mtf_core.market import Candles, Side, Timeframe
from mtf_core.orders import EventKind, LifecycleEvent
from mtf_core.runs import RunLockedError, RunRequest
from mtf_core.settings.plain import plain
from mtf_core.settings.profile import Profile
from mtf_core.upkeep import cleanup
from tests.integration.liveness.sandbox import BALANCE, Sandbox, in_a_sandbox, reasons
from tests.integration.sql.examples import candles, event, run
from tests.unit.settings.liveness.histories import NOW_MS, SYMBOL
from tests.unit.settings.liveness.plans import result_of

ELSEWHERE = "BTCUSDT"
"""A symbol to hold a position in, so that it is not the one that is traded."""


@in_a_sandbox
async def planned_on_candles(world: Sandbox) -> object:
    """A long plan on 5m, from features of generated candles."""
    return result_of(await plan_symbol(world.environment, world.profile, SYMBOL, Side.LONG, Timeframe.M5))


@in_a_sandbox
async def single_run(world: Sandbox) -> object:
    return reasons(await world.run())


@in_a_sandbox
async def after_a_realised_loss(world: Sandbox) -> object:
    """The day begins with a run; then 30 of 10,000 USDT are lost."""
    await world.run()
    world.account.balance = BALANCE - 30
    world.later(minutes=1)
    return reasons(await world.run())


@in_a_sandbox
async def after_an_unrealised_loss(world: Sandbox) -> object:
    """The day begins with a run; then a position is down by 30 USDT, the balance unchanged."""
    await world.run()
    world.hold(ELSEWHERE, unrealised_profit=-30)
    world.later(minutes=1)
    return reasons(await world.run())


@in_a_sandbox
async def after_two_lost_trades(world: Sandbox) -> object:
    """The last two trades were closed with a net loss."""
    lost = [LifecycleEvent(key, ELSEWHERE, 1, EventKind.CLOSED, NOW_MS, {"net_usdt": "-1.5"}) for key in ("one", "two")]
    await world.environment.stores.orders.note(lost, "run", NOW_MS)
    return reasons(await world.run())


@in_a_sandbox
async def contracts_half_an_hour_later(world: Sandbox) -> object:
    """How often the second run asks the exchange for its contracts."""
    await world.run()
    world.later(minutes=30)
    return (await world.run()).performance.exchange_calls.get("contracts", 0)


@in_a_sandbox
async def free_again_after_three_minutes(world: Sandbox) -> object:
    """Whether a symbol that was busy, and is free three minutes later, is looked at."""
    world.hold(ELSEWHERE)
    await world.run()
    world.hold(None)
    world.later(minutes=3)
    return ELSEWHERE in (await world.run()).results


@in_a_sandbox
async def busy_twice_then_free(world: Sandbox) -> object:
    """The same for a symbol that was still busy when its switch was about to come back on."""
    world.hold(ELSEWHERE)
    await world.run()
    world.later(minutes=4, seconds=30)
    assert ELSEWHERE in (await world.run()).results
    world.hold(None)
    world.later(minutes=2)
    return ELSEWHERE in (await world.run()).results


@in_a_sandbox
async def run_after_a_dead_one(world: Sandbox) -> object:
    """Whether a run may start five minutes after one that died with its lock."""
    world.locks.dying = True
    await world.run(RunRequest(symbols=(SYMBOL,)))
    world.later(minutes=5)
    try:
        await world.run(RunRequest(symbols=(ELSEWHERE,)))
    except RunLockedError:
        return "locked"
    return "ran"


@in_a_sandbox
async def symbol_after_a_dead_run(world: Sandbox) -> object:
    """What a run finds of a symbol one minute after one that died with the symbol's lock."""
    request = RunRequest(symbols=(SYMBOL,), lock_per_symbol=True)
    world.locks.dying = True
    await world.run(request)
    world.later(minutes=1)
    return reasons(await world.run(request))


@in_a_sandbox
async def what_a_cleanup_takes(world: Sandbox) -> object:
    """Of two hundred runs and events, one an hour, and a thousand candles: how much goes."""
    now_ms, stores = world.clock.now_ms(), world.environment.stores
    starts = [now_ms - hours * 3_600_000 for hours in range(200, 0, -1)]
    for start in starts:
        await stores.runs.start(run(f"at-{start}", start), {"sha-1": {}})
    await stores.audit.append([event(start) for start in starts])
    await stores.candles.write({(SYMBOL, Timeframe.M1): candles(Timeframe.M1, range(1_000))})
    done = await cleanup(world.environment, world.profile.trading.retention, "operator", dry_run=False)
    (left,) = await stores.candles.spans()
    return done, left, len((await stores.runs.history(999)).items), len((await stores.audit.history(999)).items)


@in_a_sandbox
async def with_a_candle_without_trades(world: Sandbox) -> object:
    """What becomes of symbols of whose candles the exchange lacks two in the middle."""
    whole = world.exchange.candles

    async def broken(symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> Candles:
        candles = await whole(symbol, timeframe, first_open_ms, last_open_ms)
        lacking = timeframe.open_at_or_before(world.clock.now_ms()) - 20 * timeframe.ms
        return candles.between(0, lacking - 1).merged(candles.between(lacking + timeframe.ms + 1, last_open_ms))

    world.exchange.candles = broken  # type: ignore[method-assign]
    report = await world.run()
    return reasons(report), report.carried


def profile_without_a_name(profile: Profile) -> object:
    """Which profile is chosen when none is named."""
    with TemporaryDirectory() as name:
        folder = Path(shutil.copytree(config_dir_in_use(), Path(name) / "config"))
        trading = json.dumps(plain(profile.trading))  # JSON is YAML
        (folder / "trading.yaml").write_text(trading, encoding="utf-8")
        return load_profile(None, folder).name
