"""What OKX tells that decides no single order: how fast an account may trade, and when work on it is due (§3, §9)."""

from __future__ import annotations

from mtf_adapters.okx.endpoints import ACCOUNT_RATE_LIMIT, STATUS
from mtf_adapters.okx.rest import RestClient
from mtf_adapters.okx.wire import NoticeRow, RateRow
from mtf_core.market import format_instant
from mtf_core.ports import ExchangeError, Priority, VenueFinding

_ENVIRONMENTS = {"live": "1", "demo": "2"}
"""Which world a notice is about."""
_NOW = frozenset({"ongoing", "pre_open"})
_COMING = "scheduled"


async def account_rate(rest: RestClient) -> VenueFinding:
    """For a person to know: nobody is kept from trading by what it is, nor where it is not told."""
    name = "account_rate"
    try:
        rows = await rest.read(ACCOUNT_RATE_LIMIT, RateRow, priority=Priority.ACCOUNT)
    except ExchangeError as error:
        return VenueFinding(name, True, f"not told: {error}")
    if not rows:
        return VenueFinding(name, True, "not told")
    ratio = f", fill ratio {rows[0].fillRatio}" if rows[0].fillRatio else ""
    return VenueFinding(name, True, f"{rows[0].accRateLimit} new and amended orders in 2 s{ratio}")


async def exchange_status(rest: RestClient, environment: str) -> VenueFinding:
    """Whether OKX is being worked on now, in the world that is used."""
    name = "exchange_status"
    try:
        # Once in five seconds from an address: another process may have asked just now, and this waits for its turn.
        rows = await rest.read(STATUS, NoticeRow, priority=Priority.MARKET)
    except ExchangeError as error:
        return VenueFinding(name, False, f"not told: {error}", "Look at OKX's status page.")
    ours = [row for row in rows if row.env in {"", _ENVIRONMENTS[environment]}]
    now = [f"{row.title} until {_instant(row.end)}" for row in ours if row.state in _NOW]
    if now:
        return VenueFinding(name, False, "; ".join(now), "Wait until it has ended: entries may be refused until then.")
    coming = [f"{row.title} from {_instant(row.begin)}" for row in ours if row.state == _COMING]
    return VenueFinding(name, True, f"announced: {'; '.join(coming)}" if coming else "nothing is announced")


def _instant(time_ms: int) -> str:
    return format_instant(time_ms) if time_ms else "nobody knows when"
