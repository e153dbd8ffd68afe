"""mtf on a sandbox that speaks as BitMart, over real HTTP and WebSocket: the settings that lead there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mtf_entrypoints.served_sandbox import variables_for
from mtf_entrypoints.settings import Settings, read_settings
from tests.integration.faces.exchange import Exchange

UNHURRIED = "quirks: {rate_limits: false}"
"""A face that counts no requests: limits are proven elsewhere."""


def settings_for(exchange: Exchange, **more: str) -> Settings:
    """The settings of a process on that exchange, with a database in memory."""
    return read_settings(None, {"DATABASE_URL": "memory", **environment_for(exchange.ready), **more}, Path("no.env"))


def environment_for(ready: Mapping[str, str]) -> dict[str, str]:
    """The variables that lead to an exchange of this ready line."""
    unhurried = {f"BITMART_RATE_{bucket}": "1000/1s" for bucket in ("KLINE", "DEPTH", "MARKPRICE_KLINE")}
    return variables_for(ready) | unhurried
