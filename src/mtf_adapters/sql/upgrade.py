"""Runs the migrations on an open connection. Imported only by an upgrade, because Alembic is slow to import."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, text

from mtf_core.ports import StoreNotOursError, StoreOutdatedError

# Any number will do, as long as no other program on the same database uses it: the letters "mtf db".
_UPGRADE_LOCK = int.from_bytes(b"mtf db")

_ALEMBIC = Lock()
"""It keeps what it works on in its module, and SQLite files are upgraded in threads of their own."""
_OUR_FIRST_TABLES = {"alembic_version", "contracts", "series", "runs", "switches", "audit"}
"""Of what the first migration made, that which no later one takes away."""
_MOST_SHOWN = 5


def migration_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration for the migrations beside this file."""
    config = Config()
    # A path, not "package:folder", so that it works from a zip-less install of any kind; % is special to Alembic.
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def newest_revision() -> str | None:
    return ScriptDirectory.from_config(migration_config()).get_current_head()


def upgrade_schema(connection: Connection, *, beside_others: bool = False) -> None:
    """Migrates to the newest revision inside the connection's transaction.

    `beside_others`: also where another program keeps its tables.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
    if not beside_others:
        _refuse_other_programs(connection)
    try:
        with _ALEMBIC if connection.dialect.name == "sqlite" else nullcontext():
            command.upgrade(migration_config(connection), "head")
    except CommandError as error:
        raise StoreOutdatedError(
            f"the tables cannot be upgraded: {error}; they may be of a newer version of mtf, or of another program"
        ) from error


def _refuse_other_programs(connection: Connection) -> None:
    """A database is fit when it is empty or ours, which a revision alone does not say: others use Alembic, too."""
    tables = set(inspect(connection).get_table_names())
    if not tables or tables >= _OUR_FIRST_TABLES:
        return
    shown = ", ".join(sorted(tables)[:_MOST_SHOWN]) + (", …" if len(tables) > _MOST_SHOWN else "")
    raise StoreNotOursError(
        f"this database holds the tables of another program ({shown}); give mtf a database of its own, or add its"
        " tables to these with `mtf db upgrade --beside-others`"
    )
