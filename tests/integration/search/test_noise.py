"""Prices without any edge: a search has to reject what it finds in them. `make noise` looks at a hundred."""

from pathlib import Path

import pytest

from tests.integration.search.noise import searched


@pytest.mark.parametrize("seed", range(1, 7))
def test_what_is_found_in_noise_is_rejected(seed: int, tmp_path: Path) -> None:
    """Without costs, so that luck alone shows a profit in every other variant. Some of a hundred may be believed; of
    these six none is."""
    found = searched(seed, tmp_path, is_free=True)
    assert found["verdict"] == "rejected", found
    assert found["trades"] >= 10
