"""The bytes of an answer as JSON that says one thing; whatever is no answer of an exchange is told apart."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any


class UnreadableAnswerError(ValueError):
    """The body is no answer of the exchange; the message says what it looks like, and repeats none of it."""


def json_object(body: bytes) -> dict[str, Any]:
    """The object that a body is; raises `UnreadableAnswerError` for HTML, half a body, `null` and the like.

    Numbers with a point are `Decimal`.
    """
    content = _json(body)
    if not isinstance(content, dict):
        raise UnreadableAnswerError(f"the answer is {_kind(content)}, not an object")
    return content


def _json(body: bytes) -> Any:
    if not body.strip():
        raise UnreadableAnswerError("the answer is empty")
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_refused, object_pairs_hook=named_once)
    except (ValueError, RecursionError):  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        is_page = body.lstrip()[:1] == b"<"
    raise UnreadableAnswerError("the answer is a web page, not JSON" if is_page else "the answer is not JSON")


def named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; raises ValueError where a name comes twice: nobody knows which of its values is meant."""
    named = dict(pairs)
    if len(named) != len(pairs):
        raise ValueError("a name comes twice")
    return named


def _refused(constant: str) -> None:
    raise ValueError(constant)


def _kind(content: object) -> str:
    return {list: "a list", str: "a text", bool: "a truth", type(None): "null"}.get(type(content), "a number")
