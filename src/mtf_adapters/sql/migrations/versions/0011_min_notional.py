"""A contract says the least value of one order; 0 (none) until the next sync."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


EXACT = sa.Numeric().with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.add_column("contracts", sa.Column("min_notional", EXACT, nullable=False, server_default="0"))
