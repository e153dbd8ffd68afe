"""The market's book of one symbol: levels that accounts' orders take from until the next tick."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.sandbox.matching.commands import Action, Level, Tick


class Book:
    """What is left of a tick's levels. `BUY` takes asks, `SELL` takes bids."""

    __slots__ = ("_levels", "_next", "_taken", "tick", "traded")

    def __init__(self, tick: Tick) -> None:
        self.tick = tick
        self.traded = tick.traded
        """Contracts that traded at the last price and have not filled a resting order yet."""
        self._levels = {Action.BUY: tick.asks, Action.SELL: tick.bids}
        self._next = {Action.BUY: 0, Action.SELL: 0}
        self._taken = {Action.BUY: Decimal(0), Action.SELL: Decimal(0)}
        """Of the first level that is not gone."""

    def best(self, action: Action) -> Level | None:
        """The best level that `action` can take, with what is left of it."""
        levels, index = self._levels[action], self._next[action]
        if index >= len(levels):
            return None
        level, taken = levels[index], self._taken[action]
        return Level(level.price, level.size - taken) if taken else level

    def take(self, action: Action, size: Decimal) -> None:
        """Takes from the best level; `size` is at most what is left there."""
        taken = self._taken[action] + size
        if taken >= self._levels[action][self._next[action]].size:
            self._next[action] += 1
            taken = Decimal(0)
        self._taken[action] = taken

    def left(self, action: Action) -> tuple[Level, ...]:
        """Every level that `action` can still take, the best first."""
        best = self.best(action)
        return (best, *self._levels[action][self._next[action] + 1 :]) if best else ()

    def shown(self) -> Tick:
        """The tick with what is left of its book."""
        tick = self.tick
        return Tick(tick.symbol, self.left(Action.SELL), self.left(Action.BUY), tick.last, tick.mark, tick.traded)


def is_within(price: Decimal, limit: Decimal | None, action: Action) -> bool:
    """Whether `action` may execute at a price under a limit; None: at any."""
    return limit is None or (price <= limit if action is Action.BUY else price >= limit)
