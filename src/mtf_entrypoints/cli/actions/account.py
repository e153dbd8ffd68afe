"""`mtf positions`, `orders`, `trades`, `story` and `alarms`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from mtf_core.execution.by_hand import is_supervised
from mtf_core.inquiry.holdings import Holdings, read_holdings
from mtf_core.inquiry.trades import Story, Trades, TradeSelection, alarm_to_json, read_story, read_trades
from mtf_core.market import parse_instant, to_ms
from mtf_core.ports import Environment, StoredAlarm
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import FAILED, CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.render.holdings import beside, orders_table, positions_table
from mtf_entrypoints.cli.render.trades import (
    alarms_table,
    events_table,
    fills_table,
    story_head,
    totals_lines,
    trade_rows,
    trades_table,
)
from mtf_entrypoints.cli.working import announced
from mtf_entrypoints.cli.world_settings import settings_of
from mtf_entrypoints.settings import Settings


def positions(world: World, symbol: str | None, as_json: bool) -> None:
    """Positions beside their plans, what waits, and what was asked by hand."""
    found, supervised = asyncio.run(_holdings(world, symbol))
    if as_json:
        output.write_json(found.positions_to_json())
        return
    if found.positions:
        output.console().print(positions_table(found))
    else:
        output.write_line("no open position" + (f" of {symbol}" if symbol else ""))
    for line in beside(found, supervised):
        output.write_line(line)


def orders(world: World, symbol: str | None, as_json: bool) -> None:
    """Live orders and whose they are."""
    found, _ = asyncio.run(_holdings(world, symbol))
    if as_json:
        output.write_json(found.orders_to_json())
    elif not found.orders:
        output.write_line("no live order" + (f" of {symbol}" if symbol else ""))
    else:
        output.console().print(orders_table(found.orders))


def trades(world: World, symbol: str | None, profile: str | None, since: str | None, limit: int, as_json: bool) -> None:
    """Closed trades and what they add up to."""
    since_ms = None if since is None else to_ms(parse_instant(since))
    found = asyncio.run(_trades(world, TradeSelection(symbol, profile, since_ms), limit))
    if as_json:
        output.write_json(found.to_json())
        return
    if found.trades:
        output.console().print(trades_table(found.trades))
        for line in totals_lines(found.totals, len(found.trades)):
            output.write_line(line)
    else:
        output.write_line("no closed trade is stored that fits")
    for key in found.unreadable:
        output.warn(f"{key}: its closed event tells no trade that this version can read; `mtf story {key}` shows it")


def story(world: World, key: str, as_json: bool) -> None:
    """The whole life of one intent."""
    found = asyncio.run(_story(world, key))
    if found is None:
        raise CommandError(f"nothing is stored of {key}; `mtf trades` lists decision keys", FAILED)
    if as_json:
        output.write_json(found.to_json())
        return
    for line in story_head(found):
        output.write_line(line)
    if found.events:
        output.console().print(events_table(found.events))
    if found.fills:
        output.console().print(fills_table(found.fills))
    if found.trade is not None:
        output.console().print(output.pairs(dict(trade_rows(found.trade))))


def alarms(world: World, every: bool, limit: int, as_json: bool) -> None:
    """What stands, or what ever stood."""
    found = asyncio.run(_alarms(world, every, limit))
    if as_json:
        output.write_json({"alarms": [alarm_to_json(one) for one in found]})
    elif not found:
        output.write_line("no alarm was ever raised" if every else "no alarm stands")
    else:
        output.console().print(alarms_table(found, every))


async def _holdings(world: World, symbol: str | None) -> tuple[Holdings, bool]:
    async with account_of(world) as environment:
        found = await read_holdings(environment.venue, environment.stores.orders)
        return found.of(symbol), await is_supervised(environment)


async def _trades(world: World, selection: TradeSelection, limit: int) -> Trades:
    async with account_of(world) as environment:
        return await read_trades(environment.stores.orders, selection, limit)


async def _story(world: World, key: str) -> Story | None:
    async with account_of(world) as environment:
        return await read_story(environment.stores.orders, key)


async def _alarms(world: World, every: bool, limit: int) -> tuple[StoredAlarm, ...]:
    async with account_of(world) as environment:
        return await environment.stores.orders.alarms(standing=not every, limit=limit)


@asynccontextmanager
async def account_of(world: World) -> AsyncIterator[Environment]:
    """What a command about the account works with; says on stderr where it can only see an empty one."""
    settings = settings_of(world)
    async with announced(settings) as container:
        environment = container.environment()
        for remark in _blind_spots(settings, environment):
            output.warn(remark)
        yield environment


def _blind_spots(settings: Settings, environment: Environment) -> Iterator[str]:
    if settings.database_url == "memory":
        yield (
            "the database is in memory and begins empty with every command: set DATABASE_URL, or --database, to the "
            "one that the trading process uses"
        )
    venue = environment.venue
    if venue.trading is None or venue.is_passing:
        yield (
            f"the {venue.exchange} of a command has no account of its own to trade on; what `mtf serve` trades there "
            "lives in that process: ask it at GET /mtf/positions and /mtf/trades"
        )
