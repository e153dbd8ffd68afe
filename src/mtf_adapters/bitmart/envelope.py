"""The envelope of every REST answer (sheet §1.4): read once, whatever form it comes in."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from attrs import frozen


class Missing:
    """There was no `data` at all; `null` is something else."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


class UnreadableAnswerError(ValueError):
    """The body is no envelope; the message says what it looks like, and repeats none of it."""


@frozen
class Envelope:
    code: int
    text: str
    data: Any
    """As the JSON says; MISSING where it says nothing. Numbers with a point are `Decimal`."""
    trace: str = ""


def read_envelope(body: bytes) -> Envelope:
    """The envelope of a body; raises `UnreadableAnswerError` for HTML, half a body, `null` and the like."""
    content = _json(body)
    if not isinstance(content, dict):
        raise UnreadableAnswerError(f"the answer is {_kind(content)}, not an object")
    code = content.get("code")
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) < 10:
        code = int(code)
    if type(code) is not int:
        raise UnreadableAnswerError("the answer has no code")
    text = next((content[name] for name in ("message", "msg") if isinstance(content.get(name), str)), "")
    return Envelope(code, text[:500], content.get("data", MISSING), str(content.get("trace") or "")[:100])


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
