"""The envelope around every answer: code, message, trace, and mostly data."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

import msgspec

from mtf_adapters.sandbox.faces.bitmart.codes import OK, Problem
from mtf_adapters.sandbox.faces.bitmart.quirks import GatewayKey
from mtf_adapters.sandbox.faces.http import JSON_TYPE, Response


class Absent(Enum):
    """Stands for data that an answer does not have at all."""

    DATA = "data"


def answer(data: Any, trace: str, headers: Mapping[str, str]) -> Response:
    """A success; `Absent.DATA` leaves the data out."""
    document: dict[str, Any] = {"code": OK, "message": "Ok"}
    if data is not Absent.DATA:
        document["data"] = data
    return _json(200, {**document, "trace": trace}, headers)


def refusal(problem: Problem, key: GatewayKey, trace: str, headers: Mapping[str, str]) -> Response:
    """A refusal; the gateway's have their words under a key of their own."""
    words = key if problem.is_gateway else GatewayKey.MESSAGE
    return _json(problem.status, {str(words): problem.text, "trace": trace, "code": problem.code}, headers)


def _json(status: int, document: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    return Response(status, msgspec.json.encode(document), {"content-type": JSON_TYPE, **headers})
