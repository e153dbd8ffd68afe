"""Who is told of alerts: receivers, the outside service and disks, out of the settings of this process."""

from __future__ import annotations

import ipaddress
from urllib.parse import unquote, urlsplit

from mtf_adapters.alerts import EmailReceiver, HttpPing, MailServer, TelegramReceiver, WebhookReceiver
from mtf_adapters.alerts.telegram import TELEGRAM_URL
from mtf_adapters.local import LocalDisks
from mtf_adapters.local.places import default_data_folder
from mtf_adapters.sql import folder_of_database
from mtf_core.ports import Clock, Receiver
from mtf_entrypoints.settings import Settings, SettingsError

NO_RECEIVER = (
    "nobody would be told: set MTF_ALERT_WEBHOOK_URL, MTF_ALERT_TELEGRAM_TOKEN with MTF_ALERT_TELEGRAM_CHAT, or "
    "MTF_ALERT_SMTP_URL with MTF_ALERT_EMAIL_FROM and MTF_ALERT_EMAIL_TO"
)
_PORTS = {"smtp": 587, "smtp+plain": 25}


def receivers_of(settings: Settings, clock: Clock) -> tuple[Receiver, ...]:
    """Every receiver that the settings name; raises `SettingsError` where something of one is missing or wrong."""
    options = settings.alerts
    found: list[Receiver] = []
    if options.webhook_url:
        found.append(WebhookReceiver(_http("MTF_ALERT_WEBHOOK_URL", options.webhook_url)))
    if _together(
        {"MTF_ALERT_TELEGRAM_TOKEN": options.telegram_token, "MTF_ALERT_TELEGRAM_CHAT": options.telegram_chat}
    ):
        base_url = _http("MTF_ALERT_TELEGRAM_URL", options.telegram_url or TELEGRAM_URL)
        found.append(TelegramReceiver(options.telegram_token or "", options.telegram_chat or "", base_url))
    mail = {
        "MTF_ALERT_SMTP_URL": options.smtp_url,
        "MTF_ALERT_EMAIL_FROM": options.email_from,
        "MTF_ALERT_EMAIL_TO": options.email_to,
    }
    if _together(mail):
        recipients = tuple(each.strip() for each in (options.email_to or "").split(",") if each.strip())
        found.append(EmailReceiver(_mail_server(options.smtp_url or ""), options.email_from or "", recipients, clock))
    return tuple(found)


def ping_of(settings: Settings) -> HttpPing | None:
    """The outside service; raises `SettingsError`."""
    url = settings.alerts.ping_url
    return None if not url else HttpPing(_http("MTF_ALERT_PING_URL", url))


def disks_of(settings: Settings) -> LocalDisks:
    """The disks of the database file, of the data folder and of the logs."""
    folders = [folder_of_database(settings.database_url), default_data_folder(), settings.log_dir]
    return LocalDisks([folder for folder in folders if folder is not None])


def _together(values: dict[str, str | None]) -> bool:
    """Whether all of them are set; raises `SettingsError` where only some are."""
    missing = [name for name, value in values.items() if not value]
    if missing and len(missing) < len(values):
        given = next(name for name, value in values.items() if value)
        raise SettingsError(f"{given} is set, and {' and '.join(missing)} is missing: they are of use only together")
    return not missing


def _http(name: str, url: str) -> str:
    """The address, if it is one; what is wrong with it is told without showing it."""
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise SettingsError(f"{name}: this is no address; write it like https://host/path")
    return url


def _mail_server(url: str) -> MailServer:
    name = "MTF_ALERT_SMTP_URL"
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme not in _PORTS or not parts.hostname:
        raise SettingsError(
            f"{name}: this is no mail server; write it like smtp://user:password@host:587 (with STARTTLS), or "
            "smtp+plain://127.0.0.1:25 for one on this machine"
        )
    user, password = (None if part is None else unquote(part) for part in (parts.username, parts.password))
    encrypted = parts.scheme == "smtp"
    if user is not None and not encrypted and not _is_loopback(parts.hostname):
        raise SettingsError(
            f"{name}: a password leaves this machine only encrypted; write smtp:// instead of smtp+plain://"
        )
    return MailServer(parts.hostname, port, encrypted, user, password)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


__all__ = ["NO_RECEIVER", "disks_of", "ping_of", "receivers_of"]
