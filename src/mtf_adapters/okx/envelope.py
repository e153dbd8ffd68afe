"""The envelope of every REST answer (sheet §2): `data` is always a list, and a row of a write has a code of its own."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from mtf_adapters.online.reading import UnreadableAnswerError, json_object

SUCCESS = "0"


@frozen
class Envelope:
    code: str
    text: str
    rows: list[Any]
    """As the JSON says; numbers with a point are `Decimal`. Empty where a refusal has none."""

    @property
    def row_codes(self) -> tuple[str, ...]:
        """The codes of the rows that have one, in their order."""
        return tuple(code for code, _ in self._told())

    @property
    def refused_row(self) -> tuple[str, str] | None:
        """Code and text of the first row that was refused; None where none was."""
        return next(((code, text) for code, text in self._told() if code != SUCCESS), None)

    def _told(self) -> list[tuple[str, str]]:
        rows = [row for row in self.rows if isinstance(row, dict)]
        return [(code, _text(row.get("sMsg"))) for row in rows if (code := _code(row.get("sCode")))]


def read_envelope(body: bytes) -> Envelope:
    """The envelope of a body; raises `UnreadableAnswerError` for HTML, half a body, success without a list and the
    like."""
    content = json_object(body)
    code, rows = _code(content.get("code")), content.get("data")
    if not code:
        raise UnreadableAnswerError("the answer has no code")
    if not isinstance(rows, list):
        if code == SUCCESS:
            raise UnreadableAnswerError("the answer is a success without a list of rows")
        rows = []
    return Envelope(code, _text(content.get("msg")), rows)


def _code(value: object) -> str:
    """A code as text: digits, and behind a line those of its kind (`51008_1000`); empty for what is none."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    digits = text.replace("_", "", 1)
    return text if digits.isascii() and digits.isdigit() and len(text) < 20 else ""


def _text(value: object) -> str:
    return value[:500] if isinstance(value, str) else ""
