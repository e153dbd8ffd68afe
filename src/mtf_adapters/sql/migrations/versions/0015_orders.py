"""Orders: the account's book with its counter, intents with what they reserve, and everything that happened to them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
EXACT = sa.Numeric().with_variant(sa.Text, "sqlite")
NAMESPACE = ("namespace", sa.String)


def upgrade() -> None:
    op.create_table(
        "order_books",
        *required(NAMESPACE, ("store_id", sa.String), ("account", sa.String), ("counter", sa.BigInteger)),
        *required(("database", sa.String), ("condition", sa.String), ("since_ms", sa.BigInteger), ("why", sa.String)),
        sa.PrimaryKeyConstraint("namespace", name="pk_order_books"),
    )
    create_intents()
    op.create_table(
        "order_client_ids",
        *required(NAMESPACE, ("client_order_id", sa.String), ("decision_key", sa.String), ("attempt", sa.Integer)),
        sa.PrimaryKeyConstraint("namespace", "client_order_id", name="pk_order_client_ids"),
        belongs_to_intent("order_client_ids"),
    )
    op.create_index(
        "uq_order_client_ids_namespace_decision_key_attempt",
        "order_client_ids",
        ["namespace", "decision_key", "attempt"],
        unique=True,
    )
    create_events_and_fills()
    create_what_supervision_needs()


def create_intents() -> None:
    op.create_table(
        "order_intents",
        *required(NAMESPACE, ("decision_key", sa.String), ("counter", sa.BigInteger), ("symbol", sa.String)),
        *required(("side", sa.String), ("profile", sa.String), ("run_id", sa.String)),
        *required(("entry", sa.String), ("position", sa.String)),
        *required(("is_live", sa.Boolean), ("holds_symbol", sa.Boolean)),
        *required(*((f"{name}_steps", sa.BigInteger) for name in ("planned", "filled", "alive"))),
        *required(*((name, EXACT) for name in ("notional", "margin", "loss_at_stop"))),
        *required(("version", sa.BigInteger), ("created_ms", sa.BigInteger), ("updated_ms", sa.BigInteger)),
        *required(("content", sa.JSON)),
        sa.PrimaryKeyConstraint("namespace", "decision_key", name="pk_order_intents"),
        sa.CheckConstraint("filled_steps >= 0 AND alive_steps >= 0", name="ck_order_intents_steps_are_counts"),
        sa.CheckConstraint("filled_steps + alive_steps <= planned_steps", name="ck_order_intents_within_the_plan"),
    )
    op.create_index("uq_order_intents_namespace_counter", "order_intents", ["namespace", "counter"], unique=True)
    op.create_index("ix_order_intents_namespace_symbol_counter", "order_intents", ["namespace", "symbol", "counter"])
    only_where("ix_order_intents_live", "order_intents", ["namespace", "counter"], "is_live")
    only_where("uq_order_intents_held_symbol", "order_intents", ["namespace", "symbol"], "holds_symbol", unique=True)


def create_events_and_fills() -> None:
    op.create_table(
        "order_events",
        *required(("id", ID), NAMESPACE, ("decision_key", sa.String), ("symbol", sa.String), ("attempt", sa.Integer)),
        *required(("kind", sa.String), ("venue_ms", sa.BigInteger), ("run_id", sa.String)),
        *required(("program_ms", sa.BigInteger), ("details", sa.JSON)),
        sa.PrimaryKeyConstraint("id", name="pk_order_events"),
    )
    op.create_index("ix_order_events_namespace_decision_key_id", "order_events", ["namespace", "decision_key", "id"])
    op.create_index("ix_order_events_namespace_kind_id", "order_events", ["namespace", "kind", "id"])
    op.create_table(
        "order_fills",
        *required(("id", ID), NAMESPACE, ("decision_key", sa.String), ("symbol", sa.String), ("fill_id", sa.String)),
        *required(("order_id", sa.String), ("client_order_id", sa.String), ("side", sa.String), ("opens", sa.Boolean)),
        *required(*((name, EXACT) for name in ("price", "size", "fee", "realised_profit"))),
        *required(("is_maker", sa.Boolean), ("time_ms", sa.BigInteger), ("cause", sa.String)),
        sa.PrimaryKeyConstraint("id", name="pk_order_fills"),
    )
    op.create_index(
        "uq_order_fills_namespace_symbol_fill_id", "order_fills", ["namespace", "symbol", "fill_id"], unique=True
    )
    op.create_index("ix_order_fills_namespace_symbol_time_ms", "order_fills", ["namespace", "symbol", "time_ms"])


def create_what_supervision_needs() -> None:
    op.create_table(
        "order_alarms",
        *required(("id", ID), NAMESPACE, ("kind", sa.String), ("subject", sa.String), ("text", sa.String)),
        *required(("venue_ms", sa.BigInteger), ("raised_ms", sa.BigInteger)),
        sa.Column("ended_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_order_alarms"),
    )
    op.create_index("ix_order_alarms_namespace_id", "order_alarms", ["namespace", "id"])
    only_where(
        "uq_order_alarms_standing", "order_alarms", ["namespace", "kind", "subject"], "ended_ms IS NULL", unique=True
    )
    op.create_table(
        "order_supervisors",
        *required(NAMESPACE, ("owner", sa.String), ("beat_ms", sa.BigInteger), ("read_ms", sa.BigInteger)),
        *required(("lock", sa.String)),
        sa.PrimaryKeyConstraint("namespace", name="pk_order_supervisors"),
    )
    op.create_table(
        "order_requests",
        *required(("number", ID), NAMESPACE, ("symbol", sa.String), ("kind", sa.String), ("values", sa.JSON)),
        *required(("actor", sa.String), ("asked_ms", sa.BigInteger), ("outcome", sa.String)),
        sa.PrimaryKeyConstraint("number", name="pk_order_requests"),
    )
    only_where("ix_order_requests_open", "order_requests", ["namespace", "number"], "outcome = ''")


def required(*columns: tuple[str, Any]) -> list[sa.Column[Any]]:
    return [sa.Column(name, type_, nullable=False) for name, type_ in columns]


def belongs_to_intent(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["namespace", "decision_key"],
        ["order_intents.namespace", "order_intents.decision_key"],
        name=f"fk_{table}_namespace_decision_key",
    )


def only_where(name: str, table: str, columns: list[str], condition: str, unique: bool = False) -> None:
    # SQLite uses such an index only for a query that says the condition in the same words; a flag is `= 1` there.
    flag = condition.isidentifier()
    in_sqlite, in_postgres = sa.text(f"{condition} = 1" if flag else condition), sa.text(condition)
    op.create_index(name, table, columns, unique=unique, sqlite_where=in_sqlite, postgresql_where=in_postgres)
