"""The envelope around every answer: a code, a message, and data that are always an array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from mtf_adapters.sandbox.faces.http import Response
from mtf_adapters.sandbox.faces.okx.codes import ALL_FAILED, OK, SOME_FAILED, Problem

JSON_TYPE = "application/json"
Row = Mapping[str, Any]
_WORDS = {OK: "", ALL_FAILED: "All operations failed", SOME_FAILED: "Bulk operation partially succeeded"}


def answer(data: Sequence[Any]) -> Response:
    """A success."""
    return _json(200, {"code": OK, "msg": "", "data": data})


def traded(rows: Sequence[Row], arrived_ms: int) -> Response:
    """The answer of a trade call: what became of each row stands in the row."""
    failed = sum(row["sCode"] != OK for row in rows)
    code = OK if not failed else ALL_FAILED if failed == len(rows) else SOME_FAILED
    # Microseconds; this exchange needs one for the way through it.
    times = {"inTime": str(arrived_ms * 1000), "outTime": str(arrived_ms * 1000 + 1)}
    return _json(200, {"code": code, "data": rows, "msg": _WORDS[code], **times})


def refusal(problem: Problem, *, has_data: bool) -> Response:
    """A refusal of the whole call."""
    document: dict[str, Any] = {"msg": problem.text, "code": problem.code}
    return _json(problem.status, {**document, "data": []} if has_data else document)


def _json(status: int, document: Row) -> Response:
    return Response(status, msgspec.json.encode(document), {"content-type": JSON_TYPE})
