"""Contracts, candles, runs with their decisions and shared documents, switches, audit.

Types are written out: a migration says what the schema was, whatever `schema.py` becomes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

EXACT = sa.Numeric().with_variant(sa.Text(), "sqlite")
MONEY_COLUMNS = (
    "tick_size",
    "size_step",
    "contract_size",
    "min_volume",
    "max_volume",
    "market_max_volume",
    "min_leverage",
    "max_leverage",
    "maker_fee",
    "taker_fee",
    "turnover_24h",
)


def upgrade() -> None:
    _create_market()
    _create_runs()
    _create_operations()


def _create_market() -> None:
    op.create_table(
        "contracts",
        sa.Column("symbol", sa.String, nullable=False),
        sa.Column("base_currency", sa.String, nullable=False),
        sa.Column("quote_currency", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        *(sa.Column(name, EXACT, nullable=False) for name in MONEY_COLUMNS),
        sa.Column("opened_at_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
        sa.Column("brackets", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("symbol", name="pk_contracts"),
    )
    op.create_table(
        "contract_sync",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("synced_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_contract_sync"),
    )
    op.create_table(
        "series",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("symbol", sa.String, nullable=False),
        sa.Column("timeframe", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
    )
    op.create_index("uq_series_timeframe_symbol", "series", ["timeframe", "symbol"], unique=True)
    op.create_table(
        "candles",
        sa.Column("series_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("open_ms", sa.BigInteger, autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Double, nullable=False) for name in ("open", "high", "low", "close", "volume")),
        sa.PrimaryKeyConstraint("series_id", "open_ms", name="pk_candles"),
        sqlite_with_rowid=False,
    )


def _create_runs() -> None:
    op.create_table(
        "documents",
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_documents"),
    )
    op.create_table(
        "runs",
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("profile", sa.String, nullable=False),
        sa.Column("dry_run", sa.Boolean, nullable=False),
        sa.Column("instant_ms", sa.BigInteger, nullable=False),
        sa.Column("started_ms", sa.BigInteger, nullable=False),
        sa.Column("finished_ms", sa.BigInteger),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("config_digest", sa.String, nullable=False),
        sa.Column("code_version", sa.String, nullable=False),
        sa.Column("report", sa.JSON),
        sa.PrimaryKeyConstraint("run_id", name="pk_runs"),
        sa.ForeignKeyConstraint(["config_digest"], ["documents.digest"], name="fk_runs_config_digest"),
    )
    op.create_index("ix_runs_started_ms", "runs", ["started_ms"])
    op.create_index("ix_runs_profile_started_ms", "runs", ["profile", "started_ms"])
    op.create_table(
        "decisions",
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("symbol", sa.String, nullable=False),
        sa.Column("run_started_ms", sa.BigInteger, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        *(sa.Column(name, sa.String) for name in ("reason", "side", "execution_timeframe", "decision_key")),
        sa.Column("result", sa.JSON, nullable=False),
        sa.Column("inputs", sa.JSON, nullable=False),
        sa.Column("trace", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "symbol", name="pk_decisions"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_decisions_run_id"),
    )
    op.create_index("ix_decisions_symbol_run_started_ms", "decisions", ["symbol", "run_started_ms"])


def _create_operations() -> None:
    op.create_table(
        "switches",
        sa.Column("key", sa.String, nullable=False),
        sa.Column("on", sa.Boolean, nullable=False),
        sa.Column("until_ms", sa.BigInteger),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_switches"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("time_ms", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_time_ms", "audit", ["time_ms"])
    op.create_index("ix_audit_action_time_ms", "audit", ["action", "time_ms"])
