"""A secret may stand in a file that a variable names; what cannot be one is refused without being shown."""

from pathlib import Path

import pytest

from mtf_entrypoints.secret_files import FILES, SECRETS
from mtf_entrypoints.settings import VARIABLES, Settings, SettingsError, read_settings, secrets_around

ABSENT = Path("there-is-no.env")
VALUES = {
    "DATABASE_URL": "postgresql://mtf:hunter2@localhost/mtf",
    "REDIS_URL": "redis://:hunter2@localhost/0",
    "MTF_ALERT_WEBHOOK_URL": "https://hooks.example.org/hunter2",
    "MTF_ALERT_SMTP_URL": "smtp://mtf:hunter2@mail.example.org",
    "MTF_ALERT_PING_URL": "https://ping.example.org/hunter2",
}


def in_file(folder: Path, name: str, content: str | bytes) -> dict[str, str]:
    """The variable that leads to a file of this content."""
    path = folder / name.lower()
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return {f"{name}_FILE": str(path)}


def read(environ: dict[str, str]) -> Settings:
    return read_settings(None, environ, ABSENT)


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_of_a_file_is_the_same_setting_as_the_variable_itself(name: str, tmp_path: Path) -> None:
    value = VALUES.get(name, "hunter2")
    from_file = read(in_file(tmp_path, name, f"{value}\n"))
    assert from_file == read({name: value})
    assert from_file != Settings()


def test_every_setting_that_is_a_secret_may_stand_in_a_file() -> None:
    """A secret shows wherever its variable is set to something that can be told from everything else."""
    every = {name: f"{name.lower().replace('_', '-')}-planted" for name in VARIABLES if name not in FILES}
    checked = {
        "MTF_LIVE",
        "MTF_PAPER",
        "MTF_ENVIRONMENT",
        "MTF_LOG_LEVEL",
        "MTF_LOG_FORMAT",
        "MTF_RUN_URL",
        "MTF_TRACES",
        "OKX_REGION",
        "OKX_PRODUCT",
    }
    checked |= {name for name in every if name.startswith("TEMPORAL_") and name != "TEMPORAL_API_KEY"}
    urls = {
        name: f"scheme://user:{name.lower().replace('_', '-')}-planted@host/x"
        for name in ("DATABASE_URL", "REDIS_URL", "MTF_TRIALS", "MTF_ALERT_SMTP_URL")
    }
    secrets = read({name: value for name, value in {**every, **urls}.items() if name not in checked}).secrets
    secret = {name for name in every if f"{name.lower().replace('_', '-')}-planted" in secrets}
    assert secret == set(SECRETS)


def test_a_secret_that_is_set_in_both_ways_is_refused(tmp_path: Path) -> None:
    environ = {"MTF_API_TOKEN": "hunter2", **in_file(tmp_path, "MTF_API_TOKEN", "hunter2")}
    with pytest.raises(SettingsError, match="MTF_API_TOKEN and MTF_API_TOKEN_FILE are both set; leave one of them"):
        read(environ)


def test_one_that_is_set_in_both_ways_is_refused_across_the_environment_and_the_file_of_variables(
    tmp_path: Path,
) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("MTF_API_TOKEN=hunter2\n")
    with pytest.raises(SettingsError, match="are both set"):
        read_settings(None, in_file(tmp_path, "MTF_API_TOKEN", "hunter2"), dotenv)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "is empty; write the secret there, or leave MTF_API_TOKEN_FILE out"),
        (" \n\n", "is empty"),
        ("hunter2\nhunter3\n", "holds more than one line"),
        ("hunter2\x00", "holds more than one line"),
        ("hunter2" * 10_000, "holds more than one line"),
        (b"hunter\xff2", "holds bytes that are no text in UTF-8"),
    ],
)
def test_what_is_no_secret_is_refused_without_being_shown(content: str | bytes, problem: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"MTF_API_TOKEN_FILE: {tmp_path}/mtf_api_token {problem}") as refused:
        read(in_file(tmp_path, "MTF_API_TOKEN", content))
    assert "hunter" not in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"DATABASE_URL_FILE: {tmp_path}/none cannot be read: No such file"):
        read({"DATABASE_URL_FILE": str(tmp_path / "none")})
    with pytest.raises(SettingsError, match=f"DATABASE_URL_FILE: {tmp_path} cannot be read: Is a directory"):
        read({"DATABASE_URL_FILE": str(tmp_path)})


def test_a_blank_name_of_a_file_counts_as_not_set() -> None:
    assert read({"MTF_API_TOKEN_FILE": " "}) == Settings()


def test_a_byte_order_mark_and_the_end_of_the_line_are_no_part_of_it(tmp_path: Path) -> None:
    assert read(in_file(tmp_path, "MTF_API_TOKEN", b"\xef\xbb\xbfhunter2\r\n")).api_token == "hunter2"


def test_secrets_of_files_are_known_even_where_another_setting_is_wrong(tmp_path: Path) -> None:
    environ = {
        **in_file(tmp_path, "MTF_API_TOKEN", "hunter2"),
        **in_file(tmp_path, "DATABASE_URL", VALUES["DATABASE_URL"].replace("hunter2", "hunter3")),
        "REDIS_URL_FILE": str(tmp_path / "none"),
        "MTF_LOG_LEVEL": "loud",
    }
    assert {"hunter2", "hunter3"} <= set(secrets_around([], environ))


def test_a_misspelt_name_of_a_file_is_refused() -> None:
    with pytest.raises(SettingsError, match="MTF_API_TOKEN_FLE; did you mean MTF_API_TOKEN_FILE"):
        read({"MTF_API_TOKEN_FLE": "/run/secrets/token"})
