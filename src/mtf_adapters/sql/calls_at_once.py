"""Calls to SQLite that are carried out where they are asked for, in the event loop's own thread.

For a database in memory and a process that answers nobody meanwhile: each call takes microseconds, handing it to a
thread takes longer, and when a thread answers is a matter of chance, which a process that is to repeat itself cannot
have. Not for files, where one connection may wait for another that waits for this very thread.
"""

from __future__ import annotations

from mtf_adapters.sql.sqlite_connections import Job


class CallsAtOnce:
    """Implements `SqliteCalls`."""

    def start(self) -> None:
        """There is nothing to start."""

    def put_nowait(self, job: Job) -> None:
        future, call = job
        try:
            result = call()
        except Exception as error:
            if future is not None and not future.done():
                future.set_exception(error)
        else:
            if future is not None and not future.done():
                future.set_result(result)
