"""Contracts, candles, runs with their decisions and shared documents, switches, audit: each in its namespace.

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
    _create_decisions()
    _create_operations()


def _create_market() -> None:
    op.create_table(
        "contracts",
        sa.Column("namespace", sa.String, nullable=False),
        sa.Column("symbol", sa.String, nullable=False),
        sa.Column("base_currency", sa.String, nullable=False),
        sa.Column("quote_currency", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        *(sa.Column(name, EXACT, nullable=False) for name in MONEY_COLUMNS),
        sa.Column("opened_at_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
        sa.Column("brackets", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("namespace", "symbol", name="pk_contracts"),
    )
    op.create_table(
        "contract_sync",
        sa.Column("namespace", sa.String, nullable=False),
        sa.Column("synced_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("namespace", name="pk_contract_sync"),
    )
    op.create_table(
        "series",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("namespace", sa.String, nullable=False),
        sa.Column("symbol", sa.String, nullable=False),
        sa.Column("timeframe", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
    )
    columns = ["namespace", "timeframe", "symbol"]
    op.create_index("uq_series_namespace_timeframe_symbol", "series", columns, unique=True)
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
        sa.Column("namespace", sa.String, nullable=False),
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
        sa.PrimaryKeyConstraint("namespace", "run_id", name="pk_runs"),
        sa.ForeignKeyConstraint(["config_digest"], ["documents.digest"], name="fk_runs_config_digest"),
    )
    op.create_index("ix_runs_namespace_started_ms_run_id", "runs", ["namespace", "started_ms", "run_id"])
    op.create_index(
        "ix_runs_namespace_profile_started_ms_run_id", "runs", ["namespace", "profile", "started_ms", "run_id"]
    )


def _create_decisions() -> None:
    run, decision = ["namespace", "run_id"], ["namespace", "run_id", "symbol"]
    op.create_table(
        "decisions",
        *(sa.Column(name, sa.String, nullable=False) for name in decision),
        sa.Column("run_started_ms", sa.BigInteger, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        *(sa.Column(name, sa.String) for name in ("reason", "side", "execution_timeframe", "decision_key")),
        sa.PrimaryKeyConstraint(*decision, name="pk_decisions"),
        sa.ForeignKeyConstraint(run, [f"runs.{name}" for name in run], name="fk_decisions_namespace_run_id"),
    )
    op.create_index(
        "ix_decisions_namespace_symbol_run_started_ms_run_id",
        "decisions",
        ["namespace", "symbol", "run_started_ms", "run_id"],
    )
    op.create_table(
        "decision_details",
        *(sa.Column(name, sa.String, nullable=False) for name in decision),
        sa.Column("result", sa.JSON, nullable=False),
        sa.Column("inputs", sa.JSON, nullable=False),
        sa.Column("trace", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint(*decision, name="pk_decision_details"),
        sa.ForeignKeyConstraint(
            decision, [f"decisions.{name}" for name in decision], name="fk_decision_details_namespace_run_id_symbol"
        ),
    )


def _create_operations() -> None:
    op.create_table(
        "switches",
        sa.Column("namespace", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("on", sa.Boolean, nullable=False),
        sa.Column("until_ms", sa.BigInteger),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("namespace", "key", name="pk_switches"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("namespace", sa.String, nullable=False),
        sa.Column("time_ms", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_namespace_time_ms_id", "audit", ["namespace", "time_ms", "id"])
    op.create_index("ix_audit_namespace_action_time_ms_id", "audit", ["namespace", "action", "time_ms", "id"])
