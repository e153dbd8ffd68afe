"""JSON documents as text and as compressed bytes. A number that JSON cannot express (NaN, infinity) is refused."""

from __future__ import annotations

import json
import zlib
from typing import cast

from mtf_core.ports import StoreError
from mtf_core.records import JsonObject

# Traces repeat themselves: the fastest levels already take away nine tenths, higher ones cost time a run does not have.
_COMPRESSION_LEVEL = 3


def to_json(document: object) -> str:
    """Compact JSON in the order of the keys; raises `StoreError` for what is not JSON."""
    try:
        return json.dumps(document, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise StoreError(f"a document cannot be stored as JSON: {error}") from error


def compressed(document: JsonObject) -> bytes:
    return zlib.compress(to_json(document).encode(), _COMPRESSION_LEVEL)


def decompressed(content: bytes) -> JsonObject:
    return cast("JsonObject", json.loads(zlib.decompress(content)))
