"""The tables. A test compares them with what the migrations build; change both together, and the revision.

What only some databases can is in `whole_schema`: SQLAlchemy imports the dialect of each to read it.

Money is NUMERIC in PostgreSQL and text in SQLite (which has no exact decimals), never a float. Candles are
packed bytes, bit for bit. Times are UTC milliseconds.

One database may hold several worlds (a sandbox, an exchange): `namespace`, a venue's, comes first in every key and
index. Only documents are shared, for they are what their digest says, whoever stored them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

SCHEMA_REVISION = "0019"
"""The revision of the newest migration: the schema that this code needs."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class DecimalText(TypeDecorator[Decimal]):
    """A Decimal as its plain digits (`1000`, not `1E+3`): the form in which PostgreSQL gives a NUMERIC back."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else format(value, "f")

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


EXACT = Numeric(asdecimal=True).with_variant(DecimalText(), "sqlite")
DOCUMENT = JSON(none_as_null=True)

MONEY_COLUMNS = (
    "tick_size",
    "size_step",
    "contract_size",
    "min_size",
    "max_size",
    "max_market_size",
    "min_leverage",
    "max_leverage",
    "maker_fee",
    "taker_fee",
    "turnover_24h",
)

contracts = Table(
    "contracts",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("symbol", String, primary_key=True),
    Column("base_currency", String, nullable=False),
    Column("quote_currency", String, nullable=False),
    Column("status", String, nullable=False),
    *(Column(name, EXACT, nullable=False) for name in MONEY_COLUMNS),
    Column("min_notional", EXACT, nullable=False, server_default="0"),
    Column("opened_at_ms", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False),
    Column("brackets", DOCUMENT, nullable=False),
    Column("brackets_in", String, nullable=False, server_default="notional"),
)

contract_sync = Table(
    "contract_sync",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("synced_ms", BigInteger, nullable=False),
)
"""One row for each namespace: when the list of contracts was last replaced."""

series = Table(
    "series",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("namespace", String, nullable=False),
    Column("symbol", String, nullable=False),
    Column("timeframe", String, nullable=False),
    Index("uq_series_namespace_timeframe_symbol", "namespace", "timeframe", "symbol", unique=True),
)

candle_blocks = Table(
    "candle_blocks",
    metadata,
    # No foreign key: ids are looked up in the transaction that writes.
    Column("series_id", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("first_place", Integer, nullable=False),
    Column("last_place", Integer, nullable=False),
    Column("candles", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""Candles as packed bytes (`candle_blocks.py`); places and number of candles apart, so that a list needs no bytes."""

documents = Table(
    "documents",
    metadata,
    Column("digest", String, primary_key=True),
    Column("content", DOCUMENT, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("run_id", String, primary_key=True),
    Column("profile", String, nullable=False),
    Column("dry_run", Boolean, nullable=False),
    Column("instant_ms", BigInteger, nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("finished_ms", BigInteger),
    Column("status", String, nullable=False),
    Column("request", DOCUMENT, nullable=False),
    Column("config_digest", String, ForeignKey("documents.digest"), nullable=False),
    Column("code_version", String, nullable=False),
    # Without the symbols' results, which are in the block; runs that version 1 stored have them here.
    Column("report", DOCUMENT),
    Column("counts", LargeBinary),
    # Runs are sealed in the order of their ends, each with the seal of the one before: see `mtf_core.records.seal`.
    Column("seal", String),
    Column("seal_number", BigInteger),
    Column("seal_before", String),
    Column("run_before", String),
    # In which order the store saw the runs start: a clock that was wrong for a minute must not make a run the newest.
    Column("sequence", BigInteger, nullable=False, server_default=text("0")),
    Index("uq_runs_sequence", "sequence", unique=True),
    Index(None, "namespace", "sequence"),
    Index(None, "namespace", "started_ms"),
    Index(None, "namespace", "seal_number"),
)

run_documents = Table(
    "run_documents",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("run_id", String, primary_key=True),
    Column("digest", String, ForeignKey("documents.digest"), primary_key=True, index=True),
    ForeignKeyConstraint(["namespace", "run_id"], ["runs.namespace", "runs.run_id"]),
)
"""The documents that a run needs to be read. Runs of before the thirteenth revision have no rows here."""

decisions = Table(
    "decisions",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("run_id", String, primary_key=True),
    Column("symbol", String, primary_key=True),
    # The run's, kept here too so that a symbol's last decision is one step in an index, however many runs there are.
    Column("run_sequence", BigInteger, nullable=False, server_default=text("0")),
    Column("status", String, nullable=False),
    Column("reason", String),
    Column("side", String),
    Column("execution_timeframe", String),
    Column("decision_key", String),
    ForeignKeyConstraint(["namespace", "run_id"], ["runs.namespace", "runs.run_id"]),
    Index(None, "namespace", "symbol", "run_sequence"),
)

run_blocks = Table(
    "run_blocks",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("run_id", String, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    ForeignKeyConstraint(["namespace", "run_id"], ["runs.namespace", "runs.run_id"]),
)
"""Results, inputs and traces of all decisions of a run, packed; apart from the runs, of which a list is read often."""

run_openings = Table(
    "run_openings",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("run_id", String, primary_key=True),
    Column("ends_by_ms", BigInteger, nullable=False),
    Column("content", DOCUMENT, nullable=False),
    ForeignKeyConstraint(["namespace", "run_id"], ["runs.namespace", "runs.run_id"]),
)
"""How runs that many processes share were opened; a row goes when its run is over."""

run_parts = Table(
    "run_parts",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("run_id", String, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("decided", BigInteger, nullable=False),
    Column("ready", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("digest", String, nullable=False),
    Column("content", LargeBinary, nullable=False),
    ForeignKeyConstraint(["namespace", "run_id"], ["runs.namespace", "runs.run_id"]),
)
"""What the shards of such a run found (`mtf_core.records.shards`), until it is closed."""

zone_events = Table(
    "zone_events",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("run_id", String, primary_key=True),
    Column("symbol", String, primary_key=True),
    Column("profile", String, nullable=False),
    Column("side", String, nullable=False),
    Column("execution_timeframe", String, nullable=False),
    Column("decision_key", String, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    *(Column(name, EXACT, nullable=False) for name in ("zone_low", "zone_high", "anchor")),
    Column("anchor_source", String, nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False),
    *(Column(name, EXACT, nullable=False) for name in ("candidate_price", "reference_price")),
    *(Column(name, EXACT, nullable=False) for name in ("deviation", "allowed", "width_ratio")),
    Column("atr_ratio", EXACT),
    Column("spread_ratio", EXACT, nullable=False),
    Column("volume_ratio", EXACT),
    Column("category", String, nullable=False),
    Column("failed_check", String),
    Column("tick_size", EXACT, nullable=False),
    Column("deadline_ms", BigInteger, nullable=False),
    Column("leaves_from_ms", BigInteger, nullable=False),
    Column("max_deviation", EXACT, nullable=False),
    Column("takes", Boolean, nullable=False),
    # What became of the entry comes later, so the run's seal does not cover it. NULL: the event is open.
    Column("outcome", String),
    Column("outcome_source", String),
    Column("outcome_at_ms", BigInteger),
    ForeignKeyConstraint(["namespace", "run_id"], ["runs.namespace", "runs.run_id"]),
)
"""Statistics read a world's rows in the order of the key: an index of their times would be for them alone."""

# Version 1 kept a row of JSON for each decision. Such rows are read, and none is written.
decision_details = Table(
    "decision_details",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("run_id", String, primary_key=True),
    Column("symbol", String, primary_key=True),
    Column("result", DOCUMENT, nullable=False),
    Column("inputs", DOCUMENT, nullable=False),
    Column("trace", LargeBinary, nullable=False),
    ForeignKeyConstraint(
        ["namespace", "run_id", "symbol"], ["decisions.namespace", "decisions.run_id", "decisions.symbol"]
    ),
)

switches = Table(
    "switches",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("on", Boolean, nullable=False),
    Column("until_ms", BigInteger),
    Column("reason", String, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""Numbers that only grow, whatever is deleted: that of the last run."""

locks = Table(
    "locks",
    metadata,
    Column("name", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False),
)
"""Locks are the whole database's; a row outlives its lock, for the next owner's token must be higher. It goes with the
last run that can still say that it holds it: see `cleanup.py`."""
keyed_runs = Table(
    "keyed_runs",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("run_id", String, nullable=False),
    Column("request", DOCUMENT, nullable=False),
    Column("asked_ms", BigInteger, nullable=False),
)
"""The runs that keys of clients stand for."""

risk_days = Table(
    "risk_days",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("start_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("opening_equity", EXACT, nullable=False),
    Column("opening_balance", EXACT, nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("source", String, nullable=False, server_default="first_seen"),
)

risk_marks = Table(
    "risk_marks",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("time_ms", BigInteger, nullable=False),
    *(Column(name, EXACT, nullable=False) for name in ("equity", "unrealised")),
)
"""The last equity that was seen of an account: what its next day begins with."""

risk_locks = Table(
    "risk_span_locks",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("span", String, primary_key=True),
    Column("start_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("profile", String, primary_key=True),
    Column("baseline", EXACT, nullable=False),
    Column("loss", EXACT, nullable=False),
    Column("locked_ms", BigInteger, nullable=False),
    Column("forgiven", EXACT, nullable=False),
    Column("lifted_ms", BigInteger),
)

queued_symbols = Table(
    "queued_symbols",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("symbol", String, primary_key=True),
    Column("queued_ms", BigInteger, nullable=False),
    Column("actor", String, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("namespace", String, nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("details", DOCUMENT, nullable=False),
    Index(None, "namespace", "id"),
    Index(None, "namespace", "action", "id"),
    Index(None, "namespace", "time_ms"),
)

order_books = Table(
    "order_books",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("store_id", String, nullable=False),
    Column("account", String, nullable=False),
    Column("counter", BigInteger, nullable=False),
    Column("database", String, nullable=False),
    Column("condition", String, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("why", String, nullable=False),
)
"""One row for each account, made when its store is bound: who commits an entry locks it, one after the other."""

order_intents = Table(
    "order_intents",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("decision_key", String, primary_key=True),
    # The store's count of intents when this one was committed: their order.
    Column("counter", BigInteger, nullable=False),
    *(Column(name, String, nullable=False) for name in ("symbol", "side", "profile", "run_id", "entry", "position")),
    Column("is_live", Boolean, nullable=False),
    # A live intent holds its symbol alone. One that was over and lives again, because an execution came late, is stored
    # even where another holds the symbol by then: a truth is never refused.
    Column("holds_symbol", Boolean, nullable=False),
    # Whole steps of size, so that the database itself can compare them.
    Column("planned_steps", BigInteger, nullable=False),
    Column("filled_steps", BigInteger, nullable=False),
    Column("alive_steps", BigInteger, nullable=False),
    # What it takes of the account's limits while it lives.
    *(Column(name, EXACT, nullable=False) for name in ("notional", "margin", "loss_at_stop")),
    Column("version", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("content", DOCUMENT, nullable=False),
    CheckConstraint("filled_steps >= 0 AND alive_steps >= 0", name="ck_order_intents_steps_are_counts"),
    CheckConstraint("filled_steps + alive_steps <= planned_steps", name="ck_order_intents_within_the_plan"),
    Index("uq_order_intents_namespace_counter", "namespace", "counter", unique=True),
    Index(None, "namespace", "symbol", "counter"),
)

order_client_ids = Table(
    "order_client_ids",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("client_order_id", String, primary_key=True),
    Column("decision_key", String, nullable=False),
    Column("attempt", Integer, nullable=False),
    ForeignKeyConstraint(["namespace", "decision_key"], ["order_intents.namespace", "order_intents.decision_key"]),
    Index("uq_order_client_ids_namespace_decision_key_attempt", "namespace", "decision_key", "attempt", unique=True),
)
"""The id of every attempt to enter that was ever committed."""

ROW_ID = BigInteger().with_variant(Integer, "sqlite")

order_events = Table(
    "order_events",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("namespace", String, nullable=False),
    Column("decision_key", String, nullable=False),
    Column("symbol", String, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("venue_ms", BigInteger, nullable=False),
    Column("run_id", String, nullable=False),
    Column("program_ms", BigInteger, nullable=False),
    Column("details", DOCUMENT, nullable=False),
    Index(None, "namespace", "decision_key", "id"),
    Index(None, "namespace", "kind", "id"),
)

order_fills = Table(
    "order_fills",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("namespace", String, nullable=False),
    Column("decision_key", String, nullable=False),
    *(Column(name, String, nullable=False) for name in ("symbol", "fill_id", "order_id", "client_order_id", "side")),
    Column("opens", Boolean, nullable=False),
    *(Column(name, EXACT, nullable=False) for name in ("price", "size", "fee", "realised_profit")),
    Column("is_maker", Boolean, nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    Column("cause", String, nullable=False),
    Index("uq_order_fills_namespace_symbol_fill_id", "namespace", "symbol", "fill_id", unique=True),
    Index(None, "namespace", "symbol", "time_ms"),
)
"""Executions, each once; the intent is the one with which it was stored."""

order_alarms = Table(
    "order_alarms",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("namespace", String, nullable=False),
    *(Column(name, String, nullable=False) for name in ("kind", "subject", "text")),
    Column("venue_ms", BigInteger, nullable=False),
    Column("raised_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Index(None, "namespace", "id"),
)

order_supervisors = Table(
    "order_supervisors",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("beat_ms", BigInteger, nullable=False),
    Column("read_ms", BigInteger, nullable=False),
    # Under which it was said. Its row among the locks stays: it knows the highest token.
    Column("lock", String, nullable=False),
)
"""Apart from the book, which a beat each second would otherwise keep locked."""

order_requests = Table(
    "order_requests",
    metadata,
    Column("number", ROW_ID, primary_key=True),
    Column("namespace", String, nullable=False),
    Column("symbol", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("values", DOCUMENT, nullable=False),
    Column("actor", String, nullable=False),
    Column("asked_ms", BigInteger, nullable=False),
    Column("outcome", String, nullable=False),
)

processes = Table(
    "processes",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("owner", String, primary_key=True),
    *(Column(name, String, nullable=False) for name in ("kind", "account", "host")),
    Column("pid", BigInteger, nullable=False),
    *(Column(name, String, nullable=False) for name in ("version", "state")),
    *(Column(name, BigInteger, nullable=False) for name in ("started_ms", "since_ms", "beat_ms")),
)
"""Processes that stay, by the database's own clock; the row of one that was killed stays until a cleanup."""

alerts = Table(
    "alerts",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("word", String, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("began_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("text", String, nullable=False),
    Column("ended_ms", BigInteger),
)

alert_receipts = Table(
    "alert_receipts",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("word", String, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("began_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("receiver", String, primary_key=True),
    Column("told_ms", BigInteger, nullable=False),
    Column("end_told", Boolean, nullable=False),
)
"""No foreign key: of two watchers, one after the other, neither waits for what the other wrote."""
