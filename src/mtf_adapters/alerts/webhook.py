"""A program that is told by a POST of JSON; any answer of 2xx confirms."""

from __future__ import annotations

from attrs import field, frozen

from mtf_adapters.alerts.calling import call, refuse_failure
from mtf_core.records import Message


@frozen
class WebhookReceiver:
    """Implements the port `Receiver`."""

    url: str = field(repr=False)
    name: str = "webhook"

    async def tell(self, message: Message) -> None:
        """Raises `ReceiverError`."""
        refuse_failure(await call(self.url, message.to_json()))
