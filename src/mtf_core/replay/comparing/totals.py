"""What a comparison of orders adds up to, to the last digit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, localcontext

from attrs import frozen

from mtf_core.planning.exact import PLAN_CONTEXT
from mtf_core.replay.comparing.causes import Cause
from mtf_core.replay.comparing.orders import OrderPair

_ZERO = Decimal(0)


@frozen
class Share:
    """Of one cause: how many decision keys, and what they make of the difference."""

    keys: int
    usdt: Decimal
    """Net in reality less net in the replay."""


@frozen(kw_only=True)
class Totals:
    """Over decision keys that could be compared. Money is net of fees and funding, in quote currency."""

    keys: int
    equal: int
    not_compared: int
    live_sent: int
    replay_sent: int
    live_trades: int
    replay_trades: int
    both_traded: int
    live_net: Decimal
    replay_net: Decimal
    by_cause: Mapping[Cause, Share]
    """In the order of the list. Keys that are equal have no part in the difference."""

    @property
    def difference(self) -> Decimal:
        """Net in reality less net in the replay: what the parts by cause add up to, exactly."""
        with localcontext(PLAN_CONTEXT):
            return self.live_net - self.replay_net


def totals_of(pairs: Iterable[OrderPair]) -> Totals:
    """The sums; their order changes nothing."""
    every = tuple(pairs)
    compared = [pair for pair in every if not pair.not_compared]
    with localcontext(PLAN_CONTEXT):
        return Totals(
            keys=len(compared),
            equal=sum(pair.cause is None for pair in compared),
            not_compared=len(every) - len(compared),
            live_sent=sum(pair.live.was_sent for pair in compared),
            replay_sent=sum(pair.replay_was_sent for pair in compared),
            live_trades=sum(pair.live_trade is not None for pair in compared),
            replay_trades=sum(pair.replay_trade is not None for pair in compared),
            both_traded=sum(pair.live_trade is not None and pair.replay_trade is not None for pair in compared),
            live_net=sum((pair.live_net for pair in compared), _ZERO),
            replay_net=sum((pair.replay_net for pair in compared), _ZERO),
            by_cause=_by_cause(compared),
        )


def _by_cause(pairs: Iterable[OrderPair]) -> dict[Cause, Share]:
    found: dict[Cause, Share] = {}
    for pair in pairs:
        if pair.cause is not None:
            before = found.get(pair.cause, Share(0, _ZERO))
            found[pair.cause] = Share(before.keys + 1, before.usdt + pair.live_net - pair.replay_net)
    return {cause: found[cause] for cause in Cause if cause in found}
