"""What an operator may ask of an intent, and what is refused with the field at fault."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.market import Side, TriggerLevel, TriggerPrice
from mtf_core.orders import Booking, EntryState, Intent, PositionState, Progress, WantedTarget
from mtf_core.orders.hand import Facts, booked, moved, targets_at
from mtf_core.problems import InvalidRequestError
from tests.unit.orders.intents import an_intent, terms

D = Decimal
HELD = an_intent(entry=EntryState.DONE, position=PositionState.PROTECTED, progress=Progress(held=D(10), opened=D(10)))
"""Long ten at 100, stop at 95, target at 110."""
AT_102 = Facts(entry_price=D("100.2"), mark=D(102))
BOOKING = Booking(D(99), D(10), D("-0.012"), D("0.0005"), "closed in the app")


def short() -> Intent:
    """The mirror of it around 100."""
    wanted = evolve(
        HELD.wanted,
        side=Side.SHORT,
        stop=TriggerLevel(D(105), TriggerPrice.MARK),
        targets=(WantedTarget(D(90), D(1)),),
    )
    return evolve(HELD, wanted=wanted)


def fields(refused: pytest.ExceptionInfo[InvalidRequestError]) -> list[str]:
    return [problem.field for problem in refused.value.problems]


def test_a_tighter_stop_and_a_target_are_asked_as_exact_text() -> None:
    assert moved(HELD, AT_102, D("97.5"), D("108.3"), looser=False) == {"stop": "97.5", "target": "108.3"}
    assert moved(short(), Facts(D(100), D(98)), D("102.5"), None, looser=False) == {"stop": "102.5"}


def test_a_looser_stop_has_to_be_meant() -> None:
    for intent, facts, stop in ((HELD, AT_102, D(94)), (short(), Facts(D(100), D(98)), D(106))):
        with pytest.raises(InvalidRequestError, match="--looser"):
            moved(intent, facts, stop, None, looser=False)
        assert moved(intent, facts, stop, None, looser=True) == {"stop": f"{stop}", "looser": "yes"}


@pytest.mark.parametrize(
    ("stop", "target", "at_fault"),
    [
        (None, None, ["stop"]),
        (D("97.55"), None, ["stop"]),
        (D(102), None, ["stop"]),
        (D(103), None, ["stop"]),
        (D(-1), None, ["stop"]),
        (D("NaN"), None, ["stop"]),
        (None, D(102), ["target"]),
        (None, D("108.33"), ["target"]),
        (D("NaN"), D(0), ["stop", "target"]),
    ],
)
def test_what_cannot_be_a_stop_or_target_is_refused(
    stop: Decimal | None, target: Decimal | None, at_fault: list[str]
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        moved(HELD, AT_102, stop, target, looser=False)
    assert fields(refused) == at_fault


def test_a_price_off_the_grid_is_refused_with_its_neighbours() -> None:
    with pytest.raises(InvalidRequestError, match=r"97\.5 or 97\.6"):
        moved(HELD, AT_102, D("97.55"), None, looser=False)


def test_two_targets_at_multiples_of_r_share_what_is_held() -> None:
    preview = targets_at(HELD, AT_102, D(10), [D(1), D(2)], [D("0.35"), D("0.65")], keep_stop=True)
    assert [one.price for one in preview.targets] == [D("105.2"), D("110.2")], "R is |100 - 95| from the real entry"
    assert preview.sizes == (3, 7), "on the grid of sizes, the rest to the second"
    assert preview.values == {"prices": "105.2,110.2", "shares": "0.35,0.65"}


def test_unless_it_is_kept_the_stop_goes_to_one_r_and_never_farther_away() -> None:
    tighter = targets_at(HELD, AT_102, D(10), [D(2)], [], keep_stop=False)
    assert (tighter.stop, tighter.values["stop"]) == (D("95.2"), "95.2")
    raised = evolve(HELD, progress=evolve(HELD.progress, stop=TriggerLevel(D(100), TriggerPrice.MARK)))
    assert targets_at(raised, AT_102, D(10), [D(2)], [], keep_stop=False).stop is None
    assert targets_at(HELD, Facts(D("100.2"), D(95)), D(10), [D(2)], [], keep_stop=False).stop is None


def test_a_part_below_the_least_size_is_merged() -> None:
    small = evolve(HELD, terms=terms(min_size=D(4)))
    assert targets_at(small, AT_102, D(10), [D(1), D(2)], [D("0.3"), D("0.7")], keep_stop=True).sizes == (10, 0)


@pytest.mark.parametrize(
    ("r", "split", "at_fault"),
    [
        ([], [], ["r"]),
        ([1, 2, 3], [], ["r"]),
        ([2, 1], ["0.5", "0.5"], ["r"]),
        ([1, 1], ["0.5", "0.5"], ["r"]),
        ([0], [], ["r"]),
        ([-1], [], ["r"]),
        (["NaN"], [], ["r"]),
        ([101], [], ["r"]),
        ([1, 2], [], ["split"]),
        ([1, 2], ["0.5", "0.6"], ["split"]),
        ([1, 2], ["0", "1"], ["split"]),
        ([1, 2], ["NaN", "0.5"], ["split"]),
        ([1], ["0.5"], ["split"]),
        (["0.1"], [], ["r"]),
    ],
)
def test_what_cannot_be_targets_is_refused(r: list[object], split: list[str], at_fault: list[str]) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        targets_at(HELD, AT_102, D(10), [D(each) for each in r], [D(each) for each in split], keep_stop=True)
    assert fields(refused) == at_fault


@given(
    st.sampled_from([HELD, short()]),
    st.integers(1, 40).map(lambda tenths: D(tenths) / 10),
    st.integers(1, 99).map(lambda percent: D(percent) / 100),
    st.integers(1, 10),
    st.integers(960, 1040).map(lambda ticks: D(ticks) / 10),
)
def test_targets_are_on_the_grid_beyond_the_entry_and_share_everything_held(
    intent: Intent, r: Decimal, share: Decimal, held: int, entry: Decimal
) -> None:
    preview = targets_at(intent, Facts(entry, None), D(held), [r, r + 1], [share, 1 - share], keep_stop=False)
    sign = intent.side.sign
    assert all(price % D("0.1") == 0 for price in (one.price for one in preview.targets))
    assert [(one.price - entry) * sign <= each * 5 for one, each in zip(preview.targets, preview.r, strict=True)]
    assert (sum(preview.sizes), sum(one.share for one in preview.targets)) == (held, 1)
    assert preview.stop is None or (preview.stop - intent.stop.price) * sign > 0, "a stop is only ever tightened"


def test_only_what_reads_cannot_explain_is_booked_by_hand() -> None:
    with pytest.raises(InvalidRequestError, match="its position protected"):
        booked(HELD, BOOKING)
    stale = evolve(HELD, position=PositionState.STALE)
    lost = an_intent(entry=EntryState.EVIDENCE_LOST)
    told = {"price": "99", "size": "10", "profit": "-0.012", "fees": "0.0005", "reason": "closed in the app"}
    assert booked(stale, BOOKING) == booked(lost, BOOKING) == told


def test_only_what_executions_leave_open_is_booked() -> None:
    half = evolve(HELD, position=PositionState.STALE, progress=evolve(HELD.progress, closed=D(4)))
    assert booked(half, evolve(BOOKING, size=D(6)))["size"] == "6"
    with pytest.raises(InvalidRequestError, match="6 at most are not explained by executions"):
        booked(half, evolve(BOOKING, size=D(7)))


def test_an_entry_that_never_filled_is_ended_with_a_booking_of_nothing() -> None:
    nothing = Booking(D(0), D(0), D(0), D(0), "it never filled")
    assert booked(an_intent(entry=EntryState.EVIDENCE_LOST), nothing)["size"] == "0"


@pytest.mark.parametrize(
    ("change", "at_fault"),
    [
        ({"price": D(0)}, ["price"]),
        ({"size": D(0)}, ["size", "profit"]),
        ({"price": D("NaN")}, ["price"]),
        ({"size": D(11)}, ["size"]),
        ({"size": D(-1)}, ["size"]),
        ({"profit_usdt": D("Infinity")}, ["profit"]),
        ({"fees_usdt": D("NaN"), "reason": " "}, ["fees", "reason"]),
    ],
)
def test_a_booking_that_cannot_be_is_refused(change: dict[str, object], at_fault: list[str]) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        booked(evolve(HELD, position=PositionState.STALE), evolve(BOOKING, **change))
    assert fields(refused) == at_fault
