"""The dashboard shows what there is: its queries name metrics and labels that exist, and each panel says what it is."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.deploy.queries import Query, named_in

ROOT = Path(__file__).parents[3]
GRAFANA = ROOT / "deploy/grafana"
DASHBOARD = json.loads((GRAFANA / "dashboards/mtf.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
REFERENCE = (ROOT / "docs/reference/metrics.md").read_text()


def queries() -> Iterator[tuple[str, str, str]]:
    for panel in PANELS:
        for target in panel["targets"]:
            yield panel["title"], target["expr"], target["legendFormat"]


def complaints(expr: str, legend: str = "") -> list[str]:
    query = Query(expr)
    strange = sorted(set(named_in(legend)) - query.labels)
    return [*query.complaints, *(f"the legend shows {name}, which no series has" for name in strange)]


@pytest.mark.parametrize(("title", "expr", "legend"), list(queries()))
def test_every_query_names_what_exists(title: str, expr: str, legend: str) -> None:
    assert complaints(expr, legend) == []


@pytest.mark.parametrize(
    ("expr", "legend", "about"),
    [
        ("sum by (profile) (increase(mtf_run_total[5m]))", "", "no metric mtf_run_total"),
        ("sum by (profile) (increase(mtf_runs[5m]))", "", "no metric mtf_runs"),
        ("rate(mtf_runs_total_bucket[5m])", "", "no metric mtf_runs_total_bucket"),
        ("max(mtf_symbols_total)", "", "no metric"),
        ("max(mtf_runs_total)", "", "counter"),
        ("rate(mtf_equity_usdt[5m])", "", "gauge"),
        ('max(mtf_loss_usdt{spam="day"})', "", "no label spam"),
        ('max(mtf_loss_usdt{span="month"})', "", "never month"),
        ("sum by (symbol) (increase(mtf_runs_total[5m]))", "", "no such label"),
        ("sum(mtf_positions)", "", "every process tells"),
        ("mtf_positions", "", "every process tells"),
        ("histogram_quantile(0.5, sum by (profile) (rate(mtf_run_seconds_bucket[5m])))", "", "needs `le`"),
        ("max by (kind) (mtf_alarms)", "{{ alarm }}", "the legend shows alarm"),
        ("max by (kind) (mtf_alarms) / on (kind) max(mtf_equity_usdt)", "", "on both sides"),
        ("max by (kind) (mtf_alarms) / max(mtf_equity_usdt)", "", "nothing comes of it"),
        ("sum by (profile) (increase(mtf_runs_total[5m])", "", "parenthesis"),
    ],
)
def test_a_query_that_names_what_does_not_exist_is_found(expr: str, legend: str, about: str) -> None:
    assert any(about in complaint for complaint in complaints(expr, legend)), complaints(expr, legend)


def test_every_metric_that_is_shown_stands_in_the_reference() -> None:
    shown = {name for _, expr, _ in queries() for name in Query(expr).metrics}
    assert {name for name in shown if f"| `{name}` |" not in REFERENCE} == set()


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_every_panel_says_what_it_shows_and_in_which_unit(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["targets"]
    assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}


def test_panels_have_names_and_places_of_their_own() -> None:
    for name in ("id", "title"):
        assert [each for each, times in Counter(one[name] for one in DASHBOARD["panels"]).items() if times > 1] == []
    taken: Counter[tuple[int, int]] = Counter()
    for panel in DASHBOARD["panels"]:
        left, top, width, height = (panel["gridPos"][name] for name in "xywh")
        assert 0 <= left <= 24 - width, panel["title"]
        taken.update((x, y) for x in range(left, left + width) for y in range(top, top + height))
    assert [cell for cell, times in taken.items() if times > 1] == []


def test_every_variable_of_a_query_is_declared_and_reads_a_label_that_exists() -> None:
    declared = {one["name"]: one for one in DASHBOARD["templating"]["list"]}
    used = {name for _, expr, _ in queries() for name in re.findall(r"\$(?!__)(\w+)", expr)}
    assert used == {name for name, one in declared.items() if one["type"] == "query"}
    for one in declared.values():
        if one["type"] == "query":
            found = re.fullmatch(r"label_values\((\w+), (\w+)\)", one["query"]["query"])
            assert found is not None
            query = Query(f"sum by ({found[2]}) (rate({found[1]}[5m]))")
            assert query.complaints == []


def test_grafana_finds_the_dashboard_and_its_source() -> None:
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yaml").read_text())["datasources"]
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/mtf.yaml").read_text())["providers"]
    assert source["type"] == "prometheus"
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"
