"""The runs that clients asked for under a key, each at most once."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "keyed_runs",
        sa.Column("namespace", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("asked_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("namespace", "key", name="pk_keyed_runs"),
    )
