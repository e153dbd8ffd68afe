"""What can go wrong, as data; and what of it an episode's seed draws.

A plan is a list of windows. A window of a call's fault lets it strike with a chance at every call of its span; one of
an act does it once, at its beginning. One that is aimed waits, from its beginning on, until there is an intent in the
wanted state, and strikes then. A plan that is shorter by a window is a plan, too: that is how it shrinks.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from attrs import define, evolve, frozen

from tests.simulation.market import SYMBOLS, Kick


class FaultKind(StrEnum):
    # Calls of the exchange
    LOST_REQUEST = "lost_request"
    LOST_ANSWER = "lost_answer"
    LATE_REQUEST = "late_request"
    LATE_ANSWER = "late_answer"
    SERVER_ERROR = "server_error"
    SERVER_ERROR_AFTER = "server_error_after"
    GARBLED = "garbled"
    RATE_LIMITED = "rate_limited"
    STALE_READ = "stale_read"
    EMPTY_READ = "empty_read"
    OTHER_ACCOUNT = "other_account"
    PROTECTION_REFUSED = "protection_refused"
    CANCEL_NOT_FOUND = "cancel_not_found"
    MAINTENANCE = "maintenance"
    # The private stream
    STREAM_SILENT = "stream_silent"
    STREAM_DOUBLED = "stream_doubled"
    STREAM_REORDERED = "stream_reordered"
    STREAM_BROKEN = "stream_broken"
    # The database
    STORE_ERROR = "store_error"
    DISK_FULL = "disk_full"
    SLOW_COMMIT = "slow_commit"
    STORE_HANGS = "store_hangs"
    LOCK_LOST = "lock_lost"
    STORE_RESTORED = "store_restored"
    # Processes
    DEATH_AT_STEP = "death_at_step"
    DEATH_BEFORE_COMMIT = "death_before_commit"
    DEATH_AFTER_COMMIT = "death_after_commit"
    PAUSE = "pause"
    SUPERVISOR_GONE = "supervisor_gone"
    SKEW = "skew"
    # The exchange and its market
    FORGETS_HISTORY = "forgets_history"
    FORGETS_ALL = "forgets_all"
    CLOSE_ONLY = "close_only"
    DELISTED = "delisted"
    GRID_CHANGE = "grid_change"
    ADL = "adl"
    CRASH = "crash"
    """A jump that may liquidate, and passes stops."""
    DRY_BOOK = "dry_book"
    # The account's owner
    HAND_CLOSES = "hand_closes"
    HAND_CLOSES_PART = "hand_closes_part"
    HAND_FLIPS = "hand_flips"
    HAND_OPENS = "hand_opens"
    HAND_CANCELS_STOP = "hand_cancels_stop"
    HAND_TIGHTENS_STOP = "hand_tightens_stop"
    HAND_LOOSENS_STOP = "hand_loosens_stop"
    HAND_CANCELS_ENTRY = "hand_cancels_entry"
    TRANSFER = "transfer"
    # The operator
    KILL_SWITCH = "kill_switch"


MEANINGS: Mapping[FaultKind, str] = {
    FaultKind.LOST_REQUEST: "a call never arrives; no answer within ten seconds",
    FaultKind.LOST_ANSWER: "a call acts; no answer within ten seconds",
    FaultKind.LATE_REQUEST: "a call arrives 1–300 s later, long after nobody waits for its answer any more",
    FaultKind.LATE_ANSWER: "a call acts at once; its answer comes 1–9 s later",
    FaultKind.SERVER_ERROR: "a gateway answers 5xx, and the exchange never heard of the call",
    FaultKind.SERVER_ERROR_AFTER: "a gateway answers 5xx, and the call acted",
    FaultKind.GARBLED: "a call acts; its answer is cut off, no JSON, a page, null, or of a code that nobody knows",
    FaultKind.RATE_LIMITED: "refused as one call too many",
    FaultKind.STALE_READ: "a read answers what the one before it did",
    FaultKind.EMPTY_READ: "a read answers well-formed nothing: no positions, orders or executions",
    FaultKind.OTHER_ACCOUNT: "a read answers what another account holds, money included",
    FaultKind.PROTECTION_REFUSED: "a stop or target is refused",
    FaultKind.CANCEL_NOT_FOUND: "a cancel answers that there is no such order, and does nothing",
    FaultKind.MAINTENANCE: "the exchange takes no call at all for a while",
    FaultKind.STREAM_SILENT: "the private stream carries nothing",
    FaultKind.STREAM_DOUBLED: "messages of the private stream come twice",
    FaultKind.STREAM_REORDERED: "a message of the private stream comes after the next one, however late that is",
    FaultKind.STREAM_BROKEN: "the private stream ends, and what happens until it is back seconds later it never tells",
    FaultKind.STORE_ERROR: "a call to the database fails: disk I/O error",
    FaultKind.DISK_FULL: "every commit fails: database or disk is full",
    FaultKind.SLOW_COMMIT: "commits take 0.1–5 s",
    FaultKind.STORE_HANGS: "calls to the database take up to half a minute",
    FaultKind.LOCK_LOST: "another owner holds every lock with a higher token for some seconds",
    FaultKind.STORE_RESTORED: "all processes end; the database is as it was minutes ago; they start again",
    FaultKind.DEATH_AT_STEP: "a process dies at any await, and starts again some seconds later",
    FaultKind.DEATH_BEFORE_COMMIT: "a process dies just before one of its commits",
    FaultKind.DEATH_AFTER_COMMIT: "a process dies just after one of its commits",
    FaultKind.PAUSE: "a process stands still for 1–600 s at any await",
    FaultKind.SUPERVISOR_GONE: "nobody supervises for minutes",
    FaultKind.SKEW: "a process believes that the exchange's clock is 0.1–30 s from what it is",
    FaultKind.FORGETS_HISTORY: "the exchange restarts and forgets ended orders and executions",
    FaultKind.FORGETS_ALL: "the same, and stops and targets are forgotten, too",
    FaultKind.CLOSE_ONLY: "a contract may only be closed for some minutes",
    FaultKind.DELISTED: "a contract ends: orders go, positions are settled",
    FaultKind.GRID_CHANGE: "tick and step of a contract become coarser under an open position",
    FaultKind.ADL: "the exchange closes part of a position at the mark",
    FaultKind.CRASH: "the price jumps by several percent in a second, through stops and liquidations",
    FaultKind.DRY_BOOK: "the book of a contract has a few steps and nothing behind: orders at market fill in parts",
    FaultKind.HAND_CLOSES: "the owner closes everything of a symbol",
    FaultKind.HAND_CLOSES_PART: "the owner closes a part",
    FaultKind.HAND_FLIPS: "the owner closes and opens the other side",
    FaultKind.HAND_OPENS: "the owner opens a symbol, or enlarges what is there",
    FaultKind.HAND_CANCELS_STOP: "the owner cancels a stop",
    FaultKind.HAND_TIGHTENS_STOP: "the owner moves a stop nearer",
    FaultKind.HAND_LOOSENS_STOP: "the owner moves a stop farther away",
    FaultKind.HAND_CANCELS_ENTRY: "the owner cancels a resting entry",
    FaultKind.TRANSFER: "money is paid in or out",
    FaultKind.KILL_SWITCH: "the operator turns the kill switch on, and off again some minutes later",
}

_CALLS = frozenset(list(FaultKind)[: list(FaultKind).index(FaultKind.MAINTENANCE)])
SPANS = _CALLS | {
    FaultKind.MAINTENANCE,
    FaultKind.STREAM_SILENT,
    FaultKind.STREAM_DOUBLED,
    FaultKind.STREAM_REORDERED,
    FaultKind.STREAM_BROKEN,
    FaultKind.STORE_ERROR,
    FaultKind.DISK_FULL,
    FaultKind.SLOW_COMMIT,
    FaultKind.STORE_HANGS,
}
"""What strikes calls, each with a chance; the other kinds are done once."""
BLINDING = frozenset(kind for kind in SPANS if not kind.value.startswith("stream_"))
"""While one of these lasts, seconds may be lost: what counts then is the alarm, and what is done afterwards."""
DESTROYS_EVIDENCE = frozenset({FaultKind.FORGETS_HISTORY, FaultKind.FORGETS_ALL})
HANDS = frozenset(kind for kind in FaultKind if kind.value.startswith("hand_"))


ONLY_WITH_A_POSITION = frozenset(
    {FaultKind.ADL, FaultKind.HAND_CLOSES, FaultKind.HAND_CLOSES_PART, FaultKind.HAND_FLIPS}
)
ONLY_WITH_A_STOP = frozenset({FaultKind.HAND_CANCELS_STOP, FaultKind.HAND_TIGHTENS_STOP, FaultKind.HAND_LOOSENS_STOP})
ONLY_WITH_AN_ENTRY = frozenset({FaultKind.HAND_CANCELS_ENTRY})
OF_A_SYMBOL = (
    ONLY_WITH_A_POSITION
    | ONLY_WITH_A_STOP
    | ONLY_WITH_AN_ENTRY
    | {
        FaultKind.CLOSE_ONLY,
        FaultKind.DELISTED,
        FaultKind.GRID_CHANGE,
        FaultKind.CRASH,
        FaultKind.DRY_BOOK,
        FaultKind.HAND_OPENS,
    }
)
"""What is done to one contract, or to what is held of it."""


@frozen
class Window:
    """One fault: from when on, until when, how often of the calls in between, and what it strikes."""

    kind: FaultKind
    from_s: float
    until_s: float
    chance: float = 1.0
    symbol: str = SYMBOLS[0]
    number: int = 0
    """What else is drawn of it: a step, a size, a process."""
    when: str = ""
    """The state of an intent, of its entry or of its position, for which it waits; its symbol is that intent's then."""
    lasts_s: float = 0.0
    """Of one that is aimed: how long it lasts once it has struck."""

    def __str__(self) -> str:
        aim = f", once an intent is {self.when}" if self.when else ""
        return (
            f"{self.from_s:.0f}–{self.until_s:.0f} s {self.kind} {self.symbol} ({self.chance:.2f}, {self.number}{aim})"
        )

    def struck(self, at_s: float, symbol: str) -> Window:
        """An aimed one that has found what it waited for: from then on it is like any other."""
        return evolve(self, from_s=at_s, until_s=at_s + self.lasts_s, symbol=symbol or self.symbol, when="")


@frozen
class Plan:
    """Everything that goes wrong in an episode."""

    windows: tuple[Window, ...]

    def without(self, place: int) -> Plan:
        return Plan(self.windows[:place] + self.windows[place + 1 :])

    @property
    def kinds(self) -> frozenset[FaultKind]:
        return frozenset(window.kind for window in self.windows)

    def kicks(self) -> tuple[Kick, ...]:
        """The jumps of prices."""
        return tuple(
            Kick(window.symbol, int(window.from_s), (window.number % 12_000) - 6000)
            for window in self.windows
            if window.kind is FaultKind.CRASH and not window.when
        )


def drawn_plan(seed: int, until_s: float, kinds: tuple[FaultKind, ...] = tuple(FaultKind)) -> Plan:
    """The plan of a seed: a few kinds, often one alone, each some times, all of them over before `until_s`.

    Hours are mostly quiet: less goes wrong in a minute of them, and in half of them all of it within some storms.
    """
    draw = random.Random(f"faults {seed}")
    chosen = draw.sample(kinds, min(len(kinds), draw.choice((1, 2, 3, 4, 6))))
    longer = max(1.0, until_s / 1200)
    density = longer * (draw.choice((0.1, 0.3, 1.0)) if longer > 1.5 else 1.0)
    is_stormy = longer > 1.5 and draw.random() < 0.5
    storms = [draw.uniform(5, until_s - 130) for _ in range(draw.randint(1, 3))] if is_stormy else []
    windows: list[Window] = []
    for kind in chosen:
        times = 1 if kind is FaultKind.DELISTED else max(1, round(draw.choice((2, 4, 8)) * density))
        for _ in range(times):
            windows.append(_window(draw, kind, until_s, storms))
    return _sorted(windows)


LEADS_TO: Mapping[str, tuple[tuple[FaultKind, str, float], ...]] = {
    "unknown": ((FaultKind.LOST_ANSWER, "submitting", 1.0),),
    "cancelling": ((FaultKind.KILL_SWITCH, "resting", 20.0), (FaultKind.LATE_ANSWER, "cancelling", 1.0)),
    "unprotected": ((FaultKind.HAND_CANCELS_STOP, "protected", 1.0),),
    "exiting": ((FaultKind.DRY_BOOK, "protected", 120.0), (FaultKind.CRASH, "protected", 1.0)),
    "closing": ((FaultKind.DRY_BOOK, "protected", 120.0),),
}
"""What brings an intent to a state in which it seldom is: a fault, the state in which that strikes, and how long it
lasts."""
_PARTS = ((FaultKind.DRY_BOOK, "resting", 60.0),)
"""What lets an entry fill in parts, so that it has a position while it rests."""


def aimed_plan(seed: int, until_s: float, targets: Sequence[tuple[FaultKind, str]]) -> Plan:
    """Some of the faults that can strike an intent in one state, each waiting for it; and what leads to that state."""
    draw = random.Random(f"aims {seed}")
    state = draw.choice(sorted({state for _, state in targets}))
    kinds = draw.sample([kind for kind, its in targets if its == state], 8)
    leads = LEADS_TO.get(state, ())
    if any(kind in ONLY_WITH_A_POSITION | ONLY_WITH_A_STOP for kind in kinds):
        leads += _PARTS
    windows = [_aimed(draw, kind, state, draw.choice((2.0, 10.0, 60.0)), until_s) for kind in kinds]
    for _ in range(4):
        led = [_aimed(draw, *lead, until_s) for lead in leads]
        windows += [evolve(one, from_s=led[0].from_s) for one in led]  # what leads there together strikes together
    return _sorted(windows)


def _aimed(draw: random.Random, kind: FaultKind, when: str, lasts_s: float, until_s: float) -> Window:
    return Window(
        kind,
        from_s=draw.uniform(0, until_s * 0.6),
        until_s=until_s,
        number=draw.randrange(1_000_000),
        when=when,
        lasts_s=lasts_s * draw.uniform(0.5, 1.0),
    )


def _window(draw: random.Random, kind: FaultKind, until_s: float, storms: list[float]) -> Window:
    latest_s = max(6.0, until_s - 130)
    from_s = min(latest_s, draw.choice(storms) + draw.uniform(0, 600)) if storms else draw.uniform(5, latest_s)
    lasts_s = draw.choice((5.0, 20.0, 60.0, 120.0)) * draw.uniform(0.5, 1.0)
    chance = draw.choice((0.05, 0.2, 0.5, 1.0)) if kind in SPANS else 1.0
    return Window(kind, from_s, min(until_s, from_s + lasts_s), chance, draw.choice(SYMBOLS), draw.randrange(1_000_000))


def _sorted(windows: list[Window]) -> Plan:
    return Plan(tuple(sorted(windows, key=lambda window: (window.from_s, window.kind, window.number))))


class States(Protocol):
    """Knows which intents there are."""

    def holding(self, state: str, symbol: str) -> str | None:
        """The symbol of a live intent in that state, of one symbol or (empty) of any; None: there is none."""
        ...


class Nothing:
    """There are no intents."""

    def holding(self, state: str, symbol: str) -> str | None:
        return None


@define
class _Span:
    window: Window
    draw: random.Random
    left: int
    """Of one that is aimed: how many calls it still strikes."""
    struck_s: float = -math.inf


class Weather:
    """A plan at work: says which fault strikes a call now."""

    def __init__(self, plan: Plan, seed: int, states: States | None = None) -> None:
        self._states = states or Nothing()
        self._spans = [
            _Span(window, random.Random(f"{seed} {window}"), 1 + window.number % 3)
            for window in plan.windows
            if window.kind in SPANS
        ]
        self._of_kinds: dict[frozenset[FaultKind], list[_Span]] = {}

    def has(self, kinds: frozenset[FaultKind]) -> bool:
        """Whether one of those kinds strikes at any time."""
        return bool(self._of(kinds))

    def now(self, at_s: float, kinds: frozenset[FaultKind], symbol: str = "") -> Window | None:
        """The first fault of those kinds that strikes a call of this instant, about a symbol or (empty) about all."""
        for span in self._of(kinds):
            window = span.window
            if not window.from_s <= at_s < window.until_s:
                continue
            if window.when:
                if not span.left or self._states.holding(window.when, symbol) is None:
                    continue
                span.left -= 1
            elif span.draw.random() >= window.chance:
                continue
            span.struck_s = at_s
            return window
        return None

    def lasts(self, at_s: float, kinds: frozenset[FaultKind], tail_s: float = 0.0) -> bool:
        """Whether one of those kinds is about, or was in the last so many seconds."""
        return any(
            at_s < span.struck_s + tail_s
            if span.window.when
            else span.window.from_s <= at_s < span.window.until_s + tail_s
            for span in self._of(kinds)
        )

    def _of(self, kinds: frozenset[FaultKind]) -> list[_Span]:
        found = self._of_kinds.get(kinds)
        if found is None:
            found = self._of_kinds[kinds] = [span for span in self._spans if span.window.kind in kinds]
        return found
