"""What became of each READY minute, in reality and in the replay, matched by decision key; one cause where they part.

A key may be READY in several minutes (its candle of 5m closes once, and is decided by for five): live may have entered
in another of them than the replay. The first minute in which they part says why.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from attrs import frozen

from mtf_core.market import Side
from mtf_core.orders import Trade
from mtf_core.reasons import Reason
from mtf_core.replay.comparing.answers import PlanTerms
from mtf_core.replay.comparing.causes import Cause
from mtf_core.replay.comparing.decisions import Decided
from mtf_core.replay.comparing.fills import compare_fills
from mtf_core.replay.comparing.lives import LiveEntry, LiveFate
from mtf_core.replay.comparing.otherwise import Otherwise
from mtf_core.replay.comparing.replayed import Replayed
from mtf_core.replay.ledger import Fate, ReadyMinute, ReplayedTrade

_ZERO = Decimal(0)
_SENT = {Fate.TRADED, Fate.NOT_FILLED, Fate.STILL_OPEN}
_LATE = {Reason.PLAN_EXPIRED}
_OF_QUOTE = {Reason.STALE_MARKET_DATA, Reason.CLOCK_SKEW, Reason.MARKET_FACTS_UNAVAILABLE}
_OF_OPERATOR = {Reason.KILL_SWITCH_ON, Reason.SYMBOL_SWITCHED_OFF, Reason.LIVE_SWITCH_MISSING}
_OF_EXCHANGE = {Reason.REJECTED_BY_EXCHANGE, Reason.LEVERAGE_NOT_SET}
OtherwiseOf = Callable[[Decided], Otherwise]
"""How one READY minute is replayed under other circumstances."""


@frozen
class Minute:
    """One READY minute of a key, in reality and in the replay."""

    decided: Decided
    live: LiveEntry
    replay: ReadyMinute | None
    """None: not READY in the replay."""

    @property
    def replay_was_sent(self) -> bool:
        return self.replay is not None and self.replay.fate in _SENT


@frozen(kw_only=True)
class OrderPair:
    """One decision key: what really became of it, and what became of it in the replay."""

    key: str
    symbol: str
    side: Side
    decided_ms: int
    """The first minute in which it was READY on either side."""
    live: LiveEntry
    replay: ReadyMinute | None
    replay_trade: ReplayedTrade | None
    cause: Cause | None
    """None: the same."""
    why: str = ""
    not_compared: str = ""
    """Why it cannot be compared: then it counts nowhere, in no sum."""
    missing_from_ms: int | None = None
    """The first minute that would be needed and is not there."""

    @property
    def replay_was_sent(self) -> bool:
        return self.replay is not None and self.replay.fate in _SENT

    @property
    def live_trade(self) -> Trade | None:
        return self.live.trade

    @property
    def live_net(self) -> Decimal:
        return _ZERO if self.live.trade is None else self.live.trade.net_usdt

    @property
    def replay_net(self) -> Decimal:
        return _ZERO if self.replay_trade is None else self.replay_trade.trade.net_usdt


def pair_orders(
    decided: Sequence[Decided], lives: Sequence[LiveEntry], replayed: Replayed, otherwise: OtherwiseOf
) -> tuple[OrderPair, ...]:
    """Every decision key that was READY on either side, the oldest first. `lives` are of the same order."""
    by_key: dict[str, list[Minute]] = defaultdict(list)
    for one, live in zip(decided, lives, strict=True):
        minute = Minute(one, live, replayed.rows.get((one.symbol, one.run.minute_ms)))
        keys = {one.live.key if one.live.ready else None, one.replay.key if one.replay.ready else None}
        for key in keys - {None}:
            assert key is not None
            by_key[key].append(minute)
    pairs = [_pair(key, minutes, replayed, otherwise) for key, minutes in by_key.items()]
    return tuple(sorted(pairs, key=lambda pair: (pair.decided_ms, pair.key)))


def _pair(key: str, minutes: Iterable[Minute], replayed: Replayed, otherwise: OtherwiseOf) -> OrderPair:
    ordered = [_of_key(minute, key) for minute in sorted(minutes, key=lambda one: one.decided.run.minute_ms)]
    first = ordered[0]
    live = next((one.live for one in ordered if one.live.was_sent), first.live)
    row = next((one.replay for one in ordered if one.replay_was_sent), first.replay)
    symbol, _, _, side = key.rsplit(":", 3)
    trade = replayed.trades.get(key)
    not_compared, missing_from_ms = _not_comparable(first, live, row, replayed)
    cause, why = (None, "") if not_compared else _first_difference(ordered, trade, replayed, otherwise)
    return OrderPair(
        key=key,
        symbol=symbol,
        side=Side(side),
        decided_ms=first.decided.run.minute_ms,
        live=live,
        replay=row,
        replay_trade=trade,
        cause=cause,
        why=why,
        not_compared=not_compared,
        missing_from_ms=missing_from_ms,
    )


def _of_key(minute: Minute, key: str) -> Minute:
    """The minute without the side on which another key was READY in it."""
    live, row = minute.live, minute.replay
    if minute.decided.live.key != key and live.fate is not LiveFate.NOT_DECIDED:
        live = LiveEntry(LiveFate.NOT_READY, minute.decided.live.words)
    return Minute(minute.decided, live, row if row is not None and row.decision_key == key else None)


def _not_comparable(
    first: Minute, live: LiveEntry, row: ReadyMinute | None, replayed: Replayed
) -> tuple[str, int | None]:
    """Why nothing can be said of a key, and from which minute on it lacks candles; empty: it can be compared."""
    decided = first.decided
    was_sent = row is not None and row.fate in _SENT
    if live.fate is LiveFate.WAITING:
        return "the real order still waited when this was recorded", None
    if not live.was_sent and not was_sent:
        return "", None
    if decided.symbol not in replayed.minutes:
        return "there are no minutes of it", decided.run.minute_ms
    missing_ms = replayed.first_missing(decided.symbol, decided.run.minute_ms, live.ended_ms, row)
    return ("", None) if missing_ms is None else ("minutes are missing in which its order lived", missing_ms)


def _first_difference(
    ordered: Sequence[Minute], trade: ReplayedTrade | None, replayed: Replayed, otherwise: OtherwiseOf
) -> tuple[Cause | None, str]:
    for minute in ordered:
        cause, why = _difference(minute, trade, replayed, otherwise)
        if cause is not None or (minute.live.was_sent and minute.replay_was_sent):
            return cause, why
    return None, ""


def _difference(
    minute: Minute, trade: ReplayedTrade | None, replayed: Replayed, otherwise: OtherwiseOf
) -> tuple[Cause | None, str]:
    decided, live, row = minute.decided, minute.live, minute.replay
    if decided.difference is not None:
        return decided.difference.cause, decided.difference.why
    if row is not None and row.plan is not None and decided.replay.plan not in (None, PlanTerms.of(row.plan)):
        return Cause.UNEXPLAINED, f"planned twice in the replay, and not alike: {PlanTerms.of(row.plan).words}"
    if live.fate is LiveFate.REJECTED and minute.replay_was_sent:
        return Cause.NOT_FILLED, f"the exchange refused it: {live.reason}"
    if live.was_sent and minute.replay_was_sent and row is not None:
        return compare_fills(decided.run.minute_ms, live, row, trade, otherwise(decided))
    if live.was_sent or minute.replay_was_sent:
        return _let_in_once(live, row, otherwise(decided))
    if live.fate is LiveFate.NOT_PLANNED:  # planned again it ends alike
        return None, ""
    return _refused_twice(live, row, otherwise(decided))


def _let_in_once(live: LiveEntry, row: ReadyMinute | None, otherwise: Otherwise) -> tuple[Cause, str]:
    """Only one of them was sent: by why the other was not."""
    if live.was_sent:
        reason = "no" if row is None or row.reason is None else str(row.reason)
        if otherwise.own is not None and otherwise.then is not None:
            return Cause.CONFIGURATION_CHANGED, f"really sent; by the limits of now it is refused: {reason}"
        return Cause.ACCOUNT_STATE_DIFFERED, f"really sent; the replay's account says {reason}"
    said = f"{live.fate}: {live.reason}" if live.reason else str(live.fate)
    if otherwise.was_kept_out_by_limits_of_then(live):
        return Cause.CONFIGURATION_CHANGED, f"only the replay sent it; by the limits of then {said}"
    return _cause_of_refusal(live, otherwise), f"only the replay sent it; in reality {said}"


def _cause_of_refusal(live: LiveEntry, otherwise: Otherwise) -> Cause:
    try:
        reason = Reason(live.reason) if live.reason else None
    except ValueError:
        return Cause.UNEXPLAINED
    if reason in _LATE:
        return Cause.LATENCY
    if reason in _OF_QUOTE:
        return Cause.QUOTE_DIFFERED
    if reason in _OF_EXCHANGE or live.fate is LiveFate.FAILED:
        return Cause.NOT_FILLED
    return Cause.UNEXPLAINED if reason is None else _cause_of_account(live, otherwise)


def _cause_of_account(live: LiveEntry, otherwise: Otherwise) -> Cause:
    """An operator's switch, or something else. On an account that all orders share, a symbol that is switched off may
    be off because of an order of ours."""
    is_told_apart = otherwise.own is not None or live.reason != str(Reason.SYMBOL_SWITCHED_OFF)
    is_operators = is_told_apart and live.reason in map(str, _OF_OPERATOR)
    return Cause.OPERATORS_SWITCH if is_operators else Cause.ACCOUNT_STATE_DIFFERED


def _refused_twice(live: LiveEntry, row: ReadyMinute | None, otherwise: Otherwise) -> tuple[Cause | None, str]:
    """Neither was sent; another reason is another state of the account. Where live did not look there is no reason."""
    there = None if row is None else row.reason
    if there is None or live.reason == str(there) or live.fate is LiveFate.NOT_DECIDED:
        return None, ""
    told = f"refused in both: {live.reason} in reality, {there} in the replay"
    if otherwise.was_kept_out_by_limits_of_then(live):
        return Cause.CONFIGURATION_CHANGED, f"{told}, which has other limits"
    return _cause_of_account(live, otherwise), told
