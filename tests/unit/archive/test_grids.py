"""Columns as whole numbers: the coarsest grid on which nothing is lost."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mtf_adapters.archive.grids import Grid, off_grid, on_grid
from tests.unit.archive.series import odd_floats


def grid_of(*values: float) -> Grid | None:
    found = on_grid(np.array(values))
    return None if found is None else found.grid


def test_a_column_is_put_on_the_coarsest_grid_that_holds_its_values() -> None:
    assert grid_of(46319.5, 46320.0, 46321.5) == Grid(1, 5)
    assert grid_of(0.00025901, 0.00026) == Grid(8, 1)
    assert grid_of(3000.0, 12000.0) == Grid(0, 3000)
    assert grid_of(0.0, 0.0) == Grid(0, 1)
    assert grid_of() == Grid(0, 1)


def test_values_that_are_no_decimals_have_no_grid() -> None:
    assert grid_of(1 / 3, 2 / 3) is None
    assert grid_of(float("nan")) is None
    assert grid_of(-0.0) is None, "a whole number has no minus zero"
    assert grid_of(2.0**53) is None, "its neighbours could not be told apart"


def test_a_few_odd_values_do_not_cost_the_column_its_grid() -> None:
    values = np.round(np.arange(1, 1001) / 10, 1)
    values[[0, 500, 501]] = [float("nan"), 0.1 + 0.2, -0.0]
    found = on_grid(values)
    assert found is not None
    assert found.grid == Grid(1, 1)
    assert np.flatnonzero(found.is_odd).tolist() == [0, 500, 501]
    assert found.ticks[499:503].tolist() == [500, 500, 500, 503], "they stand as the value before them"


def test_many_odd_values_do() -> None:
    values = np.round(np.arange(1, 101) / 10, 1)
    values[[3, 4]] = 0.1 + 0.2
    found = on_grid(values)
    assert found is None or found.grid.decimals > 10


@given(st.lists(odd_floats(), max_size=300))
def test_what_is_on_its_grid_comes_back_bit_for_bit(numbers: list[float]) -> None:
    values = np.array(numbers, dtype=np.float64)
    found = on_grid(values)
    if found is not None:
        back = off_grid(found.ticks, found.grid)
        assert back[~found.is_odd].tobytes() == values[~found.is_odd].tobytes()
        assert found.is_odd.sum() * 200 <= len(values)


@given(st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=100), st.integers(0, 3))
def test_every_column_of_short_decimals_has_a_grid(ticks: list[int], places: int) -> None:
    found = on_grid(np.array([float(f"{tick}e-{places}") for tick in ticks if tick]))
    assert found is not None
    assert found.grid.decimals <= places
    assert not found.is_odd.any()
