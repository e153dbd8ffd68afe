"""What the store says when Prometheus asks, in its text format. Nothing of an earlier answer is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from attrs import frozen
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from mtf_adapters.telemetry import catalogue
from mtf_adapters.telemetry.catalogue import Metric
from mtf_core.orders import AlarmKind, EntryState, PositionState
from mtf_core.ports import ExchangeWorld
from mtf_core.records import ProcessKind, Vitality
from mtf_core.risk import AccountCondition
from mtf_core.watching import Alert, StoreFigures


@frozen
class StoreSeen:
    """One reading of the store, of which exchange and whose money, and how long it took."""

    exchange: str
    world: ExchangeWorld
    figures: StoreFigures
    seconds: float


def store_text(seen: StoreSeen | None) -> bytes:
    """The metrics of the store; None: it did not answer, and that is all there is to say."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told(seen))
    return generate_latest(registry)


class _Told(Collector):
    def __init__(self, seen: StoreSeen | None) -> None:
        self._seen = seen

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield _gauge(catalogue.STORE_UP, {(): 0.0 if self._seen is None else 1.0})
        if self._seen is not None:
            figures, of_account = self._seen.figures, (self._seen.world.value,)
            yield _gauge(catalogue.STORE_READ, {(): self._seen.seconds})
            yield from (_named(one, of_account) for one in (*_orders(figures), *_money(figures)))
            yield from _processes(figures, self._seen.exchange)


Values = dict[tuple[str, ...], float]
"""By the values of the labels."""
Told = tuple[Metric, Values]
"""Of an account, without the label that says which it is."""


def _gauge(metric: Metric, values: Values) -> GaugeMetricFamily:
    family = GaugeMetricFamily(metric.name, metric.meaning, labels=metric.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def _known(value: float | None) -> Values:
    """One value without labels; none where it is not known."""
    return {} if value is None else {(): value}


def _named(told: Told, of_account: tuple[str, ...]) -> GaugeMetricFamily:
    metric, values = told
    return _gauge(metric, {(*of_account, *labels): value for labels, value in values.items()})


def _orders(figures: StoreFigures) -> Iterator[Told]:
    states = Counter(position.state for position in figures.positions)
    live = [state for state in EntryState if not state.is_final or figures.entries.get(state)]
    yield catalogue.ENTRIES, {(state.value,): figures.entries.get(state, 0) for state in live}
    open_states = [state for state in PositionState if not state.is_over]
    yield catalogue.POSITIONS, {(state.value,): states[state] for state in open_states}
    yield catalogue.UNCONFIRMED, {(): sum(not one.is_confirmed for one in figures.positions)}
    named = {(one.symbol, one.side.value): one for one in figures.positions}
    yield catalogue.POSITION_SIZE, {name: float(one.contracts) for name, one in named.items()}
    yield catalogue.PROTECTION_AGE, {name: one.protection_age_s for name, one in named.items()}
    yield catalogue.READ_AGE, _known(figures.read_age_s)
    conditions: Values = {(one.value,): float(one is figures.condition) for one in AccountCondition}
    yield catalogue.CONDITION, conditions
    yield catalogue.ALARMS, {(kind.value,): figures.alarms.get(kind, 0) for kind in AlarmKind}


def _money(figures: StoreFigures) -> Iterator[Told]:
    mark = figures.mark
    yield catalogue.EQUITY, _known(None if mark is None else float(mark.equity))
    yield catalogue.EQUITY_TIME, _known(None if mark is None else mark.time_ms / 1000)
    spans = {(seen.profile, seen.span.value): seen for seen in figures.losses}
    yield catalogue.LOSS, {name: float(seen.loss) for name, seen in spans.items()}
    limits: Values = {name: float(seen.limit) for name, seen in spans.items() if seen.limit is not None}
    yield catalogue.LOSS_LIMIT, limits
    yield catalogue.LOSS_LOCKS, {(): len(figures.loss_locks)}
    yield catalogue.KILL_SWITCH, {(): float(figures.kill_switch_on)}


def _processes(figures: StoreFigures, exchange: str) -> Iterator[GaugeMetricFamily]:
    counted = Counter((one.process.kind, one.vitality) for one in figures.processes)
    kinds: Values = {(kind.value, how.value): float(counted[kind, how]) for kind in ProcessKind for how in Vitality}
    yield _gauge(catalogue.PROCESSES, kinds)
    ages = {(kind.value,): figures.heartbeat_age_s(kind) for kind in ProcessKind}
    yield _gauge(catalogue.HEARTBEAT_AGE, {name: age for name, age in ages.items() if age is not None})
    silent_s = figures.stream_silent_s
    yield _gauge(catalogue.STREAM_SILENT, {} if silent_s is None else {(exchange,): silent_s})
    # Alarms of supervision are alerts as well; a word of another version is told as it is.
    words = {*(one.value for one in Alert), *(one.value for one in AlarmKind), *figures.alerts} - {Alert.TEST.value}
    yield _gauge(catalogue.ALERTS, {(word,): figures.alerts.get(word, 0) for word in sorted(words)})
