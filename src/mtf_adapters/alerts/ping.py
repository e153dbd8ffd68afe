"""An outside service that notices when it is not called any more: a GET, like healthchecks.io and its kin take it."""

from __future__ import annotations

from attrs import field, frozen

from mtf_adapters.alerts.calling import call, refuse_failure


@frozen
class HttpPing:
    """Implements the port `Ping`."""

    url: str = field(repr=False)

    async def call(self) -> None:
        """Raises `ReceiverError`."""
        refuse_failure(await call(self.url))
