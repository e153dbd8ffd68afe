"""Which alerts stand, which have ended, and which receiver was told of what. It lives in memory; the store is told."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from attrs import define, evolve, field, frozen

from mtf_core.market import DAY_MS
from mtf_core.records import AlertRecord, Message, Phase, Receipt
from mtf_core.watching.conditions import Condition, advice_of, urgency_of

Key = tuple[str, str, int]


@frozen
class Due:
    """What a receiver is to be told next, and what it has confirmed by that."""

    message: Message
    receipts: tuple[Receipt, ...]


@define(eq=False)
class Ledger:
    """Pure of time: every instant is handed in. What changed is kept until the store has it."""

    serves: str
    begun_ms: int
    """When this process began to watch: what ended before is told only to receivers that know of its beginning."""
    _alerts: dict[Key, AlertRecord] = field(factory=dict, init=False)
    _receipts: dict[tuple[str, Key], Receipt] = field(factory=dict, init=False)
    _unstored_alerts: set[Key] = field(factory=set, init=False)
    _unstored_receipts: set[tuple[str, Key]] = field(factory=set, init=False)

    @property
    def standing(self) -> tuple[AlertRecord, ...]:
        return tuple(one for one in self._alerts.values() if one.ended_ms is None)

    def remember(self, alerts: Iterable[AlertRecord], receipts: Iterable[Receipt]) -> None:
        """What an earlier process stored."""
        self._alerts = {one.key: one for one in alerts} | self._alerts
        self._receipts = {(one.receiver, one.key): one for one in receipts} | self._receipts

    def look(self, conditions: Iterable[Condition], now_ms: int) -> None:
        """All conditions that hold now: new ones begin, and those that are not among them have ended."""
        holds = {(one.word, one.subject): one for one in conditions}
        stands = set()
        for alert in self.standing:
            name = alert.word, alert.subject
            stands.add(name)
            if name not in holds:
                self._keep(evolve(alert, ended_ms=max(now_ms, alert.began_ms)))
        for name, condition in holds.items():
            if name not in stands:
                self._keep(AlertRecord(condition.word, condition.subject, condition.text, now_ms))
        self._forget(now_ms)

    def next_for(self, receiver: str, now_ms: int, *, room: int, remind_ms: int) -> Due | None:
        """What the receiver is told next; None where there is nothing, or no `room` for a message.

        In the last message for which there is room everything else that is due is named.
        """
        due = self._due(receiver, now_ms, remind_ms)
        if not due or room < 1:
            return None
        (message, receipt), rest = due[0], due[1:]
        if room > 1 or not rest:
            return Due(message, (receipt,))
        words = tuple(f"{one.word} {one.subject}".strip() for one, _ in rest)
        return Due(evolve(message, more=words), (receipt, *(its for _, its in rest)))

    def told(self, receipts: Iterable[Receipt]) -> None:
        """A receiver has confirmed what it was told."""
        for receipt in receipts:
            name = receipt.receiver, receipt.key
            self._receipts[name] = receipt
            self._unstored_receipts.add(name)

    def unstored(self) -> tuple[tuple[AlertRecord, ...], tuple[Receipt, ...]]:
        """What the store does not know yet."""
        alerts = tuple(self._alerts[key] for key in sorted(self._unstored_alerts) if key in self._alerts)
        names = sorted(self._unstored_receipts)
        return alerts, tuple(self._receipts[name] for name in names if name in self._receipts)

    def stored(self, alerts: Collection[AlertRecord], receipts: Collection[Receipt]) -> None:
        """The store has these; what has changed since is still to be stored."""
        self._unstored_alerts -= {one.key for one in alerts if self._alerts.get(one.key) == one}
        kept = {(one.receiver, one.key): one for one in receipts}
        self._unstored_receipts -= {name for name, one in kept.items() if self._receipts.get(name) == one}

    def _due(self, receiver: str, now_ms: int, remind_ms: int) -> list[tuple[Message, Receipt]]:
        found = []
        for alert in self._alerts.values():
            receipt = self._receipts.get((receiver, alert.key))
            phase = self._phase(alert, receipt, now_ms, remind_ms)
            if phase is not None:
                is_over = alert.ended_ms is not None
                found.append((self._message(phase, alert), Receipt(*alert.key, receiver, now_ms, end_told=is_over)))
        return sorted(found, key=lambda one: (urgency_of(one[0].word), one[0].began_ms, one[0].subject))

    def _phase(self, alert: AlertRecord, receipt: Receipt | None, now_ms: int, remind_ms: int) -> Phase | None:
        if alert.ended_ms is None:
            if receipt is None:
                return Phase.BEGAN
            return Phase.STANDS if remind_ms and now_ms - receipt.told_ms >= remind_ms else None
        if receipt is None:
            return Phase.OVER if alert.ended_ms >= self.begun_ms else None
        return None if receipt.end_told else Phase.ENDED

    def _message(self, phase: Phase, alert: AlertRecord) -> Message:
        return Message(
            phase=phase,
            serves=self.serves,
            word=alert.word,
            subject=alert.subject,
            text=alert.text,
            advice=advice_of(alert.word),
            began_ms=alert.began_ms,
            ended_ms=alert.ended_ms,
        )

    def _keep(self, alert: AlertRecord) -> None:
        self._alerts[alert.key] = alert
        self._unstored_alerts.add(alert.key)

    def _forget(self, now_ms: int) -> None:
        """What ended a day ago; the store keeps it until a cleanup."""
        old = [key for key, one in self._alerts.items() if one.ended_ms is not None and one.ended_ms < now_ms - DAY_MS]
        for key in old:
            del self._alerts[key]
        for name in [name for name in self._receipts if name[1] not in self._alerts]:
            del self._receipts[name]
