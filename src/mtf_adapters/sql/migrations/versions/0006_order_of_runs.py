"""Runs are ordered as the store saw them start, audit events as it was told of them; no clock has a say in it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "counters",
        sa.Column("name", sa.String, nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counters"),
    )
    for table, column in (("runs", "sequence"), ("decisions", "run_sequence")):
        op.add_column(table, sa.Column(column, sa.BigInteger, nullable=False, server_default=sa.text("0")))
    _number()
    _index()
    op.drop_column("decisions", "run_started_ms")


def _number() -> None:
    # SQLite remembers in which order rows were stored; PostgreSQL does not, so there the old clock has a last word.
    stored = "rowid" if op.get_bind().dialect.name == "sqlite" else "started_ms, run_id"
    op.execute(
        "UPDATE runs SET sequence = numbered.number FROM"
        f" (SELECT namespace, run_id, row_number() OVER (ORDER BY {stored}) AS number FROM runs) AS numbered"
        " WHERE numbered.namespace = runs.namespace AND numbered.run_id = runs.run_id"
    )
    op.execute(
        "UPDATE decisions SET run_sequence = runs.sequence FROM runs"
        " WHERE runs.namespace = decisions.namespace AND runs.run_id = decisions.run_id"
    )
    op.execute("INSERT INTO counters (name, value) SELECT 'runs', coalesce(max(sequence), 0) FROM runs")


def _index() -> None:
    op.drop_index("ix_decisions_namespace_symbol_run_started_ms_run_id", "decisions")
    op.create_index("ix_decisions_namespace_symbol_run_sequence", "decisions", ["namespace", "symbol", "run_sequence"])
    op.drop_index("ix_runs_namespace_started_ms_run_id", "runs")
    op.drop_index("ix_runs_namespace_profile_started_ms_run_id", "runs")
    op.create_index("uq_runs_sequence", "runs", ["sequence"], unique=True)
    op.create_index("ix_runs_namespace_sequence", "runs", ["namespace", "sequence"])
    op.create_index("ix_runs_namespace_started_ms", "runs", ["namespace", "started_ms"])
    op.drop_index("ix_audit_namespace_time_ms_id", "audit")
    op.drop_index("ix_audit_namespace_action_time_ms_id", "audit")
    op.create_index("ix_audit_namespace_id", "audit", ["namespace", "id"])
    op.create_index("ix_audit_namespace_action_id", "audit", ["namespace", "action", "id"])
    op.create_index("ix_audit_namespace_time_ms", "audit", ["namespace", "time_ms"])
