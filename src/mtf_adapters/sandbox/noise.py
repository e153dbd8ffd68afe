"""Noise that has no state: every number is a function of a key and an index, so any window can be asked in any order.

The hash is SplitMix64 (Steele, Lea & Flood, 2014) in counter mode: `mix(key + index · golden)`. One hash gives 64 bits,
which the samplers below cut into independent lanes.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Keys = NDArray[np.uint64]
Indices = NDArray[np.int64]
Floats = NDArray[np.float64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST_FACTOR = np.uint64(0xBF58476D1CE4E5B9)
_SECOND_FACTOR = np.uint64(0x94D049BB133111EB)
_LANE_16 = np.uint64(0xFFFF)
_LANE_21 = np.uint64(0x1FFFFF)
_NORMAL_MEAN = 2 * (2**16 - 1.0)
_NORMAL_DEVIATION = float(np.sqrt(4 * (2.0**32 - 1) / 12))


def key_of(*parts: str | int) -> np.uint64:
    """A 64-bit key of names and numbers; different parts give unrelated keys."""
    return np.uint64(_number_of(parts))


def _number_of(parts: tuple[str | int, ...]) -> int:
    text = "/".join(map(str, parts))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def hashes(key: np.uint64 | Keys, index: Indices) -> Hashes:
    """One 64-bit hash per key and index (any integer, also negative), of the shape that both broadcast to."""
    mixed = key + index.astype(np.uint64) * _GOLDEN
    mixed ^= mixed >> np.uint64(30)
    mixed *= _FIRST_FACTOR
    mixed ^= mixed >> np.uint64(27)
    mixed *= _SECOND_FACTOR
    mixed ^= mixed >> np.uint64(31)
    return mixed


def normals(bits: Hashes) -> Floats:
    """Nearly normal numbers, mean 0 and variance 1, within ±3.47: the sum of the four 16-bit lanes of each hash."""
    total = (bits & _LANE_16) + ((bits >> np.uint64(16)) & _LANE_16)
    total += (bits >> np.uint64(32)) & _LANE_16
    total += bits >> np.uint64(48)
    return (total.astype(np.float64) - _NORMAL_MEAN) / _NORMAL_DEVIATION


def uniforms(bits: Hashes, lane: int) -> Floats:
    """Numbers strictly between 0 and 1 from one of the three 21-bit lanes (0, 1, 2) of each hash."""
    cut = (bits >> np.uint64(21 * lane)) & _LANE_21
    return (cut.astype(np.float64) + 0.5) / 2**21


def centred(bits: Hashes, lane: int) -> Floats:
    """Uniform numbers of mean 0 and variance 1, from lane 0, 1 or 2."""
    return (uniforms(bits, lane) - 0.5) * float(np.sqrt(12.0))


def uniform_of(*parts: str | int) -> float:
    """One number strictly between 0 and 1 for names and numbers: lane 0 of their key, as `uniforms` gives it."""
    return ((_number_of(parts) & int(_LANE_21)) + 0.5) / 2**21
