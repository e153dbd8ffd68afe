"""What an operator books of an entry that the exchange has forgotten."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from mtf_adapters.sandbox.capabilities import CAPABILITIES
from mtf_core.market import AccountState, PositionMode
from mtf_core.orders import (
    Asked,
    AskedKind,
    EntryState,
    EventKind,
    ExitReason,
    Intent,
    PositionState,
    Supervised,
    Trade,
)
from mtf_core.orders.evidence import Read
from mtf_core.orders.supervise import Rules, supervise
from mtf_core.orders.view import MarketNow, View
from mtf_core.settings.trading import OrderSettings
from tests.unit.orders.intents import NOT_AFTER_MS, SYMBOL, an_intent

LOST = an_intent(entry=EntryState.EVIDENCE_LOST)
NOW_MS = NOT_AFTER_MS + 86_400_000


def booked(intent: Intent, **values: str) -> Supervised:
    """What one look makes of it, which reads an account that shows nothing of it any more."""
    told = {"price": "98", "size": "10", "profit": "-0.02", "fees": "0.001", "reason": "in the app"} | values
    account = AccountState(NOW_MS, Decimal(1000), Decimal(1000), (), (), PositionMode.HEDGE)
    view = View(SYMBOL, Read(account, NOW_MS), Read((), NOW_MS), Read((), NOW_MS), Read((), NOW_MS), 0)
    rules = Rules(capabilities=CAPABILITIES, settings=OrderSettings())
    return supervise(intent, view, MarketNow(None, None), rules, (Asked(1, AskedKind.BOOK, told, "ann"),), NOW_MS)


def test_what_was_closed_elsewhere_is_a_trade_although_no_read_ever_showed_the_position() -> None:
    done = booked(LOST)
    assert (done.intent.entry, done.intent.position, done.intent.is_live) == (
        EntryState.DONE,
        PositionState.NONE,
        False,
    )
    (closed,) = (one for one in done.events if one.kind is EventKind.CLOSED)
    trade = Trade.from_details(closed.details)
    assert (trade.gross_usdt, trade.net_usdt, trade.size) == (Decimal("-0.02"), Decimal("-0.021"), 10)
    assert (trade.booked_by_hand, trade.exit_reason, trade.note) == (True, ExitReason.HAND, "in the app")
    assert done.answers[0].outcome == "done: booked as you told it"
    assert done.action is None


def test_what_never_filled_ends_without_a_trade() -> None:
    done = booked(LOST, size="0", price="0", profit="0", fees="0")
    assert done.intent.is_live is False
    assert EventKind.CLOSED not in {one.kind for one in done.events}
    assert done.answers[0].outcome == "done: the entry counts as over"


def test_an_intent_that_executions_explain_is_not_booked() -> None:
    done = booked(evolve(LOST, entry=EntryState.RESTING))
    assert done.answers[0].outcome.startswith("refused")
    assert done.intent.entry is EntryState.RESTING
