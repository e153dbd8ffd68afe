"""What a replay leaves in a folder: the page, the JSON document, trades and READY minutes."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from mtf_adapters.reports.trades_csv import trades_csv
from mtf_adapters.reports.trades_parquet import ParquetNotInstalledError, trades_parquet
from mtf_core.replay.report import Report


def write_files(report: Report, folder: Path) -> tuple[Path, ...]:
    """Writes what can be written there, over what an earlier replay left; the paths. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    document = json.dumps(report.to_json(), indent=1, ensure_ascii=False).encode()
    contents = {"replay.json": document, "trades.csv": trades_csv(report.ledger)}
    with suppress(ParquetNotInstalledError):  # the CSV says the same
        contents["trades.parquet"] = trades_parquet(report.ledger)
    written = []
    for name, content in contents.items():
        path = folder / name
        path.write_bytes(content)
        written.append(path)
    return tuple(written)
