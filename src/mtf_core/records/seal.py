"""A seal over everything that is stored of a run, chained to the run that ended before it.

Whoever changes a stored run, or takes one out of the middle, would have to write every later seal anew. A purge takes
the oldest runs away: the first run that is left names one that is gone, which is no fault.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from attrs import frozen

from mtf_core.records.codec import to_bytes
from mtf_core.records.json import JsonObject


@frozen
class Seal:
    """`digest` covers the run's rows and the seal of the run before (`before`; None: there was none)."""

    digest: str
    before_run_id: str | None
    before: str | None


@frozen
class SealCheck:
    """A stored seal beside what the stored rows give now.

    `before_now`: the seal that the run before has now; None when it is not stored. `older_runs`: whether runs that
    ended before this one are stored.
    """

    recorded: Seal
    digest_now: str
    before_now: str | None
    older_runs: bool

    @property
    def unchanged(self) -> bool:
        return self.recorded.digest == self.digest_now

    @property
    def follows(self) -> bool:
        """Whether the run before is the one that it was, or all runs before were purged."""
        if self.recorded.before_run_id is None or self.before_now is None:
            return not self.older_runs
        return self.before_now == self.recorded.before


def sealed(
    run: JsonObject,
    decisions: Sequence[Sequence[str | None]],
    block: bytes,
    before_run_id: str | None,
    before: str | None,
    zones: Sequence[Sequence[str | int | bool | None]] = (),
) -> Seal:
    """The seal of a run: `run`, `decisions` and `zones` are the columns as stored, `block` the packed decisions.

    Runs without zone events, and those of versions that stored none, are sealed alike.

    Keys are taken in their order, so that a database that sorts the keys of a document gives the same seal.
    """
    digest = hashlib.sha256()
    for part in (_sorted(run), sorted(map(tuple, decisions), key=str), before_run_id, before):
        digest.update(to_bytes(part))
    digest.update(block)
    if zones:
        digest.update(to_bytes(sorted(map(tuple, zones), key=str)))
    return Seal(digest.hexdigest(), before_run_id, before)


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_sorted(inner) for inner in value]
    return value
