"""A chat of Telegram: https://core.telegram.org/bots/api#sendmessage, as read in 2026.

`POST /bot<token>/sendMessage` with `chat_id` and `text`; the answer bears `ok`, and where it is false `description` and
perhaps `parameters.retry_after`.
"""

from __future__ import annotations

from typing import Any

import httpx
from attrs import field, frozen

from mtf_adapters.alerts.calling import call, patience_of
from mtf_core.ports import ReceiverError
from mtf_core.records import Message

TELEGRAM_URL = "https://api.telegram.org"
_LONGEST = 4096
"""Letters of a message."""


@frozen
class TelegramReceiver:
    """Implements the port `Receiver`."""

    token: str = field(repr=False)
    chat: str
    base_url: str = TELEGRAM_URL
    name: str = "telegram"

    async def tell(self, message: Message) -> None:
        """Raises `ReceiverError`."""
        text = "\n".join((message.headline, *message.lines))[:_LONGEST]
        document = {"chat_id": self.chat, "text": text, "link_preview_options": {"is_disabled": True}}
        response = await call(f"{self.base_url.rstrip('/')}/bot{self.token}/sendMessage", document)
        answer = _answer(response)
        if not response.is_success or answer.get("ok") is not True:
            raise ReceiverError(_why(response, answer), _patience(response, answer))


def _answer(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _why(response: httpx.Response, answer: dict[str, Any]) -> str:
    description = answer.get("description")
    told = f": {description[:200]}" if isinstance(description, str) else ""
    return f"it answered {response.status_code}{told}"


def _patience(response: httpx.Response, answer: dict[str, Any]) -> float:
    parameters = answer.get("parameters")
    asked = parameters.get("retry_after") if isinstance(parameters, dict) else None
    return min(float(asked), 600.0) if isinstance(asked, int | float) else patience_of(response)
