"""Alembic migrations, oldest first; `Database.upgrade` runs them, from a checkout or an installed wheel alike."""
