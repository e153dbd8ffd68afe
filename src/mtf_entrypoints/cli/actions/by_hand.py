"""`mtf position close|book|withdraw`, `mtf protect` and `mtf targets set`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal, InvalidOperation

from mtf_core.execution import by_hand as use_cases
from mtf_core.execution.by_hand import ByHand
from mtf_core.orders import Booking
from mtf_core.orders.hand import Preview
from mtf_core.ports import Environment, Request
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.actions.account import account_of
from mtf_entrypoints.cli.actions.operators import actor
from mtf_entrypoints.cli.exits import FAILED, REFUSED, CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.documents import by_hand_to_json, targets_to_json, withdrawn_to_json

Ask = Callable[[Environment], Awaitable[Request]]


def close(world: World, symbol: str, yes: bool, wait: int, as_json: bool) -> None:
    """Asks the supervisor to close, once it was confirmed."""
    confirm(symbol, yes, f"closes the whole position of {symbol} at market")
    _show(asyncio.run(_asked(world, lambda env: use_cases.ask_close(env, symbol, actor()), wait)), as_json)


def book(
    world: World,
    symbol: str,
    price: str,
    size: str,
    profit: str,
    fees: str,
    reason: str,
    yes: bool,
    wait: int,
    as_json: bool,
) -> None:
    """Asks the supervisor to end the intent with what the operator tells, once it was confirmed."""
    booking = Booking(
        _number("--price", price), _number("--size", size), _number("--profit", profit), _number("--fees", fees), reason
    )
    confirm(symbol, yes, f"ends the intent of {symbol}: profit {profit}, fees {fees}, and nothing more is looked for")
    _show(asyncio.run(_asked(world, lambda env: use_cases.ask_book(env, symbol, booking, actor()), wait)), as_json)


def protect(
    world: World, symbol: str, stop: str | None, target: str | None, looser: bool, wait: int, as_json: bool
) -> None:
    """Asks the supervisor to move stop or target."""
    stop_price = None if stop is None else _number("--stop", stop)
    target_price = None if target is None else _number("--target", target)

    def ask(environment: Environment) -> Awaitable[Request]:
        return use_cases.ask_protect(environment, symbol, stop_price, target_price, actor(), looser=looser)

    _show(asyncio.run(_asked(world, ask, wait)), as_json)


def set_targets(
    world: World, symbol: str, r: str, split: str, keep_stop: bool, preview: bool, wait: int, as_json: bool
) -> None:
    """Shows targets, or asks the supervisor to set them."""
    multiples = _numbers("--r", r)
    shares = _numbers("--split", split) if len(multiples) > 1 else ()

    async def look(environment: Environment) -> Preview:
        return await use_cases.preview_targets(environment, symbol, multiples, shares, keep_stop=keep_stop)

    async def ask(environment: Environment) -> Request:
        return await use_cases.ask_targets(environment, symbol, await look(environment), actor())

    if preview:
        _show_preview(symbol, asyncio.run(_previewed(world, look)), as_json)
    else:
        _show(asyncio.run(_asked(world, ask, wait)), as_json)


def withdraw(world: World, symbol: str, as_json: bool) -> None:
    """Takes back what was asked, and says of each request what became of it."""
    requests = asyncio.run(_withdrawn(world, symbol))
    if as_json:
        output.write_json(withdrawn_to_json(symbol, requests))
        return
    for request in requests:
        output.write_line(f"request {request.number} ({request.kind} {symbol}): {request.outcome}")


async def _withdrawn(world: World, symbol: str) -> Sequence[Request]:
    async with account_of(world) as environment:
        return await use_cases.withdraw(environment, symbol, actor())


async def _asked(world: World, ask: Ask, wait: int) -> ByHand:
    async with account_of(world) as environment:
        return await use_cases.outcome_of(environment, await ask(environment), wait)


async def _previewed(world: World, look: Callable[[Environment], Awaitable[Preview]]) -> Preview:
    async with account_of(world) as environment:
        return await look(environment)


def confirm(symbol: str, yes: bool, what: str) -> None:
    """Raises `CommandError` unless it was meant: by --yes, or by the symbol typed at a terminal."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandError(f"this {what}; say --yes to do it")
    sys.stderr.write(f"This {what}. Type {symbol} to go on: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != symbol:
        raise CommandError("nothing was done", FAILED)


def _show(done: ByHand, as_json: bool) -> None:
    """Says what became of it; exit 1 where nothing did yet, 3 where nobody is there to do it."""
    request = done.request
    if as_json:
        output.write_json(by_hand_to_json(done))
    elif done.is_done:
        output.write_line(f"{request.symbol}: {request.outcome}")
    if done.is_done:
        return
    stays = f"request {request.number} ({request.kind} {request.symbol}) is stored and may be carried out"
    if done.is_supervised:
        raise CommandError(
            f"{stays}; nothing came of it yet: `mtf positions` shows it, `mtf position withdraw` takes it back",
            FAILED,
        )
    raise CommandError(
        f"nobody supervises this account; {stays} by the next supervisor: start `mtf supervise`, or do it now with "
        "`mtf supervise --once`",
        REFUSED,
    )


def _show_preview(symbol: str, preview: Preview, as_json: bool) -> None:
    if as_json:
        output.write_json(targets_to_json(symbol, preview))
        return
    table = output.table("target", "R", "price", "share", "size", right=("R", "price", "share", "size"))
    for number, (target, r, size) in enumerate(zip(preview.targets, preview.r, preview.sizes, strict=True), 1):
        table.add_row(f"TP{number}", f"{r:f}", f"{target.price:f}", f"{target.share:f}", f"{size:f}")
    output.console().print(table)
    output.write_line("the stop stays" if preview.stop is None else f"the stop goes to {preview.stop:f}")
    if len(preview.sizes) > 1 and not preview.sizes[1]:
        output.write_line("a part would be below the least size: the first target takes everything")
    output.write_line("nothing was asked; without --preview it is")


def _numbers(option: str, text: str) -> Sequence[Decimal]:
    return tuple(_number(option, part.strip()) for part in text.split(","))


def _number(option: str, text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise CommandError(f"{option}: found {text!r}; allowed is a number")
    return value
