"""Records as documents: one form for stores and clients, read back as it was written, and strictly."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve, fields
from hypothesis import given, settings

from mtf_core.planning import OrderPlan, TakeProfit, plan_order
from mtf_core.reasons import Reason
from mtf_core.records import PlanRecord, TargetRecord, UnreadableRecordError
from mtf_core.records.documents import from_document, plan_to_json, to_document
from mtf_core.records.older import result_of
from tests.integration.sql.examples import result
from tests.strategies import plan_cases
from tests.unit.planning.examples import example, plan_of

PLAN = plan_of(example())


def planned() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(plan_to_json(PLAN)))
    return document


@settings(max_examples=60)
@given(plan_cases())
def test_every_plan_reads_back_from_its_document_and_writes_it_again(case: Any) -> None:
    outcome = plan_order(case.signal, case.contract, case.facts, case.settings, case.now_ms)
    if isinstance(outcome, OrderPlan):
        document = json.loads(json.dumps(plan_to_json(outcome)))
        read = from_document(document, PlanRecord)
        assert to_document(read) == document
        assert list(to_document(read)) == list(document)
        assert read.steps == outcome.steps
        assert (read.entry_price, read.loss_at_stop_usdt) == (outcome.entry_price, outcome.loss_at_stop_usdt)


def test_a_record_of_a_plan_has_every_field_of_the_plan() -> None:
    for kind, stored in ((OrderPlan, PlanRecord), (TakeProfit, TargetRecord)):
        assert [each.name for each in fields(stored)] == [each.name for each in fields(kind)]


def test_money_is_text_ratios_are_numbers_and_instants_are_told_in_utc() -> None:
    document = planned()
    assert Decimal(document["entry_price"]) == PLAN.entry_price
    assert document["take_profits"][0]["r"] == float(PLAN.take_profits[0].r)
    assert document["planned_at"].endswith("Z")
    assert "planned_at_ms" not in document


def test_what_an_older_version_did_not_tell_is_none_and_is_not_written() -> None:
    document = planned()
    for name in ("costs", "stop_wanted_source", "stop_wanted_distance", "stop_trigger", "size_limited_by"):
        del document[name]
    read = from_document(document, PlanRecord)
    assert (read.costs, read.size_limited_by) == (None, None)
    assert to_document(read) == document


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda plan: plan.pop("stop_price"), "stop_price"),
        (lambda plan: plan.update(advice="buy"), "advice"),
        (lambda plan: plan.update(size=48), "size"),
        (lambda plan: plan.update(size="NaN"), "size"),
        (lambda plan: plan.update(size=" 48"), "size"),
        (lambda plan: plan.update(leverage="6"), "leverage"),
        (lambda plan: plan.update(post_only=1), "post_only"),
        (lambda plan: plan.update(side="up"), "side"),
        (lambda plan: plan.update(planned_at=5), "planned_at"),
        (lambda plan: plan["steps"][0].pop("unit"), "steps[0]"),
        (lambda plan: plan["steps"][0].update(value=0.5), "steps[0]"),
        (lambda plan: plan["take_profits"][0].update(r=True), "take_profits[0].r"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(change: Any, said: str) -> None:
    document = planned()
    change(document)
    with pytest.raises(UnreadableRecordError, match=r".*".join(said.replace("[", r"\[").split("."))):
        from_document(document, PlanRecord)


def test_a_result_leaves_out_what_did_not_happen() -> None:
    plain = to_document(result())
    assert not {"order", "plan", "error", "context_skipped"} & set(plain)
    assert plain["last_timeframe"] == "1m"
    unreached = evolve(result(), last_timeframe=None, reason=Reason.SYMBOL_LOCKED)
    assert to_document(unreached)["last_timeframe"] is None
    assert result_of(to_document(unreached)) == unreached


@pytest.mark.parametrize("document", [None, [], 5, {}, {"status": "READY"}, {"plan": 5}, {"plan": {}}])
def test_what_is_no_result_is_unreadable(document: Any) -> None:
    with pytest.raises(UnreadableRecordError, match=r"^result: "):
        result_of(document)
