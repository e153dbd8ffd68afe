"""mtf on a sandbox that speaks as BitMart, over real HTTP and WebSocket: the settings that lead there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mtf_entrypoints.settings import Settings, read_settings
from tests.integration.faces.exchange import Exchange

UNHURRIED = "quirks: {rate_limits: false}"
"""A face that counts no requests: limits are proven elsewhere."""


def settings_for(exchange: Exchange, **more: str) -> Settings:
    """The settings of a process on that exchange, with a database in memory."""
    return read_settings(None, {"DATABASE_URL": "memory", **environment_for(exchange.ready), **more}, Path("no.env"))


def environment_for(ready: Mapping[str, str]) -> dict[str, str]:
    """The variables that lead to an exchange of this ready line."""
    return {
        "MTF_EXCHANGE": "bitmart",
        "BITMART_API_KEY": ready["key"],
        "BITMART_SECRET_KEY": ready["secret"],
        "BITMART_API_MEMO": ready["memo"],
        "BITMART_PUBLIC_API_URL": ready["rest"],
        "BITMART_PRIVATE_API_URL": ready["rest"],
        "BITMART_WS_PUBLIC_URL": ready["ws_public"],
        "BITMART_WS_PRIVATE_URL": ready["ws_private"],
        "BITMART_RATE_KLINE": "1000/1s",
        "BITMART_RATE_DEPTH": "1000/1s",
        "BITMART_RATE_MARKPRICE_KLINE": "1000/1s",
    }
