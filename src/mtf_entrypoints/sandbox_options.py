"""What is said of the sandbox on a command line, read without building one."""

from __future__ import annotations

from decimal import Decimal

from mtf_core.market import parse_instant, to_ms
from mtf_entrypoints.settings import SettingsError

DEFAULT_INSTANT_MS = to_ms(parse_instant("2026-02-02T11:20Z"))
"""Where a command that names no instant shows the generated market: some symbols are READY, most are not."""


def parse_balance(text: str) -> Decimal:
    """A balance as it was written; raises `SettingsError`."""
    try:
        balance = Decimal(text)
    except ArithmeticError:
        balance = Decimal("NaN")
    if not balance.is_finite() or balance < 0:
        raise SettingsError(f"--balance: found {text!r}; allowed is an amount like 10000, not below zero")
    return balance
