"""The features that there are, as a list to read."""

from __future__ import annotations

from attrs import frozen

from mtf_core.features.families import FAMILIES
from mtf_core.features.family import Family, Output, Unit, Values
from mtf_core.features.history import History
from mtf_core.features.names import history, usual_names


@frozen
class ListedFeature:
    """A name of the table (`N` stands for a period, `K` for a decimal) and what it means."""

    name: str
    definition: str
    unit: Unit
    values: Values
    periodic: bool
    of_pivot_timeframe: bool
    needs: tuple[tuple[str, History], ...]
    """The history of the name as it is mostly written; for some usual periods, where it has one."""


def list_features(tolerance: float) -> tuple[ListedFeature, ...]:
    """Every name that a feature can have, those with a period first; histories for that tolerance of the warm-up."""
    listed = [_listed(family, output, tolerance) for family in FAMILIES for output in family.outputs]
    return tuple(sorted(listed, key=lambda feature: not feature.periodic))


def _listed(family: Family, output: Output, tolerance: float) -> ListedFeature:
    return ListedFeature(
        output.name,
        output.definition,
        output.unit,
        output.values,
        family.period is not None,
        family.of_pivot_timeframe,
        tuple((name, history(name, tolerance)) for name in usual_names(family, output)),
    )
