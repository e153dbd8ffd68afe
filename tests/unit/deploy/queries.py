"""What is wrong with a query of Prometheus over our metrics: names, labels and values that do not exist, and sums of
what every process tells alike. Queries are parsed by the grammar of Prometheus itself (`promql-parser`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import promql_parser as promql
from attrs import define, field

from mtf_adapters.telemetry.catalogue import ALL, Kind, Metric, Teller
from mtf_core.records import ProcessKind, SymbolStatus, Vitality
from mtf_core.risk import AccountCondition, Span

TARGET = frozenset({"job", "instance", "process"})
"""Labels that Prometheus puts to everything that it asks, as prometheus.yml says."""
_OF_COUNTERS = frozenset({"rate", "increase", "irate"})
_ALIKE = frozenset({"max", "min"})
_VARIABLES = {"$__rate_interval": "5m", "$__range": "6h"}
_SERIES: Mapping[str, Metric] = {name: metric for metric in ALL for name in metric.series}
_VALUES: Mapping[tuple[str, str], frozenset[str]] = {
    ("mtf_decisions_total", "status"): frozenset(SymbolStatus),
    ("mtf_processes", "vitality"): frozenset(Vitality),
    ("mtf_heartbeat_age_seconds", "kind"): frozenset(ProcessKind),
    ("mtf_account_condition", "condition"): frozenset(AccountCondition),
    ("mtf_loss_usdt", "span"): frozenset(Span),
    ("mtf_loss_limit_usdt", "span"): frozenset(Span),
    ("mtf_runs_total", "status"): frozenset({"completed", "completed_with_errors", "failed", "locked"}),
}
"""Values that are written in queries; each of them has to be here."""


@define(eq=False)
class Query:
    """One expression, its complaints, the metrics that it reads and the labels that come out."""

    text: str
    complaints: list[str] = field(factory=list)
    metrics: set[str] = field(factory=set)
    labels: frozenset[str] = field(default=frozenset(), init=False)

    def __attrs_post_init__(self) -> None:
        text = self.text
        for name, value in _VARIABLES.items():
            text = text.replace(name, value)
        try:
            self.labels = self._labels(promql.parse(text), "", "")
        except ValueError as error:
            self.complaints.append(str(error))

    def _labels(self, node: promql.Expr, function: str, aggregate: str) -> frozenset[str]:
        """The labels of what comes out; `function` and `aggregate` are the nearest ones around it."""
        match node:
            case promql.VectorSelector():
                return self._selected(node, function, aggregate)
            case promql.MatrixSelector():
                return self._selected(node.vector_selector, function, aggregate)
            case promql.SubqueryExpr() | promql.ParenExpr() | promql.UnaryExpr():
                return self._labels(node.expr, function, aggregate)
            case promql.Call():
                name = node.func.name
                inner = [self._labels(each, name, aggregate) for each in node.args]
                found = frozenset[str]().union(*inner)
                if name == "histogram_quantile":
                    if "le" not in found:
                        self.complaints.append("histogram_quantile needs `le`")
                    found -= {"le"}
                return found
            case promql.AggregateExpr():
                return self._aggregated(node)
            case promql.BinaryExpr():
                return self._combined(node, aggregate)
        return frozenset()

    def _selected(self, node: promql.VectorSelector, function: str, aggregate: str) -> frozenset[str]:
        metric = _SERIES.get(node.name or "")
        if metric is None:
            self.complaints.append(f"there is no metric {node.name}")
            return TARGET
        self.metrics.add(metric.name)
        labels = TARGET | set(metric.labels) | ({"le"} if node.name.endswith("_bucket") else set())
        for matcher in node.matchers.matchers:
            if matcher.name not in labels:
                self.complaints.append(f"{node.name} has no label {matcher.name}")
            elif "$" not in matcher.value and matcher.name not in TARGET:
                known = _VALUES.get((metric.name, matcher.name), frozenset())
                if matcher.value not in known:
                    self.complaints.append(f"{matcher.name} of {node.name} is never {matcher.value}")
        grows = metric.kind is not Kind.GAUGE
        if grows is not (function in _OF_COUNTERS):
            self.complaints.append(f"{node.name} is a {metric.kind}: {function or 'nothing'} around it says nothing")
        if metric.teller is Teller.STORE and aggregate not in _ALIKE:
            self.complaints.append(f"every process tells {node.name} alike: take max or min, not {aggregate or 'each'}")
        return frozenset(labels)

    def _aggregated(self, node: promql.AggregateExpr) -> frozenset[str]:
        inner = self._labels(node.expr, "", str(node.op))
        if str(node.op) in {"topk", "bottomk"}:
            return inner
        named = frozenset(node.modifier.labels if node.modifier else ())
        if strange := sorted(named - inner):
            self.complaints.append(f"{node.op} by {', '.join(strange)}: there is no such label")
        is_without = node.modifier is not None and node.modifier.type == promql.AggModifierType.Without
        return inner - named if is_without else named

    def _combined(self, node: promql.BinaryExpr, aggregate: str) -> frozenset[str]:
        sides = [self._labels(each, "", aggregate) for each in (node.lhs, node.rhs)]
        left, right = sides
        matching = node.modifier.matching if node.modifier else None
        if matching is not None and (strange := sorted(set(matching.labels) - (left & right))):
            self.complaints.append(f"on {', '.join(strange)}: there is no such label on both sides")
        number = promql.NumberLiteral
        is_number = isinstance(node.rhs, number) or isinstance(node.lhs, number | promql.Call)
        if matching is None and not is_number and left != right:
            self.complaints.append(f"what has {sorted(left)} meets what has {sorted(right)}: nothing comes of it")
        return left or right


def named_in(legend: str) -> Iterator[str]:
    """The labels that a legend of Grafana, or a text of a rule, shows."""
    yield from re.findall(r"\{\{\s*(?:\$labels\.)?([a-z_]+)\s*\}\}", legend)
