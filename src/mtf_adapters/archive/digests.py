"""What names candles by their content: the same for the same candles, wherever and however they are stored."""

from __future__ import annotations

import hashlib

import numpy as np

from mtf_core.market import COLUMNS, Candles


def candles_digest(candles: Candles) -> str:
    """The SHA-256 of a series, in hexadecimal: its timeframe, its length, its open times, and every column's bits."""
    digest = hashlib.sha256(f"mtf candles 1\n{candles.timeframe}\n{len(candles)}\n".encode())
    digest.update(np.ascontiguousarray(candles.open_ms, dtype="<i8").data)
    for name in COLUMNS:
        digest.update(np.ascontiguousarray(getattr(candles, name), dtype="<f8").data)
    return digest.hexdigest()
