"""Which documents a run refers to, so that those of no run can go. Runs from before refer to what nobody noted."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "run_documents",
        sa.Column("namespace", sa.String, nullable=False),
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("namespace", "run_id", "digest", name="pk_run_documents"),
        sa.ForeignKeyConstraint(
            ["namespace", "run_id"], ["runs.namespace", "runs.run_id"], name="fk_run_documents_namespace_run_id"
        ),
        sa.ForeignKeyConstraint(["digest"], ["documents.digest"], name="fk_run_documents_digest"),
    )
    op.create_index("ix_run_documents_digest", "run_documents", ["digest"])
