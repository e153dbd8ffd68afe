"""Which symbols a run looks at."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from mtf_core.market import Contract
from mtf_core.risk.switches import Switchboard
from mtf_core.settings.contracts import ContractSelection, TurnoverOrder

HOUR_MS = 3_600_000


@frozen
class Universe:
    """The symbols, each once and in order, with their contracts."""

    contracts: tuple[Contract, ...]

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(contract.symbol for contract in self.contracts)


def select_universe(
    settings: ContractSelection, contracts: Sequence[Contract], switchboard: Switchboard, now_ms: int
) -> Universe:
    """The TOP bucket, then the MID bucket, then symbols whose switch is about to come back on.

    TOP is turnover above `mid_max_turnover`, MID between `min_turnover` and it, both included. Symbols switched off
    take no place in a bucket.
    """
    filters, limits, order = settings.filters, settings.limits, settings.order
    eligible = [contract for contract in contracts if _is_eligible(settings, contract, now_ms)]
    on = [contract for contract in eligible if not switchboard.is_off(contract.symbol)]
    top = [contract for contract in on if contract.turnover_24h > filters.mid_max_turnover]
    middle = [contract for contract in on if filters.min_turnover <= contract.turnover_24h <= filters.mid_max_turnover]
    returning = [contract for contract in eligible if switchboard.comes_back_soon(contract.symbol)]
    chosen = _sorted(top, order.top)[: limits.top_n] + _sorted(middle, order.mid)[: limits.mid_n] + returning
    return Universe(tuple({contract.symbol: contract for contract in chosen}.values()))


def _is_eligible(settings: ContractSelection, contract: Contract, now_ms: int) -> bool:
    filters = settings.filters
    return (
        contract.quote_currency == filters.quote_currency
        and contract.status == filters.status
        and contract.symbol not in settings.blacklist
        and not (filters.require_not_expired and 0 < contract.expires_at_ms <= now_ms)
        and now_ms - contract.opened_at_ms >= filters.min_age_hours * HOUR_MS
    )


def _sorted(contracts: list[Contract], order: TurnoverOrder) -> list[Contract]:
    """By turnover, then by symbol, so that the same contracts give the same order."""
    sign = -1 if order is TurnoverOrder.DESC else 1
    return sorted(contracts, key=lambda contract: (sign * contract.turnover_24h, contract.symbol))
