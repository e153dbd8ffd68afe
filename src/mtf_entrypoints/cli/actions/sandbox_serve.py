"""`mtf sandbox serve`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
from attrs import frozen

from mtf_adapters.local import WallClock
from mtf_adapters.sandbox.faces.bitmart.opening import BitmartSandbox
from mtf_adapters.sandbox.faces.bitmart.script import read_script as read_bitmart_script
from mtf_adapters.sandbox.faces.okx.opening import OkxSandbox
from mtf_adapters.sandbox.faces.okx.script import read_script as read_okx_script
from mtf_adapters.sandbox.faces.opened import BALANCE, OpenedSandbox
from mtf_adapters.sandbox.faces.serving import served
from mtf_adapters.sandbox.market import Market
from mtf_adapters.sandbox.world_clock import FlowingClock, SteppedClock, WorldClock
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.stopping import told_to_stop
from mtf_entrypoints.cli.world_settings import settings_of
from mtf_entrypoints.sandbox_venue import DEFAULT_SEED, sandbox_world
from mtf_entrypoints.settings import DEFAULT_EXCHANGE, Settings, SettingsError

AnySandbox: TypeAlias = OpenedSandbox[Any, Any]
STEP = "step"
FASTEST = 10_000.0


Opening: TypeAlias = Callable[[Market, WorldClock, int, Decimal], AnySandbox]
"""Of a market, a clock, the seed of the account's keys and its balance."""


def _bitmart(script_file: Path | None) -> Opening:
    script = None if script_file is None else read_bitmart_script(script_file)
    return lambda market, clock, seed, balance: BitmartSandbox.of(
        market, clock, seed=seed, balance=balance, script=script
    )


def _okx(script_file: Path | None) -> Opening:
    script = None if script_file is None else read_okx_script(script_file)
    return lambda market, clock, seed, balance: OkxSandbox.of(market, clock, seed=seed, balance=balance, script=script)


FACES: Mapping[str, Callable[[Path | None], Opening]] = {"bitmart": _bitmart, "okx": _okx}
"""What opens a sandbox with each face; the file says how it behaves."""


@frozen
class Serving:
    """How the exchange is served, as written on the command line."""

    face: str
    speed: str
    port: int
    faults: Path | None


def perform(world: World, serving: Serving) -> None:
    """Serves until interrupted. Raises `SettingsError` or `ConfigError`, OSError where it cannot listen."""
    if serving.face not in FACES:
        raise SettingsError(f"--face: found {serving.face!r}; known: {', '.join(FACES)}")
    settings = settings_of(world, stays=True)
    if settings.exchange != DEFAULT_EXCHANGE:
        raise SettingsError(
            f"MTF_EXCHANGE is {settings.exchange}, and only the sandbox can be served: "
            "put `MTF_EXCHANGE=sandbox` before this command, or unset it"
        )
    opening = FACES[serving.face](serving.faults)
    sandbox = _sandbox(world, settings, _speed(serving.speed), opening)
    asyncio.run(_serve(sandbox, serving.port))


def _sandbox(world: World, settings: Settings, speed: float | None, opening: Opening) -> AnySandbox:
    if settings.sandbox.candle_files and world.at is None:
        raise SettingsError("--candles: say with --at where in the files the clock begins")
    shown = sandbox_world(settings)
    for remark in shown.remarks:
        output.warn(remark)
    start_ms = WallClock().now_ms() if shown.at_ms is None else shown.at_ms
    clock: WorldClock = SteppedClock(start_ms) if speed is None else FlowingClock(start_ms, speed)
    seed = DEFAULT_SEED if settings.sandbox.seed is None else settings.sandbox.seed
    balance = BALANCE if settings.sandbox.balance is None else settings.sandbox.balance
    return opening(shown.market, clock, seed, balance)


def _speed(text: str) -> float | None:
    """How many times as fast as the machine's; None: stepped."""
    if text == STEP:
        return None
    try:
        speed = float(text.removesuffix("x"))
    except ValueError:
        speed = 0.0
    if not 0 < speed <= FASTEST:
        raise SettingsError(f"--speed: found {text!r}; allowed is a number above 0, at most {FASTEST:g}, or {STEP}")
    return speed


async def _serve(sandbox: AnySandbox, port: int) -> None:
    stopped = told_to_stop()
    async with sandbox.beating(), served(sandbox, port) as address:
        output.write_line(msgspec.json.encode(sandbox.addresses(address)).decode())
        output.flush()
        await stopped.wait()
