"""Every metric by its name: what it is, with which labels, and which processes tell it. Pages and checks read it here.

Names follow Prometheus' conventions: base units last, `_total` for what only grows. A symbol is a label only of an open
position: there are hundreds of them.
"""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen


class Kind(StrEnum):
    """What kind of figure it is, in Prometheus' words."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Teller(StrEnum):
    """Which processes tell a metric."""

    STORE = "all, from the store"
    """Read when Prometheus asks, so each process says the same."""
    EVERY = "all, of themselves"
    RUNS = "`mtf serve`, `mtf worker`, `mtf run --every`"
    STREAM = "`mtf stream`"
    ALERTS = "`mtf alerts watch`"
    WORKER = "`mtf worker`"


class Subject(StrEnum):
    """What a metric is about; a section of the page."""

    RUNS = "`mtf serve`, `mtf worker`, `mtf run --every`"
    ORDERS = "Orders and positions"
    MONEY = "Money"
    EXCHANGE = "Exchange and rate limits"
    STORE = "Store"
    PROCESSES = "Processes and alerts"
    SCHEDULES = "Schedules"


_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_LATENESS = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 45.0, 90.0)
_TRANSACTION = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


@frozen
class Metric:
    """One metric. Its `name` is the one that is told; a histogram adds `_bucket`, `_sum` and `_count`."""

    subject: Subject
    teller: Teller
    kind: Kind
    name: str
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def series(self) -> frozenset[str]:
        """The names under which its values are told."""
        if self.kind is Kind.HISTOGRAM:
            return frozenset(f"{self.name}{suffix}" for suffix in ("_bucket", "_sum", "_count"))
        return frozenset({self.name})


@frozen
class Section:
    """What the metrics of one subject have in common that the same processes tell."""

    subject: Subject
    teller: Teller
    labels: tuple[str, ...] = ()
    """Labels that all of them begin with."""

    def counter(self, name: str, meaning: str, *labels: str) -> Metric:
        return Metric(self.subject, self.teller, Kind.COUNTER, name, meaning, (*self.labels, *labels))

    def gauge(self, name: str, meaning: str, *labels: str) -> Metric:
        return Metric(self.subject, self.teller, Kind.GAUGE, name, meaning, (*self.labels, *labels))

    def histogram(self, name: str, meaning: str, *labels: str, buckets: tuple[float, ...]) -> Metric:
        return Metric(self.subject, self.teller, Kind.HISTOGRAM, name, meaning, (*self.labels, *labels), buckets)


_runs = Section(Subject.RUNS, Teller.RUNS)
ACCOUNT = "account"
"""Whose money it is, the first label of what is told of orders and money: `live`, `demo`, `paper`, or `local`."""

_orders = Section(Subject.ORDERS, Teller.STORE, (ACCOUNT,))
_money = Section(Subject.MONEY, Teller.STORE, (ACCOUNT,))
_calls = Section(Subject.EXCHANGE, Teller.RUNS)
_limits = Section(Subject.EXCHANGE, Teller.EVERY)
_exchange = Section(Subject.EXCHANGE, Teller.STORE)
_stream = Section(Subject.EXCHANGE, Teller.STREAM)
_database = Section(Subject.STORE, Teller.EVERY)
_store = Section(Subject.STORE, Teller.STORE)
_processes = Section(Subject.PROCESSES, Teller.STORE)
_watching = Section(Subject.PROCESSES, Teller.ALERTS)
_process = Section(Subject.PROCESSES, Teller.EVERY)
_schedules = Section(Subject.SCHEDULES, Teller.WORKER)

RUNS = _runs.counter("mtf_runs_total", "Runs, by how they ended.", "profile", "status")
RUN_SECONDS = _runs.histogram("mtf_run_seconds", "Time that a run took.", "profile", buckets=_SECONDS)
STAGE_SECONDS = _runs.histogram(
    "mtf_run_stage_seconds", "Time that a stage of a run took.", "profile", "stage", buckets=_SECONDS
)
RUN_LATENESS = _runs.histogram(
    "mtf_run_lateness_seconds", "From the last close of a minute to the end of a run.", "profile", buckets=_SECONDS
)
LAST_RUN = _runs.gauge(
    "mtf_last_run_timestamp_seconds", "When the last run of this process ended, Unix time.", "profile"
)
SYMBOLS = _runs.gauge(
    "mtf_symbols",
    "Symbols of the last run, by what became of them: READY, INVALID, SKIPPED, ERROR.",
    "profile",
    "status",
)
DECISIONS = _runs.counter("mtf_decisions_total", "Symbols of all runs, by what became of them.", "profile", "status")
REFUSALS = _runs.counter("mtf_refusals_total", "Symbols that got no order, by the reason's code.", "profile", "reason")
ORDERS = _runs.counter("mtf_orders_total", "Orders of runs, by what became of them in their run.", "profile", "status")

ENTRIES = _orders.gauge("mtf_live_entries", "Live intents, by the state of their entry.", "state")
POSITIONS = _orders.gauge("mtf_positions", "Open positions that came of our entries, by state.", "state")
UNCONFIRMED = _orders.gauge(
    "mtf_positions_without_confirmed_stop",
    "Open positions of which no armed stop over all of it was read back, or of which nobody knows.",
)
POSITION_SIZE = _orders.gauge(
    "mtf_position_contracts", "Contracts that are held of an open position.", "symbol", "side"
)
PROTECTION_AGE = _orders.gauge(
    "mtf_position_protection_age_seconds",
    "How long ago the stop of an open position was last confirmed by a reading of the account; +Inf: nobody knows.",
    "symbol",
    "side",
)
READ_AGE = _orders.gauge(
    "mtf_account_read_age_seconds",
    "How long ago the supervisor last read the whole account; absent where nobody ever did.",
)
CONDITION = _orders.gauge(
    "mtf_account_condition",
    "1 for the condition that the account is in: anything but normal stops entries.",
    "condition",
)
ALARMS = _orders.gauge("mtf_alarms", "Alarms of supervision that stand, by kind.", "kind")

EQUITY = _money.gauge("mtf_equity_usdt", "The account's equity as it was last seen.")
EQUITY_TIME = _money.gauge("mtf_equity_timestamp_seconds", "When it was seen, Unix time by the exchange's clock.")
LOSS = _money.gauge(
    "mtf_loss_usdt",
    "What the day or the week has cost so far, as the profile counts it; below zero: money was won.",
    "profile",
    "span",
)
LOSS_LIMIT = _money.gauge(
    "mtf_loss_limit_usdt",
    "The loss at which the profile enters nothing more; absent where no limit is set.",
    "profile",
    "span",
)
LOSS_LOCKS = _money.gauge("mtf_loss_locks", "Limits on losses that were reached and still hold.")
KILL_SWITCH = _money.gauge("mtf_kill_switch", "1 while the kill switch is on.")

CALLS = _calls.counter(
    "mtf_exchange_calls_total", "Calls of runs to the exchange, by endpoint.", "exchange", "endpoint"
)
LIMIT_CALLS = _limits.counter(
    "mtf_rate_limit_calls_total", "Calls that a rate limit let go, by its bucket.", "exchange", "bucket"
)
LIMIT_WAITS = _limits.counter(
    "mtf_rate_limit_wait_seconds_total", "Time that calls waited for a rate limit.", "exchange", "bucket"
)
LIMIT_SLOTS = _limits.gauge("mtf_rate_limit_slots", "Calls that a bucket allows in its window.", "exchange", "bucket")
LIMIT_USED = _limits.gauge(
    "mtf_rate_limit_slots_used", "How many of them are used now by this process.", "exchange", "bucket"
)
LIMIT_WINDOW = _limits.gauge("mtf_rate_limit_window_seconds", "How long a bucket's window is.", "exchange", "bucket")
STREAM_SILENT = _exchange.gauge(
    "mtf_stream_silent_seconds",
    "How long the exchange's stream has not been heard: 0 while it is; absent where no `mtf stream` shows itself.",
    "exchange",
)
STREAM_CANDLES = _stream.counter(
    "mtf_stream_candles_total",
    "Candles of closed minutes, by how they came: streamed, fetched by call, or lacking.",
    "exchange",
    "source",
)
STREAM_DELAY = _stream.histogram(
    "mtf_stream_delay_seconds",
    "From the close of a minute until its last candle was stored.",
    "exchange",
    buckets=_LATENESS,
)
STREAM_LOSSES = _stream.counter(
    "mtf_stream_interruptions_total", "How often the exchange's stream stopped to be heard.", "exchange"
)

STORE_UP = _database.gauge(
    "mtf_store_up",
    "1 when the store answered this question within two seconds, else 0: then nothing of the store is told.",
)
STORE_READ = _store.gauge(
    "mtf_store_read_seconds", "How long it took to read everything of the store that is told here."
)
TRANSACTION_SECONDS = _database.histogram(
    "mtf_store_transaction_seconds",
    "How long a transaction of this process took, waiting for its turn included: `read` or `write`.",
    "kind",
    buckets=_TRANSACTION,
)
TRANSACTION_FAILURES = _database.counter(
    "mtf_store_failures_total",
    "Transactions that the database did not carry out, or that took longer than who asked could wait.",
    "kind",
    "outcome",
)

PROCESSES = _processes.gauge(
    "mtf_processes",
    "Processes that show themselves, by kind and whether they were heard of lately: alive, late, gone.",
    "kind",
    "vitality",
)
HEARTBEAT_AGE = _processes.gauge(
    "mtf_heartbeat_age_seconds",
    "How long ago any process of a kind was last heard of; absent where none shows itself.",
    "kind",
)
ALERTS = _processes.gauge("mtf_alerts", "Alerts that stand, as `mtf alerts watch` has seen, by their word.", "alert")
ALERT_MESSAGES = _watching.counter(
    "mtf_alert_messages_total",
    "Messages to receivers, and calls of the outside service that failed: told or troubled.",
    "receiver",
    "outcome",
)
BUILD = _process.gauge("mtf_build_info", "1, with the version that the process runs.", "version")

JOBS = _schedules.counter("mtf_scheduled_jobs_total", "Scheduled jobs, by what came of them.", "job", "outcome")
JOB_LATENESS = _schedules.histogram(
    "mtf_scheduled_lateness_seconds",
    "From the minute that was meant to the start of its run.",
    "profile",
    buckets=_LATENESS,
)

CPU = _process.counter("process_cpu_seconds_total", "Processor time that the process has used.")
MEMORY = _process.gauge("process_resident_memory_bytes", "Memory that the process holds.")
VIRTUAL_MEMORY = _process.gauge("process_virtual_memory_bytes", "Memory that the process has addresses for.")
OPEN_FILES = _process.gauge("process_open_fds", "Files and connections that the process has open.")
MOST_FILES = _process.gauge("process_max_fds", "How many it may have open.")
STARTED = _process.gauge("process_start_time_seconds", "When the process started, Unix time.")

ALL: tuple[Metric, ...] = tuple(value for value in tuple(globals().values()) if isinstance(value, Metric))
"""In their order here."""
