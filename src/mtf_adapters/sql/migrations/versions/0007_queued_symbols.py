"""Symbols that the next run looks at whatever the universe says."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "queued_symbols",
        sa.Column("namespace", sa.String, nullable=False),
        sa.Column("symbol", sa.String, nullable=False),
        sa.Column("queued_ms", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("namespace", "symbol", name="pk_queued_symbols"),
    )
