"""Zone events are found by their runs alone, so that a run leaves less."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_zone_events_namespace_at_ms", "zone_events")
