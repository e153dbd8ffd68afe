"""What a replay is told of the trials on its days."""

from __future__ import annotations

from pathlib import Path

from attrs import evolve

from mtf_core.market import DAY_MS
from mtf_entrypoints.search.tried import trials_of
from tests.unit.replay.ledgers import a_ledger, a_market


def test_each_configuration_counts_once_and_only_where_days_are_the_same(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'trials.db'}"
    first = a_ledger(markets=(a_market(),), profile_digest="one")
    assert trials_of(first, url).count == 1
    assert trials_of(first, url).count == 1
    assert trials_of(evolve(first, profile_digest="other"), url).count == 2
    part = evolve(first, profile_digest="third", first_ms=first.first_ms + DAY_MS)
    assert trials_of(part, url).count == 3
    elsewhere = evolve(first, markets=(a_market(seed=2),), profile_digest="fourth")
    assert trials_of(elsewhere, url).count == 1
