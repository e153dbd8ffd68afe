"""The account's book: one row, locked by who commits an entry, and what the guards are shown under that lock."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter, Connection, Row, bindparam, not_, select, text, union_all

from mtf_adapters.sql.database import Database
from mtf_adapters.sql.order_rows import reservation_of
from mtf_adapters.sql.prepared import row_or_none_of, rows_of
from mtf_adapters.sql.risk import LOCKS_OF_PROFILE, holding, lock_of
from mtf_adapters.sql.schema import order_books, order_intents, order_supervisors, switches
from mtf_core.ports import StoreError, StoreIdentity, StoreUnavailableError
from mtf_core.risk import AccountCondition, Books, Heartbeat, Standing, Switch, Switchboard

_FULL = 2
"""SQLite's `synchronous=FULL`: a commit waits until it is on the disk."""

_SWITCH = tuple(switches.c[name] for name in ("key", "on", "until_ms", "reason", "changed_ms"))
_HEARTBEAT = tuple(order_supervisors.c[name] for name in ("owner", "beat_ms", "read_ms"))
_RESERVATION = tuple(
    order_intents.c[name] for name in ("decision_key", "symbol", "side", "notional", "margin", "loss_at_stop")
)

# Put together once: doing so for each entry takes longer than SQLite takes to answer.
_HERE: BindParameter[str] = bindparam("here")
_LOCKED_BOOK = (
    select(order_books, *_HEARTBEAT)
    .select_from(order_books.outerjoin(order_supervisors, order_books.c.namespace == order_supervisors.c.namespace))
    .where(order_books.c.namespace == _HERE)
    .with_for_update(of=order_books)
)
_OF_HERE = select(*_RESERVATION, order_intents.c.is_live).where(order_intents.c.namespace == _HERE)
_LIVE = _OF_HERE.where(order_intents.c.is_live)
_CALLED = _OF_HERE.where(order_intents.c.decision_key == bindparam("called"), not_(order_intents.c.is_live))
_LIVE_OR_CALLED = union_all(_LIVE, _CALLED)
"""The intents that live, and that of a decision key whether it lives or not; each by an index of its own."""
_THROWN = select(*_SWITCH).where(switches.c.namespace == _HERE)


def locked_book(connection: Connection, namespace: str) -> Any:
    """The account's row, which nobody else gets before the transaction ends, with the heartbeat.

    Everything that is read after it is what the one before committed. Raises `StoreError` where there is no row.
    """
    # One answer, for each costs an entry time. A beat that comes while the lock is waited for is not seen: an older one
    # only refuses.
    row = row_or_none_of(connection, _LOCKED_BOOK, {"here": namespace})
    if row is None:
        raise StoreError("the store of orders is not bound to an account yet")
    return row


def read_books(
    connection: Connection,
    book: Row[Any],
    profile: str,
    now_ms: int,
    *,
    guarded_by: str,
    own_key: str | None = None,
    new_key: str | None = None,
) -> Books:
    """What the guards look at. Switches and locks of days are those of the namespace `guarded_by`.

    The reservation of the intent `own_key` is left out; `new_key` is looked for among all that were ever committed.
    """
    here = {"here": book.namespace}
    asked, keys = (_LIVE, here) if new_key is None else (_LIVE_OR_CALLED, here | {"called": new_key})
    intents = rows_of(connection, asked, keys)
    thrown = rows_of(connection, _THROWN, {"here": guarded_by})
    locked = rows_of(connection, LOCKS_OF_PROFILE, holding(guarded_by, profile, now_ms))
    return Books(
        standing=standing_of(book),
        switchboard=Switchboard.of((Switch(**row._asdict()) for row in thrown), now_ms),
        supervisor=_heartbeat_of(book),
        locks=tuple(map(lock_of, locked)),
        live=tuple(reservation_of(row) for row in intents if row.is_live and row.decision_key != own_key),
        key_is_taken=any(row.decision_key == new_key for row in intents),
    )


def read_heartbeat(connection: Connection, namespace: str) -> Heartbeat | None:
    query = select(*_HEARTBEAT).where(order_supervisors.c.namespace == namespace)
    row = connection.execute(query).one_or_none()
    return None if row is None else _heartbeat_of(row)


def _heartbeat_of(row: Row[Any]) -> Heartbeat | None:
    return None if row.owner is None else Heartbeat(row.owner, row.beat_ms, row.read_ms)


def standing_of(book: Row[Any]) -> Standing:
    """What cannot be read counts as recovery: nothing but protection leaves."""
    try:
        condition = AccountCondition(book.condition)
    except ValueError:
        return Standing(AccountCondition.RECOVERY, book.since_ms, f"unknown condition {book.condition!r}: {book.why}")
    return Standing(condition, book.since_ms, book.why)


def identity_of(book: Row[Any], life: str, *, outlives_process: bool) -> StoreIdentity:
    return StoreIdentity(book.store_id, book.account, book.counter, book.database, life, outlives_process)


def check_durability(connection: Connection, database: Database) -> None:
    """Raises `StoreUnavailableError` where a commit may be lost after it was confirmed."""
    if database.is_postgres:
        setting = connection.execute(text("SELECT current_setting('synchronous_commit')")).scalar_one()
        if setting == "off":
            raise StoreUnavailableError(
                f"{database.location}: synchronous_commit is off, so what was committed can be lost when the server"
                " fails; orders need it on"
            )
        return
    level = connection.execute(text("PRAGMA synchronous")).scalar_one()
    if level < _FULL and database.outlives_process:
        raise StoreUnavailableError(
            f"{database.location}: SQLite does not wait for the disk (synchronous={level}); orders need FULL"
        )


def life_of(connection: Connection, database: Database) -> str:
    """What tells this database from a restored one; empty for SQLite, whose files say nothing of it.

    A restored server begins a new timeline, a copy of its rows lies in a database with another number, and perhaps on
    another system. The timeline is read off the log that is being written: the one of the last checkpoint may be older.
    """
    if not database.is_postgres:
        return ""
    here = "SELECT oid FROM pg_database WHERE datname = current_database()"
    written = "substring(pg_walfile_name(pg_current_wal_lsn()) FOR 8)"
    timeline, number = connection.execute(text(f"SELECT {written}, ({here})")).one()
    allowed = text("SELECT has_function_privilege('pg_control_system()', 'EXECUTE')")
    system = ""
    if connection.execute(allowed).scalar_one():
        system = connection.execute(text("SELECT system_identifier FROM pg_control_system()")).scalar_one()
    return f"system {system or 'not told'}, timeline {int(timeline, 16)}, database {number}"
