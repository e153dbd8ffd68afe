"""Orders in the words in which they leave."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from mtf_adapters.okx.bodies import amended_algo_body, amended_order_body, entry_body, exit_body, protection_body
from mtf_core.market import (
    Amendment,
    EntryOrder,
    ExitOrder,
    InvalidOrderError,
    MarginMode,
    OrderType,
    ProtectiveOrder,
    Side,
    TimeInForce,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
)
from tests.unit.okx.payloads import BTC

ENTRY = EntryOrder(
    symbol=BTC,
    side=Side.LONG,
    size=Decimal("0.30"),
    order_type=OrderType.LIMIT,
    price=Decimal("61100.0"),
    time_in_force=TimeInForce.IOC,
    post_only=False,
    leverage=Decimal(5),
    margin_mode=MarginMode.CROSS,
    client_order_id="a1B2c3",
    not_after_ms=1_767_225_630_000,
    stop=TriggerLevel(Decimal(60200), TriggerPrice.MARK),
    target=TriggerLevel(Decimal("63000.50"), TriggerPrice.LAST),
)
EXIT = ExitOrder(BTC, Side.LONG, Decimal("0.3"), OrderType.MARKET, None, TimeInForce.IOC, "x1")
PROTECTION = ProtectiveOrder(
    BTC, Side.LONG, TriggerPurpose.STOP, TriggerLevel(Decimal(60200), TriggerPrice.MARK), None, "sl0001"
)


def test_an_entry_says_both_sides_its_margin_and_what_travels_in_it_with_the_price_that_fires_it() -> None:
    assert entry_body(ENTRY) == {
        "instId": BTC,
        "tdMode": "cross",
        "clOrdId": "a1B2c3",
        "side": "buy",
        "posSide": "long",
        "ordType": "ioc",
        "px": "61100",
        "sz": "0.3",
        "attachAlgoOrds": [
            {
                "slTriggerPx": "60200",
                "slTriggerPxType": "mark",
                "slOrdPx": "-1",
                "tpTriggerPx": "63000.5",
                "tpTriggerPxType": "last",
                "tpOrdPx": "-1",
            }
        ],
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"side": Side.SHORT}, {"side": "sell", "posSide": "short"}),
        ({"time_in_force": TimeInForce.GTC}, {"ordType": "limit"}),
        ({"time_in_force": TimeInForce.FOK}, {"ordType": "fok"}),
        ({"time_in_force": TimeInForce.GTC, "post_only": True}, {"ordType": "post_only"}),
        ({"price": Decimal("6.11E+4")}, {"px": "61100"}),
        ({"size": Decimal("1E+2")}, {"sz": "100"}),
    ],
)
def test_what_changes_of_an_entry_changes_in_its_words(change: dict[str, Any], said: dict[str, Any]) -> None:
    body = entry_body(evolve(ENTRY, **change))
    assert {name: body[name] for name in said} == said


def test_an_entry_without_stop_and_target_attaches_nothing() -> None:
    assert "attachAlgoOrds" not in entry_body(evolve(ENTRY, stop=None, target=None))


def test_an_order_at_market_is_of_the_kind_that_leaves_no_rest() -> None:
    """What is called `market` there is a limit at the edge of the price band, and can rest."""
    at_market = evolve(ENTRY, order_type=OrderType.MARKET, price=None)
    for body in (entry_body(at_market), exit_body(EXIT)):
        assert body["ordType"] == "optimal_limit_ioc"
        assert "px" not in body


@pytest.mark.parametrize(("side", "word"), [(Side.LONG, "sell"), (Side.SHORT, "buy")])
def test_an_exit_closes_by_its_sides_and_says_nothing_of_reducing(side: Side, word: str) -> None:
    assert exit_body(evolve(EXIT, side=side)) == {
        "instId": BTC,
        "tdMode": "cross",
        "clOrdId": "x1",
        "side": word,
        "posSide": side.value,
        "ordType": "optimal_limit_ioc",
        "sz": "0.3",
    }


def test_an_exit_at_a_price_rests_or_makes() -> None:
    rests = evolve(EXIT, order_type=OrderType.LIMIT, price=Decimal(63000), time_in_force=TimeInForce.GTC)
    assert (exit_body(rests)["ordType"], exit_body(rests)["px"]) == ("limit", "63000")
    assert exit_body(evolve(rests, post_only=True))["ordType"] == "post_only"


def test_a_stop_of_the_whole_position_says_so_and_has_no_size() -> None:
    assert protection_body(PROTECTION) == {
        "instId": BTC,
        "tdMode": "cross",
        "algoClOrdId": "sl0001",
        "side": "sell",
        "posSide": "long",
        "ordType": "conditional",
        "closeFraction": "1",
        "reduceOnly": True,
        "slTriggerPx": "60200",
        "slTriggerPxType": "mark",
        "slOrdPx": "-1",
    }


def test_a_target_of_a_part_at_a_limit_says_its_size_and_price() -> None:
    order = evolve(
        PROTECTION, side=Side.SHORT, purpose=TriggerPurpose.TARGET, size=Decimal("0.2"), limit_price=Decimal("59000.5")
    )
    body = protection_body(order)
    assert (body["side"], body["posSide"], body["sz"]) == ("buy", "short", "0.2")
    assert (body["tpTriggerPx"], body["tpTriggerPxType"], body["tpOrdPx"]) == ("60200", "mark", "59000.5")
    assert not {"closeFraction", "reduceOnly", "slTriggerPx"} & set(body)


def test_the_whole_position_is_closed_at_market_only() -> None:
    with pytest.raises(InvalidOrderError, match="at market"):
        protection_body(evolve(PROTECTION, limit_price=Decimal(60100)))


def amendment(**change: Any) -> Amendment:
    return Amendment(BTC, "681096944655273984", **change)


def test_a_resting_order_is_amended_by_what_changes() -> None:
    assert amended_order_body(amendment(price=Decimal("61050.0"), size=Decimal("0.40"))) == {
        "instId": BTC,
        "ordId": "681096944655273984",
        "newPx": "61050",
        "newSz": "0.4",
    }
    assert set(amended_order_body(amendment(size=Decimal(1)))) == {"instId", "ordId", "newSz"}


@pytest.mark.parametrize(("purpose", "name"), [(TriggerPurpose.STOP, "Sl"), (TriggerPurpose.TARGET, "Tp")])
def test_a_stop_or_target_moves_with_the_price_that_fires_it(purpose: TriggerPurpose, name: str) -> None:
    level = TriggerLevel(Decimal("60400.0"), TriggerPrice.LAST)
    assert amended_algo_body(amendment(trigger=level, purpose=purpose)) == {
        "instId": BTC,
        "algoId": "681096944655273984",
        f"new{name}TriggerPx": "60400",
        f"new{name}TriggerPxType": "last",
    }


def test_a_stop_of_a_part_may_change_its_size_and_its_limit() -> None:
    body = amended_algo_body(amendment(size=Decimal("0.2"), price=Decimal(60100), purpose=TriggerPurpose.STOP))
    assert (body["newSz"], body["newSlOrdPx"]) == ("0.2", "60100")


def test_what_cannot_be_amended_has_no_words() -> None:
    level = TriggerLevel(Decimal(1), TriggerPrice.LAST)
    with pytest.raises(InvalidOrderError, match="no trigger"):
        amended_order_body(amendment(trigger=level))
    with pytest.raises(InvalidOrderError, match="only stops and targets"):
        amended_algo_body(amendment(trigger=level, purpose=TriggerPurpose.ENTRY))


@pytest.mark.parametrize("name", ["", "with-a-dash", "with_a_line", "x" * 33, "ümlaut"])
def test_an_id_that_the_exchange_would_refuse_or_not_find_again_does_not_leave(name: str) -> None:
    for make in (
        lambda: entry_body(evolve(ENTRY, client_order_id=name)),
        lambda: exit_body(evolve(EXIT, client_order_id=name)),
        lambda: protection_body(evolve(PROTECTION, client_order_id=name)),
    ):
        with pytest.raises(InvalidOrderError, match="client id"):
            make()
