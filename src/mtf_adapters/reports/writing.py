"""A replay's report as a folder of files: the document, tables of what happened, and the page."""

from __future__ import annotations

import json
from pathlib import Path

from attrs import frozen

from mtf_adapters.local.durable import AS_THE_UMASK_SAYS, replace_whole
from mtf_adapters.reports.page import report_page
from mtf_adapters.reports.ready_csv import ready_csv
from mtf_adapters.reports.trades_csv import trades_csv
from mtf_adapters.reports.trades_parquet import ParquetNotInstalledError, trades_parquet
from mtf_core.replay.report import Report


@frozen
class Written:
    """The files that were written, and what was not and why."""

    paths: tuple[Path, ...]
    remarks: tuple[str, ...]


def write_report(report: Report, folder: Path) -> Written:
    """`report.json`, `report.html`, `trades.csv`, `trades.parquet` and `ready.csv` in a folder, which is made.

    Raises OSError. Files of these names that are there already are replaced, each as a whole. Without pyarrow there is
    no Parquet, which a remark says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    document = report.to_json()
    files = {
        "report.json": (json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode(),
        "trades.csv": trades_csv(report.ledger),
        "ready.csv": ready_csv(report.ledger),
        "report.html": report_page(report, document).encode(),
    }
    remarks = []
    try:
        files["trades.parquet"] = trades_parquet(report.ledger)
    except ParquetNotInstalledError as error:
        remarks.append(f"trades.parquet was not written: {error}")
    for name, content in files.items():
        replace_whole(folder / name, content, AS_THE_UMASK_SAYS)
    return Written(tuple(folder / name for name in files), tuple(remarks))
