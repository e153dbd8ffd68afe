"""The folder of a report."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from mtf_adapters.reports.writing import write_report
from mtf_core.replay.report import ledger_report
from tests.unit.replay.ledgers import a_ledger, a_trade


def test_a_folder_gets_the_document_the_trades_and_the_page(tmp_path: Path) -> None:
    report = ledger_report(a_ledger([a_trade()]))
    written = write_report(report, tmp_path / "out" / "replay")
    assert {path.name for path in written.paths} == {
        "report.json",
        "trades.csv",
        "trades.parquet",
        "ready.csv",
        "report.html",
    }
    assert set((tmp_path / "out" / "replay").iterdir()) == set(written.paths), "and nothing half written"
    assert json.loads((tmp_path / "out/replay/report.json").read_text()) == report.to_json()
    assert written.remarks == ()


def test_a_second_report_takes_the_place_of_the_first(tmp_path: Path) -> None:
    write_report(ledger_report(a_ledger([a_trade()])), tmp_path)
    write_report(ledger_report(a_ledger()), tmp_path)
    assert json.loads((tmp_path / "report.json").read_text())["trades"] == []
    assert (tmp_path / "trades.csv").read_text().count("\n") == 1


def test_without_pyarrow_everything_else_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    written = write_report(ledger_report(a_ledger()), tmp_path)
    assert {path.name for path in written.paths} == {"report.json", "trades.csv", "ready.csv", "report.html"}
    (remark,) = written.remarks
    assert remark.startswith("trades.parquet was not written: writing Parquet needs pyarrow")
