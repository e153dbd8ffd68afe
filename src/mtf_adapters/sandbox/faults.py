"""What goes wrong on purpose: faults of calls and of streams, by number or by chance, the same for the same seed.

A fault belongs to a wire, not to the exchange behind it: the engine never knows that an answer was lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import define, evolve, field, frozen

from mtf_adapters.sandbox.noise import uniform_of
from mtf_core.settings.fields import setting

EVERYTHING = "*"
READS, WRITES = "reads", "writes"


class FaultKind(StrEnum):
    """What becomes of one call; `MEANINGS` says it of each."""

    LOST_REQUEST = "lost_request"
    LOST_ANSWER = "lost_answer"
    LATE_REQUEST = "late_request"
    LATE_ANSWER = "late_answer"
    RESET = "reset"
    RESET_MID_BODY = "reset_mid_body"
    SERVER_ERROR = "server_error"
    SERVER_ERROR_AFTER = "server_error_after"
    CDN_PAGE = "cdn_page"
    CDN_PAGE_AFTER = "cdn_page_after"
    RATE_LIMITED = "rate_limited"
    BANNED = "banned"
    MAINTENANCE = "maintenance"
    REFUSED = "refused"
    REFUSED_IN_ROW = "refused_in_row"
    REFUSED_AFTER = "refused_after"
    UNPROTECTED = "unprotected"
    MALFORMED = "malformed"
    TRUNCATED = "truncated"
    STALE = "stale"
    EMPTY = "empty"
    NULL = "null_data"
    NO_DATA = "no_data"
    UNKNOWN_CODE = "unknown_code"
    OTHER_ACCOUNT = "other_account"


class StreamFaultKind(StrEnum):
    """What becomes of one message of a stream; `STREAM_MEANINGS` says it of each."""

    DROPPED = "dropped"
    DUPLICATED = "duplicated"
    REORDERED = "reordered"
    SILENCE = "silence"
    DISCONNECT = "disconnect"


MEANINGS: Mapping[FaultKind, str] = {
    FaultKind.LOST_REQUEST: "never arrives; nothing is answered, after `delay_ms` the connection ends",
    FaultKind.LOST_ANSWER: "acts; its answer is never sent, after `delay_ms` the connection ends",
    FaultKind.LATE_REQUEST: "arrives `delay_ms` later and is judged by the time at which it arrives",
    FaultKind.LATE_ANSWER: "acts at once; its answer leaves `delay_ms` later",
    FaultKind.RESET: "never arrives; the connection is reset",
    FaultKind.RESET_MID_BODY: "acts; the connection ends after half of the answer",
    FaultKind.SERVER_ERROR: "never arrives; a gateway answers with `status`",
    FaultKind.SERVER_ERROR_AFTER: "acts, and a gateway answers with `status` all the same",
    FaultKind.CDN_PAGE: "never arrives; a content network answers with a page of HTML and `status`",
    FaultKind.CDN_PAGE_AFTER: "acts, and a content network answers with a page of HTML and `status`",
    FaultKind.RATE_LIMITED: "refused as one call too many, though it was not",
    FaultKind.BANNED: "refused, as those are who went on after such refusals",
    FaultKind.MAINTENANCE: "refused: the exchange is being maintained",
    FaultKind.REFUSED: "refused with `code`, `status` and `text`",
    FaultKind.REFUSED_IN_ROW: "refused with `code` and `text` in the rows of an answer that arrives well; `refused`, "
    "where the venue's answers have no such rows",
    FaultKind.REFUSED_AFTER: "acts, and is answered with `code`, `status` and `text` of a refusal all the same",
    FaultKind.UNPROTECTED: "acts as ever; the stop and target of the next entry that fills cannot be placed",
    FaultKind.MALFORMED: "acts; the answer is text that is no JSON",
    FaultKind.TRUNCATED: "acts; the answer is the first half of its JSON and says that it is whole",
    FaultKind.STALE: "acts; the answer is that of the endpoint's call before, if there was one",
    FaultKind.EMPTY: "acts; the answer is well formed and has nothing in it",
    FaultKind.NULL: "acts; the answer's data are `null`",
    FaultKind.NO_DATA: "acts; the answer has no data at all",
    FaultKind.OTHER_ACCOUNT: "reads answer with what another account holds, which is nothing; writes act as ever",
    FaultKind.UNKNOWN_CODE: "acts; the answer bears a code that no table lists",
}
STREAM_MEANINGS: Mapping[StreamFaultKind, str] = {
    StreamFaultKind.DROPPED: "is not sent",
    StreamFaultKind.DUPLICATED: "is sent twice",
    StreamFaultKind.REORDERED: "is sent after the message that follows it",
    StreamFaultKind.SILENCE: "is not sent, and from it on the connection stands and carries nothing",
    StreamFaultKind.DISCONNECT: "is not sent; the connection ends",
}

ARRIVES_NOT = frozenset(
    {
        FaultKind.LOST_REQUEST,
        FaultKind.RESET,
        FaultKind.SERVER_ERROR,
        FaultKind.CDN_PAGE,
        FaultKind.RATE_LIMITED,
        FaultKind.BANNED,
        FaultKind.MAINTENANCE,
        FaultKind.REFUSED,
        FaultKind.REFUSED_IN_ROW,
    }
)
"""Kinds under which the exchange never hears of the call."""
NOT_DRAWN = frozenset({FaultKind.REFUSED, FaultKind.REFUSED_IN_ROW, FaultKind.REFUSED_AFTER, FaultKind.UNPROTECTED})
"""Kinds that name a code of the venue, or strike another order than the call's: they are asked for, never drawn."""


def _numbers() -> tuple[int, ...]:
    return ()


@frozen(kw_only=True)
class Fault:
    """One kind of fault, where and when it strikes."""

    kind: FaultKind = setting(doc="what happens")
    on: str = setting(EVERYTHING, doc="an endpoint by its last name, like `submit-order`; `reads`, `writes` or `*`")
    calls: tuple[int, ...] = setting(
        factory=_numbers,
        ge=1,
        doc="which calls of an endpoint, counted from 1 on; none named: all",
    )
    probability: float = setting(1.0, ge=0, le=1, doc="how often, of those calls")
    times: int | None = setting(None, ge=1, doc="how often at most, in all")
    delay_ms: int = setting(30_000, ge=0, unit="ms", doc="of lost and late ones: for how long")
    status: int = setting(503, ge=400, le=599, doc="HTTP status of server errors, pages and refusals")
    code: int | None = setting(None, ge=0, doc="of refusals: the venue's code; none: its system error")
    text: str = setting("System error", doc="of refusals: the venue's words")


@frozen(kw_only=True)
class StreamFault:
    """One kind of fault of a stream's messages, where and when it strikes."""

    kind: StreamFaultKind = setting(doc="what happens")
    on: str = setting(EVERYTHING, doc="how the topic begins, like `futures/order`; `*` for all")
    messages: tuple[int, ...] = setting(
        factory=_numbers, ge=1, doc="which messages of a topic, counted from 1 on; none named: all"
    )
    probability: float = setting(1.0, ge=0, le=1, doc="how often, of those messages")
    times: int | None = setting(None, ge=1, doc="how often at most, in all")


def _no_faults() -> tuple[Fault, ...]:
    return ()


def _no_stream_faults() -> tuple[StreamFault, ...]:
    return ()


@frozen(kw_only=True)
class FaultScript:
    """Everything that is to go wrong on a wire."""

    seed: int = setting(1, doc="what chance is drawn from")
    drawn: float = setting(
        0.0, ge=0, le=1, doc="probability of each kind of fault that is drawn beside those listed; 0: none"
    )
    calls: tuple[Fault, ...] = setting(factory=_no_faults, doc="faults of calls; the first that strikes counts")
    streams: tuple[StreamFault, ...] = setting(factory=_no_stream_faults, doc="faults of streams")

    def with_drawn(self) -> FaultScript:
        """The script with the faults of every kind that `drawn` asks for, written out."""
        if not self.drawn:
            return self
        kinds = [kind for kind in FaultKind if kind not in NOT_DRAWN]
        calls = tuple(
            Fault(kind=kind, probability=self.drawn, delay_ms=_drawn_delay(self.seed, kind)) for kind in kinds
        )
        streams = tuple(StreamFault(kind=kind, probability=self.drawn) for kind in StreamFaultKind)
        return evolve(self, drawn=0.0, calls=self.calls + calls, streams=self.streams + streams)


def _drawn_delay(seed: int, kind: FaultKind) -> int:
    """Between one second and five minutes, most of them short."""
    return int(1000 * 300 ** uniform_of(seed, "delay", kind))


@define
class _Counted:
    """One entry of a script and what it has done."""

    fault: Fault | StreamFault
    seen: dict[str, int] = field(factory=dict)
    struck: int = 0

    def strikes(self, name: str, numbers: tuple[int, ...], chance: float) -> bool:
        """Whether this entry strikes the call or message that was counted last."""
        if self.fault.times is not None and self.struck >= self.fault.times:
            return False
        if (numbers and self.seen[name] not in numbers) or chance >= self.fault.probability:
            return False
        self.struck += 1
        return True


class FaultPlan:
    """A script at work: counts calls and messages, and says which fault strikes, if one does."""

    def __init__(self, script: FaultScript | None = None) -> None:
        self.set(script or FaultScript())

    def set(self, script: FaultScript) -> None:
        """Begins a script anew; what was counted is forgotten."""
        self.script = script.with_drawn()
        self._calls = [_Counted(fault) for fault in self.script.calls]
        self._messages = [_Counted(fault) for fault in self.script.streams]

    def clear(self) -> None:
        self.set(FaultScript(seed=self.script.seed))

    def of_call(self, endpoint: str, *, writes: bool) -> Fault | None:
        """The fault that strikes this call of the endpoint."""
        names = {EVERYTHING, endpoint, WRITES if writes else READS}
        found: Fault | None = None
        for place, counted in enumerate(self._calls):
            fault = counted.fault
            if not isinstance(fault, Fault) or fault.on not in names:
                continue
            chance = self._counted(counted, place, endpoint)
            if found is None and counted.strikes(endpoint, fault.calls, chance):
                found = fault
        return found

    def of_message(self, topic: str) -> StreamFault | None:
        """The fault that strikes this message of the topic."""
        found: StreamFault | None = None
        for place, counted in enumerate(self._messages):
            fault = counted.fault
            if not isinstance(fault, StreamFault) or not (fault.on == EVERYTHING or topic.startswith(fault.on)):
                continue
            chance = self._counted(counted, place, topic)
            if found is None and counted.strikes(topic, fault.messages, chance):
                found = fault
        return found

    def _counted(self, counted: _Counted, place: int, name: str) -> float:
        """Counts one more under the name; the number between 0 and 1 that chance drew for it."""
        number = counted.seen[name] = counted.seen.get(name, 0) + 1
        return uniform_of(self.script.seed, place, counted.fault.kind, name, number)
