"""Runs the migrations on an open connection. Imported only by an upgrade, because Alembic is slow to import."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from mtf_core.ports import StoreOutdatedError

# Any number will do, as long as no other program on the same database uses it: the letters "mtf db".
_UPGRADE_LOCK = int.from_bytes(b"mtf db")


def migration_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration for the migrations beside this file."""
    config = Config()
    # A path, not "package:folder", so that it works from a zip-less install of any kind; % is special to Alembic.
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def newest_revision() -> str | None:
    return ScriptDirectory.from_config(migration_config()).get_current_head()


def upgrade_schema(connection: Connection) -> None:
    """Migrates to the newest revision inside the connection's transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
    try:
        command.upgrade(migration_config(connection), "head")
    except CommandError as error:
        raise StoreOutdatedError(
            f"the tables cannot be upgraded: {error}; they may be of a newer version of mtf, or of another program"
        ) from error
