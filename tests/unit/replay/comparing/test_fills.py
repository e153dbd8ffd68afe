"""Two orders that were both sent: the same, or different for the first reason that holds."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest
from attrs import evolve, field, frozen
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.market import MINUTE_MS, OrderType, Side, Timeframe
from mtf_core.orders import ExitReason, Intent, Trade
from mtf_core.replay.comparing.causes import Cause
from mtf_core.replay.comparing.fills import Found, compare_fills
from mtf_core.replay.comparing.lives import LiveEntry, LiveFate
from mtf_core.replay.ledger import Fate, ReadyMinute, ReplayedTrade
from tests.unit.orders.intents import an_intent
from tests.unit.replay.ledgers import START_MS, a_trade

D = Decimal

DECIDED_MS = START_MS
OPENED_MS = START_MS + MINUTE_MS + 7_000
ROW = ReadyMinute(
    symbol="BTCUSDT",
    at_ms=DECIDED_MS,
    side=Side.LONG,
    timeframe=Timeframe.M5,
    decision_key="key",
    fate=Fate.TRADED,
    reason=None,
    ended="order_timeout",
)
REPLAYED = a_trade(1, opened_ms=OPENED_MS, held_ms=10 * MINUTE_MS, key="key")


@frozen
class Circumstances:
    """What the replay comes to under others."""

    by_delay: Mapping[int, ReplayedTrade | None] = field(factory=dict)
    of_configuration: bool = False

    def after(self, delay_minutes: int) -> tuple[ReadyMinute, ReplayedTrade | None] | None:
        return (ROW, self.by_delay[delay_minutes]) if delay_minutes in self.by_delay else None

    def hangs_on_the_configuration(self) -> bool:
        return self.of_configuration


def accepted(minutes: int, **terms: object) -> Intent:
    """An intent whose order was on the exchange so many minutes after its decision."""
    intent = an_intent()
    attempt = evolve(intent.attempt, sent_ms=DECIDED_MS, accepted_ms=DECIDED_MS + minutes * MINUTE_MS + 2_000)
    return evolve(intent, attempt=attempt, terms=evolve(intent.terms, **terms))


def traded(minutes: int = 1, intent: Intent | None = None, **changes: object) -> LiveEntry:
    trade: Trade = evolve(REPLAYED.trade, **changes)
    return LiveEntry(LiveFate.TRADED, "", intent or accepted(minutes), trade, trade.closed_ms)


def unfilled(minutes: int = 1) -> LiveEntry:
    return LiveEntry(LiveFate.UNFILLED, "order_timeout", accepted(minutes))


def found(live: LiveEntry, replayed: ReplayedTrade | None = REPLAYED, others: Circumstances | None = None) -> Found:
    return compare_fills(DECIDED_MS, live, ROW, replayed, others or Circumstances())


@given(st.integers(0, 59_999), st.integers(0, 59_999))
def test_two_times_in_one_minute_are_equal(opened: int, closed: int) -> None:
    live = traded(
        opened_ms=OPENED_MS // MINUTE_MS * MINUTE_MS + opened,
        closed_ms=REPLAYED.trade.closed_ms // MINUTE_MS * MINUTE_MS + closed,
    )
    assert found(live) == (None, "")


def test_what_neither_filled_is_the_same() -> None:
    assert found(unfilled(), None) == (None, "")


LATER = evolve(REPLAYED, trade=evolve(REPLAYED.trade, opened_ms=OPENED_MS + MINUTE_MS))


@pytest.mark.parametrize(
    ("live", "replayed", "alone"),
    [
        (traded(0), LATER, REPLAYED),  # filled a minute sooner, and so does a replay that is there sooner
        (unfilled(3), REPLAYED, None),  # came too late, and so does a replay that comes so late
        (traded(0), None, REPLAYED),
    ],
)
def test_it_is_latency_where_a_replay_with_the_real_delay_fills_as_it_really_did(
    live: LiveEntry, replayed: ReplayedTrade | None, alone: ReplayedTrade | None
) -> None:
    delay = live.delay_minutes(DECIDED_MS)
    assert delay is not None
    cause, why = found(live, replayed, Circumstances({delay: alone}))
    assert cause is Cause.LATENCY
    assert f"on the exchange {60 * delay + 2} s after its minute's close" in why


def test_it_is_no_latency_where_the_real_delay_does_not_explain_it() -> None:
    assert found(unfilled(0), REPLAYED, Circumstances({0: REPLAYED}))[0] is Cause.NOT_FILLED
    assert found(traded(0), None, Circumstances({0: None}))[0] is Cause.FILLED_DIFFERENTLY
    assert found(traded(0), LATER, Circumstances({0: LATER}))[0] is Cause.FILLED_DIFFERENTLY


def test_only_the_replay_filled_or_only_reality_did() -> None:
    assert found(unfilled())[0] is Cause.NOT_FILLED
    cause, why = found(traded(), None)
    assert (cause, "where it ended by order_timeout" in why) == (Cause.FILLED_DIFFERENTLY, True)


LEFT_LATER = {"closed_ms": REPLAYED.trade.closed_ms + 5 * MINUTE_MS}


@pytest.mark.parametrize("reason", [ExitReason.TARGET, ExitReason.STOP, ExitReason.BREAK_EVEN])
def test_a_level_that_fired_in_another_minute_was_fired_by_another_price(reason: ExitReason) -> None:
    assert found(traded(exit_reason=reason, **LEFT_LATER))[0] is Cause.TRIGGER_PRICE_DIFFERED


def test_a_position_that_is_still_open_in_reality_was_not_fired_there() -> None:
    intent = accepted(1)
    open_one = evolve(intent, progress=evolve(intent.progress, first_fill_ms=OPENED_MS))
    live = LiveEntry(LiveFate.OPEN, "protected", open_one)
    assert found(live)[0] is Cause.TRIGGER_PRICE_DIFFERED


@pytest.mark.parametrize(
    ("live", "said"),
    [
        (traded(exit_reason=ExitReason.TIME_STOP, **LEFT_LATER), "not left at a level"),
        (traded(exit_reason=None, **LEFT_LATER), "not left at a level"),
        (traded(intent=accepted(1, target_order=OrderType.LIMIT), **LEFT_LATER), "waits for no trigger"),
    ],
)
def test_what_no_trigger_explains_was_filled_differently(live: LiveEntry, said: str) -> None:
    cause, why = found(live)
    assert cause is Cause.FILLED_DIFFERENTLY
    assert said in why


@pytest.mark.parametrize(
    ("live", "said"),
    [
        (traded(exit_reason=ExitReason.STOP, planned_stop=accepted(1).stop.price), "in one minute"),
        (traded(closed_ms=OPENED_MS + 1_000), "within the minute of its entry"),
    ],
)
def test_what_a_candle_does_not_tell_apart_is_its_order(live: LiveEntry, said: str) -> None:
    cause, why = found(live)
    assert cause is Cause.ORDER_WITHIN_CANDLE
    assert f"{said}; a candle does not say what came first" in why


@pytest.mark.parametrize("changed", [LEFT_LATER, {}, {"closed_ms": OPENED_MS + 1_000}])
@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        (ExitReason.HAND, Cause.CLOSED_BY_HAND),
        (ExitReason.FLIPPED_BY_HAND, Cause.CLOSED_BY_HAND),
        (ExitReason.LIQUIDATION, Cause.CLOSED_BY_EXCHANGE),
        (ExitReason.ADL, Cause.CLOSED_BY_EXCHANGE),
        (ExitReason.SETTLEMENT, Cause.CLOSED_BY_EXCHANGE),
    ],
)
def test_what_somebody_or_the_exchange_closed_is_told_as_that_whenever_it_was(
    reason: ExitReason, cause: Cause, changed: Mapping[str, int]
) -> None:
    assert found(traded(exit_reason=reason, **changed))[0] is cause


def test_an_entry_that_an_operator_cancelled_was_ended_by_hand() -> None:
    assert found(evolve(unfilled(), reason="operator"))[0] is Cause.CLOSED_BY_HAND


def test_a_stop_that_stood_elsewhere_goes_before_what_a_candle_does_not_tell() -> None:
    moved = accepted(1)
    live = traded(intent=moved, exit_reason=ExitReason.STOP, planned_stop=moved.stop.price - 1)
    cause, why = found(live)
    assert (cause, "the stop stood at " in why) == (Cause.TRIGGER_PRICE_DIFFERED, True)


def test_funding_counts_where_nothing_else_differs() -> None:
    other = {"funding_usdt": REPLAYED.trade.funding_usdt + 1, "net_usdt": D(3)}
    assert found(traded(**other))[0] is Cause.FUNDING_DIFFERED
    assert found(traded(**other, size=REPLAYED.trade.size + 1))[0] is Cause.FILLED_DIFFERENTLY


@pytest.mark.parametrize("name", ["size", "entry_price", "exit_price", "fees_usdt"])
def test_other_prices_sizes_and_fees_are_told_by_name(name: str) -> None:
    before = getattr(REPLAYED.trade, name)
    cause, why = found(traded(**{name: before + D("0.01"), "net_usdt": D(3)}))
    assert cause is Cause.FILLED_DIFFERENTLY
    assert why.startswith(name.removesuffix("_usdt").replace("_", " "))
    assert f"{before + D('0.01'):f} for {before:f}" in why


def test_another_net_of_the_same_fills_is_unexplained() -> None:
    assert found(traded(net_usdt=D(3)))[0] is Cause.UNEXPLAINED


def test_a_replay_that_hangs_on_the_configuration_goes_before_everything() -> None:
    others = Circumstances({0: REPLAYED}, of_configuration=True)
    assert found(traded(0), LATER, others)[0] is Cause.CONFIGURATION_CHANGED
    assert found(traded(), REPLAYED, others) == (None, ""), "what is equal needs no cause"
