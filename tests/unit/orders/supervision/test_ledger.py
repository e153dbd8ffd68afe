"""What executions say of what others trade on the side of an intent."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mtf_core.market import Fill, FillCause, Side
from mtf_core.orders import Intent, Purpose, mint
from mtf_core.orders.supervision.ledger import Ledger, ledger_of
from tests.unit.orders.intents import ACCOUNT, CREATED_MS, KEY, SYMBOL, an_attempt, an_intent
from tests.unit.orders.supervision.desk import NATIVE

IDS = NATIVE.client_ids
OURS, LATER_MS = "an entry", CREATED_MS + 1000
INTENT = an_intent(attempt=an_attempt(order_id="7", client_order_id=OURS))


def an_id(intent: Intent, tag: int, purpose: Purpose = Purpose.ENTRY) -> str:
    return mint(tag, intent.counter + 1, ACCOUNT, KEY, 1, purpose).text(IDS)


def fill(name: str, *, opens: bool = True, order_id: str = "8", at_ms: int = LATER_MS, **changes: object) -> Fill:
    side = changes.pop("side", INTENT.side)
    number = f"{name} {order_id} {opens} {at_ms}"
    assert isinstance(side, Side)
    one = (SYMBOL, number, order_id, side, opens, Decimal(100), Decimal(2), Decimal(0), Decimal(0), True, at_ms, name)
    return Fill(*one, **changes)  # type: ignore[arg-type]


def read(*fills: Fill) -> Ledger:
    ledger = ledger_of(INTENT, fills, (), IDS)
    assert ledger is not None
    return ledger


def test_what_a_hand_adds_to_the_position_is_others_trade_even_where_as_much_of_ours_closes() -> None:
    ours = fill(OURS, order_id="7")
    ledger = read(
        ours, fill("by hand", at_ms=LATER_MS + 1), fill(an_id(INTENT, INTENT.tag, Purpose.CLOSE), opens=False)
    )
    assert ledger.others_ms == LATER_MS + 1


@pytest.mark.parametrize("opens", [True, False])
def test_another_store_s_trades_are_others_whether_they_open_or_close(opens: bool) -> None:
    ledger = read(fill(OURS, order_id="7"), fill(an_id(INTENT, INTENT.tag + 1), opens=opens, at_ms=LATER_MS + 1))
    assert ledger.others_ms == LATER_MS + 1


@pytest.mark.parametrize(
    "one",
    [
        fill(OURS, order_id="9"),
        fill("", order_id="7"),
        fill(an_id(INTENT, INTENT.tag)),
        fill(an_id(INTENT, INTENT.tag, Purpose.STOP), opens=False),
        fill("", opens=False),
        fill("PLAN_77", opens=False),
        fill("", opens=False, cause=FillCause.ADL),
        fill("by hand", at_ms=CREATED_MS - 1),
        fill("by hand", side=INTENT.side.opposite),
    ],
)
def test_nobody_else_traded_where_executions_are_or_may_be_ours_or_are_older_or_of_the_other_side(one: Fill) -> None:
    """An order that a fired stop became may bear any id, or none."""
    assert read(fill(OURS, order_id="7"), one).others_ms is None


def test_an_opening_that_names_no_order_may_be_ours_as_long_as_the_exchange_has_not_named_ours() -> None:
    unnamed = an_intent(attempt=an_attempt(order_id="", client_order_id=OURS))
    ledger = ledger_of(unnamed, [fill("")], (), IDS)
    assert ledger is not None
    assert ledger.others_ms is None
    assert read(fill("")).others_ms == LATER_MS
