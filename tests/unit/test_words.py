"""How numbers are said."""

from __future__ import annotations

import pytest

from mtf_core.words import counted


@pytest.mark.parametrize(("count", "said"), [(0, "0 holes"), (1, "1 hole"), (2, "2 holes")])
def test_only_one_is_singular(count: int, said: str) -> None:
    assert counted(count, "hole") == said
