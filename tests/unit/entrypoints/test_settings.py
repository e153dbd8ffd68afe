from pathlib import Path

import pytest

from mtf_entrypoints.settings import Overrides, Settings, SettingsError, read_settings


def test_an_option_wins_over_the_environment_which_wins_over_the_file(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("MTF_PROFILE=from-file\nMTF_LOG_LEVEL=debug\nMTF_EXCHANGE=from-file\n")
    environ = {"MTF_PROFILE": "from-environment", "MTF_EXCHANGE": "from-environment"}
    settings = read_settings(Overrides(exchange="from-option"), environ, dotenv)
    assert (settings.exchange, settings.profile, settings.log_level) == ("from-option", "from-environment", "debug")


def test_a_blank_variable_counts_as_not_set(tmp_path: Path) -> None:
    settings = read_settings(None, {"MTF_API_TOKEN": "  ", "DATABASE_URL": ""}, tmp_path / ".env")
    assert settings == Settings()


def test_secrets_do_not_show_in_the_text_of_the_settings(tmp_path: Path) -> None:
    environ = {"MTF_API_TOKEN": "hunter2", "DATABASE_URL": "postgresql://mtf:hunter2@localhost/mtf"}
    assert "hunter2" not in repr(read_settings(None, environ, tmp_path / ".env"))


def test_an_unknown_name_of_ours_in_the_file_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("MTF_PROFLIE=scalper\n")
    with pytest.raises(SettingsError, match="MTF_PROFLIE; did you mean MTF_PROFILE"):
        read_settings(None, {}, dotenv)


def test_names_of_other_programs_in_the_file_are_left_alone(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("POSTGRES_PASSWORD=x\n")
    assert read_settings(None, {}, dotenv) == Settings()


def test_an_unknown_log_level_is_refused_with_the_allowed_ones(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="MTF_LOG_LEVEL: found 'loud'; allowed: debug, info, warning, error"):
        read_settings(None, {"MTF_LOG_LEVEL": "loud"}, tmp_path / ".env")
