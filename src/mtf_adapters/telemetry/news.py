"""What processes hear of their own work, counted: the minutes of a stream, the messages of a watcher."""

from __future__ import annotations

from mtf_adapters.telemetry import catalogue
from mtf_adapters.telemetry.metrics import Metrics
from mtf_core.upkeep.streaming import StreamChange, StreamMinute, StreamNews, StreamState
from mtf_core.watching import Told, WatchNews


class StreamMetrics:
    """Of a process that follows one exchange's candles."""

    def __init__(self, metrics: Metrics, exchange: str) -> None:
        self._exchange = exchange
        self._candles = metrics.counter(catalogue.STREAM_CANDLES)
        self._delay = metrics.histogram(catalogue.STREAM_DELAY).labels(exchange)
        self._losses = metrics.counter(catalogue.STREAM_LOSSES).labels(exchange)

    def hear(self, news: StreamNews) -> None:
        match news:
            case StreamMinute():
                came = {"streamed": news.streamed, "fetched": news.fetched, "lacking": news.lacking}
                for source, candles in came.items():
                    self._candles.labels(self._exchange, source).inc(candles)
                self._delay.observe(news.after_ms / 1000)
            case StreamChange(state=StreamState.CALLS):
                self._losses.inc()


class WatchMetrics:
    """Of a process that tells people of alerts."""

    def __init__(self, metrics: Metrics) -> None:
        self._messages = metrics.counter(catalogue.ALERT_MESSAGES)

    def hear(self, news: WatchNews) -> None:
        if isinstance(news, Told):
            self._messages.labels(news.receiver, "told").inc()
        else:
            self._messages.labels(news.who, "troubled").inc()
