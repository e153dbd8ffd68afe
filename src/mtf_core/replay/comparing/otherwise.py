"""One READY minute replayed under other circumstances, which shows what a difference hangs on."""

from __future__ import annotations

from attrs import evolve, frozen

from mtf_core.replay.comparing.decisions import Decided
from mtf_core.replay.comparing.lives import LiveEntry
from mtf_core.replay.comparing.own_orders import OwnOrders
from mtf_core.replay.comparing.replayed import Stage, kept_out
from mtf_core.replay.ledger import ReadyMinute, ReplayedTrade
from mtf_core.settings.profile import Profile

Alone = tuple[ReadyMinute, ReplayedTrade | None]


@frozen(eq=False)
class Otherwise:
    """The same order alone, on an account of its own."""

    decided: Decided
    stage: Stage
    then: Profile | None
    """The configuration of its run; None: it is that of now, or there is none any more that this version takes."""
    own: OwnOrders | None
    """None: one modelled account is shared by all, and the real one does not count."""

    def after(self, delay_minutes: int) -> Alone | None:
        if delay_minutes == self.stage.settings.delay_minutes:
            return None
        return self.stage.alone(self.decided, delay_minutes)

    def hangs_on_the_configuration(self) -> bool:
        if self.then is None:
            return False
        then = evolve(self.stage, profile=self.then).alone(self.decided)
        return _outcome(*then) != _outcome(*self.stage.alone(self.decided))

    def was_kept_out_by_limits_of_then(self, live: LiveEntry) -> bool:
        """Whether our own orders explain a real refusal by the configuration of its run; by that of now they do not."""
        if self.then is None or self.own is None:
            return False
        return kept_out(self.decided, live, evolve(self.own, profile=self.then)) is not None


def _outcome(row: ReadyMinute, replayed: ReplayedTrade | None) -> tuple[object, ...]:
    if replayed is None:
        return (row.fate,)
    trade = replayed.trade
    return row.fate, trade.opened_ms, trade.closed_ms, trade.size, trade.exit_reason, trade.net_usdt
