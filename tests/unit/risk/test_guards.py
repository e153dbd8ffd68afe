"""Guards on money: each says no for its own reason, in a fixed order, and what is unknown is a no."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from attrs import evolve

from mtf_core.market import ContractStatus, Side
from mtf_core.planning import Skip
from mtf_core.reasons import Reason
from mtf_core.risk import (
    GLOBAL_SWITCH,
    GuardFacts,
    Heartbeat,
    Losses,
    ProposedEntry,
    Span,
    Standing,
    entries_must_end,
    guard_of,
    refusal,
)
from mtf_core.risk.books import AccountCondition
from mtf_core.risk.guards import GUARDS
from mtf_core.settings.trade_entry import RiskSettings
from tests.unit.risk.facts import (
    DAY_START_MS,
    ENTRY,
    LIVE,
    NOW_MS,
    account,
    board,
    books,
    facts,
    lock,
    off,
    order,
    position,
    reservation,
    result,
    stop_of,
    usdt,
)


def refused(known: GuardFacts, entry: ProposedEntry = ENTRY) -> Reason | None:
    skip = refusal(entry, known)
    return None if skip is None else skip.reason


def numbers(skip: Skip | None) -> dict[str, Any]:
    assert skip is not None
    return dict(skip.facts)


def live(**changes: object) -> GuardFacts:
    return facts(live=evolve(LIVE, **changes))


def locked(*locks: Any) -> Losses:
    return Losses(result(), locks=locks)


def test_nothing_stands_against_an_entry_where_nothing_is_wrong() -> None:
    known = facts(switchboard=board(off("BUSDT"), off("AUSDT:1m")), account=account(position("BUSDT")))
    assert refused(known) is None
    assert refused(evolve(known, live=LIVE)) is None


CONCURRENT, SAME_SIDE = RiskSettings(max_concurrent_positions=1), RiskSettings(max_same_side=1)
WRONG = (
    (facts(account=None), Reason.ACCOUNT_STATE_UNKNOWN),
    (facts(losses=None), Reason.ACCOUNT_STATE_UNKNOWN),
    (live(standing=Standing(AccountCondition.RECOVERY, 1, "restored")), Reason.RECOVERY),
    (live(standing=Standing(AccountCondition.SHARED, 1, "a foreign order")), Reason.ACCOUNT_SHARED),
    (live(standing=Standing(AccountCondition.MODES_CHANGED, 1, "hedge")), Reason.MODES_DIFFER),
    (live(namespace="elsewhere"), Reason.OTHER_WORLD_DATA),
    (facts(switchboard=board(off(GLOBAL_SWITCH))), Reason.KILL_SWITCH_ON),
    (facts(switchboard=board(off("AUSDT"))), Reason.SYMBOL_SWITCHED_OFF),
    (facts(switchboard=board(off("AUSDT:5m"))), Reason.SYMBOL_SWITCHED_OFF),
    (live(supervisor=None), Reason.SUPERVISOR_NOT_RUNNING),
    (facts(losses=locked(lock())), Reason.DAILY_LOSS_LIMIT_REACHED),
    (facts(losses=locked(lock(Span.WEEK))), Reason.WEEKLY_LOSS_LIMIT_REACHED),
    (facts(losses=locked(lock(Span.STREAK))), Reason.CONSECUTIVE_LOSSES_REACHED),
    (facts(risk=usdt(daily_max_loss_usdt=4)), Reason.OPEN_LOSS_TOO_LARGE),
    (facts(risk=CONCURRENT, account=account(position("BUSDT"))), Reason.MAX_CONCURRENT_POSITIONS_REACHED),
    (facts(risk=CONCURRENT, account=account(order("BUSDT"))), Reason.MAX_CONCURRENT_POSITIONS_REACHED),
    (facts(risk=CONCURRENT, reservations=(reservation("BUSDT"),)), Reason.MAX_CONCURRENT_POSITIONS_REACHED),
    (facts(risk=SAME_SIDE, account=account(position("BUSDT"))), Reason.SAME_SIDE_LIMIT_REACHED),
    (facts(risk=usdt(max_symbol_notional_usdt=99)), Reason.EXPOSURE_LIMIT_REACHED),
    (facts(risk=usdt(max_notional_usdt=99)), Reason.EXPOSURE_LIMIT_REACHED),
    (facts(account=account(position("AUSDT"))), Reason.SYMBOL_BUSY),
    (facts(account=account(order("AUSDT", reduce_only=True))), Reason.SYMBOL_BUSY),
    (facts(reservations=(reservation("AUSDT"),)), Reason.SYMBOL_BUSY),
    (live(key_is_taken=True), Reason.DUPLICATE_DECISION_KEY),
    (live(skew_ms=1001), Reason.CLOCK_SKEW),
    (live(skew_ms=-1001), Reason.CLOCK_SKEW),
    (live(skew_ms=None), Reason.CLOCK_SKEW),
    (live(contract_status=ContractStatus.CLOSE_ONLY), Reason.VENUE_CLOSE_ONLY),
    (live(contract_status=ContractStatus.DELISTED), Reason.CONTRACT_NOT_TRADING),
    (live(contract_status=None), Reason.CONTRACT_NOT_TRADING),
    (evolve(live(), account=account(time_ms=NOW_MS - 120_001)), Reason.STALE_MARKET_DATA),
    (evolve(live(), account=account(time_ms=NOW_MS + 120_001)), Reason.STALE_MARKET_DATA),
    (live(exits_left=0), Reason.EXIT_BUDGET_LOW),
)


@pytest.mark.parametrize(("wrong", "expected"), WRONG)
def test_each_guard_has_its_reason(wrong: GuardFacts, expected: Reason) -> None:
    assert refused(wrong) is expected


def test_every_guard_says_no_in_some_case() -> None:
    silent = [guard.__name__ for guard in GUARDS if not any(guard(ENTRY, wrong) for wrong, _ in WRONG)]
    assert silent == ["plan_may_be_acted_on"], "which looks at the entry, and has a test of its own"


def test_of_two_things_that_are_wrong_the_one_that_is_asked_first_counts() -> None:
    """The order of the table above is that of the guards, so each refuses before the one behind it."""
    asked = [next(at for at, guard in enumerate(GUARDS) if guard(ENTRY, wrong)) for wrong, _ in WRONG]
    assert asked == sorted(asked)
    everything = evolve(
        facts(
            risk=evolve(usdt(daily_max_loss_usdt=4, max_notional_usdt=1), max_concurrent_positions=1, max_same_side=1),
            account=account(position("AUSDT"), position("BUSDT"), time_ms=NOW_MS - 200_000),
            losses=locked(lock(), lock(Span.WEEK), lock(Span.STREAK)),
            switchboard=board(off(GLOBAL_SWITCH)),
        ),
        live=evolve(
            LIVE,
            standing=Standing(AccountCondition.RECOVERY),
            namespace="x",
            supervisor=None,
            key_is_taken=True,
            skew_ms=None,
            contract_status=None,
            exits_left=0,
        ),
    )
    said = [skip.reason for guard in GUARDS if (skip := guard(ENTRY, everything))]
    assert said[0] is refused(everything) is Reason.RECOVERY
    assert all(one is not other for one, other in pairwise(said))


def test_a_symbol_that_is_off_because_it_is_busy_is_said_to_be_busy() -> None:
    known = facts(switchboard=board(off("AUSDT", "busy")), account=account(position("AUSDT")))
    assert refused(known) is Reason.SYMBOL_BUSY
    assert refused(evolve(known, account=account())) is Reason.SYMBOL_SWITCHED_OFF


@pytest.mark.parametrize("reason", ["busy", "order"])
def test_what_an_intent_turned_off_by_itself_is_not_in_its_own_way(reason: str) -> None:
    known = facts(switchboard=board(off("AUSDT", reason)))
    assert refused(known, evolve(ENTRY, is_committed=True)) is None
    assert refused(known) is Reason.SYMBOL_SWITCHED_OFF
    for others in (off("AUSDT", "operator"), off("AUSDT", "cancelled")):
        switched = evolve(known, switchboard=board(others))
        assert refused(switched, evolve(ENTRY, is_committed=True)) is Reason.SYMBOL_SWITCHED_OFF


def test_a_timeframe_that_is_off_counts_although_the_symbol_is_off_as_busy() -> None:
    switches = board(off("AUSDT", "busy"), off("AUSDT:5m"))
    known = facts(switchboard=switches, account=account(position("AUSDT")))
    assert refused(known) is Reason.SYMBOL_SWITCHED_OFF
    assert refused(known, evolve(ENTRY, is_committed=True)) is Reason.SYMBOL_SWITCHED_OFF


@pytest.mark.parametrize(("beat_ms", "read_ms"), [(10_001, 0), (0, 10_001), (-10_001, 0), (0, -10_001)])
def test_a_supervisor_lives_while_it_was_heard_of_and_read_everything_lately(beat_ms: int, read_ms: int) -> None:
    assert refused(live(supervisor=Heartbeat("one", NOW_MS - 10_000, NOW_MS - 10_000))) is None
    gone = Heartbeat("one", NOW_MS - beat_ms, NOW_MS - read_ms)
    skip = refusal(ENTRY, live(supervisor=gone))
    assert skip is not None
    assert skip.reason is Reason.SUPERVISOR_NOT_RUNNING
    assert numbers(skip) == {"alive_ms_ago": beat_ms, "read_ms_ago": read_ms, "allowed_ms": 10_000}


def test_a_plan_may_be_acted_on_before_its_last_instant_and_not_at_it() -> None:
    assert refused(live(), evolve(ENTRY, expires_ms=NOW_MS + 1)) is None
    late = refusal(evolve(ENTRY, expires_ms=NOW_MS - 7), live())
    assert late == Skip(Reason.PLAN_EXPIRED, (("late_by_ms", 7),))
    assert refused(live(), evolve(ENTRY, expires_ms=NOW_MS)) is Reason.PLAN_EXPIRED
    assert refused(facts(), evolve(ENTRY, expires_ms=0)) is None, "a simulated entry is never late"


# --- what is open ---------------------------------------------------------------------------------------------
def test_the_loss_of_all_stops_together_stays_within_the_limit_of_the_day() -> None:
    """10 are lost, one position may lose 8 more, the entry 5: 23."""
    known = facts(losses=Losses(result(realised=-10)), reservations=(reservation("BUSDT", loss=8),))
    assert refused(evolve(known, risk=usdt(daily_max_loss_usdt=23))) is None
    skip = refusal(ENTRY, evolve(known, risk=usdt(daily_max_loss_usdt=22.9)))
    assert skip is not None
    assert skip.reason is Reason.OPEN_LOSS_TOO_LARGE
    assert numbers(skip) == {
        "span": "day",
        "limit_usdt": Decimal("22.9"),
        "loss_if_stopped_usdt": 23,
        "open_loss_usdt": 8,
    }


def test_just_after_midnight_the_day_that_has_ended_must_allow_an_entry_too() -> None:
    """It lost 10 of its 15: one that may lose 5 fits both days, one beside a position that may lose 8 only the new."""
    before = evolve(result(realised=-10), start_ms=DAY_START_MS - 86_400_000)
    known = facts(losses=Losses(result(), ended=(before,)), risk=usdt(daily_max_loss_usdt=15))
    assert refused(known) is None
    busier = evolve(known, reservations=(reservation("BUSDT", loss=8),))
    assert refused(busier) is Reason.OPEN_LOSS_TOO_LARGE
    assert refused(evolve(busier, losses=Losses(result()))) is None


def test_an_unrealised_gain_pays_for_no_further_risk() -> None:
    """The position is 50 ahead, and its stop still lets it lose 8."""
    known = facts(losses=Losses(result(unrealised=50)), reservations=(reservation("BUSDT", loss=8),))
    assert refused(evolve(known, risk=usdt(daily_max_loss_usdt=12))) is Reason.OPEN_LOSS_TOO_LARGE


def test_an_unrealised_loss_of_a_position_is_not_counted_twice() -> None:
    """It is 7 behind, on its way to a stop at 8."""
    known = facts(losses=Losses(result(unrealised=-7)), reservations=(reservation("BUSDT", loss=8),))
    assert refused(evolve(known, risk=usdt(daily_max_loss_usdt=13))) is None


def test_a_gain_of_the_day_before_that_a_stop_would_take_back_is_a_loss_of_this_day() -> None:
    """It was 20 ahead at midnight; at its stop it has lost 8, so this day would cost 28."""
    known = facts(losses=Losses(result(before=20)), reservations=(reservation("BUSDT", loss=8),))
    assert refused(evolve(known, risk=usdt(daily_max_loss_usdt=33))) is None
    assert refused(evolve(known, risk=usdt(daily_max_loss_usdt=32))) is Reason.OPEN_LOSS_TOO_LARGE


def test_a_week_has_a_limit_of_its_own() -> None:
    week = result(realised=-90, span=Span.WEEK)
    known = facts(losses=Losses(result(), week), risk=usdt(daily_max_loss_usdt=50, weekly_max_loss_percent=9.4))
    assert numbers(refusal(ENTRY, known))["span"] == "week"
    assert refused(evolve(known, risk=usdt(daily_max_loss_usdt=50, weekly_max_loss_percent=9.5))) is None


@pytest.mark.parametrize("baseline", [0, -5])
@pytest.mark.parametrize(
    ("limits", "span"),
    [
        ({"daily_max_loss_percent": 5}, Span.DAY),
        ({"daily_max_loss_percent": 5, "daily_max_loss_usdt": 1000}, Span.DAY),
        ({"weekly_max_loss_percent": 5}, Span.WEEK),
    ],
)
def test_a_limit_in_percent_of_an_account_that_had_nothing_refuses(
    baseline: int, limits: dict[str, float], span: Span
) -> None:
    """A part of nothing is no limit that could be kept; one in money can."""
    empty = evolve(result(span=span), baseline=Decimal(baseline))
    losses = Losses(empty) if span is Span.DAY else Losses(result(), empty)
    known = facts(losses=losses, risk=usdt(**limits))
    assert refused(known) is Reason.OPEN_LOSS_TOO_LARGE
    assert numbers(refusal(ENTRY, known)) == {"span": str(span), "percent_of_usdt": baseline}
    assert refused(evolve(known, risk=usdt(daily_max_loss_usdt=1000))) is None


def test_what_an_operator_forgave_does_not_count_again() -> None:
    forgiven = lock(forgiven=Decimal(30), lifted_ms=NOW_MS)
    known = facts(losses=Losses(result(realised=-30), locks=(forgiven,)), risk=usdt(daily_max_loss_usdt=25))
    assert refused(known) is None
    worse = evolve(known, losses=Losses(result(realised=-51), locks=(forgiven,)))
    assert refused(worse) is Reason.OPEN_LOSS_TOO_LARGE


def test_a_position_of_somebody_else_may_lose_up_to_its_stop_or_its_margin() -> None:
    """One contract at 50: 6 up to the stop at 44; without one the fifth of 52, its margin."""
    risk = usdt(daily_max_loss_usdt=11)
    assert refused(facts(risk=risk, account=account(position("BUSDT"), stop_of("BUSDT", 44)))) is None
    assert refused(facts(risk=risk, account=account(position("BUSDT")))) is Reason.OPEN_LOSS_TOO_LARGE
    half = stop_of("BUSDT", 44, size=Decimal("0.5"))
    assert refused(facts(risk=risk, account=account(position("BUSDT"), half))) is Reason.OPEN_LOSS_TOO_LARGE


def test_what_cannot_be_valued_refuses_where_a_limit_asks_for_its_value() -> None:
    known = facts(account=account(position("XUSDT")))
    assert refused(known) is None
    for risk in (usdt(daily_max_loss_usdt=500), usdt(max_notional_usdt=5000)):
        assert numbers(refusal(ENTRY, evolve(known, risk=risk))) == {"unknown_of": "XUSDT"}


def test_positions_are_counted_by_symbol_whatever_they_consist_of() -> None:
    held = account(position("BUSDT"), position("BUSDT", Side.SHORT), order("BUSDT"), order("C", reduce_only=True))
    known = facts(account=held, reservations=(reservation("BUSDT"),), risk=RiskSettings(max_concurrent_positions=2))
    assert refused(known) is None
    skip = refusal(ENTRY, known.with_one_more(evolve(ENTRY, symbol="DUSDT")))
    assert skip is not None
    assert (skip.reason, skip.facts) == (Reason.MAX_CONCURRENT_POSITIONS_REACHED, (("open", 2), ("allowed", 2)))


def test_a_side_is_full_for_its_own_kind_alone() -> None:
    known = facts(account=account(position("BUSDT", Side.SHORT)), risk=SAME_SIDE)
    assert refused(known) is None
    assert refused(known, evolve(ENTRY, side=Side.SHORT)) is Reason.SAME_SIDE_LIMIT_REACHED
    taken = evolve(known, reservations=(reservation("CUSDT"),))
    assert numbers(refusal(ENTRY, taken)) == {"side": "long", "open": 1, "allowed": 1}


def test_notional_counts_the_larger_of_what_is_reserved_and_what_is_there() -> None:
    """A reservation of 100; then its position is worth 156: with the entry's 100 that is 256."""
    reserved = facts(risk=usdt(max_notional_usdt=200), reservations=(reservation("BUSDT"),))
    assert refused(reserved) is None
    grown = evolve(reserved, account=account(position("BUSDT", size=Decimal(3))))
    assert numbers(refusal(ENTRY, grown)) == {"of": "all", "notional_usdt": 256, "allowed_usdt": 200}


def test_exits_of_everything_that_is_open_are_paid_for_before_an_entry_is() -> None:
    held = account(position("BUSDT"))
    assert refused(evolve(live(exits_left=2), account=held)) is None
    skip = refusal(ENTRY, evolve(live(exits_left=1), account=held))
    assert skip == Skip(Reason.EXIT_BUDGET_LOW, (("exits_left", 1), ("needed", 2)))


# --- in the transaction ---------------------------------------------------------------------------------------
def test_in_the_transaction_the_books_count_and_not_what_was_read_before() -> None:
    known = evolve(live(), switchboard=board(off(GLOBAL_SWITCH)), reservations=(reservation("AUSDT"),))
    guard = guard_of(ENTRY, evolve(known, losses=locked(lock())))
    assert guard(books()) is None
    for found, expected in (
        (books(switchboard=board(off(GLOBAL_SWITCH))), Reason.KILL_SWITCH_ON),
        (books(standing=Standing(AccountCondition.SHARED)), Reason.ACCOUNT_SHARED),
        (books(supervisor=None), Reason.SUPERVISOR_NOT_RUNNING),
        (books(locks=(lock(),)), Reason.DAILY_LOSS_LIMIT_REACHED),
        (books(live=(reservation("AUSDT"),)), Reason.SYMBOL_BUSY),
        (books(key_is_taken=True), Reason.DUPLICATE_DECISION_KEY),
    ):
        skip = guard(found)
        assert skip is not None
        assert skip.reason is expected


def test_an_entry_that_is_committed_does_not_stand_in_its_own_way() -> None:
    """A further attempt: its position and its reservation are there, and take one slot, one notional, one loss."""
    risk = evolve(usdt(daily_max_loss_usdt=5, max_notional_usdt=100), max_concurrent_positions=1, max_same_side=1)
    own = reservation("AUSDT", key=ENTRY.decision_key)
    known = evolve(live(exits_left=1), account=account(position("AUSDT")), risk=risk)
    found = books(live=(own,), key_is_taken=True)
    assert guard_of(evolve(ENTRY, is_committed=True), known)(found) is None
    skip = guard_of(ENTRY, known)(found)
    assert skip is not None
    assert skip.reason is Reason.SYMBOL_BUSY


# --- entries that rest ----------------------------------------------------------------------------------------
def test_entries_that_rest_end_with_the_kill_switch_and_with_every_lock() -> None:
    calm, normal = board(), Standing()
    assert entries_must_end(calm, (), normal, NOW_MS) is None
    assert entries_must_end(board(off(GLOBAL_SWITCH)), (), normal, NOW_MS) is Reason.KILL_SWITCH_ON
    assert entries_must_end(calm, (lock(),), normal, NOW_MS) is Reason.DAILY_LOSS_LIMIT_REACHED
    assert entries_must_end(calm, (lock(Span.WEEK),), normal, NOW_MS) is Reason.WEEKLY_LOSS_LIMIT_REACHED
    assert entries_must_end(calm, (lock(lifted_ms=NOW_MS),), normal, NOW_MS) is None
    assert entries_must_end(calm, (lock(start_ms=DAY_START_MS - 86_400_000),), normal, NOW_MS) is None


def test_in_recovery_nothing_is_cancelled() -> None:
    recovery = Standing(AccountCondition.RECOVERY)
    assert entries_must_end(board(off(GLOBAL_SWITCH)), (lock(),), recovery, NOW_MS) is None
