"""How this process is set up: options over environment over `.env` over defaults."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import unquote, unquote_plus, urlsplit

from attrs import evolve, field, frozen

from mtf_entrypoints.dotenv import DotenvError, read_dotenv
from mtf_entrypoints.exchanges import EXCHANGES
from mtf_entrypoints.secret_files import FILES, SecretFileError, secrets_that_can_be_read, with_secrets_of_files
from mtf_entrypoints.venue_options import WIRE_OPTIONS, BitmartOptions, OkxOptions, Options

_PLAIN = (
    "DATABASE_URL",
    "REDIS_URL",
    "MTF_EGRESS",
    "MTF_EXCHANGE",
    "MTF_ENVIRONMENT",
    "MTF_LIVE",
    "MTF_PAPER",
    *(name for options in WIRE_OPTIONS for name in options.variables()),
    "MTF_PROFILE",
    "MTF_CONFIG_DIR",
    "MTF_ARCHIVE",
    "MTF_TRIALS",
    "MTF_API_TOKEN",
    "MTF_LOG_LEVEL",
    "MTF_LOG_FORMAT",
    "MTF_LOG_DIR",
    "MTF_TRACES",
    "MTF_ALERT_WEBHOOK_URL",
    "MTF_ALERT_TELEGRAM_TOKEN",
    "MTF_ALERT_TELEGRAM_CHAT",
    "MTF_ALERT_TELEGRAM_URL",
    "MTF_ALERT_SMTP_URL",
    "MTF_ALERT_EMAIL_FROM",
    "MTF_ALERT_EMAIL_TO",
    "MTF_ALERT_PING_URL",
    "MTF_RUN_URL",
    "TEMPORAL_ADDRESS",
    "TEMPORAL_NAMESPACE",
    "TASK_QUEUE_NAME",
    "TEMPORAL_TLS_CERT",
    "TEMPORAL_TLS_KEY",
    "TEMPORAL_TLS_CA",
    "TEMPORAL_API_KEY",
)
VARIABLES = (*_PLAIN, *FILES)
"""Every variable that is read; those that name the file of a secret stand last."""
ALERT_NAMES = tuple(name for name in _PLAIN if name.startswith("MTF_ALERT_"))
_EGRESS = re.compile(r"[\w.:-]{1,100}", re.ASCII)
_RATE = re.compile(rf"(?:{'|'.join(options.PREFIX for options in WIRE_OPTIONS)})RATE_\w+")
ENVIRONMENTS = ("live", "demo", "testnet")
OURS = ("MTF_", *(options.PREFIX for options in WIRE_OPTIONS))
"""How the names of variables begin that no other program reads."""
_SHORTEST_SECRET = 16
"""A shorter part of an address is a word, which may stand anywhere."""
_TLS_FILES = {"tls_cert": "TEMPORAL_TLS_CERT", "tls_key": "TEMPORAL_TLS_KEY", "tls_ca": "TEMPORAL_TLS_CA"}
HOST_AND_PORT = re.compile(r"[^\s:/]+:[0-9]{1,5}")
_SLIP = 0.8
"""How alike (`difflib`) a name must be to one of ours to be taken for a misspelt one."""
LOG_LEVELS = ("debug", "info", "warning", "error")
LOG_FORMATS = ("text", "json")
DEFAULT_EXCHANGE = "sandbox"


class SettingsError(ValueError):
    """A setting of this process cannot be used; the message says which, and what is allowed."""


@frozen
class SandboxOptions:
    """The sandbox's world: generated from a seed, or made of candle files (`symbol`, file)."""

    seed: int | None = None
    universe_size: int | None = None
    """How many contracts a generated market lists; None, like the seed: the sandbox's own default."""
    candle_files: tuple[tuple[str, Path], ...] = ()
    contracts_file: Path | None = None
    timezone: str | None = None
    """The time zone of candle files whose times name none."""
    align: bool = False
    """Takes a constant offset off the open times of candle files."""
    balance: Decimal | None = None
    """Available balance in quote currency; None: the sandbox's own default."""


@frozen
class AlertOptions:
    """Who is called, and how. Addresses are secrets, for whoever knows one can write to it: they do not show here."""

    webhook_url: str | None = field(default=None, repr=False)
    telegram_token: str | None = field(default=None, repr=False)
    telegram_chat: str | None = None
    telegram_url: str | None = None
    """Another address than Telegram's own."""
    smtp_url: str | None = field(default=None, repr=False)
    email_from: str | None = None
    email_to: str | None = None
    """Several, separated by commas."""
    ping_url: str | None = field(default=None, repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not show anywhere; of the mail server its password alone."""
        whole = (self.webhook_url, self.telegram_token, self.ping_url)
        parts = (*_parts(self.webhook_url), *_parts(self.ping_url))
        return (*(secret for secret in whole if secret), *parts, *_passwords(self.smtp_url or ""))


@frozen
class TemporalOptions:
    """The server that starts runs by schedule, and how a worker there carries them out."""

    address: str = "127.0.0.1:7233"
    is_used: bool = False
    """Whether `TEMPORAL_ADDRESS` names a server: only then is it one of this process's dependencies."""
    namespace: str = "default"
    task_queue: str = "mtf"
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_ca: Path | None = None
    """Files in PEM. With any of them, or a key of the API, the connection is encrypted."""
    api_key: str | None = field(default=None, repr=False)
    run_url: str | None = None
    """`MTF_RUN_URL`, where `mtf serve` answers; None: the worker carries runs out by itself."""


@frozen
class Settings:
    """Everything that decides how the parts are put together. Secrets do not show in its text."""

    database_url: str | None = field(default=None, repr=False)
    """None: the SQLite file in the user's data folder."""
    redis_url: str | None = field(default=None, repr=False)
    """Where processes share locks and rate limits; None: locks in the database, limits in each process."""
    egress: str = ""
    """Which address the exchange sees this process at, by any name; empty: the same as all that say nothing."""
    exchange: str = DEFAULT_EXCHANGE
    market_type: str = "perpetual"
    environment: str | None = None
    """Which of an exchange's worlds: live, demo or testnet. None: demo where the exchange has one."""
    live: bool = False
    """`MTF_LIVE=yes`: orders may leave for an exchange with real money, where `dry_run` is false as well."""
    paper: bool = False
    """`MTF_PAPER=yes`: the exchange's public data alone; orders are filled by this program, at its quotes."""
    profile: str | None = None
    config_dir: Path | None = None
    archive: Path | None = None
    """The folder of the archive of candles; None: `archive` in the user's data folder."""
    trials: str | None = field(default=None, repr=False)
    """The database of the trial ledger; None: `trials.db` in the user's data folder."""
    api_token: str | None = field(default=None, repr=False)
    log_level: str = "info"
    log_format: str = "text"
    log_dir: Path | None = None
    """Where each area of the log has a file; None: nowhere, and a service's log goes to stderr alone."""
    traces: bool = False
    """`MTF_TRACES=yes`: each run is told to OpenTelemetry, as that one's own variables say."""
    at_ms: int | None = None
    """The instant at which the sandbox stands, UTC milliseconds; None: now, or the end of the candle files."""
    stays: bool = False
    """Whether this process stays until it is stopped."""
    sandbox: SandboxOptions = SandboxOptions()
    bitmart: BitmartOptions = field(factory=BitmartOptions)
    okx: OkxOptions = field(factory=OkxOptions)
    alerts: AlertOptions = AlertOptions()
    temporal: TemporalOptions = TemporalOptions()
    rates: Mapping[str, str] = field(factory=dict)
    """Rate limits in other words than the exchange's: `OKX_RATE_<BUCKET>` to `<requests>/<window>`."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every text that must not show anywhere: keys, the token, passwords within addresses."""
        urls = [url for url in (self.database_url, self.redis_url, self.trials) if url]
        passwords = [password for url in urls for password in _passwords(url)]
        keys = (*self.bitmart.secrets, *self.okx.secrets, self.api_token, self.temporal.api_key)
        return tuple(secret for secret in (*keys, *passwords, *self.alerts.secrets) if secret)


def secrets_around(words: Iterable[str], environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Every text that must not show of a process that was started with these words, whatever is wrong with them."""
    around = os.environ if environ is None else environ
    try:
        secrets = read_settings(environ=around).secrets
    except SettingsError:
        around = {**around, **secrets_that_can_be_read(around)}
        urls, token = (around.get("DATABASE_URL"), around.get("REDIS_URL")), around.get("MTF_API_TOKEN")
        settings = Settings(*urls, api_token=token, alerts=_alerts(around), trials=around.get("MTF_TRIALS"))
        secrets = evolve(settings, bitmart=BitmartOptions.of(around), okx=OkxOptions.of(around)).secrets
    return (*secrets, *(password for word in words for password in _passwords(word) if password))


def _alerts(values: Mapping[str, str]) -> AlertOptions:
    return AlertOptions(
        **{name.removeprefix("MTF_ALERT_").lower(): values[name] for name in ALERT_NAMES if name in values}
    )


def _parts(url: str | None) -> set[str]:
    """What of an address is as secret as the whole: its path and its question, as far as they are no words."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return set()
    return {part for part in (*parts.path.split("/"), parts.query) if len(part) >= _SHORTEST_SECRET}


def _passwords(url: str) -> set[str]:
    """The passwords of an address, as they are written there and as they are meant; none where it is no address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return set()
    asked = (pair.partition("=") for pair in parts.query.split("&"))
    written = {parts.password or "", *(value for name, _, value in asked if name.lower() == "password")}
    return {form for password in written if password for form in (password, unquote(password), unquote_plus(password))}


@frozen
class Overrides:
    """What the command line says; None leaves it to the environment."""

    database_url: str | None = None
    exchange: str | None = None
    environment: str | None = None
    profile: str | None = None
    config_dir: Path | None = None
    archive: Path | None = None
    trials: str | None = None
    log_level: str | None = None
    log_format: str | None = None
    at_ms: int | None = None
    sandbox: SandboxOptions = SandboxOptions()


def read_settings(
    overrides: Overrides | None = None, environ: Mapping[str, str] | None = None, dotenv: Path | None = None
) -> Settings:
    """The settings in effect; raises `SettingsError`. `dotenv` defaults to `.env` of the current folder."""
    given = overrides or Overrides()
    values = _variables(os.environ if environ is None else environ, dotenv or Path(".env"))
    config_dir = values.get("MTF_CONFIG_DIR")
    return Settings(
        database_url=given.database_url or values.get("DATABASE_URL"),
        redis_url=values.get("REDIS_URL"),
        egress=_egress(values),
        exchange=given.exchange or values.get("MTF_EXCHANGE", DEFAULT_EXCHANGE),
        profile=given.profile or values.get("MTF_PROFILE"),
        config_dir=given.config_dir or (Path(config_dir).expanduser() if config_dir else None),
        archive=given.archive or (Path(values["MTF_ARCHIVE"]).expanduser() if "MTF_ARCHIVE" in values else None),
        trials=given.trials or values.get("MTF_TRIALS"),
        api_token=values.get("MTF_API_TOKEN"),
        log_level=_one_of("MTF_LOG_LEVEL", given.log_level or values.get("MTF_LOG_LEVEL", "info"), LOG_LEVELS),
        log_format=_one_of("MTF_LOG_FORMAT", given.log_format or values.get("MTF_LOG_FORMAT", "text"), LOG_FORMATS),
        log_dir=Path(values["MTF_LOG_DIR"]).expanduser() if "MTF_LOG_DIR" in values else None,
        traces=_one_of("MTF_TRACES", values.get("MTF_TRACES", "no"), ("yes", "no")) == "yes",
        at_ms=given.at_ms,
        sandbox=given.sandbox,
        environment=_environment(given.environment, values),
        live=_one_of("MTF_LIVE", values.get("MTF_LIVE", "no"), ("yes", "no")) == "yes",
        paper=_one_of("MTF_PAPER", values.get("MTF_PAPER", "no"), ("yes", "no")) == "yes",
        bitmart=_options(BitmartOptions, values),
        okx=_options(OkxOptions, values),
        alerts=_alerts(values),
        temporal=_temporal(values),
        rates={name: value for name, value in values.items() if _RATE.fullmatch(name)},
    )


def _options(kind: type[Options], values: Mapping[str, str]) -> Options:
    for option, allowed in kind.CHOICES.items():
        name = kind.variable(option)
        if name in values:
            _one_of(name, values[name], allowed)
    return kind.of(values)


def _temporal(values: Mapping[str, str]) -> TemporalOptions:
    usual = TemporalOptions()
    files = {name: Path(values[key]).expanduser() for name, key in _TLS_FILES.items() if key in values}
    for name, path in files.items():
        if not path.is_file():
            raise SettingsError(f"{_TLS_FILES[name]}: there is no file {path}")
    if ("tls_cert" in files) != ("tls_key" in files):
        raise SettingsError("TEMPORAL_TLS_CERT and TEMPORAL_TLS_KEY belong together: set both, or none")
    address = values.get("TEMPORAL_ADDRESS", usual.address)
    if not HOST_AND_PORT.fullmatch(address):
        raise SettingsError(f"TEMPORAL_ADDRESS: found {address!r}; allowed: a host and a port, like {usual.address}")
    url = values.get("MTF_RUN_URL")
    if url is not None and not re.fullmatch(r"https?://[^\s/?#]+/?", url):
        raise SettingsError("MTF_RUN_URL: allowed: where `mtf serve` answers, like http://127.0.0.1:8080")
    return TemporalOptions(
        address=address,
        is_used="TEMPORAL_ADDRESS" in values,
        namespace=values.get("TEMPORAL_NAMESPACE", usual.namespace),
        task_queue=values.get("TASK_QUEUE_NAME", usual.task_queue),
        api_key=values.get("TEMPORAL_API_KEY"),
        run_url=None if url is None else url.rstrip("/"),
        **files,
    )


def _is_unknown_of_ours(name: str) -> bool:
    return name.startswith(OURS) and name not in VARIABLES and not _RATE.fullmatch(name)


def _egress(values: Mapping[str, str]) -> str:
    name = values.get("MTF_EGRESS", "")
    if name and not _EGRESS.fullmatch(name):
        raise SettingsError(f"MTF_EGRESS: found {name!r}; allowed are letters, digits, dots, colons and dashes")
    if name and "REDIS_URL" not in values:
        raise SettingsError("MTF_EGRESS tells apart who shares limits through Redis: set REDIS_URL as well")
    return name


def _environment(given: str | None, values: Mapping[str, str]) -> str | None:
    if given is not None:
        return _one_of("--environment", given, ENVIRONMENTS)
    named = values.get("MTF_ENVIRONMENT")
    return None if named is None else _one_of("MTF_ENVIRONMENT", named, ENVIRONMENTS)


def _variables(environ: Mapping[str, str], dotenv: Path) -> dict[str, str]:
    """Known variables that are set and not blank; the environment wins over the file."""
    try:
        from_file = read_dotenv(dotenv)
    except DotenvError as error:
        raise SettingsError(str(error)) from None
    for name in filter(_is_unknown_of_ours, from_file):
        # Other programs may share the file, but a name of ours that nothing reads is a slip of the pen.
        near = get_close_matches(name, VARIABLES, n=1)
        hint = f"; did you mean {near[0]}?" if near else "."
        raise SettingsError(f"{dotenv}: unknown variable {name}{hint} Known: {', '.join(VARIABLES)}")
    for name in filter(_is_unknown_of_ours, environ):
        # An environment has names from elsewhere, too: Kubernetes gives every pod MTF_SERVICE_HOST of a service `mtf`.
        for near_name in get_close_matches(name, VARIABLES, n=1, cutoff=_SLIP):
            raise SettingsError(f"unknown environment variable {name}; did you mean {near_name}?")
    # Which buckets there are, the exchange knows: what names none is refused when its limits are put together.
    rates = sorted(name for name in {**environ, **from_file} if _RATE.fullmatch(name))
    merged = {name: environ.get(name, "").strip() or from_file.get(name, "").strip() for name in (*VARIABLES, *rates)}
    for name, value in merged.items():
        if not _is_text(value):
            raise SettingsError(f"{name}: holds bytes that are no text in UTF-8")
    try:
        return with_secrets_of_files({name: value for name, value in merged.items() if value})
    except SecretFileError as error:
        raise SettingsError(str(error)) from None


def _is_text(value: str) -> bool:
    """Bytes of the environment that are none come as lone surrogates."""
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value.lower() not in allowed:
        raise SettingsError(f"{name}: found {value!r}; allowed: {', '.join(allowed)}")
    return value.lower()


def paper_problem(settings: Settings) -> str | None:
    """Why these settings cannot be on paper; None: they can."""
    if settings.exchange not in EXCHANGES - {DEFAULT_EXCHANGE}:
        return (
            f"MTF_PAPER=yes is for the market of a real exchange; {settings.exchange} has play money of its own: leave "
            "MTF_PAPER out, or set MTF_EXCHANGE"
        )
    if settings.live:
        return "MTF_PAPER=yes and MTF_LIVE=yes exclude each other: leave one of them out"
    return None
