"""Which combinations are tried, in which order: the same each time the same space is searched."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import product

from mtf_core.search.settings import USUAL_SEED, Method
from mtf_core.search.space import SearchSpace

Places = tuple[int, ...]
"""A combination: of each key that varies, the place of its value."""
_TRIES_FOR_ONE = 1000


def fixed_proposals(space: SearchSpace) -> tuple[Places, ...]:
    """All combinations that `grid` and `random` try, each once. They depend on nothing that a trial has shown."""
    method = space.settings.method
    sizes = [len(one.values) for one in space.varied]
    if method.kind is Method.GRID or method.trials == space.size:
        return tuple(product(*map(range, sizes)))
    assert method.trials is not None
    seed = USUAL_SEED if method.seed is None else method.seed
    found: dict[Places, None] = {}
    for places in _drawn(seed, sizes, _TRIES_FOR_ONE * method.trials):
        found.setdefault(places)
        if len(found) == method.trials:
            return tuple(found)
    # So nearly all of the space is wanted that drawing does not end: the first that were not drawn make it whole.
    for places in product(*map(range, sizes)):
        if len(found) == method.trials:
            break
        found.setdefault(places)
    return tuple(found)


def _drawn(seed: int, sizes: list[int], most: int) -> Iterator[Places]:
    """Combinations by hash and not by a library's generator, whose numbers may differ from one version to the next."""
    for number in range(most):
        drawn = []
        for axis, size in enumerate(sizes):
            text = f"mtf search {seed} {number} {axis}".encode()
            drawn.append(int.from_bytes(hashlib.sha256(text).digest()[:16]) % size)
        yield tuple(drawn)
