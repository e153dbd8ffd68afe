"""What an exchange shows beside the live intents: named, and resolved only where that can lose nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mtf_adapters.sandbox.capabilities import CAPABILITIES
from mtf_core.market import (
    AccountState,
    Fill,
    MarginMode,
    OpenOrder,
    OrderKind,
    OrderState,
    Position,
    PositionMode,
    Side,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
)
from mtf_core.orders import EntryState, Intent, PositionState, Progress, Purpose, mint
from mtf_core.orders.reconcile import (
    Difference,
    DifferenceKind,
    Known,
    Sightings,
    differences,
    opened_by,
)
from tests.unit.orders.intents import ACCOUNT, KEY, SYMBOL, an_intent

IDS, TAG = CAPABILITIES.client_ids, 77
OTHER = "ETHUSDT"


def intent(**changes: object) -> Intent:
    """One whose entry rests and may fill."""
    return an_intent(tag=TAG, counter=4, **{"entry": EntryState.RESTING, **changes})


def an_id(purpose: Purpose = Purpose.ENTRY, *, tag: int = TAG, counter: int = 4, generation: int = 0) -> str:
    return mint(tag, counter, ACCOUNT, KEY, 1, purpose, generation).text(IDS)


def order(client_order_id: str, *, symbol: str = SYMBOL, side: Side = Side.LONG, reduces: bool = False) -> OpenOrder:
    """A limit order that opens, or a stop."""
    stop = {"purpose": TriggerPurpose.STOP, "trigger": TriggerLevel(Decimal(95), TriggerPrice.MARK)}
    return OpenOrder(
        symbol=symbol,
        order_id=f"at-{client_order_id or 'nobody'}",
        client_order_id=client_order_id,
        kind=OrderKind.TRIGGER if reduces else OrderKind.LIMIT,
        side=side,
        size=Decimal(10),
        price=None if reduces else Decimal(100),
        reduce_only=reduces,
        state=OrderState.LIVE,
        **(stop if reduces else {}),
    )


def position(symbol: str = SYMBOL, side: Side = Side.LONG, margin_mode: MarginMode = MarginMode.ISOLATED) -> Position:
    return Position(symbol, side, Decimal(10), Decimal(100), Decimal(5), Decimal(0), margin_mode)


def account(
    *orders: OpenOrder, positions: tuple[Position, ...] = (), mode: PositionMode = PositionMode.HEDGE
) -> AccountState:
    return AccountState(1_000, Decimal(100), Decimal(100), positions, orders, mode)


def known(*live: Intent, **changes: object) -> Known:
    given = Known(live=live, tag=TAG, counter=4, ids=IDS, position_mode=PositionMode.HEDGE)
    return evolve(given, **changes)


def only(found: tuple[Difference, ...]) -> Difference:
    (one,) = found
    return one


def test_what_somebody_else_added_to_a_position_of_ours_is_told() -> None:
    """Until it is final an entry may have filled what executions do not show yet; what is beyond it is not ours."""
    resting = intent()
    size = resting.attempt.size
    assert differences(account(positions=(evolve(position(), size=size),)), known(resting)) == ()
    one = only(differences(account(positions=(evolve(position(), size=size + 1),)), known(resting)))
    assert (one.kind, one.is_shared, one.cancellation) == (DifferenceKind.ENLARGED_POSITION, True, None)
    ended = intent(
        entry=EntryState.DONE,
        position=PositionState.PROTECTED,
        progress=Progress(opened=Decimal(6), closed=Decimal(2), held=Decimal(4)),
    )
    assert differences(account(positions=(evolve(position(), size=Decimal(4)),)), known(ended)) == ()
    five = account(positions=(evolve(position(), size=Decimal(5)),))
    assert only(differences(five, known(ended))).kind is DifferenceKind.ENLARGED_POSITION
    assert differences(five, known(ended, resting)) == (), "as it was before the look, or after it"
    assert differences(five, known(ended, by_hand=frozenset({SYMBOL}))) == ()


def test_what_belongs_to_a_live_intent_is_no_difference() -> None:
    live = intent()
    mine = evolve(live, attempt=evolve(live.attempt, client_order_id=an_id()))
    shown = account(order(an_id()), order(an_id(Purpose.STOP), reduces=True), positions=(position(),))
    assert differences(shown, known(mine)) == ()


def test_a_stop_that_bears_no_id_is_taken_for_the_intents_own() -> None:
    """A stop that travelled inside an entry is armed by the exchange, and need not bear an id of ours."""
    assert differences(account(order("", reduces=True), positions=(position(),)), known(intent())) == ()


def test_a_position_without_an_intent_is_foreign_and_never_closed() -> None:
    one = only(differences(account(positions=(position(),)), known()))
    assert one.kind is DifferenceKind.FOREIGN_POSITION
    assert one.cancellation is None
    assert one.is_shared


def test_a_position_of_the_other_side_is_not_the_intents() -> None:
    one = only(differences(account(positions=(position(side=Side.SHORT),)), known(intent())))
    assert one.kind is DifferenceKind.FOREIGN_POSITION


def test_our_order_that_could_open_without_an_intent_is_cancelled_by_its_id() -> None:
    one = only(differences(account(order(an_id())), known()))
    assert one.kind is DifferenceKind.OPENING_ORDER
    assert one.cancellation is not None
    assert one.cancellation.order_id == f"at-{an_id()}"


def test_an_entry_of_an_earlier_intent_is_cancelled_although_the_symbol_has_a_newer_one() -> None:
    one = only(differences(account(order(an_id(counter=3))), known(intent())))
    assert one.kind is DifferenceKind.OPENING_ORDER


@pytest.mark.parametrize("live", [(), (intent(),)])
@pytest.mark.parametrize("positions", [(), (position(),)])
def test_our_stop_is_cancelled_only_where_there_is_neither_position_nor_intent(
    live: tuple[Intent, ...], positions: tuple[Position, ...]
) -> None:
    found = differences(account(order(an_id(Purpose.STOP, counter=3), reduces=True), positions=positions), known(*live))
    cancelled = [one for one in found if one.cancellation is not None]
    assert bool(cancelled) == (not live and not positions)


@pytest.mark.parametrize("client_order_id", ["", "by-hand", an_id(tag=TAG + 1)])
def test_an_order_of_somebody_else_is_told_and_left(client_order_id: str) -> None:
    one = only(differences(account(order(client_order_id, symbol=OTHER)), known(intent())))
    assert one.kind is DifferenceKind.FOREIGN_ORDER
    assert one.cancellation is None
    assert one.is_shared


def test_an_order_that_another_store_made_is_foreign_even_where_it_reduces_our_position() -> None:
    foreign = order(an_id(Purpose.STOP, tag=TAG + 1), reduces=True)
    assert only(differences(account(foreign), known(intent()))).kind is DifferenceKind.FOREIGN_ORDER


def test_symbols_that_a_person_trades_by_hand_say_nothing() -> None:
    shown = account(order("by-hand", symbol=OTHER), positions=(position(OTHER),))
    assert differences(shown, known(by_hand=frozenset({OTHER}))) == ()


def test_a_number_that_the_store_never_gave_out_says_that_the_store_is_behind() -> None:
    one = only(differences(account(order(an_id(counter=5))), known()))
    assert one.kind is DifferenceKind.AHEAD
    assert one.cancellation is None


def test_a_changed_position_mode_is_told() -> None:
    assert only(differences(account(mode=PositionMode.ONE_WAY), known())).kind is DifferenceKind.MODES
    assert differences(evolve(account(), position_mode=None), known()) == ()  # not read: nothing is known


def test_a_changed_margin_mode_is_told() -> None:
    shown = account(positions=(position(margin_mode=MarginMode.CROSS),))
    assert only(differences(shown, known(intent()))).kind is DifferenceKind.MODES


def test_a_difference_counts_once_two_reads_apart_have_shown_it() -> None:
    found = differences(account(order(an_id())), known())
    first = Sightings().seen(found, 10_000)
    assert Sightings().settled(found, 10_000, 1_000) == ()
    assert first.settled(found, 10_500, 1_000) == ()
    assert first.settled(found, 11_000, 1_000) == found
    gone_meanwhile = first.seen((), 10_500).seen(found, 10_800)
    assert gone_meanwhile.settled(found, 11_000, 1_000) == ()


def a_fill(at_ms: int, client_order_id: str = "", *, opens: bool = True, size: int = 1, order_id: str = "7") -> Fill:
    money = (Decimal(1), Decimal(size), Decimal(0), Decimal(0))
    return Fill(SYMBOL, str(at_ms), order_id, Side.LONG, opens, *money, True, at_ms, client_order_id)


def who_opened(*fills: Fill, ended: tuple[OpenOrder, ...] = (), side: Side = Side.LONG) -> frozenset[int]:
    return opened_by(side, fills, ended, TAG, IDS)


def test_who_opened_a_position_is_told_by_executions_or_by_the_orders_that_they_name() -> None:
    ended = evolve(order(an_id(counter=4)), order_id="7")
    assert who_opened(a_fill(5, an_id(counter=3))) == {3}
    assert who_opened(a_fill(5), ended=(ended,)) == {4}
    assert who_opened(a_fill(5)) == frozenset()
    assert who_opened(a_fill(5, an_id(tag=1))) == frozenset()
    assert who_opened(a_fill(5, an_id(counter=3)), side=Side.SHORT) == frozenset()


def test_what_was_closed_again_opened_nothing_of_what_stands_now() -> None:
    earlier = (a_fill(1, an_id(counter=3), size=2), a_fill(2, an_id(Purpose.STOP, counter=3), opens=False, size=2))
    assert who_opened(*earlier) == frozenset()
    assert who_opened(*earlier, a_fill(3)) == frozenset()
    assert who_opened(*earlier, a_fill(3, an_id(counter=4))) == {4}
    assert who_opened(a_fill(3, an_id(counter=4)), *reversed(earlier)) == {4}  # in whatever order they are shown


def test_a_part_that_was_closed_leaves_whoever_opened_the_rest() -> None:
    part = a_fill(2, an_id(Purpose.TARGET, counter=3), opens=False)
    assert who_opened(a_fill(1, an_id(counter=3), size=3), part, a_fill(4)) == {3}
    close_of_before = a_fill(1, opens=False, size=5)
    assert who_opened(close_of_before, a_fill(2, an_id(counter=4))) == {4}


def test_once_ours_is_closed_what_is_left_of_a_position_that_both_opened_is_the_hands() -> None:
    """The intent was revived, found nothing of its own and ended, again and again, and the account was not shared."""
    both = (a_fill(1, an_id(counter=3), size=3), a_fill(2, "by hand", size=2))
    assert who_opened(*both) == {3}
    assert who_opened(*both, a_fill(3, an_id(Purpose.STOP, counter=3), opens=False, size=3)) == frozenset()
    assert who_opened(*both, a_fill(3, an_id(Purpose.STOP, counter=3), opens=False, size=2)) == {3}
    assert who_opened(*both, a_fill(3, opens=False, size=2)) == {3}, "it bears no id: theirs was closed first"
    assert who_opened(*both, a_fill(3, opens=False, size=5)) == frozenset()
    close_of_before = a_fill(1, an_id(Purpose.STOP, counter=2), opens=False, size=3)
    assert who_opened(close_of_before, a_fill(1, an_id(counter=4), size=3)) == {4}


IDS_SHOWN = st.one_of(
    st.sampled_from(["", "by-hand"]),
    st.builds(
        an_id,
        st.sampled_from(Purpose),
        tag=st.sampled_from([TAG, TAG + 1]),
        counter=st.integers(1, 6),
        generation=st.integers(0, 2),
    ),
)
ORDERS = st.builds(
    order,
    IDS_SHOWN,
    symbol=st.sampled_from([SYMBOL, OTHER]),
    side=st.sampled_from(Side),
    reduces=st.booleans(),
)
POSITIONS = st.builds(position, st.sampled_from([SYMBOL, OTHER]), st.sampled_from(Side), st.sampled_from(MarginMode))
ACCOUNTS = st.builds(
    lambda orders, positions, mode: account(*orders, positions=tuple(positions), mode=mode),
    st.lists(ORDERS, max_size=5),
    st.lists(POSITIONS, max_size=3),
    st.sampled_from(PositionMode),
)
KNOWN = st.builds(
    lambda has_one, counter, by_hand: known(*([intent()] if has_one else []), counter=counter, by_hand=by_hand),
    st.booleans(),
    st.integers(0, 6),
    st.frozensets(st.sampled_from([SYMBOL, OTHER])),
)


@given(ACCOUNTS, KNOWN)
def test_nothing_that_reduces_is_cancelled_beside_a_position_or_an_intent(shown: AccountState, store: Known) -> None:
    busy = {each.symbol for each in shown.positions} | {each.symbol for each in store.live}
    for one in differences(shown, store):
        if one.cancellation is not None and one.order is not None and one.order.reduce_only:
            assert one.order.symbol not in busy


@given(ACCOUNTS, KNOWN)
def test_only_orders_of_this_store_are_ever_cancelled(shown: AccountState, store: Known) -> None:
    for one in differences(shown, store):
        if one.cancellation is not None:
            assert one.order is not None
            assert one.order.client_order_id in {
                an_id(purpose, counter=counter, generation=generation)
                for purpose in Purpose
                for counter in range(1, store.counter + 1)
                for generation in range(3)
            }


@given(ACCOUNTS, KNOWN)
def test_every_position_has_an_intent_a_name_or_a_hand(shown: AccountState, store: Known) -> None:
    named = {(one.position.symbol, one.position.side) for one in differences(shown, store) if one.position}
    accounted = {(each.symbol, each.side) for each in store.live}
    for each in shown.positions:
        assert (each.symbol, each.side) in named | accounted or each.symbol in store.by_hand


@given(ACCOUNTS, KNOWN)
def test_every_order_that_could_open_has_an_intent_a_name_or_a_hand(shown: AccountState, store: Known) -> None:
    named = {one.order.order_id for one in differences(shown, store) if one.order is not None}
    committed = {own for each in store.live for own in each.client_order_ids()}
    for each in shown.open_orders:
        assert (
            not each.may_open
            or each.order_id in named
            or each.client_order_id in committed
            or each.symbol in store.by_hand
        )


@given(ACCOUNTS, KNOWN)
def test_names_of_differences_are_the_same_in_every_read(shown: AccountState, store: Known) -> None:
    again = evolve(shown, time_ms=shown.time_ms + 5, open_orders=shown.open_orders[::-1])
    assert {one.name for one in differences(shown, store)} == {one.name for one in differences(again, store)}
