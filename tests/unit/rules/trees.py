"""Configuration trees out of YAML text, for tests of the parser; numbers become Decimals as in the real loader."""

from __future__ import annotations

import re
from decimal import Decimal

import yaml

from mtf_core.config_nodes import ConfigNode, Place, Problems
from mtf_core.rules import BuildContext, Scope, parse_side, parse_test
from mtf_core.rules.expressions import Test

_NUMBER = re.compile(r"[-+]?\d+(\.\d*)?([eE][-+]?\d+)?|[-+]?\.(inf|nan)")


_TOP = Place("rules.yaml", 1)


class _Loader(yaml.SafeLoader):
    """Every scalar that looks like a number becomes a Decimal, built from its text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":int", ":float"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("!decimal", re.compile(f"^(?:{_NUMBER.pattern})$"), list("-+.0123456789"))
_Loader.add_constructor(
    "!decimal", lambda loader, node: Decimal(node.value.replace(".inf", "inf").replace(".nan", "nan"))
)


def tree(text: str, path: str = "") -> ConfigNode:
    """The tree of a YAML text."""
    return node(yaml.load(text, _Loader), Place("rules.yaml", 1, path))


def node(plain: object, place: Place = _TOP) -> ConfigNode:
    """A tree from plain Python values."""
    if isinstance(plain, dict):
        return ConfigNode({str(key): node(value, place.child(str(key), 1)) for key, value in plain.items()}, place)
    if isinstance(plain, list):
        return ConfigNode(tuple(node(value, place.child(i, 1)) for i, value in enumerate(plain)), place)
    assert plain is None or isinstance(plain, str | bool | Decimal)
    return ConfigNode(plain, place)


def scope(rules: str = "{}", *, metrics: bool = False, context: BuildContext | None = None) -> Scope:
    named = tree(rules, "rules").value
    assert isinstance(named, dict)
    return Scope(named, context or BuildContext(), metrics)


def parsed(text: str, rules: str = "{}", *, metrics: bool = False, context: BuildContext | None = None) -> Test:
    """The test of a text that must be sound."""
    problems = Problems()
    test = parse_test(tree(text), scope(rules, metrics=metrics, context=context), problems)
    assert problems.items == []
    assert test is not None
    return test


def refused(text: str, rules: str = "{}", *, metrics: bool = False, context: BuildContext | None = None) -> list[str]:
    """The problems of a text that must not be accepted, as text."""
    problems = Problems()
    test = parse_test(tree(text), scope(rules, metrics=metrics, context=context), problems)
    assert test is None
    assert problems.errors
    return [str(problem) for problem in problems.items]


def side(text: str) -> tuple[Test | None, list[str]]:
    problems = Problems()
    test = parse_side(tree(text), scope(), problems)
    return test, [str(problem) for problem in problems.items]
