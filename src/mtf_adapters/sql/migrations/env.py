"""Run by Alembic. The connection, inside its transaction, comes from `Database.upgrade`."""

from alembic import context

from mtf_adapters.sql.whole_schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
