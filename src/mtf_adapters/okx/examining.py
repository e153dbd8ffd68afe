"""What OKX tells of a key and its account beyond the ports: rights, addresses and the account's mode (sheet §1, §5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from mtf_adapters.okx.announcing import account_rate, exchange_status
from mtf_adapters.okx.endpoints import CONFIG
from mtf_adapters.okx.rest import RestClient
from mtf_adapters.okx.wire import ConfigRow
from mtf_core.ports import ExchangeUnavailableError, Priority, VenueFinding

_SUITABLE = {"2": "futures mode", "3": "multi-currency mode"}
_OTHERS = {"1": "spot mode, which has no contracts", "4": "portfolio margin, which has no long beside a short"}
_TRADE, _WITHDRAW = "trade", "withdraw"


def examiner(rest: RestClient, environment: str) -> Callable[[], Awaitable[tuple[VenueFinding, ...]]]:
    async def examine() -> tuple[VenueFinding, ...]:
        rows = await rest.read(CONFIG, ConfigRow, priority=Priority.ACCOUNT)
        if len(rows) != 1:
            raise ExchangeUnavailableError(f"{CONFIG.bucket}: {len(rows)} rows where one of the account belongs")
        row, rate, status = rows[0], await account_rate(rest), await exchange_status(rest, environment)
        return _rights(row), _addresses(row), _mode(row), rate, status

    return examine


def _rights(row: ConfigRow) -> VenueFinding:
    rights = {one.strip() for one in row.perm.split(",")} - {""}
    found = f"it may: {', '.join(sorted(rights)) or 'not told'}"
    do = ""
    if _TRADE not in rights:
        do = "Give the key the right to trade on OKX's site, or make another one."
    elif _WITHDRAW in rights:
        do = "Make a key without the right to withdraw: this program never needs it, and a thief would."
    return VenueFinding("key_rights", not do, found, do)


def _addresses(row: ConfigRow) -> VenueFinding:
    """A thing to know, and no fault."""
    if row.ip:
        return VenueFinding("key_addresses", True, f"it may be used from: {row.ip}")
    found = "it is bound to no address: anybody who has it can use it, and a live one dies after 14 days without a call"
    return VenueFinding("key_addresses", True, found, "Bind it to this machine's address on OKX's site.")


def _mode(row: ConfigRow) -> VenueFinding:
    if row.acctLv in _SUITABLE:
        return VenueFinding("account_mode", True, f"the account is in {_SUITABLE[row.acctLv]}")
    found = f"the account is in {_OTHERS.get(row.acctLv, f'a mode that nobody knows: {row.acctLv}')}"
    return VenueFinding("account_mode", False, found, "Choose the futures mode on OKX's site.")
