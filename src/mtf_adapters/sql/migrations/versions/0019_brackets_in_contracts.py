"""A contract says in which unit its brackets are; all that were stored so far are in notional."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contracts", sa.Column("brackets_in", sa.String, nullable=False, server_default="notional"))
