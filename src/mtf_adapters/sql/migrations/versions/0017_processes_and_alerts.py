"""Processes show themselves, and what called for help is kept with the receivers that were told of it."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "processes",
        sa.Column("namespace", sa.String, nullable=False),
        sa.Column("owner", sa.String, nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in ("kind", "account", "host")),
        sa.Column("pid", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in ("version", "state")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("started_ms", "since_ms", "beat_ms")),
        sa.PrimaryKeyConstraint("namespace", "owner", name="pk_processes"),
    )
    op.create_table(
        "alerts",
        sa.Column("namespace", sa.String, nullable=False),
        sa.Column("word", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("began_ms", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("ended_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("namespace", "word", "subject", "began_ms", name="pk_alerts"),
    )
    op.create_table(
        "alert_receipts",
        sa.Column("namespace", sa.String, nullable=False),
        sa.Column("word", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("began_ms", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("receiver", sa.String, nullable=False),
        sa.Column("told_ms", sa.BigInteger, nullable=False),
        sa.Column("end_told", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("namespace", "word", "subject", "began_ms", "receiver", name="pk_alert_receipts"),
    )
