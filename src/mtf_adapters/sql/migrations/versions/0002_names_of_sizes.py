"""The sizes of a contract bear the names that the plan gives them."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RENAMED = {"min_volume": "min_size", "max_volume": "max_size", "market_max_volume": "max_market_size"}


def upgrade() -> None:
    for old, new in RENAMED.items():
        op.alter_column("contracts", old, new_column_name=new)
