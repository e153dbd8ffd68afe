"""The envelope of every REST answer (sheet §1.4): read once, whatever form it comes in."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from mtf_adapters.online.reading import UnreadableAnswerError, json_object


class Missing:
    """There was no `data` at all; `null` is something else."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


@frozen
class Envelope:
    code: int
    text: str
    data: Any
    """As the JSON says; MISSING where it says nothing. Numbers with a point are `Decimal`."""
    trace: str = ""


def read_envelope(body: bytes) -> Envelope:
    """The envelope of a body; raises `UnreadableAnswerError` for HTML, half a body, `null` and the like."""
    content = json_object(body)
    code = content.get("code")
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) < 10:
        code = int(code)
    if type(code) is not int:
        raise UnreadableAnswerError("the answer has no code")
    text = next((content[name] for name in ("message", "msg") if isinstance(content.get(name), str)), "")
    return Envelope(code, text[:500], content.get("data", MISSING), str(content.get("trace") or "")[:100])
