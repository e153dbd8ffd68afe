"""OKX's words as the core's, one by one, and what is no word."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mtf_adapters.okx.mapping import (
    algo_of,
    brackets_of,
    fill_of,
    flows_of,
    margin_mode_of,
    order_of,
    position_mode_of,
    position_of,
    side_of,
    sides_to,
)
from mtf_adapters.okx.wire import AlgoRow, BillRow, FillRow, OrderRow, PositionRow, TierRow
from mtf_adapters.online.structuring import structured
from mtf_adapters.online.writing import plain
from mtf_core.market import (
    CashFlow,
    FillCause,
    FlowKind,
    MarginMode,
    OpenOrder,
    OrderKind,
    OrderState,
    Position,
    PositionMode,
    Side,
    TimeInForce,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
)
from mtf_core.ports import ExchangeUnavailableError
from tests.unit.okx.payloads import ALGO, BILL, FILL, ORDER, PAST_ORDER, POSITION, TIERS


def order(**change: Any) -> OpenOrder:
    return order_of(structured({**ORDER, **change}, OrderRow, "order"))


def algo(**change: Any) -> OpenOrder:
    return algo_of(structured({**ALGO, **change}, AlgoRow, "algo"))


def position(**change: Any) -> Position | None:
    return position_of(structured({**POSITION, **change}, PositionRow, "position"))


def flows(**change: Any) -> list[CashFlow]:
    return flows_of(structured({**BILL, **change}, BillRow, "bill"))


@pytest.mark.parametrize(
    ("side", "position_side", "found"),
    [
        ("buy", "long", (Side.LONG, True)),
        ("sell", "long", (Side.LONG, False)),
        ("sell", "short", (Side.SHORT, True)),
        ("buy", "short", (Side.SHORT, False)),
        ("buy", "net", (Side.LONG, True)),
        ("sell", "", (Side.SHORT, True)),
    ],
)
def test_side_and_position_side_say_whose_position_it_is_and_whether_it_opens(
    side: str, position_side: str, found: tuple[Side, bool]
) -> None:
    assert side_of("A", side, position_side) == found


@pytest.mark.parametrize(("side", "found"), [("sell", Side.LONG), ("buy", Side.SHORT)])
def test_an_order_of_a_net_account_that_only_reduces_is_of_the_other_side(side: str, found: Side) -> None:
    assert side_of("A", side, "net", reduces=True) == (found, False)


@pytest.mark.parametrize("words", [("hold", "long"), ("buy", "both"), ("", ""), ("BUY", "long")])
def test_a_side_that_nobody_knows_is_no_answer(words: tuple[str, str]) -> None:
    with pytest.raises(ExchangeUnavailableError, match="unknown side"):
        side_of("A", *words)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("opens", [True, False])
def test_the_words_for_a_side_mean_that_side(side: Side, opens: bool) -> None:
    assert side_of("A", *sides_to(side, opens=opens)) == (side, opens)


@pytest.mark.parametrize(
    ("word", "kind", "time_in_force", "price"),
    [
        ("limit", OrderKind.LIMIT, TimeInForce.GTC, 61100),
        ("post_only", OrderKind.LIMIT, TimeInForce.GTC, 61100),
        ("rpi", OrderKind.LIMIT, TimeInForce.GTC, 61100),
        ("ioc", OrderKind.LIMIT, TimeInForce.IOC, 61100),
        ("fok", OrderKind.LIMIT, TimeInForce.FOK, 61100),
        ("market", OrderKind.MARKET, None, None),
        ("optimal_limit_ioc", OrderKind.MARKET, TimeInForce.IOC, None),
    ],
)
def test_each_type_of_order(word: str, kind: OrderKind, time_in_force: TimeInForce | None, price: int | None) -> None:
    found = order(ordType=word)
    assert (found.kind, found.time_in_force, found.price) == (kind, time_in_force, price)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("live", OrderState.LIVE),
        ("partially_filled", OrderState.LIVE),
        ("filled", OrderState.FILLED),
        ("canceled", OrderState.CANCELLED),
        ("mmp_canceled", OrderState.CANCELLED),
    ],
)
def test_each_state_of_an_order(word: str, state: OrderState) -> None:
    assert order(state=word).state is state


@pytest.mark.parametrize("change", [{"ordType": "op_fok"}, {"state": "rejected"}, {"posSide": "both"}])
def test_an_order_of_an_unknown_word_is_no_answer(change: dict[str, Any]) -> None:
    with pytest.raises(ExchangeUnavailableError, match="unknown"):
        order(**change)


def test_an_order_that_has_filled_nothing_has_no_average_whether_that_is_empty_or_zero() -> None:
    for average in ("", "0"):
        assert order(avgPx=average, accFillSz="0").average_price is None


@pytest.mark.parametrize("name", ["sz", "accFillSz", "cTime"])
@pytest.mark.parametrize("value", ["", None, "x", "NaN"])
def test_what_an_order_must_tell_is_never_zero_because_it_is_empty(name: str, value: object) -> None:
    with pytest.raises(ExchangeUnavailableError, match="cannot be read"):
        order(**{name: value})


def test_a_post_only_order_that_would_have_taken_shows_as_cancelled() -> None:
    found = order(ordType="post_only", state="canceled", accFillSz="0", avgPx="", cancelSource="31")
    assert (found.state, found.filled) == (OrderState.CANCELLED, 0)


def test_what_travels_in_an_order_is_its_stop_and_its_target() -> None:
    both = {**ORDER["attachAlgoOrds"][0], "tpTriggerPx": "63000", "tpTriggerPxType": "last"}
    found = order(attachAlgoOrds=[both])
    assert found.stop == TriggerLevel(Decimal(60200), TriggerPrice.MARK)
    assert found.target == TriggerLevel(Decimal(63000), TriggerPrice.LAST)


def test_a_stop_that_could_not_be_placed_does_not_travel() -> None:
    failed = {**ORDER["attachAlgoOrds"][0], "failCode": "51280", "failReason": "SL trigger"}
    assert order(state="filled", accFillSz="0.3", attachAlgoOrds=[failed]).stop is None


def test_an_order_that_an_algo_placed_is_known_by_the_algo_s_client_id() -> None:
    child = order_of(structured({**PAST_ORDER, "clOrdId": "", "algoClOrdId": "sl0001"}, OrderRow, "order"))
    assert (child.client_order_id, child.kind, child.reduce_only) == ("sl0001", OrderKind.MARKET, True)
    assert order(clOrdId="own1", algoClOrdId="sl0001").client_order_id == "own1"


def test_a_stop_of_the_whole_position_has_no_size_whatever_its_row_shows() -> None:
    for size in ("", "0.3"):
        stop = algo(sz=size)
        assert (stop.kind, stop.purpose, stop.side, stop.reduce_only) == (
            OrderKind.TRIGGER,
            TriggerPurpose.STOP,
            Side.LONG,
            True,
        )
        assert (stop.size, stop.trigger, stop.price) == (None, TriggerLevel(Decimal(60200), TriggerPrice.MARK), None)


def test_a_stop_of_a_part_has_its_size_and_its_limit() -> None:
    stop = algo(sz="0.2", closeFraction="", slOrdPx="60100")
    assert (stop.size, stop.price) == (Decimal("0.2"), 60100)


@pytest.mark.parametrize("change", [{"sz": "", "closeFraction": ""}, {"sz": "1", "closeFraction": "0.5"}])
def test_a_stop_of_which_nobody_knows_how_much_it_closes_is_no_answer(change: dict[str, Any]) -> None:
    with pytest.raises(ExchangeUnavailableError, match="how much"):
        algo(**change)


LEVELS = {"tpTriggerPx": "63000", "tpTriggerPxType": "last", "tpOrdPx": "-1"}


def test_stop_and_target_of_one_order_show_as_the_stop_with_the_target_inside() -> None:
    found = algo(ordType="oco", **LEVELS)
    assert (found.purpose, found.trigger) == (TriggerPurpose.STOP, TriggerLevel(Decimal(60200), TriggerPrice.MARK))
    assert (found.stop, found.target) == (None, TriggerLevel(Decimal(63000), TriggerPrice.LAST))


def test_stop_and_target_of_one_order_show_as_what_fired_once_one_did() -> None:
    won = algo(ordType="oco", state="effective", actualSide="tp", **LEVELS)
    lost = algo(ordType="oco", state="effective", actualSide="sl", **LEVELS)
    assert (won.purpose, won.trigger) == (TriggerPurpose.TARGET, TriggerLevel(Decimal(63000), TriggerPrice.LAST))
    assert (lost.purpose, lost.state) == (TriggerPurpose.STOP, OrderState.TRIGGERED)


def test_a_target_alone_is_a_target() -> None:
    found = algo(slTriggerPx="", slTriggerPxType="", slOrdPx="", sz="0.1", closeFraction="", **LEVELS)
    assert (found.purpose, found.trigger) == (TriggerPurpose.TARGET, TriggerLevel(Decimal(63000), TriggerPrice.LAST))


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("live", OrderState.LIVE),
        ("pause", OrderState.PENDING),
        ("partially_effective", OrderState.LIVE),
        ("effective", OrderState.TRIGGERED),
        ("canceled", OrderState.CANCELLED),
        ("order_failed", OrderState.REJECTED),
        ("partially_failed", OrderState.REJECTED),
    ],
)
def test_each_state_of_an_order_that_waits(word: str, state: OrderState) -> None:
    assert algo(state=word).state is state


def test_a_trigger_that_could_open_is_an_entry_and_one_that_reduces_does_not_say_what_it_is() -> None:
    plain_trigger = {
        "ordType": "trigger",
        "triggerPx": "62000",
        "triggerPxType": "mark",
        "closeFraction": "",
        "sz": "1",
    }
    opens, reduces = algo(**plain_trigger, side="buy"), algo(**plain_trigger)
    assert (opens.purpose, opens.reduce_only) == (TriggerPurpose.ENTRY, False)
    assert opens.trigger == TriggerLevel(Decimal(62000), TriggerPrice.MARK)
    assert (reduces.purpose, reduces.reduce_only) == (None, True)


def test_a_trailing_stop_stands_where_it_would_fire_now() -> None:
    trailing = {"ordType": "move_order_stop", "closeFraction": "", "sz": "1", "slTriggerPx": "", "slTriggerPxType": ""}
    standing = algo(**trailing, moveTriggerPx="60900")
    assert (standing.purpose, standing.trigger) == (
        TriggerPurpose.STOP,
        TriggerLevel(Decimal(60900), TriggerPrice.LAST),
    )
    assert algo(**trailing).trigger is None


def test_a_stop_that_the_index_fires_is_a_stop_of_no_trigger_that_the_core_knows() -> None:
    found = algo(slTriggerPxType="index")
    assert (found.purpose, found.trigger) == (TriggerPurpose.STOP, None)


def test_a_trigger_without_a_word_is_the_last_price_s() -> None:
    assert algo(slTriggerPxType="").trigger == TriggerLevel(Decimal(60200), TriggerPrice.LAST)


@pytest.mark.parametrize("change", [{"ordType": "chase"}, {"state": "sleeping"}, {"slTriggerPxType": "bid"}])
def test_an_order_that_waits_of_an_unknown_word_is_no_answer(change: dict[str, Any]) -> None:
    with pytest.raises(ExchangeUnavailableError, match="unknown"):
        algo(**change)


def test_a_position_of_a_hedge_account_has_its_side_by_word_and_one_of_a_net_account_by_sign() -> None:
    hedged, net = position(posSide="short"), position(posSide="net", pos="-0.3")
    assert hedged is not None
    assert net is not None
    assert (hedged.side, hedged.size) == (net.side, net.size) == (Side.SHORT, Decimal("0.3"))


def test_a_position_of_nothing_is_none() -> None:
    assert position(pos="0", avgPx="", lever="", upl="") is None


def test_empty_facts_of_a_position_are_not_known_rather_than_zero() -> None:
    found = position()
    assert found is not None
    assert (found.liquidation_price, found.margin, found.margin_mode) == (None, Decimal("36.75"), MarginMode.CROSS)
    isolated = position(mgnMode="isolated", margin="40", liqPx="49123.4")
    assert isolated is not None
    assert (isolated.margin, isolated.liquidation_price) == (40, Decimal("49123.4"))


@pytest.mark.parametrize(
    "change", [{"avgPx": ""}, {"lever": ""}, {"upl": ""}, {"pos": ""}, {"posSide": "both"}, {"mgnMode": "cash"}]
)
def test_a_position_that_does_not_say_what_it_is_is_no_answer(change: dict[str, Any]) -> None:
    with pytest.raises(ExchangeUnavailableError):
        position(**change)


def test_modes_have_their_words_and_no_others() -> None:
    assert position_mode_of("long_short_mode") is PositionMode.HEDGE
    assert position_mode_of("net_mode") is PositionMode.ONE_WAY
    assert margin_mode_of("isolated") is MarginMode.ISOLATED
    for unknown in ("", "hedge"):
        with pytest.raises(ExchangeUnavailableError):
            position_mode_of(unknown)
        with pytest.raises(ExchangeUnavailableError):
            margin_mode_of(unknown)


def test_a_fee_that_was_paid_is_negative_there_and_a_cost_here() -> None:
    fill = fill_of(structured(FILL, FillRow, "fill"))
    assert (fill.fee, fill.realised_profit, fill.is_maker) == (Decimal("0.11025216"), Decimal("0.4536"), False)
    rebate = fill_of(structured({**FILL, "fee": "0.01", "execType": "M"}, FillRow, "fill"))
    assert (rebate.fee, rebate.is_maker) == (Decimal("-0.01"), True)


def test_an_execution_is_named_by_trade_and_order_and_happened_when_it_filled() -> None:
    fill = fill_of(structured(FILL, FillRow, "fill"))
    assert (fill.fill_id, fill.time_ms) == ("744876981:680800019749904390", 1767225650020)
    late = fill_of(structured({**FILL, "fillTime": ""}, FillRow, "fill"))
    assert late.time_ms == 1767225650025


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        *((str(code), FillCause.ORDER) for code in range(1, 7)),
        *((str(code), FillCause.LIQUIDATION) for code in range(100, 108)),
        ("112", FillCause.SETTLEMENT),
        ("113", FillCause.SETTLEMENT),
        *((str(code), FillCause.ADL) for code in range(125, 129)),
        ("", FillCause.ORDER),
    ],
)
def test_why_something_was_executed(code: str, cause: FillCause) -> None:
    row = {**FILL, "subType": code, "tradeId": "-12", "execType": ""}
    fill = fill_of(structured(row, FillRow, "fill"))
    assert (fill.cause, fill.is_maker, fill.fill_id) == (cause, False, "-12:680800019749904390")


def test_an_execution_of_a_net_account_that_realised_something_closed_the_other_side() -> None:
    closed = fill_of(structured({**FILL, "posSide": "net"}, FillRow, "fill"))
    opened = fill_of(structured({**FILL, "posSide": "net", "fillPnl": "0"}, FillRow, "fill"))
    assert (closed.side, closed.opens) == (Side.LONG, False)
    assert (opened.side, opened.opens) == (Side.SHORT, True)


def test_funding_is_a_flow_of_its_symbol_by_its_profit_or_loss() -> None:
    (paid,) = flows()
    assert (paid.kind, paid.symbol, paid.amount) == (FlowKind.FUNDING, "BTC-USDT-SWAP", Decimal("-0.018375"))
    (received,) = flows(subType="174", pnl="0.02", balChg="0.02")
    assert (received.kind, received.amount) == (FlowKind.FUNDING, Decimal("0.02"))


def test_profit_and_fee_of_a_trade_are_two_flows_with_ids_of_their_own() -> None:
    found = flows(type="2", subType="5", pnl="0.45", fee="-0.11", balChg="0.34")
    assert [(flow.kind, flow.amount) for flow in found] == [
        (FlowKind.REALISED_PROFIT, Decimal("0.45")),
        (FlowKind.FEE, Decimal("-0.11")),
    ]
    assert len({flow.flow_id for flow in found}) == 2
    assert sum(flow.amount for flow in found) == Decimal("0.34")


def test_an_opening_without_profit_is_its_fee_alone() -> None:
    assert [flow.kind for flow in flows(type="2", subType="3", pnl="0", fee="-0.11", balChg="-0.11")] == [FlowKind.FEE]


def test_what_a_liquidation_took_beyond_loss_and_fee_is_told_as_such() -> None:
    found = flows(type="5", subType="104", pnl="-30", fee="-0.5", balChg="-36.5")
    assert [(flow.kind, flow.amount) for flow in found] == [
        (FlowKind.REALISED_PROFIT, -30),
        (FlowKind.FEE, Decimal("-0.5")),
        (FlowKind.LIQUIDATION, -6),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"type": "1", "subType": "11", "instType": "", "instId": "", "pnl": "0"},
        {"type": "2", "subType": "1", "instType": "SPOT", "instId": "BTC-USDT", "pnl": "0"},
        {"type": "381", "subType": "", "instType": "", "instId": "", "pnl": ""},
    ],
    ids=["a transfer", "a trade of coins", "what nobody knows"],
)
def test_money_that_is_no_result_of_contracts_is_a_transfer(change: dict[str, Any]) -> None:
    (flow,) = flows(**change, balChg="-600")
    assert (flow.kind, flow.symbol, flow.amount) == (FlowKind.TRANSFER, "", -600)


def test_interest_is_a_cost_and_margin_of_a_position_moves_nothing() -> None:
    (interest,) = flows(type="7", subType="9", balChg="-0.2", pnl="0")
    assert interest.kind is FlowKind.FEE
    assert flows(type="6", subType="160", balChg="-50", pnl="0") == []


def test_tiers_are_brackets_in_contracts_that_meet_and_take_nothing_off() -> None:
    brackets = brackets_of([structured(row, TierRow, "tiers") for row in TIERS])
    assert [(one.notional_floor, one.notional_cap, one.max_leverage) for one in brackets] == [
        (0, 2000, 100),
        (2000, 5000, 50),
    ]
    assert [(one.maintenance_margin_ratio, one.maintenance_amount) for one in brackets] == [
        (Decimal("0.004"), 0),
        (Decimal("0.01"), 0),
    ]


@pytest.mark.parametrize(
    ("value", "text"), [("6.11E+4", "61100"), ("0.0000120", "0.000012"), ("100", "100"), ("0.10", "0.1")]
)
def test_a_number_is_sent_without_exponent_and_needless_zeros(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text
