"""The page on metrics, from their catalogue."""

from __future__ import annotations

from collections.abc import Iterable

from docs.generating.markdown import code, codes, page, table

from mtf_adapters.telemetry.catalogue import ALL, Metric, Subject

_INTRODUCTION = """
What Prometheus can ask of the processes of mtf. `mtf serve` answers at `/metrics` of its own address, with the token
where one is set. `mtf supervise`, `mtf stream`, `mtf alerts watch`, `mtf worker` and `mtf run --every` answer where
`--metrics [HOST:]PORT` says, and without it nowhere.
[How to watch with Prometheus](../how-to/watch-with-prometheus.md) shows the set-up.

Every process tells what the store holds. That is read when Prometheus asks, and never kept: while the store does not
answer, `mtf_store_up` is 0, and nothing else of the store is told. So a query over several processes takes the `max` of
what comes from the store. What a process tells of itself, such as the runs that it carried out, adds up.

What is told of orders and money has the label `account`: whose money it is. `live` is real money, `demo` an exchange's
play money, `paper` this machine's own at an exchange's quotes, `local` the sandbox's. So paper is never taken for the
exchange where one Prometheus asks both; a query over them says which it means.

Money is in USDT, times are in seconds. A symbol is a label of open positions only.
"""


def metrics_page() -> str:
    parts = [_section(subject, [metric for metric in ALL if metric.subject is subject]) for subject in Subject]
    return page("Metrics", _INTRODUCTION, *parts)


def _section(subject: Subject, metrics: Iterable[Metric]) -> str:
    rows = ((code(one.name), one.kind, codes(one.labels), one.meaning, one.teller.value) for one in metrics)
    return f"## {subject}\n\n" + table(("name", "type", "labels", "meaning", "told by"), rows)
