"""The parser on trees that nobody would write: it gives a test or problems, and never raises."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mtf_core.config_nodes import Problems
from mtf_core.rules import CONDITIONS, Scope, never_or_always, parse_rules, parse_side, parse_test
from mtf_core.rules.parse_forms import FORM_KEYS
from tests.unit.rules.trees import node

WORDS = sorted({*FORM_KEYS, "eps", "n", "threshold", "a", "b", "builtin.near_vwap", "builtin.", "", "é"})
FIELDS = ["rsi", "close", "macd_hist", "5m.rsi", "1h.", ".rsi", "leverage", "rsi_0", "ma_21_plus_1.3atr", "ema_20"]
NAMES = st.sampled_from([*WORDS, *sorted(CONDITIONS), *FIELDS, ">", "<=", "\x00"])
NUMBERS = st.one_of(
    st.integers(-3, 120).map(Decimal),
    st.decimals(allow_nan=True, allow_infinity=True),
    st.sampled_from([Decimal("1e999999"), Decimal("-1e-999999"), Decimal("sNaN"), Decimal("1e999999999")]),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, NAMES, st.text(max_size=5))
PLAIN = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=12,
)
RULES = st.dictionaries(NAMES, PLAIN, max_size=4)


def near_misses() -> st.SearchStrategy[object]:
    """Trees with the right keys and any values, which reach deeper into the parser than arbitrary ones."""
    value = st.one_of(SCALARS, st.sampled_from(FIELDS), st.lists(st.sampled_from(FIELDS), max_size=3))
    forms = [
        {"op": value, "left": value, "right": value, "eps": value},
        {"gt": value, "field": value},
        {"min": value, "max": value, "field": value},
        {"increasing": st.fixed_dictionaries({"field": value, "n": value, "eps_pct": value})},
        {"slope_left": value, "slope_lookback": value, "op": value, "right": value},
        {"derivative_gt": value, "field": value, "persist_n": value},
        {"within_bars": value, "rule": value},
        {"gt_fields": value},
        {"all_of": st.lists(PLAIN, max_size=3)},
    ]
    uses = st.dictionaries(st.sampled_from(sorted(CONDITIONS)), st.one_of(value, PLAIN), min_size=1, max_size=1)
    return st.one_of(uses, *(st.fixed_dictionaries(form) for form in forms))


@given(tree=st.one_of(PLAIN, near_misses()), rules=RULES, metrics=st.booleans())
def test_any_tree_gives_a_test_or_problems(tree: object, rules: dict[str, object], metrics: bool) -> None:
    scope = Scope({name: node(body) for name, body in rules.items()}, metrics=metrics)
    for parse in (parse_test, parse_side):
        problems = Problems()
        test = parse(node(tree), scope, problems)
        assert (test is None) == bool(problems.errors)
        assert all(str(problem) for problem in problems.items)
        if test is not None:
            never_or_always(test)


@given(rules=st.dictionaries(NAMES, st.one_of(PLAIN, near_misses()), max_size=6))
def test_any_set_of_rules_is_read(rules: dict[str, object]) -> None:
    problems = Problems()
    scope = Scope({name: node(body) for name, body in rules.items()})
    sound = parse_rules(scope, problems)
    assert set(sound) <= set(rules)
    assert len(sound) == len(rules) or problems.errors
    assert len(problems.items) == len(set(problems.items))
