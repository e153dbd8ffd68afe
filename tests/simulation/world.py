"""One episode: a seed becomes a market, an exchange, processes that run the program, and everything that goes wrong.

scenario(seed)   what is drawn: values alone
play(scenario)   what came of it: violations, counts, and a log that is the same for the same scenario, to the byte
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import random
import shutil
import sqlite3
import tempfile
from collections import Counter, deque
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from attrs import define, evolve, frozen

from mtf_adapters.sandbox.capabilities import CAPABILITIES
from mtf_adapters.sandbox.matching.commands import (
    Action,
    AmendTrigger,
    CancelOrder,
    ContractChange,
    Deleverage,
    OpenAccount,
    PlaceOrder,
    Restart,
    StatusChange,
    Transfer,
)
from mtf_adapters.sandbox.matching.engine import MatchingEngine
from mtf_adapters.sandbox.matching.events import Event, Filled, OrderCause, OrderChanged, OrderView
from mtf_adapters.sandbox.matching.rules import VenueRules
from mtf_adapters.sandbox.native import NativeExchange
from mtf_adapters.sandbox.native_streams import NativeStreams
from mtf_adapters.sandbox.world import World
from mtf_core.market import (
    DAY_MS,
    MINUTE_MS,
    ArmsAt,
    Capabilities,
    ContractStatus,
    EntryProtection,
    MarginMode,
    OrderType,
    OversizedExit,
    PositionMode,
    PositionProtection,
    ProtectionScope,
    Side,
    TimeInForce,
    TriggerPrice,
    WriteOutcome,
)
from mtf_core.ports import ExchangeWorld, Venue
from tests.simulation import faults, virtual
from tests.simulation.books import Reader
from tests.simulation.coverage import Coverage, Triple, targets
from tests.simulation.faults import FaultKind, Plan, Weather, Window, aimed_plan, drawn_plan
from tests.simulation.laws import HAND, HEARTBEAT_MS, Laws, Surroundings, Violation, account_of
from tests.simulation.market import SYMBOLS, WanderingMarket
from tests.simulation.processes import Process
from tests.simulation.program import Machine, Program, Role
from tests.simulation.sqlite import Jobs
from tests.simulation.wire import Pushes, Wire
from tests.simulation.wired import WeatherPlan, WiredExchange
from tests.simulation.wirings import NATIVE, WIRINGS

START_MS = 1_770_000_000_000 // DAY_MS * DAY_MS
"""Of the day in which episodes begin, unless told otherwise at its first instant."""
ACCOUNT = "trader"
START_BALANCE = Decimal(10_000)
DATABASE = "mtf.db"
QUIET_S = 260
"""How long nothing goes wrong at the end: an entry's own deadline, and what the law of liveness gives. It ends earlier
when nothing is left to be resolved."""
_SETTLE_S = 40.0
_NOTICED_AFTER_S = (30.0, 90.0, 300.0)
_TRIES_AGAIN_AFTER_S = 20.0
_TIDIES = 0.7
WIRED_SHARE = 0.15
"""Of short episodes; they cost several times as much as native ones."""
_SNAPSHOT_S = 45.0
_LAST_LINES = 60


@frozen
class Regime:
    """How the exchange of an episode protects, and what it therefore declares."""

    name: str
    rules: VenueRules
    capabilities: Capabilities


def _regimes() -> tuple[Regime, ...]:
    triggers = frozenset(TriggerPrice)
    late = EntryProtection(ArmsAt.FULL_FILL, ProtectionScope.ORDER, triggers)
    sized = PositionProtection(False, triggers, client_ids=True)
    return (
        Regime("first_fill", VenueRules(), CAPABILITIES),
        Regime("full_fill", VenueRules(presets_arm_at=ArmsAt.FULL_FILL), evolve(CAPABILITIES, entry_protection=late)),
        Regime("own_stop", VenueRules(), evolve(CAPABILITIES, entry_protection=None)),
        Regime(
            "own_stop",
            VenueRules(oversized_exit=OversizedExit.REJECTED),
            evolve(CAPABILITIES, entry_protection=None, oversized_exit=OversizedExit.REJECTED),
        ),
        Regime("own_stop", VenueRules(), evolve(CAPABILITIES, entry_protection=None, position_protection=sized)),
        Regime(
            "first_fill",
            VenueRules(visible_after_ms=2000),
            evolve(CAPABILITIES, visibility_lag_ms=2500),
        ),
    )


REGIMES = _regimes()


def _wired_regime(face: str, seed: int) -> Regime:
    """What the adapter declares, over an exchange that does what the seed draws."""
    wiring = WIRINGS[face]
    return Regime("own_stop", wiring.rules(seed), wiring.capabilities)


@frozen
class Scenario:
    """Everything that an episode follows from."""

    seed: int
    minutes: int
    plan: Plan
    every_s: int = 20
    """How often something is decided."""
    start_ms: int = START_MS
    face: str = NATIVE
    """Or the name of a face: over HTTP, with everything drawn that is not confirmed of that wire."""
    regime: int = 0
    """Of the native face."""
    position_mode: PositionMode = PositionMode.HEDGE
    """Of the account, and of the settings."""
    entries_take_s: float = 0.0
    """How long at most an entry is on its way, and the leverage before it."""
    roles: tuple[Role, ...] = (Role.BOTH,)
    """A process each."""
    turnover: int = 1_000_000_000
    step_ms: int = 1000
    has_stream: bool = True
    disorder: float = 0.3
    rival_from_s: float | None = None
    """When a second whole program with a database of its own starts on the same account; None: never."""

    @property
    def busy_s(self) -> float:
        """Until when things go wrong."""
        return self.minutes * 60.0 - QUIET_S


_CASTS = (
    (Role.BOTH,),
    (Role.BOTH,),
    (Role.RUNNER, Role.SUPERVISOR),
    (Role.BOTH, Role.BOTH),
    (Role.RUNNER, Role.RUNNER, Role.SUPERVISOR, Role.SUPERVISOR),
)


_LENGTHS = ((25, 6), (60, 3), (240, 1))
"""Virtual minutes, and how many episodes of ten have them."""
_PACES = {25: (20, 20, 60), 60: (20, 60, 60), 240: (60, 300, 300)}
"""How often something is decided, by the length: long episodes are mostly quiet."""
_AIMED = 0.5
"""The share of episodes, the longest apart, in which each fault waits for an intent in a wanted state."""
_ACROSS_MIDNIGHT = 0.25
_ONE_WAY = 0.15
_RIVALS = 0.08


def scenario(seed: int, minutes: int | None = None, face: str | None = None) -> Scenario:
    """What the seed draws; `minutes`: of that length, and `face`: behind that one, else these are drawn, too."""
    draw = random.Random(f"scenario {seed}")
    drawn = draw.choices([length for length, _ in _LENGTHS], [share for _, share in _LENGTHS])[0]
    minutes = minutes or drawn
    drawn_face = _face_of(seed) if draw.random() < WIRED_SHARE and minutes < 60 else NATIVE
    face = face or drawn_face
    regime = draw.randrange(len(REGIMES))
    is_aimed = draw.random() < _AIMED and minutes < 240
    busy_s = minutes * 60.0 - QUIET_S
    return Scenario(
        seed=seed,
        minutes=minutes,
        plan=aimed_plan(seed, busy_s, targets()) if is_aimed else drawn_plan(seed, busy_s),
        every_s=20 if is_aimed else draw.choice(_PACES[max(length for length in _PACES if length <= max(25, minutes))]),
        start_ms=_start_ms(draw, minutes),
        face=face,
        regime=regime,
        position_mode=PositionMode.ONE_WAY if draw.random() < _ONE_WAY else PositionMode.HEDGE,
        entries_take_s=draw.choice((0.0, 3.0, 3.0)) if is_aimed else draw.choice((0.0, 0.0, 0.0, 3.0)),
        roles=draw.choice(_CASTS),
        turnover=draw.choice((5_000_000, 100_000_000, 1_000_000_000)),
        step_ms=draw.choice((1000, 1000, 5000)),
        has_stream=draw.random() < 0.7,
        disorder=draw.choice((0.0, 0.1, 0.5)),
        rival_from_s=draw.choice((0.0, draw.uniform(0, busy_s / 2)))
        if face == NATIVE and draw.random() < _RIVALS
        else None,
    )


def _face_of(seed: int) -> str:
    """Drawn apart from everything else: with a further face, what seeds drew otherwise stays."""
    return random.Random(f"face {seed}").choice(sorted(WIRINGS))


def _start_ms(draw: random.Random, minutes: int) -> int:
    """A minute of a day; in some episodes the next day begins while things go wrong."""
    across = draw.randint(1, max(1, minutes - 6))
    within = draw.randrange(0, DAY_MS // MINUTE_MS - minutes)
    minute = DAY_MS // MINUTE_MS - across if draw.random() < _ACROSS_MIDNIGHT else within
    return START_MS + minute * MINUTE_MS


@define
class Outcome:
    """What an episode came to."""

    scenario: Scenario
    violations: tuple[Violation, ...]
    digest: str
    """Of every event of the exchange, every commit and every fault, in order."""
    counts: Counter[str]
    struck: Counter[str]
    reached: tuple[tuple[Triple, int], ...]
    timeline: tuple[str, ...]
    """The last lines, for people."""


def play(scene: Scenario, template: Path, of: type[Episode] | None = None) -> Outcome:
    """Plays an episode; `template` is an empty database with the program's tables, `of` the world; None: this one."""
    with virtual.nothing_printed(), virtual.collected_by_hand():
        outcome = _played(scene, template, of or Episode)
        gc.collect()
    return outcome


def _played(scene: Scenario, template: Path, of: type[Episode]) -> Outcome:
    base = "/dev/shm" if Path("/dev/shm").is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="mtf-episode-", dir=base))
    episode = of(scene, folder)
    for member in (*episode.members, *episode.rivals):
        member.folder.mkdir(exist_ok=True)
        shutil.copy(template, member.folder / DATABASE)
    try:
        virtual.run(episode.main, scene.seed, disorder=scene.disorder, tidies=False)
    except Exception as error:
        episode.laws.found.append(Violation("simulation", episode.now_ms, f"{type(error).__name__}: {error}"))
        episode.tell(f"broke: {type(error).__name__}: {error}")
    finally:
        episode.bury()
        shutil.rmtree(folder, ignore_errors=True)
    return episode.outcome()


class _Clock:
    """The exchange's time: that of the loop."""

    def __init__(self, start_ms: int) -> None:
        self.start_ms = start_ms
        self.loop: asyncio.AbstractEventLoop | None = None

    def now_ms(self) -> int:
        return self.start_ms if self.loop is None else self.start_ms + int(self.loop.time() * 1000)


@define(eq=False)
class _Believed:
    """What a process believes of the exchange's time."""

    clock: _Clock
    off_ms: int = 0

    def now_ms(self) -> int:
        return self.clock.now_ms() + self.off_ms


@define(eq=False)
class _Member:
    """One of the processes that an episode keeps alive, across its deaths."""

    name: str
    role: Role
    believed: _Believed
    folder: Path
    is_rival: bool = False
    process: Process | None = None
    lives: int = 0
    back_at_s: float | None = 0.0
    """When it starts (again); None: it runs."""


class Episode:
    """The world of one scenario. Implements the `Trouble` of its database."""

    def __init__(self, scene: Scenario, folder: Path) -> None:
        self.scene = scene
        self.folder = folder
        self._folder_name = str(folder)
        self.path = folder / DATABASE
        self.clock = _Clock(scene.start_ms)
        self.regime = REGIMES[scene.regime] if scene.face == NATIVE else _wired_regime(scene.face, scene.seed)
        self.market = self.make_market()
        engine = MatchingEngine(self.market.contracts(scene.start_ms), self.regime.rules)
        self.world = World(self.market, engine, self.clock, scene.step_ms, book=self.market.book)
        self.weather = Weather(scene.plan, scene.seed, self)
        self._hunts: list[tuple[Window, asyncio.Future[str]]] = []
        """Acts that wait for an intent in a wanted state."""
        self.about = Surroundings()
        self.coverage = Coverage()
        self.counts: Counter[str] = Counter()
        self.struck: Counter[str] = Counter()
        self.lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._digest = hashlib.sha256()
        self._draw = random.Random(f"episode {scene.seed}")
        self._dead: list[Process] = []
        self._jobs: list[Jobs] = []
        """Of every process that ever lived here."""
        self._snapshots: deque[tuple[float, bytes]] = deque(maxlen=8)
        self._keeps_snapshots = FaultKind.STORE_RESTORED in scene.plan.kinds
        self._lost_evidence = False
        self._is_refused = scene.position_mode not in self.regime.capabilities.position_modes
        """The program does not trade on such an account there, and says so at its start."""
        self.is_over = False
        self.reader: Reader | None = None
        self.wired: WiredExchange | None = None
        steps = {contract.symbol: contract.size_step for contract in self.market.contracts(scene.start_ms)}
        self.laws = Laws(lambda: self.books, self.about, steps, ACCOUNT)
        self.members = [
            _Member(f"{role.value}-{number}", role, _Believed(self.clock), folder)
            for number, role in enumerate(scene.roles)
        ]
        self._left_seat_ms = 0
        """When a process last died or fell asleep: until its seat has ended by itself, nobody may be acting."""
        self._recovering: Process | None = None
        self._recovers_at_s: float | None = None
        """When the operator has noticed that nothing is entered any more."""
        self.rivals: list[_Member] = []
        if scene.rival_from_s is not None:
            rival = _Member("rival", Role.BOTH, _Believed(self.clock), folder / "rival", is_rival=True)
            rival.back_at_s = scene.rival_from_s
            self.rivals.append(rival)

    # What another world has otherwise

    def make_market(self) -> Any:
        """Where prices come from."""
        return WanderingMarket(self.scene.seed, self.scene.start_ms, self.scene.turnover, self.scene.plan.kicks())

    def make_program(self, machine: Machine) -> Program:
        """What a process runs."""
        return Program(machine)

    def symbol_of(self, window: Window) -> str:
        """Which symbol an act strikes."""
        return window.symbol

    @property
    def margin_mode(self) -> MarginMode:
        """Of the program's orders, and of those by hand."""
        wiring = WIRINGS.get(self.scene.face)
        return MarginMode.ISOLATED if wiring is None else wiring.margin_mode

    @property
    def now_ms(self) -> int:
        return self.clock.now_ms()

    @property
    def books(self):  # type: ignore[no-untyped-def]
        assert self.reader is not None
        return self.reader.books

    def tell(self, line: str) -> None:
        """One line of the log and of the timeline."""
        text = f"{(self.now_ms - self.scene.start_ms) / 1000:9.3f}  {line}"
        if self._folder_name in text:
            text = text.replace(self._folder_name, "")
        self._digest.update(text.encode())
        self.lines.append(text)

    def outcome(self) -> Outcome:
        return Outcome(
            self.scene,
            tuple(self.laws.found),
            self._digest.hexdigest(),
            self.counts,
            self.struck,
            tuple(sorted(self.coverage.reached.items())),
            tuple(self.lines),
        )

    # The course of an episode

    async def main(self) -> None:
        self.clock.loop = asyncio.get_running_loop()
        self.reader = Reader(self.path)
        self.reader.refresh()
        self.world.listen(self._on_event)
        self.world.do(OpenAccount(ACCOUNT, START_BALANCE, self.scene.position_mode))
        if self.scene.face != NATIVE:
            self._put_behind_a_face()
        acts = [asyncio.create_task(self._act(window)) for window in self.scene.plan.windows]
        await self._beats(self.scene.busy_s)
        for act in acts:
            act.cancel()
        self._calm_down()
        await self._beats(self.scene.busy_s + _SETTLE_S)
        await self._beats(self.scene.minutes * 60.0, ends_at_rest=True)
        self._at_rest()
        self.counts["seconds"] = round(asyncio.get_running_loop().time())
        self.is_over = True
        for process in (*(member.process for member in (*self.members, *self.rivals)), self._recovering):
            if process is not None:
                process.die()

    def _put_behind_a_face(self) -> None:
        wiring, seed = WIRINGS[self.scene.face], self.scene.seed

        def struck(kind: FaultKind) -> None:
            self.strike(kind, "the wire", None)

        plan = WeatherPlan(wiring.words, _Current(self), struck, seed)
        self.wired = wiring.of(self.world, ACCOUNT, seed, len(self.scene.roles), plan)
        self._lost_evidence = self.wired.forgets_cancelled
        self.about.fill_key = self.wired.fill_key

    async def _beats(self, until_s: float, *, ends_at_rest: bool = False) -> None:
        loop = asyncio.get_running_loop()
        step_s = self.scene.step_ms / 1000
        while loop.time() < until_s and not self.laws.found:
            if ends_at_rest and not self.laws.unrest(evidence_was_lost=self._lost_evidence):
                return
            at_s = loop.time()
            self._start_those_due(at_s)
            self._recover_if_due(at_s)
            self.world.catch_up()
            self._look_for_prey()
            self._see_supervision()
            self.laws.on_time(self.now_ms)
            if self._keeps_snapshots and (not self._snapshots or at_s - self._snapshots[-1][0] >= _SNAPSHOT_S):
                self._snapshots.append((at_s, self._copy()))
            await asyncio.sleep(step_s)

    def _calm_down(self) -> None:
        """Nothing goes wrong from here on: everyone lives and is awake."""
        self.tell("from here on nothing goes wrong")
        for member in self.members:
            member.believed.off_ms = 0
            if member.process is not None:
                member.process.dies_at_step = member.process.dies_at_commit = member.process.dies_of = None
                member.process.resume()
            if member.back_at_s is not None:
                member.back_at_s = 0.0
        self._kill_switch(on=False)
        self._hunts.clear()
        self.weather = Weather(Plan(()), 0)

    def _at_rest(self) -> None:
        if self.laws.found:
            return
        at_ms = self.now_ms
        self._look_at_books("the end")
        self.laws.at_rest(at_ms, evidence_was_lost=self._lost_evidence)
        if self._is_refused:
            if self.counts["entries"] or not self.counts["ended by an error"]:
                self.laws.found.append(
                    Violation("refusal", at_ms, "a one-way account is traded on where it must not be")
                )
        elif self.books.read_ms is None or at_ms - self.books.read_ms > 30_000:
            self.laws.found.append(Violation("liveness", at_ms, "nobody supervises though nothing fails any more"))
        if self.wired is not None:
            kept = b"".join(path.read_bytes() for path in self.folder.rglob("*") if path.is_file())
            if any(secret.encode() in kept for secret in self.wired.secrets):
                self.laws.found.append(Violation("secrets", at_ms, "a part of the key was written to the disk"))

    # Processes

    def _start_those_due(self, at_s: float) -> None:
        for member in (*self.members, *self.rivals):
            process = member.process
            if process is not None and process.broke is not None and member.back_at_s is None:
                self._on_broken(member, process.broke)
                process.broke = None
            if member.back_at_s is not None and member.back_at_s <= at_s:
                self._start(member)

    def _on_broken(self, member: _Member, error: BaseException) -> None:
        """A process ended by an error of its own: as under a service manager, it starts again."""
        self.counts["ended by an error"] += 1
        self._tell_of_end(member.name, error)
        assert member.process is not None
        member.process.dies_of = None
        member.process.die()
        member.back_at_s = asyncio.get_running_loop().time() + 5

    def _tell_of_end(self, name: str, error: BaseException) -> None:
        """What a process may not end by is a breach."""
        self.tell(f"{name} ended: {type(error).__name__}: {error}")
        if not isinstance(error, Program.EXPECTED):
            self.laws.found.append(Violation("crash", self.now_ms, f"{name}: {type(error).__name__}: {error}"))

    def _start(self, member: _Member) -> None:
        member.lives += 1
        member.back_at_s = None
        process = Process(f"{member.name}.{member.lives}", self._on_death)
        member.process = process
        self._dead.append(process)
        self.tell(f"{process} starts")
        process.start(self.make_program(self._machine_of(process, member)).run(member.role))

    def _machine_of(self, process: Process, member: _Member) -> Machine:
        jobs = Jobs(process, _Untroubled() if member.is_rival else self, f"{self.scene.seed} {process}")
        self._jobs.append(jobs)
        return Machine(
            name=process.name,
            database_url=f"sqlite:///{member.folder / DATABASE}",
            sqlite_jobs=jobs,
            folder=member.folder,
            venue=self._rival_s_venue(process, member.believed)
            if member.is_rival
            else self._venue(process, member.believed),
            wall=member.believed,
            timer=asyncio.get_running_loop().time,
            seed=self.scene.seed,
            symbols=SYMBOLS,
            position_mode=self.scene.position_mode,
            margin_mode=self.margin_mode,
            every_s=self.scene.every_s,
            decides_until_s=self.scene.busy_s,
            told=(lambda said: self.tell(f"rival: {said}")) if member.is_rival else self.tell,
        )

    # The operator

    def _recover_if_due(self, at_s: float) -> None:
        """Where nothing is entered any more until somebody says so, somebody does after a while, as often as it takes.

        Not beside a second program: it never ends there.
        """
        process = self._recovering
        if process is not None and process.broke is not None:
            self._tell_of_end(str(process), process.broke)
            process.broke = None
        if self.books.condition == "normal" or self.rivals or self._is_refused:
            self._recovers_at_s = None
        elif self._recovers_at_s is None:
            self._recovers_at_s = at_s + self._draw.choice(_NOTICED_AFTER_S)
        elif at_s >= self._recovers_at_s:
            self._recovers_at_s = at_s + _TRIES_AGAIN_AFTER_S
            self._recover()

    def _recover(self) -> None:
        """Mostly after tidying up, then by the command."""
        if self._recovering is not None:
            self._recovering.die()
        self.counts["recovered"] += 1
        operator = _Member("operator", Role.BOTH, _Believed(self.clock), self.folder, lives=self.counts["recovered"])
        process = self._recovering = Process(f"{operator.name}.{operator.lives}")
        self._dead.append(process)
        tidies = self._draw.random() < _TIDIES
        self.tell(f"{process} {'tidies up and ' if tidies else ''}confirms")
        if tidies:
            self._tidy_up()
        process.start(Program(self._machine_of(process, operator)).recovers())

    def _tidy_up(self) -> None:
        """What no live intent accounts for is closed and cancelled."""
        live = {(row.symbol, row.side) for row in self.books.live.values()}
        for (symbol, side), held in list(self.laws.held.items()):
            theirs = held.size - held.ours if (symbol, side) in live else held.size
            if theirs > 0:
                self._order(symbol, Side(side), theirs, opens=False)
        known = {symbol for symbol, _ in live}
        for order in list(self.laws.alive.values()):
            if order.symbol not in known:
                self._by_hand(CancelOrder(ACCOUNT, order.symbol, order.order_id))

    def _venue(self, process: Process, believed: _Believed) -> Venue:
        seed = f"{self.scene.seed} {process}"
        if self.wired is not None:
            return self.wired.venue(believed, seed, self.scene.entries_take_s)

        def struck(kind: FaultKind, symbol: str) -> None:
            self.strike(kind, str(process), symbol)

        weather, exchange = _Current(self), NativeExchange(self.world, ACCOUNT)
        exchange.capabilities = self.regime.capabilities
        wire = Wire(exchange, weather, struck, self._count_call, seed, self.scene.entries_take_s)
        streams = Pushes(NativeStreams(self.world, ACCOUNT, poll_seconds=1.0), self.clock.now_ms, weather, struck)
        return self._native(wire, believed, streams if self.scene.has_stream else None)

    def _rival_s_venue(self, process: Process, believed: _Believed) -> Venue:
        """Of a program that is not looked at: nothing goes wrong with its calls."""
        exchange = RivalExchange(self.world, ACCOUNT, self.about)
        exchange.capabilities = self.regime.capabilities
        calm = Weather(Plan(()), 0)
        wire = Wire(exchange, calm, lambda *_: None, lambda: None, f"{self.scene.seed} {process}")
        return self._native(wire, believed, None)

    def _native(self, wire: Wire, believed: _Believed, streams: Pushes | None) -> Venue:
        return Venue(
            exchange="sandbox",
            market_type="perpetual",
            label="a simulated exchange",
            namespace="simulation",
            market=wire,
            account=wire,
            clock=believed,
            capabilities=self.regime.capabilities,
            trading=wire,
            streams=streams,
            world=ExchangeWorld.LOCAL,
        )

    def _count_call(self) -> None:
        self.counts["calls"] += 1

    def _on_death(self, process: Process) -> None:
        if self.is_over:
            return
        self.counts["deaths"] += 1
        self._left_seat_ms = self.now_ms
        if process.dies_of is not None:
            self.strike(process.dies_of, str(process))
        self.tell(f"{process} dies")
        for member in (*self.members, *self.rivals):
            if member.process is process and member.back_at_s is None:
                member.back_at_s = asyncio.get_running_loop().time() + self._draw.choice((1, 5, 20))

    def _see_supervision(self) -> None:
        """Whether somebody supervises, awake and unhindered; and whether calls fail just now."""
        at_s = asyncio.get_running_loop().time()
        if self.weather.lasts(at_s, faults.BLINDING, tail_s=15):
            self.about.blind_until_ms = max(self.about.blind_until_ms, self.now_ms)
        lives = any(
            member.role is not Role.RUNNER
            and member.process is not None
            and not member.process.is_dead
            and not member.process.is_paused
            for member in self.members
        )
        read_ms = self.books.read_ms
        is_fresh = read_ms is not None and self.now_ms - read_ms <= 8000 and read_ms > self._left_seat_ms
        if not (lives and is_fresh):
            self.about.supervised_since_ms = None
        elif self.about.supervised_since_ms is None:
            self.about.supervised_since_ms = self.now_ms

    # What the exchange and the database tell

    def _on_event(self, at_ms: int, event: Event) -> None:
        if account_of(event) != ACCOUNT:
            return
        if isinstance(event, OrderChanged):
            order = event.order
            if event.cause is OrderCause.PLACED and not order.reduce_only:
                self.counts["entries"] += not self.about.by_hand
            self.tell(f"{event.cause} {_words(order)}")
        elif isinstance(event, Filled):
            self.counts["fills"] += 1
            fill = event.fill
            did = "opens" if fill.opens else "closes"
            self.tell(f"fill {fill.fill_id} {did} {fill.size} {fill.side} {fill.symbol} at {fill.price} ({fill.cause})")
        before = len(self.laws.found)
        self.laws.on_event(at_ms, event)
        for violation in self.laws.found[before:]:
            self.tell(f"VIOLATION {violation}")

    def committed(self, process: Process) -> None:
        self.counts["commits"] += 1
        self._look_at_books(process)

    def _look_at_books(self, who: object) -> None:
        """Whatever was committed since the last time is told, and the laws look at it."""
        assert self.reader is not None
        was = self.books.condition
        change = self.reader.refresh()
        if change is None:
            return
        for before, row in change.intents:
            if before is None or (before.entry, before.position) != (row.entry, row.position):
                self.tell(f"{who} commits {row.key}: {row.entry}, {row.position}, filled {row.filled}/{row.planned}")
        for kind, subject, _ in change.alarms:
            self.tell(f"ALARM {kind} of {subject}")
        found = len(self.laws.found)
        if was != "normal" and self.books.condition == "normal":
            self.about.confirmed_ms = self.now_ms
        self.laws.on_commit(self.now_ms, change)
        for violation in self.laws.found[found:]:
            self.tell(f"VIOLATION {violation}")
        self._look_for_prey()

    def of_call(self, process: Process, name: str) -> tuple[float, Exception | None]:
        if not self.weather.has(_OF_STORE):
            return 0.0, None
        at_s = asyncio.get_running_loop().time()
        for kind, strikes in (
            (FaultKind.STORE_ERROR, name in {"execute", "commit"}),
            (FaultKind.DISK_FULL, name == "commit"),
            (FaultKind.SLOW_COMMIT, name == "commit"),
            (FaultKind.STORE_HANGS, name == "execute"),
        ):
            if strikes and self.weather.now(at_s, _JUST[kind]) is not None:
                self.strike(kind, str(process))
                if kind is FaultKind.STORE_ERROR:
                    return 0.0, _sqlite_error("disk I/O error", sqlite3.SQLITE_IOERR)
                if kind is FaultKind.DISK_FULL:
                    return 0.0, _sqlite_error("database or disk is full", sqlite3.SQLITE_FULL)
                return self._draw.uniform(0.1, 5 if kind is FaultKind.SLOW_COMMIT else 30), None
        return 0.0, None

    def strike(self, kind: FaultKind, whom: str, symbol: str | None = "") -> None:
        """A fault has struck something of a symbol, or (empty) of the whole account; None: nobody can say of which."""
        self.struck[str(kind)] += 1
        if symbol is not None or len(self.books.live) == 1:
            self.coverage.note(kind, self.books, self.regime.name, symbol or "")
        self.tell(f"FAULT {kind} ({whom})")

    def holding(self, state: str, symbol: str) -> str | None:
        """The symbol of a live intent in a state, of one symbol or (empty) of any."""
        for row in self.books.live.values():
            if state in {row.entry, row.position} and (not symbol or row.symbol == symbol):
                return row.symbol
        return None

    # Acts: what happens once

    async def _act(self, window: Window) -> None:
        act = _ACTS.get(window.kind)
        if act is None:
            return  # it strikes calls
        await asyncio.sleep(window.from_s)
        if window.when:
            found = asyncio.get_running_loop().create_future()
            self._hunts.append((window, found))
            self._look_for_prey()
            symbol = await found
            window = window.struck(asyncio.get_running_loop().time(), symbol)
        else:
            window = evolve(window, symbol=self.symbol_of(window))
        await act(self, window)

    def _look_for_prey(self) -> None:
        """Acts that wait for an intent in a state go off once there is one, and what they need of it."""
        for hunt in tuple(self._hunts):
            window, found = hunt
            symbol = self._prey(window)
            if symbol is not None:
                self._hunts.remove(hunt)
                if not found.done():
                    found.set_result(symbol)

    def _prey(self, window: Window) -> str | None:
        for row in self.books.live.values():
            if window.when in {row.entry, row.position} and self._offers(row.symbol, window.kind):
                return row.symbol
        return None

    def _offers(self, symbol: str, kind: FaultKind) -> bool:
        """Whether the exchange has of a symbol what a fault acts on."""
        if kind in faults.ONLY_WITH_A_POSITION:
            return bool(self.world.engine.positions(ACCOUNT, symbol))
        if kind in faults.ONLY_WITH_A_STOP:
            return any(order.purpose == "stop" for order in self._live(symbol))
        return kind not in faults.ONLY_WITH_AN_ENTRY or any(not order.reduce_only for order in self._live(symbol))

    def _victim(self, window: Window, role: Role | None = None) -> _Member:
        able = [member for member in self.members if role is None or member.role in {role, Role.BOTH}]
        return able[window.number % len(able)]

    async def _dies_at_step(self, window: Window) -> None:
        process = self._victim(window).process
        if process is not None and not process.is_dead:
            process.dies_of = window.kind
            process.dies_at_step = process.steps + 1 + (0 if window.lasts_s else window.number // 7 % 400)

    async def _dies_at_commit(self, window: Window) -> None:
        process = self._victim(window).process
        if process is not None and not process.is_dead:
            process.dies_of = window.kind
            at = 1 if window.lasts_s else 1 + window.number // 7 % 9
            process.dies_at_commit = (at, window.kind is FaultKind.DEATH_AFTER_COMMIT)

    async def _pauses(self, window: Window) -> None:
        process = self._victim(window).process
        if process is None or process.is_dead:
            return
        self.strike(window.kind, str(process))
        process.pause()
        self._left_seat_ms = self.now_ms
        await asyncio.sleep(float(600 ** ((window.number % 1000) / 1000)))
        self.tell(f"{process} goes on")
        process.resume()

    async def _nobody_supervises(self, window: Window) -> None:
        self.strike(window.kind, "all")
        for member in self.members:
            if member.role is not Role.RUNNER and member.process is not None:
                member.back_at_s = window.until_s
                member.process.dies_of = None
                member.process.die()

    async def _believes(self, window: Window) -> None:
        member = self._victim(window)
        self.strike(window.kind, member.name)
        size = int(100 * 300 ** ((window.number % 1000) / 1000))
        member.believed.off_ms = size if window.number % 2 else -size
        self.about.wrong_clock_ms = size
        await asyncio.sleep(max(0.0, window.until_s - window.from_s))
        member.believed.off_ms = 0
        await asyncio.sleep(HEARTBEAT_MS / 1000)  # until then what was stored by the wrong clock may be what is known
        self.about.wrong_clock_ms = 0

    async def _loses_locks(self, window: Window) -> None:
        self.strike(window.kind, "all")
        until_ms = self.now_ms + 20_000
        self.about.blind_until_ms = max(self.about.blind_until_ms, until_ms)  # nobody holds the supervisor's seat
        self._write("UPDATE locks SET owner = 'thief', token = token + 1, expires_at_ms = ?", (until_ms,))

    async def _is_restored(self, window: Window) -> None:
        self.strike(window.kind, "all")
        assert self.reader is not None
        self._lost_evidence = True
        for member in self.members:
            if member.process is not None:
                member.process.dies_of = None
                member.process.die()
        self.about.supervised_since_ms = None
        self.reader.close()
        for name in (self.path, self.path.with_name(f"{DATABASE}-wal"), self.path.with_name(f"{DATABASE}-shm")):
            name.unlink(missing_ok=True)
        self.path.write_bytes(self._snapshots[window.number % len(self._snapshots)][1])
        self.laws.on_restored()
        self.reader.reopen()
        self._look_at_books("the operator")

    def _copy(self) -> bytes:
        with contextlib.closing(sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True)) as connection:
            return connection.serialize()

    async def _forgets(self, window: Window) -> None:
        self.strike(window.kind, "the exchange")
        self._lost_evidence = True
        state = self.world.engine._state
        before = state.rules
        state.rules = evolve(
            before, restart_forgets_history=True, restart_forgets_triggers=window.kind is FaultKind.FORGETS_ALL
        )
        self._by_hand(Restart())
        state.rules = before

    async def _closes_only(self, window: Window) -> None:
        self.strike(window.kind, window.symbol, window.symbol)
        self._by_hand(StatusChange(window.symbol, ContractStatus.CLOSE_ONLY))
        await asyncio.sleep(60)
        self._by_hand(StatusChange(window.symbol, ContractStatus.TRADING))

    async def _ends(self, window: Window) -> None:
        self.strike(window.kind, window.symbol, window.symbol)
        self.about.delisted.add(window.symbol)
        self.market.change(window.symbol, self.now_ms, status=ContractStatus.DELISTED)
        self._by_hand(StatusChange(window.symbol, ContractStatus.DELISTED))

    async def _grid_changes(self, window: Window) -> None:
        self.strike(window.kind, window.symbol, window.symbol)
        contract = self.market.change(window.symbol, self.now_ms, tick_size=Decimal("0.05"))
        self._by_hand(ContractChange(contract))

    async def _deleverages(self, window: Window) -> None:
        for position in self.world.engine.positions(ACCOUNT, window.symbol):
            self.strike(window.kind, window.symbol, window.symbol)
            step = self._step(window.symbol)
            size = max(step, position.size * (1 + window.number % 4) / 4 // step * step)
            self._by_hand(Deleverage(ACCOUNT, window.symbol, position.side, min(size, position.size)))

    async def _crashes(self, window: Window) -> None:
        if window.lasts_s:  # the others are in the market's path from the beginning
            held = self.world.engine.positions(ACCOUNT, window.symbol)
            against = -1 if any(position.side is Side.LONG for position in held) else 1
            self.market.jumps(window.symbol, self.now_ms, against * (600 + window.number % 5400))
        self.strike(window.kind, window.symbol, window.symbol)

    async def _dries_up(self, window: Window) -> None:
        self.strike(window.kind, window.symbol, window.symbol)
        self.market.dries_up(window.symbol, self.now_ms + int((window.until_s - window.from_s) * 1000))

    async def _hand_closes(self, window: Window) -> None:
        for position in self.world.engine.positions(ACCOUNT, window.symbol):
            self.strike(window.kind, window.symbol, window.symbol)
            step = self._step(window.symbol)
            size = position.size
            if window.kind is FaultKind.HAND_CLOSES_PART:
                size = max(step, size / 2 // step * step)
            self._order(window.symbol, position.side, size, opens=False)
            if window.kind is FaultKind.HAND_FLIPS:
                self._order(window.symbol, position.side.opposite, size, opens=True)

    async def _hand_opens(self, window: Window) -> None:
        self.strike(window.kind, window.symbol, window.symbol)
        side = (Side.LONG, Side.SHORT)[window.number % 2]
        self._order(window.symbol, side, self._step(window.symbol) * 5, opens=True)

    async def _hand_on_stop(self, window: Window) -> None:
        for order in self._live(window.symbol):
            if order.purpose != "stop":
                continue
            self.strike(window.kind, window.symbol, window.symbol)
            if window.kind is FaultKind.HAND_CANCELS_STOP:
                self._by_hand(CancelOrder(ACCOUNT, window.symbol, order.order_id))
                continue
            quote = self.world.quote(window.symbol)
            assert order.trigger_price is not None
            nearer = window.kind is FaultKind.HAND_TIGHTENS_STOP
            way = (quote.mark - order.trigger_price) * (Decimal("0.5") if nearer else Decimal("-0.5"))
            tick = Decimal("0.05")
            price = (order.trigger_price + way) // tick * tick
            self._by_hand(AmendTrigger(ACCOUNT, window.symbol, order.order_id, trigger_price=price))

    async def _hand_cancels_entry(self, window: Window) -> None:
        for order in self._live(window.symbol):
            if not order.reduce_only:
                self.strike(window.kind, window.symbol, window.symbol)
                self._by_hand(CancelOrder(ACCOUNT, window.symbol, order.order_id))

    async def _transfers(self, window: Window) -> None:
        self.strike(window.kind, "the owner")
        self._by_hand(Transfer(ACCOUNT, Decimal(window.number % 2000 - 1000)))

    async def _kills(self, window: Window) -> None:
        self.strike(window.kind, "the operator")
        self._kill_switch(on=True)
        await asyncio.sleep(max(0.0, window.until_s - window.from_s))
        self._kill_switch(on=False)

    def _kill_switch(self, *, on: bool) -> None:
        self._write(
            'INSERT INTO switches (namespace, key, "on", until_ms, reason, changed_ms)'
            " VALUES ('simulation', 'global', ?, NULL, 'simulation', ?)"
            ' ON CONFLICT (namespace, key) DO UPDATE SET "on" = excluded."on"',
            (not on, self.now_ms),
        )

    def _write(self, statement: str, values: tuple[object, ...]) -> None:
        """Past the program; what is locked just now is left alone."""
        with (
            contextlib.closing(sqlite3.connect(self.path, timeout=0)) as connection,
            contextlib.suppress(sqlite3.OperationalError),
        ):
            connection.execute(statement, values)
            connection.commit()
        self._look_at_books("the operator")

    def _order(self, symbol: str, side: Side, size: Decimal, *, opens: bool) -> None:
        buys = (side is Side.LONG) is opens
        self.counts["by hand"] += 1
        self._by_hand(
            PlaceOrder(
                account=ACCOUNT,
                symbol=symbol,
                action=Action.BUY if buys else Action.SELL,
                size=size,
                order_type=OrderType.MARKET,
                price=None,
                time_in_force=TimeInForce.IOC,
                reduce_only=not opens,
                position_side=side if self.scene.position_mode is PositionMode.HEDGE else None,
                margin_mode=self.margin_mode if opens else None,
                client_order_id=f"{HAND}{self.counts['by hand']}",
            )
        )

    def _by_hand(self, what: object) -> None:
        self.world.catch_up()
        self.about.by_hand = True
        try:
            self.world._apply(what)  # type: ignore[arg-type]
        finally:
            self.about.by_hand = False

    def _live(self, symbol: str) -> tuple[OrderView, ...]:
        return self.world.engine.orders_of(ACCOUNT, symbol, self.now_ms + 60_000)

    def _step(self, symbol: str) -> Decimal:
        contract = self.world.engine.contract(symbol)
        assert contract is not None
        return contract.size_step

    def bury(self) -> None:
        """Ends what is left of dead processes, once nobody can see it any more."""
        self.is_over = True
        with virtual.nothing_printed():
            for process in self._dead:
                process.die()
                process.bury()
            if self.reader is not None:
                self.reader.close()
            self._dead.clear()
        for jobs in self._jobs:
            jobs.let_go()
        self._jobs.clear()


class RivalExchange(NativeExchange):
    """What is written through it is another's hand to those who are looked at."""

    def __init__(self, world: World, account: str, about: Surroundings) -> None:
        super().__init__(world, account)
        self._about = about

    def _carried_out(self, carry_out: Callable[[], Any]) -> Any:
        self._world.catch_up()  # what happens until now is nobody's hand
        self._about.by_hand = True
        try:
            return carry_out()
        finally:
            self._about.by_hand = False

    def _write(self, command: Any, client_order_id: str = "") -> WriteOutcome:
        return self._carried_out(lambda: super(RivalExchange, self)._write(command, client_order_id))

    def _enters(self, command: Any, not_after_ms: int) -> Any:
        return self._carried_out(lambda: super(RivalExchange, self)._enters(command, not_after_ms))


class _Untroubled:
    """A database with which nothing goes wrong, and at which nobody looks."""

    def of_call(self, process: Process, name: str) -> tuple[float, Exception | None]:
        return 0.0, None

    def committed(self, process: Process) -> None:
        pass


class _Current(Weather):
    """The episode's weather of the moment: it changes when everything calms down."""

    def __init__(self, episode: Episode) -> None:
        self._episode = episode

    def has(self, kinds: frozenset[FaultKind]) -> bool:
        return self._episode.weather.has(kinds)

    def now(self, at_s: float, kinds: frozenset[FaultKind], symbol: str = "") -> Window | None:
        return self._episode.weather.now(at_s, kinds, symbol)


def _words(order: OrderView) -> str:
    what = f"{order.purpose} at {order.trigger_price}" if order.purpose else f"{order.order_type} {order.price or ''}"
    does = "reduces" if order.reduce_only else "opens"
    return (
        f"#{order.order_id} {order.client_order_id or '-'} {order.action} {order.size} {order.symbol} {what}, {does},"
        f" {order.state}, filled {order.filled}"
    )


def _sqlite_error(text: str, code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return error


_OF_STORE = frozenset({FaultKind.STORE_ERROR, FaultKind.DISK_FULL, FaultKind.SLOW_COMMIT, FaultKind.STORE_HANGS})
_JUST = {kind: frozenset({kind}) for kind in FaultKind}

_ACTS = {
    FaultKind.DEATH_AT_STEP: Episode._dies_at_step,
    FaultKind.DEATH_BEFORE_COMMIT: Episode._dies_at_commit,
    FaultKind.DEATH_AFTER_COMMIT: Episode._dies_at_commit,
    FaultKind.PAUSE: Episode._pauses,
    FaultKind.SUPERVISOR_GONE: Episode._nobody_supervises,
    FaultKind.SKEW: Episode._believes,
    FaultKind.LOCK_LOST: Episode._loses_locks,
    FaultKind.STORE_RESTORED: Episode._is_restored,
    FaultKind.FORGETS_HISTORY: Episode._forgets,
    FaultKind.FORGETS_ALL: Episode._forgets,
    FaultKind.CLOSE_ONLY: Episode._closes_only,
    FaultKind.DELISTED: Episode._ends,
    FaultKind.GRID_CHANGE: Episode._grid_changes,
    FaultKind.ADL: Episode._deleverages,
    FaultKind.CRASH: Episode._crashes,
    FaultKind.DRY_BOOK: Episode._dries_up,
    FaultKind.HAND_CLOSES: Episode._hand_closes,
    FaultKind.HAND_CLOSES_PART: Episode._hand_closes,
    FaultKind.HAND_FLIPS: Episode._hand_closes,
    FaultKind.HAND_OPENS: Episode._hand_opens,
    FaultKind.HAND_CANCELS_STOP: Episode._hand_on_stop,
    FaultKind.HAND_TIGHTENS_STOP: Episode._hand_on_stop,
    FaultKind.HAND_LOOSENS_STOP: Episode._hand_on_stop,
    FaultKind.HAND_CANCELS_ENTRY: Episode._hand_cancels_entry,
    FaultKind.TRANSFER: Episode._transfers,
    FaultKind.KILL_SWITCH: Episode._kills,
}
