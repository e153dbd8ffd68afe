"""A contract's status is one of a few words of ours, no longer a venue's own; the next sync writes the rest."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KNOWN = ("trading", "delisted")


def upgrade() -> None:
    contracts = sa.table("contracts", sa.column("status", sa.String))
    word = sa.func.lower(contracts.c.status)
    op.execute(contracts.update().values(status=sa.case((word.in_(KNOWN), word), else_="unknown")))
