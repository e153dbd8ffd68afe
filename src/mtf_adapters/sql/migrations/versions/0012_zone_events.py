"""Zone events are rows, with what became of their entries."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

EXACT = sa.Numeric().with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "zone_events",
        sa.Column("namespace", sa.String, nullable=False),
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("symbol", sa.String, nullable=False),
        sa.Column("profile", sa.String, nullable=False),
        sa.Column("side", sa.String, nullable=False),
        sa.Column("execution_timeframe", sa.String, nullable=False),
        sa.Column("decision_key", sa.String, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("zone_low", EXACT, nullable=False),
        sa.Column("zone_high", EXACT, nullable=False),
        sa.Column("anchor", EXACT, nullable=False),
        sa.Column("anchor_source", sa.String, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
        sa.Column("candidate_price", EXACT, nullable=False),
        sa.Column("reference_price", EXACT, nullable=False),
        sa.Column("deviation", EXACT, nullable=False),
        sa.Column("allowed", EXACT, nullable=False),
        sa.Column("width_ratio", EXACT, nullable=False),
        sa.Column("atr_ratio", EXACT),
        sa.Column("spread_ratio", EXACT, nullable=False),
        sa.Column("volume_ratio", EXACT),
        sa.Column("category", sa.String, nullable=False),
        sa.Column("failed_check", sa.String),
        sa.Column("tick_size", EXACT, nullable=False),
        sa.Column("deadline_ms", sa.BigInteger, nullable=False),
        sa.Column("leaves_from_ms", sa.BigInteger, nullable=False),
        sa.Column("max_deviation", EXACT, nullable=False),
        sa.Column("takes", sa.Boolean, nullable=False),
        sa.Column("outcome", sa.String),
        sa.Column("outcome_source", sa.String),
        sa.Column("outcome_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("namespace", "run_id", "symbol", name="pk_zone_events"),
        sa.ForeignKeyConstraint(
            ["namespace", "run_id"], ["runs.namespace", "runs.run_id"], name="fk_zone_events_namespace_run_id"
        ),
    )
    op.create_index("ix_zone_events_namespace_at_ms", "zone_events", ["namespace", "at_ms"])
    # Few events are open at any time, so looking for them must not read the others.
    is_open = sa.text("outcome IS NULL")
    op.create_index(
        "ix_zone_events_open", "zone_events", ["namespace", "at_ms"], sqlite_where=is_open, postgresql_where=is_open
    )
