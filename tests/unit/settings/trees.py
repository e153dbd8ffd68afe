"""Configuration trees written as YAML, and what a reader said about one."""

from collections.abc import Callable
from textwrap import dedent
from typing import TypeVar

from mtf_adapters.files.yaml import parse_yaml
from mtf_core.settings.nodes import ConfigNode, Problems

T = TypeVar("T")


def tree(text: str, file: str = "test.yaml") -> ConfigNode:
    """The tree of a YAML text that is sound."""
    problems = Problems()
    node = parse_yaml(dedent(text), file, problems)
    assert node is not None
    assert not problems.items
    return node


def outcome(read: Callable[[ConfigNode, Problems], T], text: str) -> tuple[T, Problems]:
    """What a reader makes of a YAML text, and every problem that it reports."""
    problems = Problems()
    return read(tree(text), problems), problems


def errors(problems: Problems) -> list[str]:
    return [str(problem) for problem in problems.errors]


def warnings(problems: Problems) -> list[str]:
    return [str(problem) for problem in problems.warnings]
