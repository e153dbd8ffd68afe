"""Decisions of a run in one block, the counts of a funnel beside the run, and a seal over both.

Rows of older runs stay as they are: they are read until a cleanup takes them away.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "run_blocks",
        sa.Column("namespace", sa.String, nullable=False),
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(
            ["namespace", "run_id"], ["runs.namespace", "runs.run_id"], name="fk_run_blocks_namespace_run_id"
        ),
        sa.PrimaryKeyConstraint("namespace", "run_id", name="pk_run_blocks"),
    )
    op.add_column("runs", sa.Column("counts", sa.LargeBinary))
    op.add_column("runs", sa.Column("seal", sa.String))
    op.add_column("runs", sa.Column("seal_number", sa.BigInteger))
    op.add_column("runs", sa.Column("seal_before", sa.String))
    op.add_column("runs", sa.Column("run_before", sa.String))
    op.create_index("ix_runs_namespace_seal_number", "runs", ["namespace", "seal_number"])
