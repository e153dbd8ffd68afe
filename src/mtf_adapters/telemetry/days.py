"""A file of the log for each day, which several processes of one machine may write."""

from __future__ import annotations

import time
from logging.handlers import TimedRotatingFileHandler
from pathlib import Path

from mtf_adapters.local.durable import opened_alone


class DailyFile(TimedRotatingFileHandler):
    """Python's own handler, but that who comes second leaves the day alone that another process put aside already.

    Python 3.11's deletes it, and puts the first minutes of the new day in its place.
    """

    def __init__(self, path: Path, kept_days: int) -> None:
        super().__init__(path, when="midnight", utc=True, backupCount=kept_days, encoding="utf-8", delay=True)

    def doRollover(self) -> None:  # noqa: N802  (the name is logging's)
        """Puts the day aside, or goes on in the new file where that has happened."""
        path = Path(self.baseFilename)
        with opened_alone(path.with_name(".days.lock")):
            if not self._aside().exists():
                super().doRollover()
                return
        if self.stream is not None:
            self.stream.close()
            self.stream = None  # opened again with the next line
        self.rolloverAt = self.computeRollover(int(time.time()))

    def _aside(self) -> Path:
        """Where the day that ends now is put."""
        day = time.strftime(self.suffix, time.gmtime(self.rolloverAt - self.interval))
        return Path(self.rotation_filename(f"{self.baseFilename}.{day}"))
