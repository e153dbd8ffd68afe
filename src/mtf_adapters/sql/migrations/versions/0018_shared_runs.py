"""Runs that many processes share: how each was opened, and the parts of its shards until it is closed."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "run_openings",
        sa.Column("namespace", sa.String, nullable=False),
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("ends_by_ms", sa.BigInteger, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("namespace", "run_id", name="pk_run_openings"),
        sa.ForeignKeyConstraint(
            ["namespace", "run_id"], ["runs.namespace", "runs.run_id"], name="fk_run_openings_namespace_run_id"
        ),
    )
    op.create_table(
        "run_parts",
        sa.Column("namespace", sa.String, nullable=False),
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("number", sa.BigInteger, autoincrement=False, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("decided", "ready", "failed")),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("namespace", "run_id", "number", name="pk_run_parts"),
        sa.ForeignKeyConstraint(
            ["namespace", "run_id"], ["runs.namespace", "runs.run_id"], name="fk_run_parts_namespace_run_id"
        ),
    )
