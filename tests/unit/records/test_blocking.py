"""What stands in the way of a trade, counted over traces, is what deciding again from the candles says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest
from attrs import evolve

from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_core.market import CandleStack, Timeframe, parse_instant, to_ms
from mtf_core.records import TraceRecord
from mtf_core.records.blocking import blocking_conditions
from mtf_core.records.counts import Blocking
from mtf_core.records.marks import ConditionKey
from mtf_core.records.packed import Unpacked, pack
from mtf_core.rules.capture import Captured
from mtf_core.rules.expressions import AllOf, AnyOf, Constantly, Known, Named, Not, Test, WithinBars
from mtf_core.rules.ruleset import Filter, RuleSet
from mtf_core.rules.trace import TraceNode
from mtf_core.rules.truth import TRUE
from mtf_core.settings.profile import Profile
from mtf_core.validation.compiled_profile import CompiledProfile, compile_profile
from mtf_core.validation.decide import Decider
from mtf_core.validation.decision import DecisionBatch
from mtf_core.validation.resolve import DecideOptions
from mtf_core.validation.traces import shapes_of, templates_digest
from mtf_core.validation.window import window_at
from tests.unit.files.shipped import NAMES, shipped
from tests.unit.records.examples import record_with
from tests.unit.settings.liveness.worlds import VALIDATION, content_with, profile_of

MARKET = GeneratedMarket(seed=7, symbols=30)
INSTANTS = [to_ms(parse_instant(text)) for text in ("2026-02-11T08:20Z", "2026-03-02T12:00Z")]
Stacks = Mapping[Timeframe, CandleStack]


@cache
def stacks_of(compiled: CompiledProfile, at_ms: int) -> Stacks:
    found = {}
    symbols = [contract.symbol for contract in MARKET.contracts(at_ms)]
    for timeframe, need in compiled.needs.items():
        window = window_at(timeframe, need, at_ms, compiled.timezone)
        spans = (window.first_open_ms, window.last_open_ms, at_ms)
        found[timeframe] = window.stack({one: MARKET.candles(one, timeframe, *spans) for one in symbols})
    return found


def spreads_of(batch: DecisionBatch) -> dict[str, float]:
    """The spreads that a run would have read: of the symbols that reached the selector."""
    reached = [one.symbol for one in batch if one.context is None or one.context.side]
    return {symbol: 2.0 + 12.0 * (place % 2) for place, symbol in enumerate(reached)}


def decided(compiled: CompiledProfile, at_ms: int, options: DecideOptions) -> tuple[DecisionBatch, dict[str, float]]:
    stacks, decider = stacks_of(compiled, at_ms), Decider(compiled)
    spreads = spreads_of(decider.decide(stacks, at_ms, options=options))
    return decider.decide(stacks, at_ms, options=options, spread_bps=spreads), spreads


def traces_of(batch: DecisionBatch) -> list[TraceRecord]:
    """As they come back from the store."""
    digest = templates_digest(batch.compiled)
    records = [record_with(TraceRecord.of(decision, digest)) for decision in batch]
    unpacked = Unpacked.of(pack(records))
    traces = [unpacked.completed(record_with(None, record.symbol)).trace for record in records]
    return [trace for trace in traces if trace is not None]


# --- the oracle: the same rules with one condition taken for true ----------------------------------------------
def taken_for_true(test: Test, name: str) -> Test:
    match test:
        case Named(own, inner):
            return evolve(test, test=Constantly(True) if own == name else taken_for_true(inner, name))
        case AllOf(tests) | AnyOf(tests):
            return evolve(test, tests=tuple(taken_for_true(one, name) for one in tests))
        case Not(inner) | WithinBars(_, inner) | Known(inner):
            return evolve(test, test=taken_for_true(inner, name))
        case _:
            return test


def dropped(rules: RuleSet, key: ConditionKey) -> RuleSet:
    """The rules in which a condition is true where it stands, and as it was everywhere else."""
    if key.tree in ("long", "short"):
        own = rules.timeframes[key.timeframe]
        tree = getattr(own, key.tree)
        changed = evolve(own, **{key.tree: taken_for_true(tree, key.name)})
        return evolve(rules, timeframes={**rules.timeframes, key.timeframe: changed})
    return evolve(rules, filters=tuple(part for one in rules.filters for part in split(one, key)))


def split(item: Filter, key: ConditionKey) -> Iterator[Filter]:
    there = item.timeframes & {key.timeframe} if key.tree == f"filter for {item.spoken_for}" else frozenset()
    if there:
        changed = taken_for_true(item.test, key.name)
        assert isinstance(changed, Named)
        yield evolve(item, timeframes=there, test=changed)
    if item.timeframes - there:
        yield evolve(item, timeframes=item.timeframes - there)


def blueprint_without(compiled: CompiledProfile, key: ConditionKey) -> CompiledProfile:
    """Rules without the condition, that ask for all the history that those with it ask for."""
    profile = evolve(compiled.profile, rules=dropped(compiled.profile.rules, key))
    other = compile_profile(profile)
    parts = {timeframe: evolve(part, needs=compiled.parts[timeframe].needs) for timeframe, part in other.parts.items()}
    return evolve(other, parts=parts, needs=compiled.needs, plan_needs=compiled.plan_needs)


def captured_of(batch: DecisionBatch, key: ConditionKey) -> list[Captured]:
    """What was captured of the key's tree, or of each filter that it may be in."""
    verdicts = batch.verdicts[key.timeframe]
    if key.tree in ("long", "short"):
        side = verdicts.long if key.tree == "long" else verdicts.short
        return [] if side is None else [side]
    filters = batch.compiled.profile.rules.filters_on(key.timeframe)
    named = zip(verdicts.filters, filters, strict=True)
    return [captured for captured, item in named if key.tree == f"filter for {item.spoken_for}"]


@cache
def tree_of(captured: Captured, row: int) -> TraceNode:
    """Built once for all the conditions that are dropped from it."""
    return captured.node(row)


def stands_in_the_way(node: TraceNode, name: str) -> bool:
    if node.result == "true":
        return False
    if node.kind in ("rule", "builtin") and node.label == name:
        return True
    return any(stands_in_the_way(child, name) for child in node.children)


def by_force(batch: DecisionBatch, key: ConditionKey, options: DecideOptions, spreads: dict[str, float]) -> Blocking:
    """The three counts from deciding everything again."""
    compiled = blueprint_without(batch.compiled, key)
    decider = Decider(compiled)
    decider._tables.update(batch.tables)  # features are the same, and most of the work
    again = decider.decide(stacks_of(batch.compiled, batch.at_ms), batch.at_ms, options=options, spread_bps=spreads)
    blocks = decides = admits = 0
    old, new = captured_of(batch, key), captured_of(again, key)
    for before, after in zip(batch, again, strict=True):
        trees, turned = [tree_of(one, before.row) for one in old], [one.truths[after.row, 0] == TRUE for one in new]
        blocks += any(stands_in_the_way(tree, key.name) for tree in trees)
        decides += any(a.result != "true" and b for a, b in zip(trees, turned, strict=True))
        admits += after.ready and not before.ready
    return Blocking(key, blocks, decides, admits)


def every_condition(compiled: CompiledProfile) -> set[ConditionKey]:
    found = set()
    for timeframe, shapes in shapes_of(compiled).items():
        trees = [("long", shapes.long), ("short", shapes.short)]
        trees += [(f"filter for {side}", root) for root, side in zip(shapes.filters, shapes.filter_sides, strict=True)]
        for tree, root in trees:
            waiting = [root] if root else []
            while waiting:
                node = waiting.pop()
                waiting += node.children
                if node.kind in ("rule", "builtin"):
                    found.add(ConditionKey(timeframe, tree, node.label))
    return found


def assert_counts_are_true(profile: Profile, at_ms: int, options: DecideOptions | None = None) -> list[Blocking]:
    """Compares every condition with the oracle; returns what the counts say."""
    compiled, chosen = compile_profile(profile), options or DecideOptions()
    batch, spreads = decided(compiled, at_ms, chosen)
    counted = blocking_conditions(compiled, traces_of(batch), chosen.current_tf)
    found = {one.key: one for one in counted}
    for key in every_condition(compiled):
        expected = by_force(batch, key, chosen, spreads)
        assert found.get(key, Blocking(key, 0, 0, 0)) == expected
    assert all(one.blocks >= one.decides for one in counted)
    order = [(one.admits, one.decides, one.blocks) for one in counted]
    assert order == sorted(order, reverse=True)
    return list(counted)


@pytest.mark.parametrize("name", NAMES)
def test_counts_of_the_shipped_profiles_are_those_of_deciding_again_without_the_condition(name: str) -> None:
    counted = assert_counts_are_true(shipped(name), INSTANTS[name == "scalper_micro"])
    assert sum(one.blocks for one in counted) > 100
    assert any(one.decides for one in counted)
    assert any(one.admits for one in counted) or name == "crash"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("scalper_micro", DecideOptions(skip_context=True)),
        ("crash", DecideOptions(skip_context=True)),
        ("crash", DecideOptions(skip_context=True, current_tf=Timeframe.M5)),
        ("scalper", DecideOptions(current_tf=Timeframe.M1)),
    ],
)
def test_counts_hold_for_runs_that_ask_for_less(name: str, options: DecideOptions) -> None:
    assert any(one.admits for one in assert_counts_are_true(shipped(name), INSTANTS[1], options))


def test_where_the_selector_had_no_side_to_judge_a_condition_admits_no_symbol() -> None:
    """regular asks for the reward of the previewed plan: without a side there is none, and the trace cannot tell."""
    compiled, options = compile_profile(shipped("regular")), DecideOptions(skip_context=True)
    batch, spreads = decided(compiled, INSTANTS[1], options)
    counted = {one.key: one for one in blocking_conditions(compiled, traces_of(batch))}
    key = ConditionKey(Timeframe.M15, "filter for long", "pullback_confirmed_vwap")
    expected = by_force(batch, key, options, spreads)
    assert counted[key] == evolve(expected, admits=0)
    assert expected.admits == 1


_TIGHT = {**VALIDATION, "filters_mandatory": [{"rule": {"rsi_lt_70": 55}, "on": "execution"}]}
_SELECTOR = {"per_timeframe": {"15m": {"stay_on_if": ["get_false"], "drop_to_lower_if_any": ["get_true"]}}}


@pytest.mark.parametrize("selector", [{}, {"execution_selector": _SELECTOR}])
def test_a_timeframe_that_trade_entry_does_not_allow_admits_nothing(selector: dict[str, Any]) -> None:
    validation = {**_TIGHT, **selector}
    settings = {"mtf_validations": validation, "trade_entry.decision.allowed_execution_timeframes": ["1m"]}
    profile = profile_of(content_with(settings), warned=True)
    counted = assert_counts_are_true(profile, INSTANTS[1])
    free = assert_counts_are_true(profile_of(content_with({"mtf_validations": validation}), warned=True), INSTANTS[1])
    assert sum(one.admits for one in counted) < sum(one.admits for one in free)


def test_a_symbol_that_may_not_enter_on_1m_is_not_admitted_there() -> None:
    selector = {**_SELECTOR, "allow_1m_only_for": {"enabled": True, "conditions": [{"spread_bps_gt": 8}]}}
    selector["per_timeframe"] = {
        "15m": {"stay_on_if": ["get_false"], "drop_to_lower_if_any": ["get_true"]},
        "5m": {"stay_on_if": ["get_false"], "drop_to_lower_if_any": ["get_true"]},
    }
    profile = profile_of(content_with({"mtf_validations": {**_TIGHT, "execution_selector": selector}}), warned=True)
    compiled = compile_profile(profile)
    batch, spreads = decided(compiled, INSTANTS[1], DecideOptions())
    counted = {one.key: one for one in blocking_conditions(compiled, traces_of(batch))}
    for key in every_condition(compiled):
        expected = by_force(batch, key, DecideOptions(), spreads)
        found = counted.get(key, Blocking(key, 0, 0, 0))
        assert (found.blocks, found.decides) == (expected.blocks, expected.decides)
        assert found.admits <= expected.admits
    assert 0 < sum(one.ready for one in batch) < sum(one.outcome(Timeframe.M1).side is not None for one in batch)


def test_what_held_some_candles_ago_still_holds_when_a_condition_is_dropped() -> None:
    """Both rules were true within the last candles and neither is now: what stands alone beside them decides."""
    rules = {
        "calm": {"lt": 55, "field": "rsi"},
        "weak": {"lt": 50, "field": "rsi"},
        "both": {"all_of": ["calm", "weak"]},
    }
    sides = {"long": [{"within_bars": 30, "rule": "both"}, "calm"], "short": [{"gt": 99, "field": "rsi"}]}
    trees = {**VALIDATION["validation"]["timeframe"], "1m": sides}
    validation = {**VALIDATION, "rules": rules, "validation": {"timeframe": trees}}
    compiled = compile_profile(profile_of(content_with({"mtf_validations": validation}), warned=True))
    batch, spreads = decided(compiled, INSTANTS[1], DecideOptions())
    counted = {one.key: one for one in blocking_conditions(compiled, traces_of(batch))}
    key = ConditionKey(Timeframe.M1, "long", "calm")
    assert counted[key] == by_force(batch, key, DecideOptions(), spreads)
    assert counted[key].decides > 5


def test_without_traces_there_is_nothing_to_count() -> None:
    assert blocking_conditions(compile_profile(shipped("regular")), []) == ()
