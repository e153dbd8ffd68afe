"""How much history a set of tests needs on each timeframe, derived from the features that they read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import frozen

from mtf_core.features.history import History
from mtf_core.features.names import history
from mtf_core.market import Timeframe
from mtf_core.rules.axis import home_timeframe
from mtf_core.rules.expressions import Feature, Test, used


@frozen
class Need:
    """What is needed of one timeframe: closed candles, and how many last values of each feature.

    `unbroken` of the candles must stand without a hole behind the evaluated candle's close. It is less than
    `history.candles` where the timeframe goes on closing candles while the evaluated one forms its next.
    """

    history: History
    tail: int
    unbroken: int

    def joined(self, other: Need) -> Need:
        return Need(self.history.joined(other.history), max(self.tail, other.tail), max(self.unbroken, other.unbroken))


Needs = Mapping[Timeframe, Need]


def needs_of(
    tests: Iterable[Test],
    evaluated: Timeframe,
    pivot_timeframe: Timeframe,
    tolerance: float,
    *,
    at_instants: bool = False,
) -> dict[Timeframe, Need]:
    """What tests need that are evaluated on candles of `evaluated`, by the timeframe that supplies it.

    The evaluated timeframe itself is always among them: its last candle is what is evaluated, and a step back is one
    of its candles, whatever timeframe the feature is of. With `at_instants`
    they are evaluated at instants, where a step back is a candle of the feature's own timeframe.
    """
    found = {evaluated: Need(History(1), 1, 1)}
    for test in tests:
        for leaf, ago in used(test):
            if isinstance(leaf, Feature):
                home = home_timeframe(leaf, evaluated, pivot_timeframe)
                need = feature_need(leaf.name, home, home if at_instants else evaluated, ago, tolerance)
                found[home] = found[home].joined(need) if home in found else need
                if not at_instants:
                    found[evaluated] = found[evaluated].joined(Need(History(ago + 1), 1, ago + 1))
    return found


def feature_need(name: str, home: Timeframe, evaluated: Timeframe, ago: int, tolerance: float) -> Need:
    """What one feature needs of its home timeframe, seen from `ago` candles back on the evaluated one."""
    own = history(name, tolerance)
    back = -(-ago * evaluated.ms // home.ms)
    closed_since = max(0, evaluated.ms // home.ms - 1)
    return Need(own.plus(back + closed_since), back + closed_since + 1, own.candles + back)


def joined(*needs: Needs) -> dict[Timeframe, Need]:
    """What all of them need together."""
    total: dict[Timeframe, Need] = {}
    for each in needs:
        for timeframe, need in each.items():
            total[timeframe] = total[timeframe].joined(need) if timeframe in total else need
    return total
