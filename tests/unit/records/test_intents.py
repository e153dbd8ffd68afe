"""Intents and actions come back from plain values as they were, whatever fields they come to have."""

from __future__ import annotations

import json
import types
import typing
from decimal import Decimal
from enum import Enum
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.market import (
    Amendment,
    ExitOrder,
    OrderKind,
    OrderType,
    ProtectiveOrder,
    Side,
    TimeInForce,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
)
from mtf_core.orders import Action, Cancellation, FurtherAttempt, Intent, Write
from mtf_core.records import (
    UnreadableRecordError,
    action_from_plain,
    action_to_plain,
    intent_from_plain,
    intent_to_plain,
)
from tests.unit.orders.intents import an_intent

_POSITIVE = st.decimals(Decimal("1E-18"), Decimal("1E+18"), allow_nan=False, allow_infinity=False)
_SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    Decimal: _POSITIVE,
    str: st.text(max_size=5),
    int: st.integers(1, 2**53),
    bool: st.booleans(),
}


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type, of every field that it has: a field of a kind that is not known here fails."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*(st.none() if one is type(None) else values_of(one) for one in arguments))
    if origin is tuple and arguments[-1] is ...:
        return st.lists(values_of(arguments[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values_of, arguments))
    if origin is frozenset:
        return st.frozensets(values_of(arguments[0]), max_size=3)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    if attrs.has(kind):
        hints = typing.get_type_hints(kind)
        return st.builds(kind, **{field.name: values_of(hints[field.name]) for field in attrs.fields(kind)})
    return _SIMPLE[kind]


@given(values_of(Intent))
def test_an_intent_comes_back_as_it_was(intent: Intent) -> None:
    text = json.dumps(intent_to_plain(intent), allow_nan=False)
    assert intent_from_plain(json.loads(text)) == intent
    assert json.dumps(intent_to_plain(intent_from_plain(json.loads(text)))) == text


_LEVEL = TriggerLevel(Decimal("95.10"), TriggerPrice.MARK)
_WRITES: list[Write] = [
    ProtectiveOrder("BTCUSDT", Side.SHORT, TriggerPurpose.STOP, _LEVEL, None, "id"),
    ExitOrder("BTCUSDT", Side.LONG, Decimal("1.50"), OrderType.MARKET, None, TimeInForce.IOC, "id"),
    Amendment("BTCUSDT", "o1", trigger=_LEVEL, purpose=TriggerPurpose.STOP),
    Cancellation("BTCUSDT", "o1", OrderKind.TRIGGER),
    FurtherAttempt(Decimal(3), OrderType.LIMIT, Decimal("100.0"), TimeInForce.IOC, post_only=False),
]


@pytest.mark.parametrize("write", _WRITES, ids=lambda write: type(write).__name__)
def test_an_action_comes_back_as_it_was(write: Write) -> None:
    action = Action(write, "stop_missing", protects=True)
    assert action_from_plain(json.loads(json.dumps(action_to_plain(action)))) == action


def test_every_kind_of_write_has_a_name_of_its_own() -> None:
    assert {type(write) for write in _WRITES} == set(typing.get_args(Write))


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        None,
        [],
        {"write": {"kind": "wish", "order": {}}, "why": "", "protects": True},
        {"write": {"kind": "cancellation", "order": {"symbol": "B"}}, "why": "", "protects": True},
        {"write": {"kind": "cancellation"}, "why": "", "protects": True},
        {**action_to_plain(Action(_WRITES[0], "x", protects=True)), "protects": 1},
        {**action_to_plain(Action(_WRITES[0], "x", protects=True)), "why": None},
    ],
)
def test_what_is_no_action_is_told_as_such(wrong: object) -> None:
    with pytest.raises(UnreadableRecordError):
        action_from_plain(wrong)


def test_an_intent_of_an_earlier_version_gets_what_has_a_default_and_of_a_later_one_loses_what_is_not_known() -> None:
    plain = typing.cast("dict[str, Any]", intent_to_plain(an_intent()))
    del plain["progress"]["alarmed"]
    plain["progress"]["not_invented_yet"] = 5
    assert intent_from_plain(plain) == an_intent()
    for lost in ("wanted", "terms", "counter"):
        with pytest.raises(UnreadableRecordError, match=lost):
            intent_from_plain({name: value for name, value in plain.items() if name != lost})


@pytest.mark.parametrize("wrong", [{"counter": "1"}, {"entry": "sent"}, {"account": 5}, {"wanted": {"size": "-1"}}])
def test_an_intent_with_a_value_that_cannot_be_is_not_read(wrong: dict[str, Any]) -> None:
    plain = typing.cast("dict[str, Any]", intent_to_plain(an_intent()))
    changed = {name: {**plain[name], **value} if isinstance(value, dict) else value for name, value in wrong.items()}
    with pytest.raises(UnreadableRecordError):
        intent_from_plain({**plain, **changed})
