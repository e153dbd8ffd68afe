"""What reads prove: never more than is so, and in the end enough."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from mtf_adapters.bitmart.capabilities import CAPABILITIES
from mtf_core.market import (
    Fill,
    OpenOrder,
    OrderKind,
    OrderState,
    Position,
    Side,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
)
from mtf_core.orders.evidence import (
    Contradiction,
    EntryReads,
    Gone,
    Proven,
    Read,
    StopFault,
    entry_evidence,
    gone,
    ours,
    protection_of,
)
from mtf_core.orders.intent import Intent
from mtf_core.orders.states import EntryCause, EntryState, PositionState
from tests.unit.orders.intents import an_attempt, an_intent

SENT_MS, NOT_AFTER_MS, SETTLED_MS, REMEMBERED_MS = 1_000_000, 1_060_000, 5_000, 7_200_000
IDS = evolve(CAPABILITIES.client_ids, lookup_history_ms=REMEMBERED_MS, lookup_fills_ms=REMEMBERED_MS)
STOP = TriggerLevel(Decimal(95), TriggerPrice.MARK)
INTENT = an_intent(stop=STOP, attempt=an_attempt(client_order_id="mine", created_ms=SENT_MS, not_after_ms=NOT_AFTER_MS))


def order(state: OrderState = OrderState.LIVE, filled: int = 0, **changes: object) -> OpenOrder:
    shown = OpenOrder(
        symbol="BTCUSDT",
        order_id="7",
        client_order_id="mine",
        kind=OrderKind.LIMIT,
        side=Side.LONG,
        size=Decimal(10),
        price=Decimal(100),
        reduce_only=False,
        filled=Decimal(filled),
        state=state,
    )
    return evolve(shown, **changes)


def fill(size: int, *, opens: bool = True, side: Side = Side.LONG, order_id: str = "7") -> Fill:
    nothing = Decimal(0)
    return Fill(
        "BTCUSDT", f"{order_id}-{size}", order_id, side, opens, Decimal(100), Decimal(size), nothing, nothing, True, 0
    )


def reads(
    live: tuple[OpenOrder, ...] | None = (),
    ended: tuple[OpenOrder, ...] | None = (),
    fills: tuple[Fill, ...] | None = (),
    begun_ms: int = NOT_AFTER_MS + SETTLED_MS + 1,
    since_ms: int = SENT_MS,
) -> EntryReads:
    def read(value):  # type: ignore[no-untyped-def]
        return None if value is None else Read(value, begun_ms)

    return EntryReads(read(live), read(ended), read(fills), since_ms)


def cause(given_reads: EntryReads, intent: Intent = INTENT) -> EntryCause | None:
    evidence = entry_evidence(intent, given_reads, IDS, SETTLED_MS)
    assert not isinstance(evidence, Contradiction), evidence
    return None if evidence is None else evidence.cause


def test_an_order_that_is_shown_live_is_live() -> None:
    assert cause(reads(live=(order(),))) is EntryCause.SEEN_LIVE
    assert cause(reads(live=(order(filled=3),), fills=None, ended=None)) is EntryCause.SEEN_LIVE


def test_it_has_ended_once_its_executions_add_up() -> None:
    ended = (order(OrderState.FILLED, 10),)
    assert cause(reads(ended=ended, fills=(fill(4), fill(6)))) is EntryCause.SEEN_ENDED
    assert cause(reads(ended=ended, fills=(fill(4),))) is None, "an execution is not shown yet"
    assert cause(reads(ended=ended, fills=None)) is None
    assert cause(reads(ended=(order(OrderState.CANCELLED),))) is EntryCause.SEEN_ENDED


def test_an_end_outweighs_an_older_read_that_shows_it_live() -> None:
    assert cause(reads(live=(order(),), ended=(order(OrderState.CANCELLED),))) is EntryCause.SEEN_ENDED


def test_an_order_that_history_shows_as_refused_has_ended_and_with_executions_it_is_an_alarm() -> None:
    assert cause(reads(ended=(order(OrderState.REJECTED),), fills=None)) is EntryCause.SEEN_ENDED
    filled = reads(ended=(order(OrderState.REJECTED, 3),), fills=(fill(3),))
    assert isinstance(entry_evidence(INTENT, filled, IDS, SETTLED_MS), Contradiction)


def test_executions_of_another_order_do_not_add_up_to_this_one() -> None:
    ended = (order(OrderState.FILLED, 10),)
    assert cause(reads(ended=ended, fills=(fill(4), fill(6, order_id="8")))) is None
    assert cause(reads(ended=ended, fills=(fill(10), fill(6, order_id="8")))) is EntryCause.SEEN_ENDED


def test_of_two_reads_the_one_that_shows_more_filled_counts() -> None:
    for less, more in ((2, 5), (5, 2)):
        evidence = entry_evidence(
            INTENT, reads(live=(order(filled=less),), ended=(order(filled=more),)), IDS, SETTLED_MS
        )
        assert isinstance(evidence, Proven)
        assert evidence.order is not None
        assert evidence.order.filled == 5


def test_an_order_that_is_shown_without_our_id_is_known_by_the_id_that_the_exchange_gave_it() -> None:
    nameless = reads(live=(order(client_order_id=""),))
    known = evolve(INTENT, attempt=evolve(INTENT.attempt, order_id="7"))
    assert cause(nameless, known) is EntryCause.SEEN_LIVE
    assert cause(nameless, evolve(INTENT, attempt=evolve(INTENT.attempt, order_id="8"))) is not EntryCause.SEEN_LIVE
    assert cause(nameless) is not EntryCause.SEEN_LIVE


@pytest.mark.parametrize("failed", ["live", "ended", "fills"])
def test_absence_needs_every_source(failed: str) -> None:
    assert cause(reads()) is EntryCause.ABSENT
    assert cause(reads(**{failed: None})) is None


def test_absence_is_concluded_only_from_reads_begun_after_the_request_could_not_act_any_more() -> None:
    assert cause(reads(begun_ms=NOT_AFTER_MS + SETTLED_MS)) is None
    assert cause(reads(begun_ms=NOT_AFTER_MS - 1)) is None


def test_what_may_have_been_forgotten_is_out_of_sight_and_not_absent() -> None:
    assert cause(reads(begun_ms=SENT_MS + REMEMBERED_MS)) is EntryCause.ABSENT
    assert cause(reads(begun_ms=SENT_MS + REMEMBERED_MS + 1)) is EntryCause.OUT_OF_SIGHT
    assert cause(reads(since_ms=SENT_MS + 1)) is None, "nobody looked back far enough"


def test_an_order_that_the_exchange_has_accepted_is_never_absent() -> None:
    assert cause(reads(), evolve(INTENT, attempt=evolve(INTENT.attempt, order_id="7"))) is None
    assert cause(reads(fills=(evolve(fill(3), client_order_id="mine"),))) is None


def test_an_entry_is_not_absent_while_a_position_stands_that_no_execution_explains() -> None:
    """The lists lag behind the position: whoever ended the entry now would forget what it filled."""
    assert cause(evolve(reads(), position=held(10))) is None
    assert cause(evolve(reads(fills=(fill(4, order_id="8"),)), position=held(10))) is None
    assert cause(evolve(reads(fills=(fill(10, order_id="8"),)), position=held(10))) is EntryCause.ABSENT, "another's"
    assert cause(evolve(reads(), position=None)) is EntryCause.ABSENT


@pytest.mark.parametrize("position", [PositionState.UNPROTECTED, PositionState.PROTECTED, PositionState.STALE])
def test_an_entry_whose_position_was_there_and_is_explained_by_nothing_is_not_absent(position: PositionState) -> None:
    """The exchange had forgotten everything, then another account answered: the stop was cancelled as left over."""
    looked_after = evolve(INTENT, position=position)
    assert cause(reads(), looked_after) is None
    long_after = reads(begun_ms=NOT_AFTER_MS + SETTLED_MS + 60_001)
    assert cause(long_after, evolve(looked_after, entry=EntryState.UNKNOWN)) is EntryCause.OUT_OF_SIGHT
    assert cause(reads(), evolve(INTENT, position=PositionState.CLOSED)) is EntryCause.ABSENT
    explained = evolve(looked_after, earlier=(an_attempt(number=1, client_order_id="first", filled=Decimal(3)),))
    assert cause(reads(), explained) is EntryCause.ABSENT, "an earlier attempt is what the position came of"


@pytest.mark.parametrize("state", [EntryState.SUBMITTING, EntryState.UNKNOWN, EntryState.RESTING])
def test_an_order_that_nobody_ever_saw_is_out_of_sight_where_a_minute_later_a_position_is_still_unexplained(
    state: EntryState,
) -> None:
    """The exchange restarted and forgot both: the entry would be unknown for ever, and nobody would be told."""
    intent, late_ms = evolve(INTENT, entry=state), NOT_AFTER_MS + SETTLED_MS + 60_000
    assert cause(evolve(reads(begun_ms=late_ms), position=held(10)), intent) is None
    forgotten = cause(evolve(reads(begun_ms=late_ms + 1), position=held(10)), intent)
    assert forgotten is (None if state is EntryState.RESTING else EntryCause.OUT_OF_SIGHT)


@pytest.mark.parametrize(
    "change",
    [
        {"symbol": "ETHUSDT"},
        {"side": Side.SHORT},
        {"size": Decimal(11)},
        {"price": Decimal(101)},
        {"reduce_only": True},
    ],
)
def test_an_order_with_our_id_that_is_not_what_was_asked_for_is_an_alarm(change: dict[str, object]) -> None:
    evidence = entry_evidence(INTENT, reads(live=(order(**change),)), IDS, SETTLED_MS)
    assert isinstance(evidence, Contradiction)
    assert "mine: the exchange shows another" in evidence.why


def test_more_executions_than_the_order_says_are_an_alarm() -> None:
    shown = reads(ended=(order(OrderState.CANCELLED, 3),), fills=(fill(4),))
    assert isinstance(entry_evidence(INTENT, shown, IDS, SETTLED_MS), Contradiction)


@frozen
class Truth:
    """What really happened to an entry: when it arrived (None: never), was seen, filled, ended."""

    arrived_ms: int | None
    lag_ms: int
    filled: int
    ended_ms: int | None

    def reads(self, now_ms: int, fails: set[str], since_ms: int) -> EntryReads:
        """What honest lists show at an instant: with lag, and not what they have forgotten."""
        live: tuple[OpenOrder, ...] = ()
        ended: tuple[OpenOrder, ...] = ()
        fills: tuple[Fill, ...] = ()
        if self.arrived_ms is not None and now_ms >= self.arrived_ms + self.lag_ms:
            is_over = self.ended_ms is not None and now_ms >= self.ended_ms + self.lag_ms
            remembered = self.ended_ms is None or now_ms <= self.ended_ms + REMEMBERED_MS
            if not is_over:
                live = (order(),)
            elif remembered:
                state = OrderState.FILLED if self.filled == 10 else OrderState.CANCELLED
                ended = (order(state, self.filled),)
            if is_over and remembered and self.filled:
                fills = (fill(self.filled),)
        given = {"live": live, "ended": ended, "fills": fills}
        given = {name: None if name in fails else value for name, value in given.items()}
        return reads(**given, begun_ms=now_ms, since_ms=since_ms)  # type: ignore[arg-type]


truths = st.builds(
    Truth,
    # The exchange refuses what arrives after the deadline, by its own clock.
    arrived_ms=st.none() | st.integers(SENT_MS, NOT_AFTER_MS),
    lag_ms=st.integers(0, SETTLED_MS),
    filled=st.integers(0, 10),
    ended_ms=st.none() | st.integers(NOT_AFTER_MS, NOT_AFTER_MS + 2 * REMEMBERED_MS),
)


@given(truths, st.integers(SENT_MS, SENT_MS + 4 * REMEMBERED_MS), st.sets(st.sampled_from(["live", "ended", "fills"])))
def test_reads_never_prove_what_is_not_so(truth: Truth, now_ms: int, fails: set[str]) -> None:
    proven = cause(truth.reads(now_ms, fails, SENT_MS))
    is_over = truth.arrived_ms is not None and truth.ended_ms is not None and now_ms >= truth.ended_ms
    match proven:
        case EntryCause.ABSENT:
            assert truth.arrived_ms is None
        case EntryCause.SEEN_LIVE:
            assert truth.arrived_ms is not None
            assert not is_over or now_ms < (truth.ended_ms or 0) + truth.lag_ms
        case EntryCause.SEEN_ENDED:
            assert is_over
        case EntryCause.OUT_OF_SIGHT:
            assert now_ms - SENT_MS > REMEMBERED_MS


@given(truths)
def test_once_reads_succeed_something_is_proven(truth: Truth) -> None:
    """Soon after the deadline, and whenever it has ended, as long as the exchange remembers."""
    soon = NOT_AFTER_MS + 2 * SETTLED_MS + 1
    assert cause(truth.reads(soon, set(), SENT_MS)) is not None
    if truth.ended_ms is not None:
        assert cause(truth.reads(truth.ended_ms + SETTLED_MS + 1, set(), SENT_MS)) is not None


def stop(price: int = 95, size: int | None = 10, **changes: object) -> OpenOrder:
    armed = order(
        order_id="8",
        client_order_id="stop",
        kind=OrderKind.TRIGGER,
        size=None if size is None else Decimal(size),
        price=None,
        reduce_only=True,
        purpose=TriggerPurpose.STOP,
        trigger=TriggerLevel(Decimal(price), TriggerPrice.MARK),
    )
    return evolve(armed, **changes)


def fault(*orders: OpenOrder, side: Side = Side.LONG) -> StopFault | None:
    return protection_of(side, Decimal(10), STOP, orders).fault


def test_exactly_one_armed_stop_of_the_right_size_and_trigger_protects() -> None:
    assert fault(stop()) is None
    assert fault(stop(size=None)) is None, "one of the whole position fits every size"
    assert fault(stop(96)) is None, "tightened by hand"
    assert fault() is StopFault.NONE_ARMED
    assert fault(stop(), stop(94)) is StopFault.SEVERAL
    assert fault(stop(size=9)) is StopFault.WRONG_SIZE
    assert fault(stop(size=11)) is StopFault.WRONG_SIZE
    assert fault(stop(94)) is StopFault.LOOSER
    assert fault(stop(trigger=TriggerLevel(Decimal(95), TriggerPrice.LAST))) is StopFault.WRONG_TRIGGER


@pytest.mark.parametrize(
    "change",
    [
        {"side": Side.SHORT},
        {"purpose": TriggerPurpose.TARGET},
        {"reduce_only": False},
        {"state": OrderState.PENDING},
        {"state": OrderState.CANCELLED},
    ],
)
def test_what_is_no_armed_stop_of_this_side_protects_nothing(change: dict[str, object]) -> None:
    assert fault(stop(**change)) is StopFault.NONE_ARMED


def test_the_stop_of_a_short_position_is_looser_above() -> None:
    short = stop(side=Side.SHORT)
    assert (
        fault(evolve(short, trigger=TriggerLevel(Decimal(96), TriggerPrice.MARK)), side=Side.SHORT) is StopFault.LOOSER
    )
    assert fault(evolve(short, trigger=TriggerLevel(Decimal(94), TriggerPrice.MARK)), side=Side.SHORT) is None


def held(size: int, side: Side = Side.LONG) -> Position:
    return Position("BTCUSDT", side, Decimal(size), Decimal(100), Decimal(5), Decimal(0))


def test_ours_is_never_more_than_our_executions_nor_than_there_is() -> None:
    fills = (fill(10), fill(3, opens=False))
    assert ours(Side.LONG, fills, held(7)) == 7
    assert ours(Side.LONG, fills, held(20)) == 7, "the rest is somebody else's"
    assert ours(Side.LONG, fills, held(2)) == 2, "a part was closed by hand"
    assert ours(Side.LONG, fills, held(7, Side.SHORT)) == 0, "flipped by hand"
    assert ours(Side.LONG, fills, None) == 0
    assert ours(Side.LONG, (fill(3, opens=False),), held(5)) == 0


def test_a_position_that_is_gone_is_explained_only_by_executions_that_add_up() -> None:
    assert gone(Side.LONG, (fill(10), fill(4, opens=False), fill(6, opens=False))) is Gone.EXPLAINED
    assert gone(Side.LONG, (fill(10), fill(4, opens=False))) is Gone.UNEXPLAINED
    assert gone(Side.LONG, (fill(10), fill(10, opens=False, side=Side.SHORT))) is Gone.UNEXPLAINED
    assert gone(Side.LONG, ()) is Gone.UNEXPLAINED


NAMELESS = evolve(IDS, lookup_fills_ms=0)
"""Executions do not carry our id."""


def nameless(given_reads: EntryReads) -> EntryCause | None:
    evidence = entry_evidence(INTENT, given_reads, NAMELESS, SETTLED_MS)
    assert not isinstance(evidence, Contradiction), evidence
    return None if evidence is None else evidence.cause


def test_where_executions_do_not_carry_our_id_absence_rests_on_the_lists_of_orders() -> None:
    assert nameless(reads()) is EntryCause.ABSENT
    assert nameless(reads(begun_ms=SENT_MS + REMEMBERED_MS + 1)) is EntryCause.OUT_OF_SIGHT


def test_an_opening_execution_that_no_order_explains_forbids_absence_there() -> None:
    """The order is invisible, and what it filled is not: taken for absent, the position would have no intent."""
    at_ms = SENT_MS + 10
    unexplained = evolve(fill(4, order_id="77"), time_ms=at_ms)
    assert nameless(reads(fills=(unexplained,))) is None
    assert nameless(reads(fills=(evolve(unexplained, opens=False),))) is EntryCause.ABSENT
    assert nameless(reads(fills=(evolve(unexplained, time_ms=SENT_MS - SETTLED_MS - 1),))) is EntryCause.ABSENT
    shown = order(OrderState.FILLED, 4, order_id="77", client_order_id="another")
    assert nameless(reads(ended=(shown,), fills=(unexplained,))) is EntryCause.ABSENT
