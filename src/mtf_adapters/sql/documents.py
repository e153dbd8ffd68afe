"""JSON documents as text. A number that JSON cannot express (NaN, infinity) is refused."""

from __future__ import annotations

import json

from mtf_core.ports import StoreError


def to_json(document: object) -> str:
    """Compact JSON in the order of the keys; raises `StoreError` for what is not JSON."""
    try:
        return json.dumps(document, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise StoreError(f"a document cannot be stored as JSON: {error}") from error
