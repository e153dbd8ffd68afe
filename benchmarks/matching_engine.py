"""How many commands and ticks a second the matching engine takes on one core."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from time import process_time

from mtf_adapters.sandbox.listing import listings
from mtf_adapters.sandbox.matching import MatchingEngine
from mtf_adapters.sandbox.matching.commands import (
    Action,
    CancelOrder,
    Command,
    Level,
    MarketEvent,
    OpenAccount,
    PlaceOrder,
    Preset,
    Tick,
)
from mtf_adapters.sandbox.matching.events import Accepted
from mtf_core.market import Contract, OrderType, Side, TimeInForce, TriggerPrice

TICKS_BEFORE_A_COMMAND = 2


def tick_of(contract: Contract, price: Decimal) -> Tick:
    step, size = contract.tick_size, Decimal(5000)
    bids = [Level(price - step * number, size) for number in range(1, 6)]
    asks = [Level(price + step * number, size) for number in range(1, 6)]
    return Tick(contract.symbol, bids, asks, price, price)


def steps(draw: Random, contracts: list[Contract], accounts: list[str], count: int) -> list[Command | MarketEvent]:
    """Prices that wander a tick at a time, entries that rest or take with stop and target, and exits."""
    prices = {contract.symbol: 100_000 * contract.tick_size for contract in contracts}
    made: list[Command | MarketEvent] = [tick_of(contract, prices[contract.symbol]) for contract in contracts]
    while len(made) < count:
        contract = draw.choice(contracts)
        symbol, grid = contract.symbol, contract.tick_size
        for _ in range(TICKS_BEFORE_A_COMMAND):
            prices[symbol] += grid * draw.randint(-2, 2)
            made.append(tick_of(contract, prices[symbol]))
        made.append(_command(draw, draw.choice(accounts), contract, prices[symbol]))
    return made


def _command(draw: Random, account: str, contract: Contract, price: Decimal) -> Command:
    side, reduces = draw.choice(tuple(Side)), draw.random() < 0.4
    limit = draw.random() < 0.6
    away = -side.sign * draw.randint(0, 4) * contract.tick_size
    presets = None if reduces else 40 * contract.tick_size * side.sign
    return PlaceOrder(
        account=account,
        symbol=contract.symbol,
        action=Action.BUY if (side is Side.LONG) is not reduces else Action.SELL,
        size=contract.size_step * draw.randint(1, 20),
        order_type=OrderType.LIMIT if limit else OrderType.MARKET,
        price=price + away if limit else None,
        time_in_force=draw.choice([TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC]),
        reduce_only=reduces,
        position_side=side,
        stop=None if presets is None else Preset(price - presets, TriggerPrice.MARK),
        target=None if presets is None else Preset(price + presets, TriggerPrice.LAST),
    )


def cancellations(answer: object, draw: Random, account: str, symbol: str) -> Iterator[CancelOrder]:
    if isinstance(answer, Accepted) and draw.random() < 0.3:
        yield CancelOrder(account, symbol, answer.order_id)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=60_000)
    parser.add_argument("--symbols", type=int, default=10)
    parser.add_argument("--accounts", type=int, default=3)
    arguments = parser.parse_args()
    contracts = [listing.contract for listing in listings(7, arguments.symbols, 0)]
    accounts = [f"account {number}" for number in range(arguments.accounts)]
    draw = Random(7)
    todo = steps(draw, contracts, accounts, arguments.steps)
    engine = MatchingEngine(contracts)
    for account in accounts:
        engine.apply(OpenAccount(account, Decimal(10_000_000)), 0)
    events = done = 0
    started = process_time()
    for now_ms, what in enumerate(todo):
        result = engine.apply(what, now_ms)
        events, done = events + len(result.events), done + 1
        if isinstance(what, PlaceOrder):
            for cancel in cancellations(result.answer, draw, what.account, what.symbol):
                events, done = events + len(engine.apply(cancel, now_ms).events), done + 1
    seconds = process_time() - started
    fills = sum(len(engine.fills(account, None, len(todo))) for account in accounts)
    print(f"{done / seconds:,.0f} commands and ticks a second: {done:,} in {seconds:.2f} s, of which {events:,} events")
    live = sum(len(engine.orders_of(account, None, len(todo))) for account in accounts)
    print(f"{fills:,} executions, {live} orders live at the end")


if __name__ == "__main__":
    main()
