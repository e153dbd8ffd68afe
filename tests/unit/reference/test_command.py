"""`mtf config import`: where the result goes, and the exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import frozen

from mtf_adapters.files.profiles import check_config
from mtf_entrypoints.cli.main import run
from tests.unit.reference.samples import FILES, VALIDATIONS


@frozen
class Ended:
    code: int
    out: str
    err: str


Import = Callable[..., Ended]


@pytest.fixture
def importing(capsys: pytest.CaptureFixture[str]) -> Import:
    def call(*words: str | Path) -> Ended:
        capsys.readouterr()
        code = run(["config", "import", *map(str, words)])
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return call


def test_without_a_folder_the_file_goes_to_stdout_and_the_findings_to_stderr(importing: Import):
    ended = importing(FILES / "mtf_contracts.yaml")
    assert ended.code == 0
    assert ended.out.startswith("# Converted from mtf_contracts.yaml.\nselection:\n")
    assert "no effect there (2):" in ended.err
    assert "max_age_hours" in ended.err


def test_as_json_everything_is_one_document(importing: Import):
    document = json.loads(importing(FILES / "trade_entry.crash.yaml", "--json").out)
    assert document["ok"] is True
    assert (document["document"], document["profile"]) == ("trade_entry", "crash")
    assert document["name"] == "trade_entry.crash.yaml"
    kinds = {finding["kind"] for finding in document["findings"]}
    assert kinds == {"meaning corrected", "no effect there", "dropped", "renamed"}
    assert all(finding["line"] > 0 and finding["path"] for finding in document["findings"])


def test_a_whole_configuration_can_be_imported_and_loads(importing: Import, tmp_path: Path):
    out = tmp_path / "config"
    (out / "app").mkdir(parents=True)
    (out / "trading.yaml").write_text("profiles: {scalper_micro: {enabled: true, priority: 1}}\n", encoding="utf-8")
    files = [*VALIDATIONS.values(), *sorted(path.name for path in FILES.glob("*.yaml") if "valid" not in path.name)]
    for name in files:
        accepted = ["--accept-risk"] if name == "trade_entry.yaml" else []  # its multipliers cannot speak for all
        assert importing(FILES / name, "--out", out, *accepted).code == 0, name
    report = check_config(out)
    assert report.problems == ()
    assert sorted(profile.name for profile in report.profiles) == sorted(VALIDATIONS)


def test_a_file_that_is_there_stays_unless_it_may_be_replaced(importing: Import, tmp_path: Path):
    source, target = FILES / "mtf_contracts.yaml", tmp_path / "mtf_contracts.yaml"
    target.write_text("mine", encoding="utf-8")
    refused = importing(source, "--out", tmp_path)
    assert (refused.code, target.read_text(encoding="utf-8")) == (1, "mine")
    assert "--force" in refused.err
    assert importing(source, "--out", tmp_path, "--force").code == 0
    assert target.read_text(encoding="utf-8").startswith("# Converted")


def test_a_result_that_does_not_load_is_printed_but_never_written(importing: Import, tmp_path: Path):
    source = tmp_path / "validations.some.yaml"
    source.write_text("mtf_validation:\n    rules: {x: {lt: 3}}\n", encoding="utf-8")
    printed = importing(source)
    assert printed.code == 1
    assert "lt: 3, field: rsi" in printed.out
    assert "the key 'validation' is missing" in printed.err
    folder = tmp_path / "out"
    assert importing(source, "--out", folder).code == 1
    assert not folder.exists()


@pytest.mark.parametrize("text", ["", "a: [", "just: this", "mtf_validation: 5"])
def test_what_is_no_such_file_is_refused_with_one_reason(importing: Import, tmp_path: Path, text: str):
    source = tmp_path / "some.yaml"
    source.write_text(text, encoding="utf-8")
    ended = importing(source)
    assert ended.code == 1
    assert ended.out == ""
    assert ended.err.count("error:") == 1


def test_wrong_usage_ends_with_2(importing: Import, tmp_path: Path):
    assert importing(tmp_path / "nothing.yaml").code == 2
    assert importing(tmp_path).code == 2
    assert importing(FILES / "indicator.yaml", "--out", FILES / "indicator.yaml").code == 2
    assert importing(FILES / "trade_entry.yaml", "--profile", "../evil").code == 2
    assert importing().code == 2


def test_the_profile_may_be_named(importing: Import):
    document = json.loads(importing(FILES / "trade_entry.yaml", "--profile", "regular", "--json").out)
    assert document["name"] == "trade_entry.regular.yaml"
    # With a profile, its execution timeframes are known.
    assert "15m: 1.0" in document["text"]
    assert "4h" not in document["text"]


EARLY = """\
trade_entry:
    defaults: {risk_pct_percent: 5, initial_margin_usdt: 20}
    risk: {max_loss_per_trade_usdt: 3}
"""
"""A limit that nothing here is called by."""


def test_a_result_that_is_riskier_than_its_source_needs_to_be_accepted(importing: Import, tmp_path: Path):
    source, out = tmp_path / "trade_entry.scalper_micro.yaml", tmp_path / "out"
    source.write_text(EARLY, encoding="utf-8")
    refused = importing(source, "--out", out)
    assert (refused.code, refused.out, out.exists()) == (3, "", False)
    first, second, *_ = refused.err.splitlines()
    assert "riskier than the source (1):" in first
    assert "risk.max_loss_per_trade_usdt: 3" in second
    assert "--accept-risk" in refused.err
    assert json.loads(importing(source, "--json").out)["text"] is None
    assert importing(source, "--out", out, "--accept-risk").code == 0
    assert (out / "trade_entry.scalper_micro.yaml").is_file()


def test_rules_without_context_timeframes_may_be_given_some(importing: Import, tmp_path: Path):
    source = tmp_path / "validations.old.yaml"
    text = (FILES / VALIDATIONS["scalper_micro"]).read_text(encoding="utf-8")
    listed = next(line for line in text.splitlines() if "context_timeframes" in line)
    source.write_text(text.replace(f"{listed}\n", ""), encoding="utf-8")
    refused = importing(source)
    assert refused.code == 1
    assert "give them with --context-timeframes" in refused.err
    given = importing(source, "--context-timeframes", "5m")
    assert given.code == 0, given.err
    assert "context_timeframes: [5m]" in given.out
    assert importing(source, "--context-timeframes", "7m").code == 2


@pytest.mark.parametrize("name", [VALIDATIONS["scalper_micro"], "trade_entry.crash.yaml"])
def test_context_timeframes_are_refused_where_they_would_have_no_effect(importing: Import, name: str):
    refused = importing(FILES / name, "--context-timeframes", "1h")
    assert (refused.code, refused.out) == (1, "")
    assert "context timeframes" in refused.err
