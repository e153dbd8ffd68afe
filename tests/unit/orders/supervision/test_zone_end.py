"""Taking what is left when the zone is about to end: once, bounded, and never more than was agreed to lose."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.market import (
    MarkPrice,
    OrderType,
    Quote,
    Side,
    TimeInForce,
    TopOfBook,
    TriggerLevel,
    TriggerPrice,
)
from mtf_core.orders import EntryState, EventKind, FurtherAttempt, PositionState, SwitchOff, WantedTarget
from mtf_core.orders.supervise import reads_wanted, supervise
from mtf_core.orders.supervision.zone_end import more_passive
from mtf_core.planning import EntryZone
from mtf_core.settings.trade_entry import EndOfZoneSettings
from tests.unit.orders.intents import CREATED_MS, SYMBOL, an_attempt, an_intent
from tests.unit.orders.supervision.desk import NATIVE, Bench, bench, resting

ENDS_MS = CREATED_MS + 90_000
ZONE = EntryZone(Decimal(98), Decimal(102), Decimal(100), "5m.vwap", ENDS_MS)
TAKES = EndOfZoneSettings(max_spread_bps=Decimal(30), max_slippage_bps=Decimal(20))


def near_the_end(filled: int = 0, settings: EndOfZoneSettings = TAKES, **terms: object) -> Bench:
    """Twenty seconds before the zone ends, the mark at 101 inside of it."""
    given_terms = {"zone": ZONE, "end_of_zone": settings, **terms}
    one = bench(NATIVE, **given_terms)
    if filled:
        one.fills(filled)
        one.looks(4)
    one.passes(ENDS_MS - 20_000 - one.exchange.now_ms)
    return one


def taken(one: Bench) -> FurtherAttempt | None:
    writes = [action.write for action in one.actions if isinstance(action.write, FurtherAttempt)]
    assert len(writes) <= 1, "once"
    return writes[0] if writes else None


def refusal(one: Bench) -> str:
    refused = [event.details["why"] for event in one.events if event.kind is EventKind.REFUSED]
    return refused[0] if refused else ""


def test_the_entry_is_cancelled_read_until_final_and_only_then_what_is_left_is_taken() -> None:
    """Both orders filled: twice the size."""
    one = near_the_end()
    one.look()
    assert one.wrote == ["end_of_zone"]
    assert one.state[0] is EntryState.CANCELLING
    one.passes(500)
    one.exchange.now_ms += 500
    one.look()
    found = taken(one)
    assert found is not None
    assert one.state[0] is EntryState.DONE
    assert (found.order_type, found.time_in_force, found.post_only) == (OrderType.LIMIT, TimeInForce.IOC, False)
    assert found.price == Decimal("101.3"), "101.1 · 1.002, down to the tick"


def test_while_the_cancel_is_not_final_nothing_is_taken() -> None:
    one = near_the_end()
    for _ in range(10):
        one.passes(1000)
        one.look(leaves=lambda _: False)
    assert taken(one) is None
    assert one.state[0] is EntryState.CANCELLING


def test_the_whole_position_loses_at_its_stop_no_more_than_was_agreed() -> None:
    """Risk 0.06: at 101.3 one contract of 0.001 loses 0.0063 and 0.000118 in fees: nine, not ten."""
    one = near_the_end()
    one.looks(2)
    found = taken(one)
    assert found is not None
    assert found.size == 9
    assert found.price is not None
    loss = found.size * Decimal("0.001") * (found.price - 95 + Decimal("0.0006") * (found.price + 95))
    assert loss <= one.intent.terms.risk_usdt < loss * 10 / 9


def test_what_is_held_already_counts() -> None:
    one = near_the_end(filled=4)
    one.looks(2)
    found = taken(one)
    assert found is not None
    assert found.size == 6, "0.06 less 0.0202 of the four leaves 0.0398: 6.2 contracts, of the 6 that were planned"
    assert one.state == (EntryState.DONE, PositionState.PROTECTED)


@pytest.mark.parametrize(
    ("mark", "settings", "terms"),
    [
        (Decimal("102.1"), TAKES, {}),
        (Decimal(101), evolve(TAKES, max_spread_bps=Decimal(5)), {}),
        (Decimal(101), evolve(TAKES, enabled=False), {}),
    ],
)
def test_where_the_market_does_not_fit_the_entry_rests_on(
    mark: Decimal, settings: EndOfZoneSettings, terms: dict[str, object]
) -> None:
    one = near_the_end(settings=settings, max_deviation=Decimal(1), **terms)
    one.exchange.moves_to(mark)
    one.intent = evolve(one.intent, terms=evolve(one.intent.terms, out_of_zone_after_ms=10**9))
    one.look()
    assert one.wrote == []


@pytest.mark.parametrize(
    ("terms", "targets", "why"),
    [
        ({"risk_usdt": Decimal("0.001")}, None, "below the least"),
        ({"min_net_r": Decimal(3)}, None, "reward"),
        ({}, (WantedTarget(Decimal("101.2"), Decimal(1)),), "beyond the first target"),
    ],
)
def test_what_is_not_worth_taking_is_refused_and_the_symbol_rests(
    terms: dict[str, object], targets: tuple[WantedTarget, ...] | None, why: str
) -> None:
    one = near_the_end(**terms)
    if targets is not None:
        one.intent = evolve(one.intent, wanted=evolve(one.intent.wanted, targets=targets))
    one.looks(1)
    switched = [one.last.switch_off if one.last else None]
    one.passes(1000)
    switched.append(one.look().switch_off)
    assert taken(one) is None
    assert why in refusal(one)
    assert SwitchOff(SYMBOL, 1, "end_of_zone_done") in switched


def test_after_an_exit_fill_nothing_more_is_opened() -> None:
    one = near_the_end(filled=4)
    one.exchange.trades_by_hand(Side.LONG, Decimal(1), opens=False)
    one.looks(4)
    assert taken(one) is None


def test_with_the_kill_switch_on_nothing_is_taken() -> None:
    one = near_the_end()
    one.look()
    one.rules = evolve(one.rules, entries_end="kill_switch_on")
    one.looks(3)
    assert taken(one) is None
    assert "kill_switch_on" in refusal(one)


def test_a_rest_that_filled_before_the_cancel_leaves_nothing_to_take() -> None:
    one = near_the_end()
    one.look(leaves=lambda _: False)
    one.fills(10)
    one.looks(4)
    assert taken(one) is None
    assert one.state == (EntryState.DONE, PositionState.PROTECTED)


def test_a_maker_only_entry_that_the_exchange_dropped_is_tried_once_more_a_tick_more_passive() -> None:
    intent = resting(NATIVE)
    intent = evolve(intent, attempt=evolve(intent.attempt, post_only=True))
    one = bench(NATIVE, intent)
    one.exchange.ends_entry(one.entry_id)
    one.look()
    found = taken(one)
    assert found == FurtherAttempt(Decimal(10), OrderType.LIMIT, Decimal("99.9"), TimeInForce.GTC, True)
    one.looks(3)
    assert taken(one) == found


def test_a_maker_only_entry_is_not_tried_again_beside_a_position_that_somebody_opened_meanwhile() -> None:
    intent = resting(NATIVE)
    intent = evolve(intent, attempt=evolve(intent.attempt, post_only=True))
    one = bench(NATIVE, intent)
    one.exchange.ends_entry(one.entry_id)
    one.exchange.trades_by_hand(intent.side, Decimal(3), opens=True)
    one.looks(4)
    assert taken(one) is None


def test_only_a_maker_only_entry_has_a_more_passive_one() -> None:
    assert more_passive(an_intent()) is None
    order = more_passive(an_intent(attempt=an_attempt(post_only=True)))
    assert order is not None
    assert order.price == Decimal("99.9")
    at_the_bound = an_intent(attempt=an_attempt(post_only=True))
    zone = EntryZone(Decimal(100), Decimal(102), Decimal(101), "5m.vwap", ENDS_MS)
    assert more_passive(evolve(at_the_bound, terms=evolve(at_the_bound.terms, zone=zone))) is None


@given(
    side=st.sampled_from(list(Side)),
    risk=st.decimals("0.005", "0.2", places=4),
    filled=st.integers(0, 9),
    mark=st.integers(985, 1015),
    fees=st.booleans(),
    slip=st.integers(0, 60),
)
def test_never_beyond_zone_plan_or_risk(
    side: Side, risk: Decimal, filled: int, mark: int, fees: bool, slip: int
) -> None:
    settings = evolve(TAKES, max_slippage_bps=Decimal(slip))
    one = near_the_end(settings=settings, risk_usdt=risk, fees_in_risk=fees, max_deviation=Decimal(1))
    stop = Decimal(95) if side is Side.LONG else Decimal(105)
    target = Decimal(110) if side is Side.LONG else Decimal(90)
    wanted = evolve(
        one.intent.wanted,
        side=side,
        stop=TriggerLevel(stop, TriggerPrice.MARK),
        targets=(WantedTarget(target, Decimal(1)),),
    )
    started = evolve(resting(NATIVE), wanted=wanted, terms=one.intent.terms)
    one = bench(NATIVE, started)
    if filled:
        one.fills(filled)
        one.looks(4)
    one.exchange.mark = Decimal(mark) / 10
    one.passes(ENDS_MS - 20_000 - one.exchange.now_ms)
    one.looks(3)
    found = taken(one)
    if found is None:
        return
    assert found.price is not None
    assert ZONE.low <= found.price <= ZONE.high
    assert found.size + filled <= started.wanted.size
    rate = Decimal("0.0006") if fees else Decimal(0)
    loss = found.size * (abs(found.price - stop) + rate * (found.price + stop))
    loss += filled * (abs(100 - stop) + rate * stop)
    assert loss * Decimal("0.001") <= risk


def test_what_earlier_attempts_filled_stays_theirs_beside_the_fills_of_the_current_one() -> None:
    """Forgotten, it would count as room that is left of the plan."""
    one = bench(NATIVE)
    one.fills(4)
    one.look()
    one.exchange.ends_entry(one.entry_id)
    one.looks(2)
    first = one.intent.attempt
    assert (one.state[0], first.filled) == (EntryState.DONE, Decimal(4))

    second = evolve(first, number=2, size=Decimal(6), client_order_id="entry-2", order_id="", filled=Decimal(0))
    one.intent = evolve(one.intent, attempt=second, earlier=(first,), entry=EntryState.RESTING)
    entry_id = one.exchange.takes_entry(one.intent)
    one.intent = evolve(one.intent, attempt=evolve(second, order_id=entry_id))
    one.exchange.fills_entry(entry_id, Decimal(2))
    one.look()

    assert [attempt.number for attempt in one.intent.attempts()] == [1, 2]
    assert [attempt.filled for attempt in one.intent.attempts()] == [Decimal(4), Decimal(2)]
    assert (one.intent.filled, one.intent.possibly_alive, one.intent.progress.held) == (6, 4, 6)


@pytest.mark.parametrize(("least", "is_taken"), [("1.33", True), ("1.34", False)])
def test_what_is_taken_is_worth_its_fees_on_both_ways(least: str, is_taken: bool) -> None:
    """At 101.3 a target at 110 wins 8.7 less 0.1268 in fees, a stop at 95 loses 6.3 and 0.1178: 1.3359 R net."""
    one = near_the_end(min_net_r=Decimal(least))
    one.looks(2)
    assert (taken(one) is not None) is is_taken
    assert ("reward" in refusal(one)) is not is_taken


def test_nothing_is_taken_where_it_would_fill_at_its_own_stop() -> None:
    """The mark stands beyond the stop, the book at it: what fills would be closed at once, for two fees."""
    one = near_the_end(filled=4, settings=evolve(TAKES, max_slippage_bps=Decimal(0)))
    tightened = TriggerLevel(Decimal("100.9"), TriggerPrice.MARK)
    one.intent = evolve(one.intent, progress=evolve(one.intent.progress, stop=tightened))
    one.looks(1)
    assert one.exchange.armed()[0].trigger == tightened
    one.looks(1)
    assert one.wrote[-1] == "end_of_zone"
    one.passes(1000)
    view = one.exchange.view(reads_wanted(one.intent, one.exchange.account(), one.exchange.now_ms))
    quote = Quote(
        TopOfBook(SYMBOL, Decimal("100.8"), Decimal("100.9"), one.exchange.now_ms),
        MarkPrice(SYMBOL, Decimal(101), one.exchange.now_ms),
    )
    done = supervise(one.intent, view, evolve(one.exchange.market(), quote=quote), one.rules, (), one.exchange.now_ms)
    assert done.action is None or not isinstance(done.action.write, FurtherAttempt)
    refused = [event.details["why"] for event in done.events if event.kind is EventKind.REFUSED]
    assert refused == ["a size of 0 is below the least"]
