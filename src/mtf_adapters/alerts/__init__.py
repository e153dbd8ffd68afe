"""Those who are told of alerts: a webhook, Telegram, a mailbox; and the outside service that a ping keeps quiet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtf_core.front_door import opens

if TYPE_CHECKING:
    from mtf_adapters.alerts.email import EmailReceiver, MailServer
    from mtf_adapters.alerts.ping import HttpPing
    from mtf_adapters.alerts.telegram import TelegramReceiver
    from mtf_adapters.alerts.webhook import WebhookReceiver

__all__ = ["EmailReceiver", "HttpPing", "MailServer", "TelegramReceiver", "WebhookReceiver"]

if not TYPE_CHECKING:
    opens(
        __name__,
        {
            "email": "EmailReceiver MailServer",
            "ping": "HttpPing",
            "telegram": "TelegramReceiver",
            "webhook": "WebhookReceiver",
        },
    )
