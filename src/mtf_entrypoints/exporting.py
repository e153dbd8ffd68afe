"""Everything that is stored and logged of a symbol around an instant, in one archive for a report on a fault.

Every text of the archive goes through one door that takes secrets out, whatever wrote it: no table and no line of a log
has to think of it. The same store gives the same bytes: nothing of the archive tells when it was made.
"""

from __future__ import annotations

import json
import os
import platform
import zipfile
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from mtf_adapters.sql import Database
from mtf_adapters.sql.export import LEFT_OUT, Around, exported_rows
from mtf_adapters.sql.schema import SCHEMA_REVISION
from mtf_adapters.telemetry.masking import Masking
from mtf_core._version import __version__
from mtf_core.market import COLUMNS, MINUTE_MS, InvalidInstantError, Timeframe, format_instant, parse_instant, to_ms
from mtf_core.ports import Stores
from mtf_core.records import DecisionRecord, JsonObject
from mtf_core.records.codec import to_plain
from mtf_core.records.documents import to_document

AROUND_MS = 60 * MINUTE_MS
LOG_AROUND_MS = 5 * MINUTE_MS
MANIFEST = "manifest.json"
_LIBRARIES = ("attrs", "numpy", "TA-Lib", "SQLAlchemy", "psycopg", "redis", "httpx", "litestar")
_NO_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that an archive can say: its files have no time."""
_OWNER_ONLY = 0o600


@frozen
class Exported:
    """What an archive holds."""

    symbol: str
    at_ms: int
    rows: Mapping[str, int]
    """By table."""
    log_lines: Mapping[str, int] | None
    """By area; None: no folder of logs is set."""
    configurations: tuple[str, ...]
    """Digests of the configurations in effect."""

    @property
    def has_something(self) -> bool:
        """Whether it holds anything of the symbol itself."""
        told = ("decisions", "candles", "order_intents", "order_events", "zone_events")
        return any(self.rows.get(name) for name in told)

    def to_json(self) -> dict[str, Any]:
        return {
            "symbol": self.symbol,
            "at": format_instant(self.at_ms),
            "from": format_instant(self.at_ms - AROUND_MS),
            "to": format_instant(self.at_ms + AROUND_MS),
            "versions": versions(),
            "schema_revision": SCHEMA_REVISION,
            "tables": dict(sorted(self.rows.items())),
            "left_out": dict(LEFT_OUT),
            "log_from": format_instant(self.at_ms - LOG_AROUND_MS),
            "log_to": format_instant(self.at_ms + LOG_AROUND_MS),
            "log_lines": None if self.log_lines is None else dict(sorted(self.log_lines.items())),
            "configurations": list(self.configurations),
        }


@define(eq=False)
class _Archive:
    """Files of text in a zip; the only way into it takes secrets out."""

    _masking: Masking
    _files: dict[str, str] = field(factory=dict)

    def add(self, name: str, documents: Iterable[object]) -> int:
        """A file of one JSON document a line; how many there are."""
        lines = [self._masking.masked(json.dumps(one, ensure_ascii=False)) for one in documents]
        if lines:
            self._files[self._masking.masked(name)] = "\n".join(lines) + "\n"
        return len(lines)

    def add_whole(self, name: str, document: object) -> None:
        """A file of one document, to be read by people."""
        text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False)
        self._files[self._masking.masked(name)] = self._masking.masked(text) + "\n"

    def write(self, path: Path) -> None:
        """Writes a new file that its owner alone can read; raises `FileExistsError`."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in sorted(self._files.items()):
                entry = zipfile.ZipInfo(name, _NO_TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, text)


async def export(
    database: Database,
    stores: Stores,
    symbol: str,
    at_ms: int,
    path: Path,
    log_dir: Path | None,
    secrets: Iterable[str],
) -> Exported:
    """Writes the archive, unless nothing of the symbol is stored around that instant; raises `FileExistsError`."""
    around = Around(stores.namespace, symbol, at_ms - AROUND_MS, at_ms + AROUND_MS)
    archive = _Archive(Masking(secrets))
    stored = await exported_rows(database, around)
    decided = [str(row["run_id"]) for row in stored["decisions"]]
    unpacked = {
        "candles": [one async for one in _candles(stores, around)],
        "traces": [one async for one in _decisions(stores, symbol, decided)],
    }
    tables = {**stored, **unpacked}
    rows = {name: archive.add(f"tables/{name}.jsonl", documents) for name, documents in tables.items()}
    near = {str(row["run_id"]) for row in stored["runs"] if abs(int(str(row["instant_ms"])) - at_ms) <= LOG_AROUND_MS}
    log = None if log_dir is None else _log_lines(log_dir, at_ms, near)
    lines = None if log is None else {area: archive.add(f"log/{area}.jsonl", found) for area, found in log.items()}
    configurations = {str(row["config_digest"]) for row in stored["runs"]}
    for digest in {str(row["digest"]) for row in stored["run_documents"]} | configurations:
        folder = "configuration" if digest in configurations else "documents"
        content = await stores.runs.document(digest)
        if content is not None:
            archive.add_whole(f"{folder}/{digest}.json", content)
    exported = Exported(symbol, at_ms, rows, lines, tuple(sorted(configurations)))
    archive.add_whole(MANIFEST, exported.to_json())
    if exported.has_something:
        archive.write(path)
    return exported


async def _candles(stores: Stores, around: Around) -> AsyncIterator[JsonObject]:
    """The candles that overlap the time, of every timeframe."""
    for timeframe in Timeframe:
        first_ms = around.first_ms - timeframe.ms + 1
        found = (await stores.candles.read([around.symbol], timeframe, first_ms, around.last_ms))[around.symbol]
        for place, open_ms in enumerate(found.open_ms.tolist()):
            numbers = {name: float(getattr(found, name)[place]) for name in COLUMNS}
            yield {"timeframe": str(timeframe), "open_ms": open_ms, **numbers}


async def _decisions(stores: Stores, symbol: str, run_ids: Sequence[str]) -> AsyncIterator[JsonObject]:
    """What the blocks of the runs hold of the symbol."""
    for run_id in run_ids:
        record = await stores.runs.decision(run_id, symbol)
        if record is not None:
            yield _decision(record)


def _decision(record: DecisionRecord) -> JsonObject:
    return {
        "run_id": record.run_id,
        "result": None if record.result is None else to_document(record.result),
        "inputs": None if record.inputs is None else to_plain(record.inputs),
        "trace": None if record.trace is None else record.trace.to_plain(),
        "unreadable": record.unreadable,
    }


def _log_lines(folder: Path, at_ms: int, run_ids: set[str]) -> dict[str, list[JsonObject]]:
    """The lines within five minutes by their own time, and those of runs whose market time lies within.

    The log goes by the clock on the wall, and a market may live at another time.
    """
    found: dict[str, list[JsonObject]] = {}
    # A day's file bears its date behind its name; the sort puts what is older first, and today's last.
    for file in sorted(folder.glob("*.log*"), key=lambda one: (one.name.split(".")[0], one.suffix == ".log", one.name)):
        lines = [line for line in _parsed(file) if _belongs(line, at_ms, run_ids)]
        found.setdefault(file.name.split(".")[0], []).extend(lines)
    return found


def _parsed(file: Path) -> Iterator[JsonObject]:
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            document = json.loads(line)
        except ValueError:
            continue
        if isinstance(document, dict):
            yield document


def _belongs(line: JsonObject, at_ms: int, run_ids: set[str]) -> bool:
    if line.get("run_id") in run_ids:
        return True
    try:
        written_ms = to_ms(parse_instant(str(line.get("timestamp"))))
    except InvalidInstantError:
        return False
    return abs(written_ms - at_ms) <= LOG_AROUND_MS


def versions() -> dict[str, str]:
    """Of this program, of Python, and of the libraries that decide or store; what is not installed is not there."""
    found = {"mtf": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
