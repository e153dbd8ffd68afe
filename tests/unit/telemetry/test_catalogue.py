"""Names of metrics follow Prometheus' conventions, and there is no metric that the catalogue does not know."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from mtf_adapters.telemetry import catalogue
from mtf_adapters.telemetry.catalogue import ALL, Kind, Metric, Subject, Teller

_UNITS = ("seconds", "bytes", "usdt", "contracts")
_NOT_BASE = re.compile(r"_(ms|millis|milliseconds|minutes|hours|days|percent|pct|kb|mb|kilobytes)(_|$)")
_RESERVED = ("_bucket", "_sum", "_count", "_created", "_info")


def complaints(metric: Metric) -> list[str]:
    """What a name breaks of https://prometheus.io/docs/practices/naming/."""
    name, found = metric.name, []
    if not re.fullmatch(r"(mtf|process)_[a-z]+(_[a-z]+)*", name):
        found.append("no snake case below the name of this program")
    if (metric.kind is Kind.COUNTER) is not name.endswith("_total"):
        found.append("_total is for counters, and every counter ends in it")
    if _NOT_BASE.search(name):
        found.append("no base unit")
    if any(name.endswith(suffix) for suffix in _RESERVED) and name != "mtf_build_info":
        found.append("an end that Prometheus keeps for itself")
    words = name.removesuffix("_total").split("_")
    units = [word for word in words if word in _UNITS]
    if units and words[-1] not in _UNITS:
        found.append("a unit stands last")
    if metric.kind is Kind.HISTOGRAM and words[-1] != "seconds":
        found.append("what is measured has a unit")
    if "timestamp" in words and not name.endswith("_timestamp_seconds"):
        found.append("an instant is _timestamp_seconds")
    if not all(re.fullmatch(r"[a-z]+", label) for label in metric.labels) or "le" in metric.labels:
        found.append("a label that is no word")
    if not metric.meaning.endswith("."):
        found.append("the meaning is no sentence")
    if bool(metric.buckets) is not (metric.kind is Kind.HISTOGRAM):
        found.append("buckets are for histograms")
    return found


def test_every_name_follows_the_conventions() -> None:
    assert {metric.name: found for metric in ALL if (found := complaints(metric))} == {}


@pytest.mark.parametrize(
    ("kind", "name", "labels"),
    [
        (Kind.COUNTER, "mtf_runs", ()),
        (Kind.GAUGE, "mtf_runs_total", ()),
        (Kind.GAUGE, "mtf_age_ms", ()),
        (Kind.GAUGE, "mtf_seconds_of_run", ()),
        (Kind.GAUGE, "mtf_last_run_timestamp", ()),
        (Kind.GAUGE, "mtf_runs_count", ()),
        (Kind.GAUGE, "mtf_loss_percent", ()),
        (Kind.GAUGE, "Mtf_loss", ()),
        (Kind.HISTOGRAM, "mtf_run", ()),
        (Kind.GAUGE, "mtf_now", ("le",)),
    ],
)
def test_a_name_against_the_conventions_is_found(kind: Kind, name: str, labels: tuple[str, ...]) -> None:
    buckets = (1.0,) if kind is Kind.HISTOGRAM else ()
    assert complaints(Metric(Subject.RUNS, Teller.RUNS, kind, name, "A sentence.", labels, buckets)) != []


def test_no_name_is_told_by_two_metrics() -> None:
    counted = Counter(name for metric in ALL for name in metric.series)
    assert [name for name, times in counted.items() if times > 1] == []


def test_the_catalogue_lists_every_metric_that_is_declared() -> None:
    assert {value for value in vars(catalogue).values() if isinstance(value, Metric)} == set(ALL)


def test_a_symbol_is_a_label_of_open_positions_only() -> None:
    assert {metric.name for metric in ALL if "symbol" in metric.labels} == {
        "mtf_position_contracts",
        "mtf_position_protection_age_seconds",
    }
