"""Logs by area: on stderr as text or JSON, and as JSON in a file of each area when a folder is given.

A line bears what is bound while it is written (`about`): the run's id, the decision's key. Secrets are taken out of the
finished text, wherever they came from: no writer has to think of it.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import structlog

from mtf_adapters.telemetry.days import DailyFile
from mtf_adapters.telemetry.masking import Masking


class Area(StrEnum):
    """What a line is about; the logger of an area is `mtf.<area>`."""

    RUN = "run"
    ORDERS = "orders"
    EXCHANGE = "exchange"
    TEMPORAL = "temporal"
    HTTP = "http"
    CLEANUP = "cleanup"
    ALERTS = "alerts"

    @property
    def logger(self) -> logging.Logger:
        return logging.getLogger(f"mtf.{self}")

    @property
    def kept_days(self) -> int:
        """How many days a file of the area is kept."""
        return {Area.ORDERS: 30, Area.EXCHANGE: 10}.get(self, 5)


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """A line without secrets."""

    def __init__(self, last: structlog.types.Processor, shared: list[structlog.types.Processor], masking: Masking):
        super().__init__(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
        )
        self._masking = masking

    def format(self, record: logging.LogRecord) -> str:
        return self._masking.masked(super().format(record))


def configure_logs(level: str, form: str, secrets: Iterable[str | None] = (), folder: Path | None = None) -> None:
    """Sends the logs of all libraries through one formatter, and those of each area into its file in the folder."""
    masking = Masking(secrets)
    root = logging.getLogger()
    for handler in root.handlers:
        handler.close()
    stderr = logging.StreamHandler(sys.stderr)
    stderr.setFormatter(_json(masking) if form == "json" else _text(masking))
    root.handlers = [stderr]
    root.setLevel(level.upper())
    logging.getLogger("mtf").setLevel(logging.NOTSET)  # `configure_files` may have given it a level of its own
    _keep_files(folder, masking)
    # These tell the same as the requests themselves, in more lines.
    for noisy in ("httpx", "httpcore", "websockets"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def configure_files(level: str, secrets: Iterable[str | None] = (), folder: Path | None = None) -> None:
    """Sends the lines of each area into its file, if a folder is given, and nowhere else: for a command, which tells
    what went wrong itself."""
    ours = logging.getLogger("mtf")
    ours.setLevel(level.upper())
    if not any(isinstance(handler, logging.NullHandler) for handler in ours.handlers):
        ours.addHandler(logging.NullHandler())  # else Python writes warnings to stderr, with their secrets
    _keep_files(folder, Masking(secrets))


def _keep_files(folder: Path | None, masking: Masking) -> None:
    for area in Area:
        for handler in tuple(area.logger.handlers):
            area.logger.removeHandler(handler)
            handler.close()
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(f"the folder of logs (MTF_LOG_DIR), {folder}, cannot be made: {error.strerror}") from None
    for area in Area:
        area.logger.addHandler(_file(area, folder, masking))


@contextmanager
def about(**facts: str) -> Iterator[None]:
    """Binds facts, like `run_id` or `decision_key`, to every line that is written within the block."""
    with structlog.contextvars.bound_contextvars(**facts):
        yield


def _without_colours(
    _: structlog.types.WrappedLogger, __: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    """uvicorn adds its message once more, with escape codes for a terminal."""
    event.pop("color_message", None)
    return event


def _shared() -> list[structlog.types.Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.ExtraAdder(),
        _without_colours,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _json(masking: Masking) -> logging.Formatter:
    return _Formatter(structlog.processors.JSONRenderer(), [*_shared(), structlog.processors.format_exc_info], masking)


def _text(masking: Masking) -> logging.Formatter:
    last = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
    return _Formatter(last, _shared(), masking)


def _file(area: Area, folder: Path, masking: Masking) -> logging.Handler:
    handler = DailyFile(folder / f"{area}.log", area.kept_days)
    handler.setFormatter(_json(masking))
    return handler
