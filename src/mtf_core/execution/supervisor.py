"""The loop that supervises one account: looks at every live intent, commits what follows, sends the one write.

It can be killed anywhere and run again. What protects never waits for the store, the locks or what is told to people;
everything else waits for all of them. Whatever breaks in the look at one intent stays there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from enum import Enum
from typing import Any

from attrs import define, field, frozen

from mtf_core.ending import ended
from mtf_core.execution.alarms import AlarmBoard, Heard
from mtf_core.execution.background import Background, BackgroundReader
from mtf_core.execution.booking import Bookkeeper
from mtf_core.execution.dead_man import DeadManSwitch
from mtf_core.execution.desk import Desk
from mtf_core.execution.journaling import merge_journal
from mtf_core.execution.looking import PATIENT_MS, Look, Looked, Looker
from mtf_core.execution.loss_watch import LossWatch
from mtf_core.execution.reading import Reader, Sight
from mtf_core.execution.reconciling import Reconciler
from mtf_core.execution.seat import Seat, Seated, seat_name
from mtf_core.execution.side_jobs import SideJobs
from mtf_core.execution.unclaimed import UnclaimedStops
from mtf_core.execution.waiting import Patience, within
from mtf_core.execution.waking import Waker
from mtf_core.market import AccountState, Side
from mtf_core.orders.asked import AskedKind
from mtf_core.orders.evidence import Read
from mtf_core.orders.intent import Intent
from mtf_core.orders.lifecycle import Alarm, AlarmKind
from mtf_core.ports import Acquired, LockLostError, PortError, Priority
from mtf_core.risk import Heartbeat, RiskLock, Span, Standing

_MOST_ROUNDS = 8
"""How often one look begins over, because what was read had become too old, or an intent was changed meanwhile."""


_WHOLE = "the account"


class SupervisorState(Enum):
    """What this process is to the account."""

    STANDING_BY = "standing_by"
    """Another process supervises, or nobody could be asked."""
    SUPERVISING = "supervising"


@frozen
class Status:
    """What a look came to, for those who watch."""

    state: SupervisorState
    holder: str
    """Who supervises; empty where nobody could say."""
    venue_ms: int
    read_ms: int
    """When the account was last read as a whole; 0: never."""
    live: tuple[Intent, ...]
    alarms: tuple[Alarm, ...]
    standing: Standing
    """Whether entries may be made on the account, as the store said last."""
    store_is_behind: bool


def _unheard(_: Alarm) -> None:
    return None


def _unwatched(_: Status) -> None:
    return None


@define(eq=False)
class Supervisor:
    """One process that supervises an account, or stands by to do so. `heard` is told of every new alarm.

    Raises `TradingRefusedError` where a dead man's switch is asked for that could cancel stops.
    """

    desk: Desk
    heard: Heard = _unheard
    owner: str = field(init=False)
    _state: SupervisorState = field(default=SupervisorState.STANDING_BY, init=False)
    _read_ms: int = field(default=0, init=False)
    _seat: Seat = field(init=False)
    _books: Bookkeeper = field(init=False)
    _reader: Reader = field(init=False)
    _background: BackgroundReader = field(init=False)
    _alarms: AlarmBoard = field(init=False)
    _looker: Looker = field(init=False)
    _reconciler: Reconciler = field(init=False)
    _dead_man: DeadManSwitch = field(init=False)
    _losses: LossWatch = field(init=False)
    _unclaimed: UnclaimedStops = field(init=False)
    _jobs: SideJobs = field(factory=SideJobs, init=False)
    _beating: Patience[None] = field(factory=Patience, init=False)
    _beat_last: tuple[Heartbeat, Acquired] | None = field(default=None, init=False)
    """The last sign of life that the store took, and under which fence."""
    _reconciling: Patience[tuple[Intent, ...]] = field(factory=Patience, init=False)
    _renewing: Patience[None] = field(factory=Patience, init=False)
    _answering: Patience[None] = field(factory=Patience, init=False)
    _steps: dict[str, asyncio.Task[Looked]] = field(factory=dict, init=False)
    """Looks at intents that are going on: one that hangs holds up no other."""
    _steps_since_ms: dict[str, int] = field(factory=dict, init=False)
    """When each of them began."""
    _revived: tuple[Intent, ...] = field(default=(), init=False)
    _found: tuple[Alarm, ...] = field(default=(), init=False)
    """Of the last reconciliation."""
    _is_unsettled: bool = field(default=False, init=False)
    """The last look showed something that counts only once another one has shown it, too."""
    _forgotten: Mapping[tuple[str, Side], int] = field(factory=dict, init=False)
    """Positions of ours without plan and stop, as the last reconciliation found them, and of which intent each is."""
    _unknown: tuple[Alarm, ...] = field(default=(), init=False)
    """Notes of an earlier life whose intents the store does not know: an operator has to see them."""
    _failed: dict[str, Alarm] = field(factory=dict, init=False)
    """Intents whose last look broke off."""
    _for_nobody: frozenset[int] = field(default=frozenset(), init=False)
    """Wishes that the last look found without a live intent."""
    _is_blind: bool = field(default=False, init=False)
    """The last read of the account failed."""
    _begun_ms: int = field(default=0, init=False)
    """When this process began to supervise."""
    _token: int = field(default=0, init=False)
    """Of the seat for which everything was made ready."""
    _looking: asyncio.Lock = field(factory=asyncio.Lock, init=False)

    def __attrs_post_init__(self) -> None:
        environment, settings = self.desk.environment, self.desk.settings
        self._dead_man = DeadManSwitch.of(self.desk)
        self.owner = f"supervisor-{environment.new_run_id()}"
        name = seat_name(environment.venue.orders_namespace, self.desk.account)
        self._seat = Seat(environment.locks, name, self.owner, settings.heartbeat_sec * 1000)
        self._books, self._reader = Bookkeeper(self.desk.orders), Reader(self.desk)
        self._background = BackgroundReader(self.desk)
        self._alarms = AlarmBoard(environment, self.desk.orders, self.heard)
        self._looker = Looker(self.desk, self._books, self._reader, self._alarms, self._jobs, self._seat)
        self._reconciler, self._losses = Reconciler(self.desk), LossWatch(self.desk)
        self._unclaimed = UnclaimedStops(self.desk)

    @property
    def status(self) -> Status:
        """As of the last look."""
        holder = self._seat.holder.owner if self._seat.holder is not None else ""
        return Status(
            state=self._state,
            holder=self.owner if self._state is SupervisorState.SUPERVISING else holder,
            venue_ms=self.desk.now_ms,
            read_ms=self._read_ms,
            live=self._books.live,
            alarms=self._alarms.standing,
            standing=self._background.last.standing,
            store_is_behind=bool(self._books.unbooked),
        )

    async def look(self) -> int:
        """One whole look over every live intent; returns how many milliseconds later the next one is due.

        Where another process supervises, nothing is looked at. Raises nothing: what breaks off is an alarm.
        """
        async with self._looking:
            begun_s = self._time_s()
            seated = await self._seat.hold(self._exit_wait_ms if self._token else PATIENT_MS)
            if seated is Seated.NO or not await self._is_ready(seated):
                self._stand_by()
                return self._soon_ms
            self._state = SupervisorState.SUPERVISING
            waited_ms = (self._time_s() - begun_s) * 1000
            try:
                again_ms = await self._rounds(seated, waited_ms)
            except Exception as fault:  # what is broken now may be whole in a second, and positions are open
                self._failed[_WHOLE] = _broke_off(_WHOLE, fault, self.desk.now_ms)
                self._show_alarms()
                again_ms = float(self._soon_ms)
            else:
                self._failed.pop(_WHOLE, None)
            await self._beside("alarms", self._alarms.store(self._seat.fence, self._exit_wait_ms))
            await self._jobs.settle(self._exit_wait_ms)
            return round(again_ms)

    async def run_until(self, stop: asyncio.Event, looked: Callable[[Status], None] = _unwatched) -> None:
        """Looks as often as it is due, until `stop` is set; then ends in good order. `looked` is told of every look."""
        waker, keeping = Waker(self.desk, stop), asyncio.ensure_future(self._keep_seat())
        try:
            async with waker.listening():
                while not stop.is_set():
                    again_ms = await self.look()
                    looked(self.status)
                    await waker.pause(again_ms, self.has_news, self._soon_ms)
        finally:
            await ended(keeping)
            await self.end()

    async def has_news(self) -> bool:
        """Whether the store holds a live intent, or a change of one, that no look has seen: an entry that was sent a
        moment ago may have to be protected at once."""
        try:
            versions = await within(self.desk.orders.live_versions(), self._exit_wait_ms)
        except PortError:
            return False
        is_ours = self._state is SupervisorState.SUPERVISING
        return is_ours and versions is not None and self._books.lacks(versions)

    async def end(self) -> None:
        """Finishes the write that is on its way, books what is missing, and gives the seat back."""
        async with self._looking:
            if self._steps:
                await asyncio.wait(self._steps.values(), timeout=PATIENT_MS / 1000)
            if self._seat.fence is not None:
                with suppress(PortError, TimeoutError):  # the exchange's timer ends what rests, then
                    async with asyncio.timeout(PATIENT_MS / 1000):
                        await self._dead_man.disarm()
                await self._books.catch_up(self._seat.fence, PATIENT_MS)
            for part in (
                self._books,
                self._background,
                self._alarms,
                self._jobs,
                self._beating,
                self._reconciling,
                self._renewing,
                self._answering,
            ):
                await part.end()
            await ended(*self._steps.values())
            self._steps.clear()
            await self._seat.leave()
            self._stand_by()

    @property
    def _exit_wait_ms(self) -> float:
        return float(self.desk.settings.exit_wait_ms)

    def _time_s(self) -> float:
        return asyncio.get_running_loop().time()

    @property
    def _soon_ms(self) -> int:
        return self.desk.settings.look_soon_sec * 1000

    async def _keep_seat(self) -> None:
        """Renews the seat while a look takes long; who has none waits for its turn at the next look."""
        while True:
            await self.desk.environment.sleep(self._seat.ttl_ms / 6000)
            if self._seat.fence is not None:
                await self._seat.hold(self._exit_wait_ms)

    def _stand_by(self) -> None:
        """What another one stores counts: nothing that was remembered does."""
        self._state, self._token = SupervisorState.STANDING_BY, 0
        self._forgotten, self._is_unsettled = {}, False
        self._books.forget()
        self._looker.forget()
        self._alarms.forget()
        self._background.forget()

    async def _is_ready(self, seated: Seated) -> bool:
        """Whether the notes of an earlier life are in the store: before that nothing is looked at.

        False where the store does not answer a process that has just begun: it knows nothing yet to protect.
        """
        fence = self._seat.fence
        if fence is None or fence.token == self._token:
            return fence is not None
        if seated is not Seated.YES or not await self._reads_store(PATIENT_MS):
            return False
        try:
            async with asyncio.timeout(PATIENT_MS / 1000):
                unknown = await merge_journal(self.desk, self._books, fence)
        except (PortError, TimeoutError):
            return False
        self._unknown = unknown
        self._token, self._begun_ms = fence.token, self.desk.now_ms
        return True

    async def _rounds(self, seated: Seated, waited_ms: float) -> float:
        """Looks until nothing has to begin over; returns when the next look is due, in ms."""
        again_ms = float(self.desk.settings.look_sec * 1000)
        for _ in range(_MOST_ROUNDS):
            looked = await self._round(seated, max(0.0, self._exit_wait_ms - waited_ms))
            soon_ms = [float(self._soon_ms)] if self._is_unsettled else []
            again_ms, waited_ms = min([again_ms, *soon_ms, *(one.again_ms for one in looked)]), 0.0
            if again_ms > 0 or self._seat.fence is None:
                return again_ms
            again_ms = float(self._soon_ms)
        return again_ms

    async def _round(self, seated: Seated, wait_ms: float) -> list[Looked]:
        """Reads the account, then the store, then looks at each live intent by itself.

        `wait_ms`: how long what protects may still wait for the store, for everything together.
        """
        before, sight = self._books.live, self._reader.sight()
        account = await self._reader.account(self._priority)
        begun_s = self._time_s()
        knows_all, background = await self._reads_store(wait_ms), self._background.last
        left_ms = max(0.0, wait_ms - (self._time_s() - begun_s) * 1000)
        self._is_blind = account is None
        if account is not None:
            self._read_ms = account.begun_venue_ms
        for intent in self._revived:
            self._books.know(intent)
        wanted, self._revived = (*self._books.live, *self._revived), ()
        looked = await self._steps_of(wanted, Look(account, sight, background, seated, left_ms))
        if self._seat.fence is not None:
            if account is not None:
                profiles = {intent.terms.profile for intent in wanted}
                if self._losses.is_due(account.value, profiles):
                    self._jobs.begin(self._losses.look(account.value, profiles))
            await self._beside("heartbeat", self._beat())
            await self._beside("booking", self._book_behind())
            if account is not None and knows_all:
                live = (*before, *wanted, *self._books.live)
                await self._beside("reconciliation", self._reconcile(account, live))
            await self._beside("dead man's switch", self._renew_dead_man())
            await self._beside("requests without an intent", self._for_no_intent(background, account))
            if account is not None and self._forgotten:
                await self._beside("positions without a plan", self._protect_forgotten(account.value, sight))
        self._show_alarms()
        return looked

    async def _reads_store(self, wait_ms: float) -> bool:
        """Brings memory to what the store says; False where it said nothing, and memory is all there is."""
        live = await self._background.read(wait_ms)
        if live is None:
            return False
        self._books.refresh(live)
        return True

    async def _beside(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Something that is due beside the looks at intents: a fault in it is an alarm, and never ends them."""
        try:
            await work
        except PortError:
            return
        except Exception as fault:  # what protects must go on, whatever is wrong with the rest
            self._failed[name] = _broke_off(name, fault, self.desk.now_ms)
        else:
            self._failed.pop(name, None)

    async def _for_no_intent(self, background: Background, account: Read[AccountState] | None) -> None:
        if background.requests or self._for_nobody:
            work = self._answer_for_nobody(background, account)
            await self._answering.result_of(work, self._exit_wait_ms)

    async def _answer_for_nobody(self, background: Background, account: Read[AccountState] | None) -> None:
        """A wish whose intent has ended meanwhile is answered, so that nobody waits for it; a stop for a position
        without an intent is placed.

        Only at the second look that finds it so: what ended the intent in this one may have answered it just now.
        """
        live = {intent.symbol for intent in self._books.live}
        without = {request.number: request for request in background.requests if request.symbol not in live}
        for number, request in without.items():
            if number not in self._for_nobody:
                continue
            text = f"nothing was done: {request.symbol} has no live intent any more"
            if request.kind == AskedKind.PROTECT:
                text = "" if account is None else await self._unclaimed.protect(account, request)
            if text:
                self._jobs.begin(self.desk.orders.answer(number, text))
        self._for_nobody = frozenset(without)

    async def _protect_forgotten(self, account: AccountState, sight: Sight) -> None:
        contracts = await self._reader.contracts()
        if self._reader.age_ms(sight) <= self.desk.settings.view_sec * 1000:
            self._jobs.begin(self._unclaimed.protect_forgotten(account, self._forgotten, contracts))

    @property
    def _priority(self) -> Priority:
        """A read that an exit needs goes as early as the exit."""
        is_open = any(not intent.position.is_over for intent in self._books.live)
        return Priority.EXIT if is_open else Priority.ACCOUNT

    async def _steps_of(self, intents: Iterable[Intent], look: Look) -> list[Looked]:
        """Looks at each intent at whose last look nobody is still waiting; waits for none that hangs."""
        for intent in intents:
            if intent.decision_key not in self._steps:
                step = self._looker.look_at(intent, look)
                self._steps[intent.decision_key] = asyncio.ensure_future(step)
                self._steps_since_ms[intent.decision_key] = self.desk.now_ms
        if self._steps:
            await asyncio.wait(self._steps.values(), timeout=self.desk.settings.view_sec)
        done = [key for key, step in self._steps.items() if step.done()]
        hanging = [Looked(self._soon_ms)] * (len(self._steps) - len(done))
        return [*(self._came_of(key, self._steps.pop(key)) for key in done), *hanging]

    def _came_of(self, key: str, step: asyncio.Task[Looked]) -> Looked:
        """What came of a look; a fault of this program is an alarm, and the looks at others go on."""
        fault = step.exception()
        if fault is None:
            self._failed.pop(key, None)
            return step.result()
        self._failed[key] = _broke_off(key, fault, self.desk.now_ms)
        return Looked(self._soon_ms)

    async def _beat(self) -> None:
        """The sign of life, with the instant at which the account was last read as a whole."""
        fence = self._seat.fence
        if fence is None:
            return
        beat = Heartbeat(self.owner, self.desk.now_ms, self._read_ms)
        if not self._is_beat_due(beat, fence):
            return
        try:
            await self._beating.result_of(self._beaten(beat, fence), self._exit_wait_ms)
        except LockLostError:
            self._seat.lose()

    def _is_beat_due(self, beat: Heartbeat, fence: Acquired) -> bool:
        """Not at every look, where they follow each other closely: the guards allow one that is several times older."""
        if self._beat_last is None or self._beat_last[1] != fence:
            return True
        last, every_ms = self._beat_last[0], self._seat.ttl_ms // 8
        passed = (beat.beat_ms - last.beat_ms, beat.read_ms - last.read_ms)
        return not all(0 <= one_ms < every_ms for one_ms in passed)

    async def _beaten(self, beat: Heartbeat, fence: Acquired) -> None:
        begun_s = self._time_s()
        if await self.desk.orders.beat(beat, fence, self._seat.ttl_ms):
            self._seat.renewed(fence, begun_s)
        self._beat_last = beat, fence

    async def _book_behind(self) -> None:
        """What the store does not know yet is stored as soon as it answers, the end of an intent as well; then the
        notes of what left before can go."""
        if self._books.is_behind:
            await self._books.catch_up(self._seat.fence, self._exit_wait_ms, busy=self._steps)
        if self._looker.has_noted and not self._books.unbooked and not self._unknown:
            self.desk.journal.forget()
            self._looker.has_noted = False

    async def _reconcile(self, account: Read[AccountState], live: tuple[Intent, ...]) -> None:
        """Beside the looks: what hangs here holds up none of them."""
        work = self._reconciled(account, live)
        self._revived = await self._reconciling.result_of(work, self._exit_wait_ms) or ()

    async def _renew_dead_man(self) -> None:
        if self._dead_man.seconds:
            await self._renewing.result_of(self._dead_man.renew(self._books.live), self._exit_wait_ms)

    async def _reconciled(self, account: Read[AccountState], live: tuple[Intent, ...]) -> tuple[Intent, ...]:
        before = self._background.last.standing
        result = await self._reconciler.reconcile(account, live, before, self._found_out)
        if result.standing is not None:  # where somebody else found out more meanwhile, the next look decides anew
            await self.desk.orders.set_standing(result.standing, before)
        self._found, self._forgotten = result.alarms, result.forgotten
        self._is_unsettled = result.is_unsettled
        return result.revived

    def _found_out(self, alarms: tuple[Alarm, ...]) -> None:
        """What a reconciliation has found already, while it waits for histories and the store."""
        self._found = alarms

    def _unread(self, now_ms: int) -> Iterable[Alarm]:
        """While something is live, and the account is not read, nobody knows whether it is protected."""
        unread_ms = now_ms - max(self._read_ms, self._begun_ms)
        if self._is_blind and self._books.live and unread_ms > self.desk.settings.protect_within_sec * 1000:
            text = (
                f"the account could not be read for {unread_ms // 1000} s, so nobody knows whether its positions are "
                "protected: look at the exchange, its status and the key"
            )
            yield Alarm(AlarmKind.ACCOUNT_UNREAD, self.desk.account, text, now_ms)

    def _waiting(self, now_ms: int) -> Iterable[Alarm]:
        """While a look waits for an answer, to its write for instance, nobody looks at its intent."""
        for key in self._steps:
            waited_ms = now_ms - self._steps_since_ms[key]
            if waited_ms > self.desk.settings.protect_within_sec * 1000:
                text = (
                    f"the look at {key} has waited {waited_ms // 1000} s for an answer, and nobody sees whether "
                    "it is protected: look at the exchange and the database"
                )
                yield Alarm(AlarmKind.LOOK_WAITS, key, text, now_ms)

    def _show_alarms(self) -> None:
        """Those of the account, of looks that broke off, and of what the store does not know yet; intents show theirs
        as they are looked at."""
        now_ms, live = self.desk.now_ms, {intent.decision_key for intent in self._books.live}
        if self._unknown and not self.desk.journal.noted():
            self._unknown = ()  # an operator confirmed that they are known
        self._alarms.show("account", (*self._found, *self._unknown, *self._unread(now_ms)))
        self._alarms.show("locks", [_locked(lock) for lock in self._background.last.held_locks(now_ms)])
        self._alarms.show("failed", self._failed.values())
        self._alarms.show("waiting", self._waiting(now_ms))
        self._alarms.show("behind", [_behind(intent, now_ms) for intent in self._books.unbooked])
        self._alarms.keep_groups({"account", "locks", "failed", "waiting", "behind", *live})


def _broke_off(subject: str, fault: BaseException, venue_ms: int) -> Alarm:
    text = f"the look at {subject} broke off ({type(fault).__name__}: {fault}); it is tried again: look at it by hand"
    return Alarm(AlarmKind.LOOK_FAILED, subject, text, venue_ms)


def _locked(lock: RiskLock) -> Alarm:
    """By its profile, span and start: one that stands is told once."""
    lost = f"{lock.loss:f} trades in a row were lost" if lock.span is Span.STREAK else f"{lock.loss:.2f} USDT were lost"
    text = (
        f"profile {lock.profile}: {lost} ({lock.span}), so it enters nothing more; positions are supervised all the "
        "same; see `mtf risk show`"
    )
    return Alarm(AlarmKind.LOSS_LOCK, f"{lock.profile} {lock.span} {lock.start_ms}", text, lock.locked_ms)


def _behind(intent: Intent, venue_ms: int) -> Alarm:
    text = (
        f"{intent.symbol}: an order that protects was sent before the store knew of it, for the store does not answer; "
        "it is noted on this machine and stored as soon as the store answers: look after the database"
    )
    return Alarm(AlarmKind.STORE_BEHIND, intent.decision_key, text, venue_ms)
