"""Reconciliation as it goes on: what the exchange shows beside the live intents, named, resolved or told at every look.

The decisions are `orders/reconcile.py`; here they meet the ports. Histories of symbols without intents are read
sparingly, for they cost calls that exits may need.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from attrs import define, evolve, field, frozen

from mtf_core.execution.desk import Desk
from mtf_core.market import MINUTE_MS, AccountState, CashFlow, Fill, FlowKind, OpenOrder, Side
from mtf_core.orders.client_ids import store_tag
from mtf_core.orders.evidence import Gone, Read, gone
from mtf_core.orders.intent import Intent
from mtf_core.orders.lifecycle import Alarm, AlarmKind
from mtf_core.orders.reconcile import (
    Difference,
    DifferenceKind,
    Known,
    Sightings,
    armed_stops,
    differences,
    opened_by,
)
from mtf_core.ports import ExchangeError, Priority
from mtf_core.records import AuditEvent
from mtf_core.risk import AccountCondition, Standing

Told = Callable[[tuple[Alarm, ...]], None]
"""Hears which alarms stand."""
_SETTLE_MS = 1000
"""How far apart two reads lie that show the same difference, beyond the exchange's lag."""
_HISTORY_AGAIN_MS = MINUTE_MS
"""Between two reads of the history of a symbol without intents, and of the account's money."""
_SOON_AGAIN_MS = 5_000
"""The same after a read that failed, and where an intent ended lately: its late fills have to be found."""
_LATELY_MS = 60 * MINUTE_MS
_HISTORY_MS = 24 * 60 * MINUTE_MS
"""How far back that history is read."""
_TRADED = frozenset({FlowKind.REALISED_PROFIT, FlowKind.FEE, FlowKind.FUNDING, FlowKind.LIQUIDATION})
_WORSE: Sequence[AccountCondition] = (
    AccountCondition.NORMAL,
    AccountCondition.MODES_CHANGED,
    AccountCondition.SHARED,
    AccountCondition.RECOVERY,
)


@frozen
class Reconciled:
    """What one reconciliation led to."""

    alarms: tuple[Alarm, ...] = ()
    """All that stand."""
    revived: tuple[Intent, ...] = ()
    """Intents that were believed to be over, and have a position: they are supervised again."""
    standing: Standing | None = None
    """What the account's standing became; None: it stays as it is."""
    forgotten: Mapping[tuple[str, Side], int] = field(factory=dict)
    """Positions that our orders opened, that the store has forgotten, and that have no stop; and each one's intent."""
    is_unsettled: bool = False
    """The next look is due soon: a difference was seen that does not count yet, or an entry of ours rests of which the
    store knows nothing, so that nothing but a look can tell that it filled."""


@frozen
class _Traded:
    """That somebody else traded."""

    text: str
    """One sentence for a person."""
    seen_ms: int


@define(eq=False)
class Reconciler:
    """One account, look after look."""

    desk: Desk
    _sightings: Sightings = field(factory=Sightings, init=False)
    _tag: int = field(init=False)
    _counter: int = field(init=False)
    _history_ms: dict[str, int] = field(factory=dict, init=False)
    """When the history of each symbol may be read again."""
    _openers: dict[str, frozenset[int]] = field(factory=dict, init=False)
    """Of each position without an intent, by its name: the numbers of our intents that opened it, if any did."""
    _asked_once: set[str] = field(factory=set, init=False)
    """Positions without an intent whose history was read at least once."""
    _flows_ms: int | None = field(default=None, init=False)
    """Until when the account's money was looked at; it begins with the first look."""
    _traded: dict[str, _Traded] = field(factory=dict, init=False)
    """By symbol, what others were seen to trade and no operator has confirmed since."""
    _others_ms: dict[str, int] = field(factory=dict, init=False)
    """By live intent, until when what others traded on its side is known."""

    def __attrs_post_init__(self) -> None:
        self._tag = store_tag(self.desk.identity.store_id)
        self._counter = self.desk.identity.counter

    async def reconcile(
        self, account: Read[AccountState], live: Sequence[Intent], standing: Standing, tell: Told
    ) -> Reconciled:
        """Compares what was read with the live intents: those of before the read and those of after it.

        `tell` is given the alarms as soon as they are known, before anything is asked that may hang. Raises
        `PortError` where the store or the exchange does not answer: then nothing is concluded.
        """
        self._forget_confirmed(standing)
        known = self._known(live)
        found = differences(account.value, known)
        if any(one.kind is DifferenceKind.AHEAD for one in found):
            found = differences(account.value, evolve(known, counter=await self._counter_now()))
        settle_ms = _SETTLE_MS + self.desk.capabilities.visibility_lag_ms
        settled = self._sightings.settled(found, account.begun_venue_ms, settle_ms)
        self._sightings = self._sightings.seen(found, account.begun_venue_ms)
        self._asked_once &= self._sightings.since_ms.keys()
        self._openers = {name: openers for name, openers in self._openers.items() if name in self._sightings.since_ms}
        ahead = tuple(one for one in found if one.kind is DifferenceKind.AHEAD)
        tell(self._standing_alarms((*ahead, *settled), self._forgotten(settled, (), account.value), account))
        in_recovery = bool(ahead) or standing.condition is AccountCondition.RECOVERY
        if not in_recovery:
            await self._cancel(settled)
        revived = await self._revived(settled)
        await self._look_at_money(live)
        self._look_at_others(live, standing)
        forgotten = self._forgotten(settled, revived, account.value)
        alarms = self._standing_alarms((*ahead, *settled), forgotten, account)
        becomes = self._standing((*ahead, *settled), standing, account.value)
        may_fill = any(one.order is not None and one.order.may_open for one in ahead)
        return Reconciled(alarms, revived, becomes, forgotten, may_fill or len(settled) < len(found))

    def _known(self, live: Sequence[Intent]) -> Known:
        settings = self.desk.settings
        return Known(
            live=tuple(live),
            tag=self._tag,
            counter=max(self._counter, *(intent.counter for intent in live), 0),
            ids=self.desk.ids,
            position_mode=settings.position_mode,
            by_hand=frozenset(settings.account_shared_ok),
        )

    async def _counter_now(self) -> int:
        """As the store says: another process may have committed intents since."""
        identity = await self.desk.orders.bind(self.desk.account)
        self._counter = max(self._counter, identity.counter)
        return self._counter

    async def _cancel(self, settled: Sequence[Difference]) -> None:
        """Cancels what is ours and belongs to nothing; what only reduces, once executions say that nothing is left."""
        for one in settled:
            cancellation = one.cancellation
            if cancellation is None or (one.kind is DifferenceKind.LEFTOVER and not await self._is_over(one.order)):
                continue
            outcome = await self.desk.trading.cancel(
                cancellation.symbol, cancellation.order_id, cancellation.kind, priority=Priority.ACCOUNT
            )
            program_ms = self.desk.environment.wall.now_ms()
            details = {"order_id": cancellation.order_id, "why": one.text, "result": outcome.result.value}
            event = AuditEvent(program_ms, "supervisor", "orphan_cancelled", cancellation.symbol, {**details})
            await self.desk.environment.stores.audit.append([event])

    async def _is_over(self, order: OpenOrder | None) -> bool:
        """Whether the symbol's newest intent is over, and executions say that everything that it opened was closed."""
        intent = None if order is None else await self.desk.orders.last_of(order.symbol)
        if intent is None or intent.is_live:
            return False
        fills = await self._history(intent.symbol)
        if fills is None:
            return False
        since = [fill for fill in fills[0] if fill.time_ms >= next(iter(intent.attempts())).created_ms]
        return not since or gone(intent.side, since) is Gone.EXPLAINED

    async def _revived(self, settled: Sequence[Difference]) -> tuple[Intent, ...]:
        """The intents behind positions that our executions opened: a late fill is protected like a first one."""
        revived = []
        for one in settled:
            if one.kind is not DifferenceKind.FOREIGN_POSITION or one.position is None:
                continue
            intent = await self.desk.orders.last_of(one.symbol)
            ended_lately = intent is not None and self._is_late(intent)
            history = await self._history(one.symbol, _SOON_AGAIN_MS if ended_lately else _HISTORY_AGAIN_MS)
            if history is None:
                continue
            openers = opened_by(one.position.side, *history, self._tag, self.desk.ids)
            is_first = ended_lately and not openers and one.name not in self._asked_once
            self._asked_once.add(one.name)
            if is_first:
                continue  # executions may lag behind the position: whose it is, the next read says
            self._openers[one.name] = openers
            is_its = intent is not None and intent.side is one.position.side and intent.counter in openers
            if intent is not None and is_its and not intent.is_live:
                revived.append(intent)
        return tuple(revived)

    def _is_late(self, intent: Intent) -> bool:
        """Whether what an intent sent may still show lately."""
        return self.desk.now_ms - intent.attempt.not_after_ms < _LATELY_MS

    async def _history(
        self, symbol: str, again_ms: int = _HISTORY_AGAIN_MS
    ) -> tuple[tuple[Fill, ...], tuple[OpenOrder, ...]] | None:
        """Executions and ended orders of a symbol without a live intent; None where it is not their time yet.

        Raises `ExchangeError`; then they are asked for again soon.
        """
        now_ms = self.desk.now_ms
        if now_ms < self._history_ms.get(symbol, 0):
            return None
        self._history_ms[symbol] = now_ms + _SOON_AGAIN_MS
        trading, since_ms = self.desk.trading, now_ms - _HISTORY_MS
        read = await asyncio.gather(
            trading.fills(symbol, since_ms, now_ms), trading.order_history(symbol, since_ms, now_ms)
        )
        self._history_ms[symbol] = now_ms + again_ms
        return read

    async def _look_at_money(self, live: Sequence[Intent]) -> None:
        """One call a minute for the whole account tells of trades in symbols that no intent ever had."""
        now_ms = self.desk.now_ms
        if self._flows_ms is None:
            self._flows_ms = now_ms
        if now_ms - self._flows_ms < _HISTORY_AGAIN_MS:
            return
        try:
            flows = await self.desk.trading.cash_flows(self._flows_ms, now_ms)
        except ExchangeError:
            return
        ours = {intent.symbol for intent in live} | set(self.desk.settings.account_shared_ok)
        for flow in flows:
            if flow.kind in _TRADED and flow.symbol and flow.symbol not in ours and not await self._had_one(flow):
                text = f"{flow.symbol}: money moved ({flow.kind}) and this store has no intent there"
                self._traded[flow.symbol] = _Traded(text, now_ms)
        self._flows_ms = now_ms

    def _look_at_others(self, live: Sequence[Intent], standing: Standing) -> None:
        """What others traded on the side of a live intent. What is older than the operator's last word, when an intent
        is seen for the first time, is taken as known."""
        newest = {intent.decision_key: intent for intent in live}
        self._others_ms = {key: self._others_ms.get(key, standing.since_ms) for key in newest}
        for key, intent in newest.items():
            others_ms = intent.progress.others_ms
            if others_ms is None or others_ms <= self._others_ms[key]:
                continue
            self._others_ms[key] = others_ms
            if intent.symbol not in self.desk.settings.account_shared_ok:
                text = f"{intent.symbol}: somebody else traded on the side of the position of {key}"
                self._traded[intent.symbol] = _Traded(text, self.desk.now_ms)

    def _forget_confirmed(self, standing: Standing) -> None:
        """What was seen before an operator confirmed is known."""
        if standing.condition is AccountCondition.NORMAL:
            self._traded = {
                symbol: traded for symbol, traded in self._traded.items() if traded.seen_ms > standing.since_ms
            }

    async def _had_one(self, flow: CashFlow) -> bool:
        """Whether an intent of the symbol could be behind it."""
        return await self.desk.orders.last_of(flow.symbol) is not None

    def _standing_alarms(
        self, found: Sequence[Difference], forgotten: Iterable[tuple[str, Side]], account: Read[AccountState]
    ) -> tuple[Alarm, ...]:
        """All that stand, as far as it is known."""
        venue_ms = account.begun_venue_ms
        return (
            *(Alarm(one.alarm, _subject(one), one.text, venue_ms) for one in found),
            *(
                Alarm(AlarmKind.ACCOUNT_SHARED, symbol, traded.text, venue_ms)
                for symbol, traded in self._traded.items()
            ),
            *(_without_stop(symbol, venue_ms) for symbol, _ in forgotten),
        )

    def _forgotten(
        self, settled: Sequence[Difference], revived: Sequence[Intent], account: AccountState
    ) -> Mapping[tuple[str, Side], int]:
        supervised = {intent.symbol for intent in revived}
        return {
            (one.symbol, one.position.side): max(openers)
            for one in settled
            if one.position is not None
            and (openers := self._openers.get(one.name))
            and one.symbol not in supervised
            and not armed_stops(account.open_orders, one.symbol, one.position.side)
        }

    def _standing(self, found: Sequence[Difference], now: Standing, account: AccountState) -> Standing | None:
        """What the account's standing becomes; it gets better by itself only where the modes are right again."""
        why = {AccountCondition.SHARED: next((traded.text for traded in self._traded.values()), "")}
        for one in found:
            if one.kind is DifferenceKind.AHEAD:
                why[AccountCondition.RECOVERY] = one.text
            elif one.kind is DifferenceKind.MODES:
                why[AccountCondition.MODES_CHANGED] = one.text
            elif one.is_shared and not self._openers.get(one.name) and self._is_known(one):
                why[AccountCondition.SHARED] = one.text
        worst = max((each for each, text in why.items() if text), key=_WORSE.index, default=AccountCondition.NORMAL)
        if _WORSE.index(worst) > _WORSE.index(now.condition):
            return Standing(worst, self.desk.now_ms, why[worst])
        modes_are_right = account.position_mode is not None and AccountCondition.MODES_CHANGED not in why
        if now.condition is AccountCondition.MODES_CHANGED and modes_are_right:
            return Standing(AccountCondition.NORMAL, self.desk.now_ms, "the modes are as the settings say again")
        return None

    def _is_known(self, one: Difference) -> bool:
        """Whether it was found out whose it is: a position's fills have to be read before."""
        return one.kind is not DifferenceKind.FOREIGN_POSITION or one.name in self._openers


def _without_stop(symbol: str, venue_ms: int) -> Alarm:
    text = (
        f"{symbol}: a position of ours has no stop, and the store does not know its plan; give it one with "
        f"`mtf protect {symbol} --stop PRICE`, or close it at the exchange"
    )
    return Alarm(AlarmKind.UNPROTECTED, symbol, text, venue_ms)


def _subject(one: Difference) -> str:
    return f"{one.symbol} {one.order.order_id}" if one.order is not None else one.symbol or "account"
