"""A profile's rules in the compact notation of the trading desk's notes: one entry per line, `all` and `any` above."""

from collections.abc import Iterator, Mapping

from mtf_core.settings.nodes import ConfigNode
from mtf_core.settings.profile import Profile


def sides(profile: Profile) -> str:
    """Every timeframe and side: the top level of a side is an `all`."""
    by_timeframe = _below(_below(_rules(profile), "validation"), "timeframe")
    lines: list[str] = []
    for timeframe, by_side in _entries(by_timeframe):
        for side, entries in _entries(by_side):
            lines += [f"{timeframe} {side}", *(line for entry in _items(entries) for line in _lines(entry, 1))]
    return "\n".join(lines) + "\n"


def named_rules(profile: Profile) -> str:
    """Every rule that the profile defines."""
    lines: list[str] = []
    for name, body in _entries(_below(_rules(profile), "rules")):
        lines += [name, *_lines(body, 1)]
    return "\n".join(lines) + "\n"


def _lines(node: ConfigNode, depth: int) -> Iterator[str]:
    indent = "  " * depth
    value = node.value
    if not isinstance(value, Mapping):
        yield f"{indent}{value}"
        return
    group = next((key for key in ("all_of", "any_of") if key in value), None)
    if group is not None:
        yield f"{indent}{group.removesuffix('_of')}"
        for item in _items(value[group]):
            yield from _lines(item, depth + 1)
    elif "within_bars" in value:
        yield f"{indent}within {value['within_bars'].value} bars"
        yield from _lines(value["rule"], depth + 1)
    elif len(value) == 1:
        ((name, argument),) = value.items()
        yield f"{indent}{name} {_argument(argument)}"
    else:
        yield indent + _argument(node)


def _argument(node: ConfigNode) -> str:
    if isinstance(node.value, Mapping):
        return "{" + ", ".join(f"{key} {_argument(item)}" for key, item in node.value.items()) + "}"
    return str(node.value)


def _rules(profile: Profile) -> ConfigNode:
    return profile.documents["mtf_validations"]


def _below(node: ConfigNode, key: str) -> ConfigNode:
    return dict(_entries(node))[key]


def _entries(node: ConfigNode) -> Iterator[tuple[str, ConfigNode]]:
    assert isinstance(node.value, Mapping)
    yield from node.value.items()


def _items(node: ConfigNode) -> tuple[ConfigNode, ...]:
    assert isinstance(node.value, tuple)
    return node.value
