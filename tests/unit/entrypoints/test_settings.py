import os
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


def test_bytes_that_are_no_text_are_refused_without_being_shown(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="MTF_API_TOKEN: holds bytes that are no text") as refused:
        read_settings(None, {"MTF_API_TOKEN": os.fsdecode(b"hunter\xff2")}, tmp_path / ".env")
    assert "hunter" not in str(refused.value)


def test_a_misspelt_name_of_ours_in_the_environment_is_refused(tmp_path: Path) -> None:
    """Without the token that was meant, a service would stand open to whatever reaches it."""
    for misspelt, meant in {"MTF_API_TOKN": "MTF_API_TOKEN", "BITMART_MEMO": "BITMART_API_MEMO"}.items():
        with pytest.raises(SettingsError, match=f"{misspelt}; did you mean {meant}"):
            read_settings(None, {misspelt: "hunter2"}, tmp_path / ".env")


def test_names_that_kubernetes_makes_of_a_service_called_mtf_are_left_alone(tmp_path: Path) -> None:
    names = ("MTF_SERVICE_HOST", "MTF_SERVICE_PORT", "MTF_SERVICE_PORT_HTTP", "MTF_PORT", "MTF_PORT_8000_TCP_ADDR")
    assert read_settings(None, dict.fromkeys(names, "10.0.0.1"), tmp_path / ".env") == Settings()


@pytest.mark.parametrize(
    "url", ["redis://:hun%40ter+2@h/0", "redis://h/0?db=1&password=hun%40ter+2", "rediss://h?PASSWORD=hun%40ter+2"]
)
def test_a_password_within_an_address_is_a_secret_as_it_is_written_and_as_it_is_meant(url: str, tmp_path: Path) -> None:
    secrets = read_settings(None, {"REDIS_URL": url}, tmp_path / ".env").secrets
    assert {"hun%40ter+2", "hun@ter+2"} <= set(secrets)


def test_addresses_of_receivers_are_secrets_and_do_not_show(tmp_path: Path) -> None:
    environ = {
        "MTF_ALERT_WEBHOOK_URL": "https://hooks.example.org/services/T0123456789ABCDEF/short",
        "MTF_ALERT_TELEGRAM_TOKEN": "123:hunter2",
        "MTF_ALERT_SMTP_URL": "smtp://mtf:hunter%203@mail.example.org",
        "MTF_ALERT_PING_URL": "https://hc.example.org/0f9c7a3e-uuid",
    }
    settings = read_settings(None, environ, tmp_path / ".env")
    secrets = set(settings.secrets)
    assert {*environ.values()} - secrets == {environ["MTF_ALERT_SMTP_URL"]}, "the server's name alone is none"
    assert {"T0123456789ABCDEF", "0f9c7a3e-uuid", "hunter 3", "hunter%203"} >= secrets - {*environ.values()}
    assert {"T0123456789ABCDEF", "hunter 3"} <= secrets
    assert "short" not in secrets, "a word may stand anywhere"
    assert not [secret for secret in secrets if secret in repr(settings)]


def test_a_misspelt_receiver_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="MTF_ALERT_WEBHOK_URL; did you mean MTF_ALERT_WEBHOOK_URL"):
        read_settings(None, {"MTF_ALERT_WEBHOK_URL": "https://x"}, tmp_path / ".env")


def test_the_name_of_an_address_is_read_where_a_redis_is_shared(tmp_path: Path) -> None:
    shared = {"REDIS_URL": "redis://localhost"}
    assert read_settings(None, {**shared, "MTF_EGRESS": "203.0.113.7"}, tmp_path / ".env").egress == "203.0.113.7"
    assert read_settings(None, shared, tmp_path / ".env").egress == ""
    with pytest.raises(SettingsError, match="set REDIS_URL as well"):
        read_settings(None, {"MTF_EGRESS": "machine-a"}, tmp_path / ".env")
    with pytest.raises(SettingsError, match="MTF_EGRESS: found 'a machine'; allowed are letters"):
        read_settings(None, {**shared, "MTF_EGRESS": "a machine"}, tmp_path / ".env")
