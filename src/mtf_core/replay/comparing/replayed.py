"""The READY minutes of recorded runs, traded by the replay from recorded facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from attrs import evolve, field, frozen

from mtf_core._version import __version__
from mtf_core.market import MINUTE_MS, Candles, Capabilities, Contract, Timeframe
from mtf_core.planning import FactRole
from mtf_core.reasons import Reason
from mtf_core.records import PlanInputs
from mtf_core.replay.comparing.deciding import ReadyDecision
from mtf_core.replay.comparing.decisions import Decided
from mtf_core.replay.comparing.lives import LiveEntry, LiveFate
from mtf_core.replay.comparing.own_orders import OwnOrders
from mtf_core.replay.ledger import Fate, Ledger, ReadyMinute, ReplayedTrade, ReplayMarket
from mtf_core.replay.minutes import Minutes
from mtf_core.replay.opportunities import Opportunities
from mtf_core.replay.replaying import ReplayRequest, replay
from mtf_core.settings.profile import Profile
from mtf_core.settings.replay import ReplaySettings


@frozen(eq=False)
class Replayed:
    """What came of the READY minutes in the replay."""

    rows: Mapping[tuple[str, int], ReadyMinute]
    """By symbol and minute."""
    trades: Mapping[str, ReplayedTrade]
    """By decision key."""
    minutes: Mapping[str, Minutes]
    """By symbol: what the exchange of the replay went by."""

    waits_ms: int
    """How long an entry may be on its way and wait, at most."""

    def first_missing(
        self, symbol: str, decided_ms: int, live_ended_ms: int | None, row: ReadyMinute | None
    ) -> int | None:
        """The first minute that is not there of those in which an order lived, in reality or here; None: all are.

        Nothing happens in a minute that is missing, so what the replay says of such an order is worth nothing.
        """
        minutes, trade = self.minutes[symbol], None if row is None else self.trades.get(row.decision_key)
        ends = [decided_ms + self.waits_ms, live_ended_ms or 0, 0 if trade is None else trade.trade.closed_ms]
        if row is not None and row.fate is Fate.STILL_OPEN:
            ends.append(int(minutes.open_ms[-1]) + 2 * MINUTE_MS)
        wanted = np.arange(decided_ms, max(ends), MINUTE_MS)
        places = np.searchsorted(minutes.open_ms, wanted)
        there = (places < len(minutes)) & (minutes.open_ms[np.minimum(places, len(minutes) - 1)] == wanted)
        return None if there.all() else int(wanted[np.flatnonzero(~there)[0]])


@frozen(kw_only=True, eq=False)
class Stage:
    """Where the replay plays: the candles, contracts and assumptions."""

    profile: Profile
    settings: ReplaySettings
    capabilities: Capabilities
    markets: Mapping[str, ReplayMarket] = field(factory=dict)
    """By symbol: those of which minutes are there."""

    def on_one_account(self, ready: Sequence[Decided]) -> Replayed:
        """All of them on one modelled account, whatever the real one was."""
        known = [one for one in ready if one.ready is not None and one.symbol in self.markets]
        ledger = self._replay(known, self.settings)
        return self._replayed(ledger.ready, ledger.trades)

    def as_it_was(self, ready: Sequence[Decided], lives: Sequence[LiveEntry], own: OwnOrders) -> Replayed:
        """Each on the account as it really was: what was sent is followed by itself, what our own orders kept out is
        kept out, and the rest, which only the replay lets in, has a modelled account of its own."""
        rows: list[ReadyMinute] = []
        trades: list[ReplayedTrade] = []
        only_here: list[Decided] = []
        for one, live in zip(ready, lives, strict=True):
            if one.ready is None or one.symbol not in self.markets:
                continue
            reason = kept_out(one, live, own) or self._full_now(one, live, own)
            if reason is not None:
                rows.append(_refused(one, one.ready, reason))
            elif live.was_sent:
                ledger = self._replay([one], self.settings)
                rows += ledger.ready
                trades += ledger.trades
            else:
                only_here.append(one)
        ledger = self._replay(only_here, self.settings)
        return self._replayed([*rows, *ledger.ready], [*trades, *ledger.trades])

    def _full_now(self, one: Decided, live: LiveEntry, own: OwnOrders) -> Reason | None:
        """Whether the configuration of now would not have let in what was really sent: there were too many others."""
        if not live.was_sent or one.run.record.config_digest == self.profile.digest:
            return None
        others = own.others_at(one.run.at_ms, one.live.key)
        most = self.profile.trade_entry.risk.max_concurrent_positions
        return Reason.MAX_CONCURRENT_POSITIONS_REACHED if len(others) >= most else None

    def _replayed(self, rows: Iterable[ReadyMinute], trades: Iterable[ReplayedTrade]) -> Replayed:
        timeout_ms = self.profile.trade_entry.supervision.order_timeout_sec * 1000
        return Replayed(
            rows={(row.symbol, row.at_ms): row for row in rows},
            trades={one.trade.decision_key: one for one in trades},
            minutes={market.symbol: Minutes.of(market, self.settings) for market in self.markets.values()},
            waits_ms=self.settings.delay_minutes * MINUTE_MS + timeout_ms,
        )

    def alone(self, one: Decided, delay_minutes: int | None = None) -> tuple[ReadyMinute, ReplayedTrade | None]:
        """One of them on an account of its own; with another delay of its orders, where one is given."""
        delay = self.settings.delay_minutes if delay_minutes is None else delay_minutes
        ledger = self._replay([one], evolve(self.settings, delay_minutes=delay))
        return ledger.ready[0], ledger.trades[0] if ledger.trades else None

    def _replay(self, ready: Sequence[Decided], settings: ReplaySettings) -> Ledger:
        by_symbol: dict[str, list[Decided]] = defaultdict(list)
        for one in ready:
            by_symbol[one.symbol].append(one)
        recorded = {(one.symbol, one.run.minute_ms): one.facts for one in ready if one.facts is not None}
        instants = [one.run.minute_ms for one in ready]
        request = ReplayRequest(
            profile=self.profile,
            markets=tuple(self.markets[symbol] for symbol in sorted(by_symbol)),
            first_ms=min(instants, default=0),
            last_ms=max(instants, default=0),
            settings=settings,
            capabilities=self.capabilities,
            version=__version__,
            recorded=recorded,
        )
        return replay(request, [_opportunities(symbol, found) for symbol, found in sorted(by_symbol.items())])


def market_of(symbol: str, minutes: Candles, contract: Contract) -> ReplayMarket:
    """A market of minutes that the store holds; its digest is of no use here."""
    return ReplayMarket(symbol, minutes, contract, False, "", "store")


def contract_of(ready: Iterable[Decided]) -> Contract | None:
    """The contract as the first plan of a symbol knew it; None: nothing was planned of it."""
    return next((one.facts.contract for one in ready if one.facts is not None), None)


def first_balance(ready: Iterable[Decided]) -> PlanInputs | None:
    """What was recorded of the account first."""
    known = [one.facts for one in ready if one.facts is not None]
    return min(known, key=lambda facts: facts.balance_time_ms, default=None)


def kept_out(one: Decided, live: LiveEntry, own: OwnOrders) -> Reason | None:
    """Why the account would not let it in, by our own orders alone; None: it would, or something else said no."""
    if live.fate not in {LiveFate.NOT_DECIDED, LiveFate.REFUSED} or not live.reason:
        return None
    try:
        reason = Reason(live.reason)
    except ValueError:
        return None
    return reason if own.explain(reason, one.symbol, one.live.key, one.run.at_ms) else None


def _refused(one: Decided, ready: ReadyDecision, reason: Reason) -> ReadyMinute:
    signal = ready.signal
    return ReadyMinute(
        symbol=one.symbol,
        at_ms=one.run.minute_ms,
        side=signal.side,
        timeframe=signal.execution_timeframe,
        decision_key=signal.decision_key,
        fate=Fate.REFUSED,
        reason=reason,
        known_ms=one.run.minute_ms,
    )


def _opportunities(symbol: str, decided: Sequence[Decided]) -> Opportunities:
    """The READY minutes of one symbol in the form in which a replay takes them."""
    ordered = sorted(decided, key=lambda one: one.run.minute_ms)
    ready = [one.ready for one in ordered if one.ready is not None]
    facts: dict[Timeframe, dict[FactRole, tuple[np.ndarray, np.ndarray]]] = {}
    for row, one in enumerate(ready):
        of_timeframe = facts.setdefault(one.signal.execution_timeframe, {})
        for role, fact in one.features.items():
            values, closes = of_timeframe.setdefault(
                role, (np.full(len(ready), np.nan), np.zeros(len(ready), dtype=np.int64))
            )
            values[row], closes[row] = fact.value, fact.candle_close_ms
    return Opportunities(
        symbol=symbol,
        minutes=len(ready),
        reasons={},
        contexts=(),
        at_ms=np.array([one.run.minute_ms for one in ordered], dtype=np.int64),
        sides=tuple(one.signal.side for one in ready),
        timeframes=tuple(one.signal.execution_timeframe for one in ready),
        valid_timeframes=np.array([one.valid_timeframes or 0 for one in ready], dtype=np.int64),
        facts=facts,
    )
