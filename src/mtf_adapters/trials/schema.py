"""The tables of the trial ledger. Rows are only ever added: the database itself refuses to change or delete one."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

metadata = MetaData()
_DIGEST = String(64)
_NUMBER = BigInteger().with_variant(Integer, "sqlite")

searches = Table(
    "trial_searches",
    metadata,
    Column("search_digest", _DIGEST, primary_key=True),
    Column("document", Text, nullable=False),
    Column("written_ms", BigInteger, nullable=False),
)
data_days = Table(
    "trial_data_days",
    metadata,
    Column("data_digest", _DIGEST, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("day_digest", String(32), nullable=False, index=True),
    PrimaryKeyConstraint("data_digest", "symbol", "start_ms"),
)
trials = Table(
    "trials",
    metadata,
    Column("trial_id", _NUMBER, primary_key=True, autoincrement=True),
    Column("trial_key", _DIGEST, nullable=False, index=True),
    Column("search_digest", _DIGEST, nullable=False),
    Column("data_digest", _DIGEST, nullable=False, index=True),
    Column("profile_digest", _DIGEST, nullable=False),
    Column("parameters_digest", _DIGEST, nullable=False),
    Column("configuration", _DIGEST, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("begun_ms", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
)
outcomes = Table(
    "trial_outcomes",
    metadata,
    Column("trial_id", _NUMBER, ForeignKey("trials.trial_id"), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("sharpe", Float),
    Column("document", Text, nullable=False),
    Column("written_ms", BigInteger, nullable=False),
)
_REFUSAL = "the trial ledger is only added to"


def create(connection: Connection) -> None:
    """Makes what is not there yet; several processes may do so at once."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(7206012131)"))
    metadata.create_all(connection)
    if connection.dialect.name == "postgresql":
        _refuse_changes_on_postgres(connection)
    else:
        _refuse_changes_on_sqlite(connection)


def _refuse_changes_on_sqlite(connection: Connection) -> None:
    for table in metadata.sorted_tables:
        for what in ("UPDATE", "DELETE"):
            connection.execute(
                text(
                    f"CREATE TRIGGER IF NOT EXISTS {table.name}_no_{what.lower()} BEFORE {what} ON {table.name} "
                    f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
                )
            )


def _refuse_changes_on_postgres(connection: Connection) -> None:
    connection.execute(
        text(
            "CREATE OR REPLACE FUNCTION trial_ledger_is_added_to() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
        )
    )
    for table in metadata.sorted_tables:
        connection.execute(
            text(
                f"CREATE OR REPLACE TRIGGER {table.name}_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON {table.name} "
                "FOR EACH STATEMENT EXECUTE FUNCTION trial_ledger_is_added_to()"
            )
        )
