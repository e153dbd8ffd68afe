"""Profiles from a folder: which one, which files, and every problem of all of them."""

import shutil
from pathlib import Path

import pytest

from mtf_adapters.files.config_dir import config_dir_in_use
from mtf_adapters.files.profiles import check_config, load_profile, profile_names
from mtf_core.settings.nodes import ConfigError

SHIPPED = config_dir_in_use()


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MTF_CONFIG_DIR", raising=False)
    monkeypatch.delenv("MTF_PROFILE", raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped configuration that a test may change."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "config"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def refusals(folder: Path, name: str | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_profile(name, folder)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


def test_without_a_name_the_first_enabled_profile_is_loaded(folder: Path) -> None:
    assert load_profile(config_dir=folder).name == "scalper_micro"
    edit(folder / "trading.yaml", "{enabled: false, priority: 3}", "{enabled: true, priority: 3}")
    assert load_profile(config_dir=folder).name == "scalper_micro"
    edit(folder / "trading.yaml", "{enabled: true, priority: 1}", "{enabled: false, priority: 1}")
    assert load_profile(config_dir=folder).name == "regular"


def test_a_name_wins_over_the_environment_and_that_over_the_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTF_PROFILE", "crash")
    assert load_profile().name == "crash"
    assert load_profile("regular").name == "regular"


def test_scalping_is_another_name_of_scalper() -> None:
    assert load_profile("scalping").digest == load_profile("scalper").digest


@pytest.mark.parametrize("name", ["scalpr", "../trade_entry", " "])
def test_an_unknown_profile_is_refused_with_the_known_ones(name: str, folder: Path) -> None:
    (message,) = refusals(folder, name)
    assert f"unknown profile {name!r}; known: crash, regular, scalper, scalper_micro" in message
    assert message.endswith("(did you mean 'scalper'?)") is (name == "scalpr")


def test_with_no_profile_enabled_one_must_be_named(folder: Path) -> None:
    edit(folder / "trading.yaml", "enabled: true", "enabled: false")
    assert refusals(folder) == [
        "trading.yaml:1: profiles: no profile is enabled; "
        "name one of crash, regular, scalper, scalper_micro, or enable it"
    ]
    assert load_profile("scalper", folder).name == "scalper"


def test_the_environment_names_another_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(folder / "app" / "trade_entry.scalper_micro.yaml", "r_multiple: 1.32", "r_multiple: 1.5")
    monkeypatch.setenv("MTF_CONFIG_DIR", str(folder))
    assert str(load_profile().trade_entry.defaults.r_multiple) == "1.5"


def test_a_folder_that_does_not_exist_says_what_is_expected(tmp_path: Path) -> None:
    (message,) = refusals(tmp_path / "nothing")
    assert "the folder does not exist; a configuration folder holds trading.yaml and app/" in message
    report = check_config(tmp_path / "nothing")
    assert not report.ok
    assert report.profiles == ()


def test_a_profiles_file_holds_only_what_differs_from_the_common_one(folder: Path) -> None:
    (folder / "app" / "trade_entry.scalper.yaml").write_text("defaults: {atr_k: 2.5}\n", encoding="utf-8")
    defaults = load_profile("scalper", folder).trade_entry.defaults
    assert (str(defaults.atr_k), str(defaults.initial_margin_usdt)) == ("2.5", "40")
    assert load_profile("scalper", folder).contracts.selection.limits.top_n == 300
    assert load_profile("scalper_micro", folder).contracts.selection.limits.top_n == 210


def test_a_common_file_may_stand_in_for_a_profiles_own_and_the_other_way_round(folder: Path) -> None:
    (folder / "app" / "trade_entry.scalper.yaml").unlink()
    assert str(load_profile("scalper", folder).trade_entry.defaults.initial_margin_usdt) == "40"
    (folder / "app" / "mtf_contracts.yaml").unlink()
    assert load_profile("scalper_micro", folder).contracts.selection.limits.top_n == 210
    assert refusals(folder, "scalper") == [
        "app/mtf_contracts.yaml:1: the file does not exist; it or mtf_contracts.scalper.yaml is required"
    ]


def test_everything_wrong_in_all_files_of_a_profile_is_reported_at_once(folder: Path) -> None:
    app = folder / "app"
    edit(app / "mtf_validations.scalper_micro.yaml", "- rsi_bearish", "- rsi_baerish")
    edit(app / "trade_entry.yaml", "tp_buffer_pct: 0.001", "tp_buffer_pct: 1.5")
    edit(app / "trade_entry.scalper_micro.yaml", "atr_k: 4.0", "atrk: 4.0")
    edit(app / "mtf_contracts.yaml", "status: trading", "statos: trading")
    (app / "indicator.yaml").write_text("warmup_tolerance: [\n", encoding="utf-8")
    edit(folder / "trading.yaml", "busy_minutes: 5", "busy_minutes: 0")
    files = [message.split(":")[0] for message in refusals(folder, "scalper_micro")]
    assert sorted(files) == [
        "app/indicator.yaml",
        "app/mtf_contracts.yaml",
        "app/mtf_validations.scalper_micro.yaml",
        "app/mtf_validations.scalper_micro.yaml",
        "app/trade_entry.scalper_micro.yaml",
        "app/trade_entry.yaml",
        "trading.yaml",
    ]


def test_a_value_below_an_overlay_is_reported_in_the_file_that_says_it(folder: Path) -> None:
    edit(folder / "app" / "trade_entry.yaml", "tp_buffer_pct: 0.001", "tp_buffer_pct: 1.5")
    assert refusals(folder, "crash") == [
        "app/trade_entry.yaml:14: defaults.tp_buffer_pct: found 1.5; allowed is ≥ 0 and ≤ 0.5 (a ratio: 0.01 means 1 %)"
    ]


def test_an_unreadable_file_is_one_problem_not_a_missing_document(folder: Path) -> None:
    (folder / "app" / "mtf_validations.crash.yaml").write_bytes(b"\xff")
    assert refusals(folder, "crash") == [
        "app/mtf_validations.crash.yaml:1: a byte sequence that is not UTF-8; files are UTF-8 text"
    ]


def test_the_check_reports_each_problem_once_and_the_profiles_that_are_sound(folder: Path) -> None:
    edit(folder / "app" / "indicator.yaml", "timezone: UTC", "timezone: Mars")
    report = check_config(folder)
    assert len(report.problems) == 1
    assert report.profiles == ()
    edit(folder / "app" / "indicator.yaml", "timezone: Mars", "timezone: UTC")
    edit(folder / "app" / "mtf_validations.crash.yaml", "mode: strict", "mode: loose")
    report = check_config(folder)
    assert len(report.problems) == 1
    assert [profile.name for profile in report.profiles] == ["regular", "scalper", "scalper_micro"]


def test_a_file_that_nothing_reads_is_warned_about(folder: Path) -> None:
    for name in ("app/indicators.yaml", "app/trade_entry.scalpr.yaml", "trading.yml"):
        (folder / name).write_text("a: 1\n", encoding="utf-8")
    report = check_config(folder)
    assert report.ok
    unread = [problem for problem in report.warnings if problem.found == "nothing reads this file"]
    assert [problem.place.file.removeprefix(f"{folder}/") for problem in unread] == [
        "app/indicators.yaml",
        "app/trade_entry.scalpr.yaml",
        "trading.yml",
    ]


def test_a_listed_profile_without_files_is_reported(folder: Path) -> None:
    edit(folder / "trading.yaml", "  scalper: {", "  scalpr: {")
    assert not check_config(folder).ok
    assert "unknown profile 'scalpr'" in refusals(folder)[0]


def test_a_profile_of_ones_own_needs_only_a_validation_file(folder: Path) -> None:
    shutil.copy(folder / "app" / "mtf_validations.scalper.yaml", folder / "app" / "mtf_validations.mine.yaml")
    assert "mine" in profile_names(folder)
    assert load_profile("mine", folder).rules == load_profile("scalper", folder).rules
