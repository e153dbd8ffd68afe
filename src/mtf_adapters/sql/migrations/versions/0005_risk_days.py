"""The days of an account and the locks that losses put on them are rows of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

EXACT = sa.Numeric().with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "risk_days",
        sa.Column("namespace", sa.String, nullable=False),
        sa.Column("start_ms", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("opening_equity", EXACT, nullable=False),
        sa.Column("opening_balance", EXACT, nullable=False),
        sa.Column("opened_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("namespace", "start_ms", name="pk_risk_days"),
    )
    op.create_table(
        "risk_locks",
        sa.Column("namespace", sa.String, nullable=False),
        sa.Column("start_ms", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("profile", sa.String, nullable=False),
        sa.Column("baseline", EXACT, nullable=False),
        sa.Column("loss", EXACT, nullable=False),
        sa.Column("locked_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("namespace", "start_ms", "profile", name="pk_risk_locks"),
    )
