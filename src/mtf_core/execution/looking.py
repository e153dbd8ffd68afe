"""One look at one intent: read, decide, commit, send the one write that is due."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, evolve, field, frozen

from mtf_core.execution.alarms import AlarmBoard
from mtf_core.execution.background import Background
from mtf_core.execution.booking import Booked, Bookkeeper, Entries, uncounted
from mtf_core.execution.desk import Desk
from mtf_core.execution.guarding import further_guard
from mtf_core.execution.reading import Reader, Sight
from mtf_core.execution.seat import Seat, Seated
from mtf_core.execution.sending import may_leave_in_recovery, sent, sent_event
from mtf_core.execution.side_jobs import SideJobs
from mtf_core.execution.submit import note_further_failed, submit_further
from mtf_core.execution.switching import switch_off
from mtf_core.execution.waiting import within
from mtf_core.market import AccountState, ClientIds, Fill, WriteResult
from mtf_core.orders.actions import Action, FurtherAttempt, Supervised
from mtf_core.orders.asked import Answer
from mtf_core.orders.evidence import Read
from mtf_core.orders.intent import Intent
from mtf_core.orders.supervise import after_write, reads_wanted, supervise
from mtf_core.orders.supervision.ledger import ledger_of
from mtf_core.orders.view import MarketNow, View
from mtf_core.ports import Noted, PortError, Priority, StoreError

PATIENT_MS = 10_000.0
"""How long what does not protect waits for the store at most."""
_SLOW_READ_MS = 3_000.0
"""How much longer the reads of a look that protects nothing are waited for: meanwhile nobody looks at its intent."""
_MOST_FILLS = 10_000


@frozen
class Looked:
    """What came of one look at one intent."""

    again_ms: float
    """When the next one is due at the latest, from now."""


@frozen(eq=False)
class Look:
    """What all looks of one round have in common."""

    account: Read[AccountState] | None
    sight: Sight
    """When the account was begun to be read."""
    background: Background
    seated: Seated
    store_wait_ms: float
    """How long what protects may still wait for the store."""


@define(eq=False)
class Looker:
    """Looks at one intent after the other, each by itself."""

    desk: Desk
    books: Bookkeeper
    reader: Reader
    alarms: AlarmBoard
    jobs: SideJobs
    seat: Seat
    has_noted: bool = field(default=False, init=False)
    """There are notes of what left before the store knew of it."""
    _sent_ms: dict[str, int] = field(factory=dict, init=False)
    """When something of each intent left last."""
    _booked_fills: set[tuple[str, str]] = field(factory=set, init=False)
    """Fills that were given to the books: they are read again and again, and the store keeps each once anyway."""

    async def look_at(self, intent: Intent, look: Look) -> Looked:
        """Raises nothing but faults of this program.

        What was read before the last order of the intent left cannot show it: nothing is decided from that.
        """
        if look.sight.venue_ms <= self._sent_ms.get(intent.decision_key, -1):
            return Looked(self.desk.settings.look_soon_sec * 1000)
        decided, fills = await self._decide(intent, look)
        if decided.switch_off is not None:
            off = decided.switch_off
            self.jobs.begin(switch_off(self.desk.environment, off.symbol, off.minutes, off.reason, self.desk.now_ms))
        self.alarms.show(intent.decision_key, decided.alarms)
        action, kept = decided.action, decided.intent
        if action is not None and not _may_leave(action, look):
            kept = uncounted(kept, intent, action)
            action = None
        entries = Entries(decided.events, fills)
        if action is None:
            if kept != intent or entries:
                booked = await self.books.book(kept, entries, self.seat.fence, self._exit_wait_ms)
                self._heed(booked, fills)
                if booked is not Booked.STORED:
                    return Looked(self.desk.settings.look_soon_sec * 1000)
            self._answer(decided.answers)
            return Looked(decided.look_again_ms)
        return await self._act(intent, evolve(decided, intent=kept), action, entries, look)

    async def _decide(self, intent: Intent, look: Look) -> tuple[Supervised, tuple[Fill, ...]]:
        """What the reads lead to, and the fills among them that are not stored yet.

        A read that hangs holds up nothing that protects: the account alone says what has no stop.
        """
        account = None if look.account is None else look.account.value
        wanted = reads_wanted(intent, account, self.desk.now_ms)
        priority = Priority.ACCOUNT if intent.position.is_over else Priority.EXIT
        reading = self.reader.begin(intent.symbol, look.account, wanted, priority)
        try:
            await reading.wait(max(0.0, self._left_ms(look.sight) / 2))
            if not reading.is_whole:
                view, market = reading.so_far()
                decided, new = await self._judge(intent, look, view, market)
                if decided.action is not None and decided.action.protects:
                    return decided, new
                await reading.wait(_SLOW_READ_MS)
            view, market = reading.so_far()
        finally:
            reading.end()
        return await self._judge(intent, look, view, market)

    def forget(self) -> None:
        """Another process supervises. What was to be booked here may never have been, so it is booked anew."""
        self._booked_fills.clear()

    async def _judge(
        self, intent: Intent, look: Look, view: View, market: MarketNow
    ) -> tuple[Supervised, tuple[Fill, ...]]:
        view = await self._with_known_fills(intent, view)
        rules, asked = look.background.rules_for(intent, self.desk), look.background.asked_of(intent.symbol)
        decided = supervise(intent, view, market, rules, asked, self.desk.now_ms)
        read = view.fills.value if view.fills is not None else ()
        new = tuple(fill for fill in read if (fill.symbol, fill.fill_id) not in self._booked_fills)
        if len(self._booked_fills) > _MOST_FILLS:
            self._booked_fills.clear()
        return decided, new

    async def _with_known_fills(self, intent: Intent, view: View) -> View:
        """What the exchange showed once and shows no more is in the store: its own rows, as it wrote them.

        Without them nothing could ever be said of a position whose executions an exchange forgot in a restart.
        """
        if view.fills is None or not _lacks_known(intent, view, view.fills.value, self.desk.ids):
            return view
        try:
            stored = await within(self.desk.orders.fills(intent.symbol, view.since_ms), self._exit_wait_ms)
        except PortError:
            return view
        if stored is None:
            return view
        together = {fill.fill_id: fill for fill in (*stored, *view.fills.value)}
        return evolve(view, fills=Read(tuple(together.values()), view.fills.begun_venue_ms))

    async def _act(self, before: Intent, decided: Supervised, action: Action, entries: Entries, look: Look) -> Looked:
        """Commits, then sends, unless what was read is too old by then."""
        wait_ms = look.store_wait_ms if action.protects else self._left_ms(look.sight)
        booked = await self.books.book(decided.intent, entries, self.seat.fence, wait_ms)
        self._heed(booked, entries.fills)
        if booked in {Booked.CHANGED, Booked.LOCK_LOST}:
            return Looked(0)
        if self._left_ms(look.sight) <= 0:
            await self._take_back(before, decided, action)
            return Looked(0)
        if booked is Booked.BEHIND:
            if not action.protects:
                return Looked(self.desk.settings.look_soon_sec * 1000)
            self._note(decided.intent, action)
        self._answer(decided.answers)
        self._sent_ms[before.decision_key] = self.desk.now_ms
        if isinstance(action.write, FurtherAttempt):
            await self._enter_again(self.books.latest(decided.intent), action.write)
        else:
            await self._send(decided.intent, action)
        return Looked(decided.look_again_ms)

    async def _send(self, decided: Intent, action: Action) -> None:
        outcome = await sent(self.desk, action.write)
        if outcome.result is WriteResult.REJECTED:
            self.reader.doubt_contracts()
        now_ms = self.desk.now_ms
        event = sent_event(decided, action, outcome, now_ms)
        latest = after_write(self.books.latest(decided), action, outcome, self.desk.ids, now_ms)
        booked = await self.books.book(latest, Entries((event,)), self.seat.fence, self._exit_wait_ms)
        self._heed(booked, ())

    async def _enter_again(self, intent: Intent, order: FurtherAttempt) -> None:
        """An entry like the first: it passes every guard, and where it may not leave the rest is dropped.

        It is tried once. Where something fails before it is committed it never was, and the story says so.
        """
        try:
            guard = await further_guard(self.desk, intent)
            await submit_further(self.desk, intent, order, guard, self.seat.fence)
        except PortError as error:
            self.jobs.begin(note_further_failed(self.desk, intent, error))

    async def _take_back(self, before: Intent, decided: Supervised, action: Action) -> None:
        """Nothing left: what was counted for it is counted no more."""
        latest = uncounted(self.books.latest(decided.intent), before, action)
        self._heed(await self.books.book(latest, Entries(), self.seat.fence, self._exit_wait_ms), ())

    def _note(self, intent: Intent, action: Action) -> None:
        """The store does not know yet: a local note says that this leaves. Where not even that can be written, it
        leaves all the same: its id follows from the intent, so that whoever sends it again sends the same order."""
        self.books.acted(intent)
        self.has_noted = True
        try:
            self.desk.journal.note(Noted(intent.decision_key, intent, action, self.desk.now_ms))
        except StoreError:
            return

    def _answer(self, answers: tuple[Answer, ...]) -> None:
        for answer in answers:
            self.jobs.begin(self.desk.orders.answer(answer.number, answer.outcome))

    def _heed(self, booked: Booked, fills: tuple[Fill, ...]) -> None:
        if booked is not Booked.LOCK_LOST:
            self._booked_fills |= {(fill.symbol, fill.fill_id) for fill in fills}
        if booked is Booked.LOCK_LOST:
            self.seat.lose()

    @property
    def _exit_wait_ms(self) -> float:
        return float(self.desk.settings.exit_wait_ms)

    def _left_ms(self, sight: Sight) -> float:
        """For how much longer what was read may be acted on."""
        return self.desk.settings.view_sec * 1000 - self.reader.age_ms(sight)


def _may_leave(action: Action, look: Look) -> bool:
    """In recovery only what protects; likewise while nobody can say whether the seat is still ours, or how the account
    stands."""
    if look.background.in_recovery and not may_leave_in_recovery(action):
        return False
    return action.protects or look.seated is Seated.YES


def _lacks_known(intent: Intent, view: View, fills: Sequence[Fill], ids: ClientIds) -> bool:
    """Whether executions that are known to be the intent's are not all among these; those of others do not stand for
    them, however much they opened."""
    live = () if view.account is None else view.account.value.open_orders
    ended = () if view.ended is None else view.ended.value
    return ledger_of(intent, fills, (*live, *ended), ids) is None
