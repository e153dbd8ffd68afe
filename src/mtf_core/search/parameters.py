"""One combination of values, and the profile that it makes of the one that is varied."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from attrs import evolve, frozen

from mtf_core.config_nodes import ConfigNode, Place, Problems, nearest_name
from mtf_core.settings.digest import digest_of
from mtf_core.settings.nodes import ConfigError
from mtf_core.settings.plain import Plain, node_from
from mtf_core.settings.profile import Document, Profile, build_profile

Step = str | int
"""A key of a map, or a place in a list, from 0."""
Parameters = Mapping[str, Plain]
"""Values by their paths, like `trade_entry.defaults.atr_k`; empty: the profile as it is."""

_STEP = re.compile(r"\.([^.\[\]\s]+)|\[([0-9]+)\]")


@frozen
class KeyPath:
    """Where a value stands: the document, and the steps within it."""

    document: Document
    steps: tuple[Step, ...]

    @classmethod
    def parse(cls, text: str, place: Place, problems: Problems) -> KeyPath | None:
        """The path that a text names; None after reporting why there is none."""
        name, dot, rest = text.partition(".")
        names = [document.value for document in Document]
        if name not in names:
            problems.error(
                place,
                f"{name!r} is no file of a profile",
                f"paths begin with {', '.join(names)}",
                nearest_name(name, names),
            )
            return None
        steps: list[Step] = []
        at, tail = 0, dot + rest
        while at < len(tail):
            step = _STEP.match(tail, at)
            if step is None:
                break
            steps.append(step[1] if step[2] is None else int(step[2]))
            at = step.end()
        if not steps or at < len(tail):
            problems.error(
                place, f"{text!r} names no value", "write it like trade_entry.defaults.atr_k, or …long[3] in a list"
            )
            return None
        return cls(Document(name), tuple(steps))


def parameters_digest(parameters: Parameters) -> str:
    """The same for the same values, in whatever order their keys stand."""
    return digest_of(parameters)


def documents_of(content: Mapping[str, Plain]) -> dict[str, ConfigNode]:
    """The documents of a profile's content as trees."""
    return {
        document.value: node_from(content[document.value], Place(document.value, 1))
        for document in Document
        if document.value in content
    }


def varied_profile(content: Mapping[str, Plain], parameters: Parameters) -> Profile:
    """The profile of this content with other values; raises `ConfigError` where they cannot stand together."""
    problems = Problems()
    documents = documents_of(content)
    for text, value in parameters.items():
        place = Place("the combination", 1, text)
        path = KeyPath.parse(text, place, problems)
        if path is not None:
            put(documents, path, node_from(value, place), problems)
    profile = None if problems.errors else build_profile(str(content["profile"]), documents, problems)
    if profile is None:
        raise ConfigError(problems.errors)
    return profile


def put(documents: dict[str, ConfigNode], path: KeyPath, value: ConfigNode, problems: Problems) -> None:
    """Puts a value at its path; what cannot be found there is reported at the value's place."""
    root = documents.get(path.document.value, ConfigNode({}, Place(path.document.value, 1)))
    is_rules = path.document is Document.VALIDATIONS
    documents[path.document.value] = _replaced(root, path.steps, value, problems, strict=is_rules)


def _replaced(
    node: ConfigNode,
    steps: Sequence[Step],
    value: ConfigNode,
    problems: Problems,
    *,
    strict: bool,
    in_map: bool = False,
) -> ConfigNode:
    """`strict`: a map has no other keys than those that it has, but for parameters of a condition (`in_map`)."""
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(step, int):
        return _in_list(node, step, rest, value, problems, strict)
    if not isinstance(node.value, Mapping):
        problems.error(value.place, f"{step!r} is looked for in {node.shown()}", "a key stands in a map")
        return node
    known = node.value.get(step)
    if known is None and strict and not (in_map and not rest):
        names = sorted(node.value)
        problems.error(
            value.place, f"unknown key {step!r}", f"known keys: {', '.join(names)}", nearest_name(step, names)
        )
        return node
    # Below a condition stand its parameters, which have defaults and need not be written.
    is_condition = (
        strict and isinstance(known, ConfigNode) and isinstance(known.value, Mapping) and len(node.value) == 1
    )
    below = known if known is not None else ConfigNode({}, value.place)
    new = _replaced(below, rest, value, problems, strict=strict, in_map=is_condition)
    return evolve(node, value={**node.value, step: new})


def _in_list(
    node: ConfigNode, step: int, rest: Sequence[Step], value: ConfigNode, problems: Problems, strict: bool
) -> ConfigNode:
    if not isinstance(node.value, tuple):
        problems.error(value.place, f"[{step}] is looked for in {node.shown()}", "a number counts places of a list")
        return node
    if step >= len(node.value):
        problems.error(value.place, f"there is no [{step}]", f"the list has {len(node.value)}, counted from [0]")
        return node
    new = _replaced(node.value[step], rest, value, problems, strict=strict)
    return evolve(node, value=(*node.value[:step], new, *node.value[step + 1 :]))
