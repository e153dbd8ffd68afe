"""What a text of Prometheus' format says, read by the library's own parser."""

from __future__ import annotations

from attrs import frozen
from prometheus_client.parser import text_string_to_metric_families


@frozen
class Series:
    name: str
    labels: tuple[str, ...]
    """Their names, sorted; `le` of a histogram is left out."""


def families(text: str) -> dict[str, str]:
    """The kind of each family, by its name as Prometheus shows it: a counter's ends in `_total`."""
    found = text_string_to_metric_families(text)
    return {f"{one.name}_total" if one.type == "counter" else one.name: one.type for one in found}


def series(text: str) -> set[Series]:
    return {
        Series(sample.name, tuple(sorted(set(sample.labels) - {"le"})))
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(text: str, name: str, **labels: str) -> float | None:
    """None: there is no such sample. Whose money it is counts only where it is asked for."""
    left_out = {"account"} - set(labels)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name and {k: v for k, v in sample.labels.items() if k not in left_out} == labels:
                return float(sample.value)
    return None
