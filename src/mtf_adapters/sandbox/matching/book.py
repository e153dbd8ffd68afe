"""The market's book of one symbol: levels that accounts' orders take from until the next tick."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.sandbox.matching.commands import Action, Level, Tick
from mtf_adapters.sandbox.matching.money import ZERO, is_usable


class _Half:
    """One side of a book, eaten from its best level on."""

    __slots__ = ("_levels", "_next", "_taken")

    def __init__(self, levels: tuple[Level, ...]) -> None:
        self._levels = levels
        self._next = 0
        self._taken = ZERO
        """Of the level that is next."""

    def best(self) -> Level | None:
        if self._next >= len(self._levels):
            return None
        level = self._levels[self._next]
        return Level(level.price, level.size - self._taken) if self._taken else level

    def take(self, size: Decimal) -> None:
        taken = self._taken + size
        if taken >= self._levels[self._next].size:
            self._next += 1
            taken = ZERO
        self._taken = taken

    def left(self) -> tuple[Level, ...]:
        best = self.best()
        return (best, *self._levels[self._next + 1 :]) if best else ()


class Book:
    """What is left of a tick's levels. `BUY` takes asks, `SELL` takes bids."""

    __slots__ = ("_asks", "_bids", "tick", "traded")

    def __init__(self, tick: Tick) -> None:
        self.tick = tick
        self.traded = tick.traded
        """Contracts that traded at the last price and have not filled a resting order yet."""
        self._bids, self._asks = _Half(tick.bids), _Half(tick.asks)

    def best(self, action: Action) -> Level | None:
        """The best level that `action` can take, with what is left of it."""
        return self._taken_by(action).best()

    def take(self, action: Action, size: Decimal) -> None:
        """Takes from the best level; `size` is at most what is left there."""
        self._taken_by(action).take(size)

    def left(self, action: Action) -> tuple[Level, ...]:
        """Every level that `action` can still take, the best first."""
        return self._taken_by(action).left()

    def shown(self) -> Tick:
        """The tick with what is left of its book."""
        tick = self.tick
        return Tick(tick.symbol, self._bids.left(), self._asks.left(), tick.last, tick.mark, tick.traded)

    def _taken_by(self, action: Action) -> _Half:
        return self._asks if action is Action.BUY else self._bids


def is_a_market(tick: Tick) -> bool:
    """Whether a tick can be traded on: prices and sizes that are numbers above zero, nothing else."""
    levels = (*tick.bids, *tick.asks)
    numbers = (tick.last, tick.mark, *(level.price for level in levels), *(level.size for level in levels))
    return all(is_usable(number) and number > 0 for number in numbers) and is_usable(tick.traded) and tick.traded >= 0


def is_within(price: Decimal, limit: Decimal | None, action: Action) -> bool:
    """Whether `action` may execute at a price under a limit; None: at any."""
    return limit is None or (price <= limit if action is Action.BUY else price >= limit)
