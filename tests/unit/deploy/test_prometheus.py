"""What Prometheus asks, and what it calls for: rules over metrics that exist, tried by its own tool if it is there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.deploy.queries import TARGET, Query, named_in

ROOT = Path(__file__).parents[3]
PROMETHEUS = ROOT / "deploy/prometheus"
RULES = [
    rule
    for file in sorted((PROMETHEUS / "rules").iterdir())
    for group in yaml.safe_load(file.read_text())["groups"]
    for rule in group["rules"]
]
PROMTOOL = shutil.which("promtool")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_rule_asks_for_what_exists_and_says_what_to_do(rule: dict[str, Any]) -> None:
    query = Query(rule["expr"])
    assert query.complaints == []
    said = rule["annotations"]["summary"] + rule["annotations"]["description"]
    assert set(named_in(said)) - {"$value"} <= query.labels
    assert rule["annotations"]["summary"].strip().endswith(".")
    assert rule["labels"]["severity"] in {"critical", "warning"}


def test_what_is_asked_bears_the_labels_that_queries_may_use() -> None:
    configuration = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    (job,) = configuration["scrape_configs"]
    put = {one["target_label"] for one in job["relabel_configs"]}
    assert {"job", "instance", *put} == TARGET
    assert job["job_name"] == "mtf"
    assert [str(file) for pattern in configuration["rule_files"] for file in PROMETHEUS.glob(pattern)]


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not on this machine")
@pytest.mark.parametrize(
    "words",
    [
        ("check", "config", "--syntax-only", str(PROMETHEUS / "prometheus.yml")),
        ("test", "rules", str(Path(__file__).parent / "rules_tried.yml")),
    ],
    ids=["configuration", "rules"],
)
def test_prometheus_own_tool_finds_nothing(words: tuple[str, ...]) -> None:
    done = subprocess.run([str(PROMTOOL), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
