"""The page on the fields of a run request."""

from __future__ import annotations

from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from attrs import Attribute, fields
from docs.generating.markdown import code, page, table

from mtf_core.runs.request import RunRequest

_INTRODUCTION = """
One run, as the body of `POST /api/mtf/run`; `mtf run` has an option for each field. Unknown fields, wrong types and
values out of range are refused with the field's name.
"""


def request_page() -> str:
    rows = (_row(attribute) for attribute in fields(RunRequest))
    return page("Run request", _INTRODUCTION, table(("field", "type", "default", "meaning"), rows))


def _row(attribute: Attribute[Any]) -> tuple[str, ...]:
    name = attribute.metadata.get("name", attribute.name)
    wanted = get_type_hints(RunRequest)[attribute.name]
    kind = "an instant like 2026-01-31T14:00Z" if name == "at" else _kind(wanted)
    return code(name), kind, _default(attribute.default), attribute.metadata["doc"]


def _kind(wanted: Any) -> str:
    if get_origin(wanted) is tuple:
        return "a list of texts"
    inner = next((one for one in get_args(wanted) if one is not NoneType), wanted)
    names: dict[type, str] = {bool: "true or false", int: "a whole number", str: "a text"}
    return names[inner] if inner in names else f"{inner.__name__.lower()}"


def _default(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value == () else str(value)
