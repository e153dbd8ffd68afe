"""Losses lock a day, a week or a streak, an operator lifts locks, and the last equity that was seen is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

EXACT = sa.Numeric().with_variant(sa.Text, "sqlite")
KEPT = "namespace, start_ms, profile, baseline, loss, locked_ms"


def upgrade() -> None:
    op.create_table(
        "risk_marks",
        sa.Column("namespace", sa.String, nullable=False),
        sa.Column("time_ms", sa.BigInteger, nullable=False),
        sa.Column("equity", EXACT, nullable=False),
        sa.Column("unrealised", EXACT, nullable=False),
        sa.PrimaryKeyConstraint("namespace", name="pk_risk_marks"),
    )
    op.add_column("risk_days", sa.Column("source", sa.String, nullable=False, server_default="first_seen"))
    # What was kept here was what is available, which margin lowers: nothing that a loss could be measured against.
    op.execute("UPDATE risk_days SET opening_balance = opening_equity")
    upgrade_locks()


def upgrade_locks() -> None:
    """The span becomes part of the key, which neither database changes in place for both."""
    op.create_table(
        "risk_span_locks",
        sa.Column("namespace", sa.String, nullable=False),
        sa.Column("span", sa.String, nullable=False),
        sa.Column("start_ms", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("profile", sa.String, nullable=False),
        sa.Column("baseline", EXACT, nullable=False),
        sa.Column("loss", EXACT, nullable=False),
        sa.Column("locked_ms", sa.BigInteger, nullable=False),
        sa.Column("forgiven", EXACT, nullable=False),
        sa.Column("lifted_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("namespace", "span", "start_ms", "profile", name="pk_risk_span_locks"),
    )
    op.execute(f"INSERT INTO risk_span_locks ({KEPT}, span, forgiven) SELECT {KEPT}, 'day', 0 FROM risk_locks")
    op.drop_table("risk_locks")
