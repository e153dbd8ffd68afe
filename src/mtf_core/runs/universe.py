"""Which symbols a run looks at, and why not at the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import field, frozen

from mtf_core.market import HOUR_MS, Contract, format_instant
from mtf_core.planning import Skip
from mtf_core.reasons import Reason
from mtf_core.risk import QueuedSymbol, Switchboard
from mtf_core.settings.contracts import ContractSelection, TurnoverOrder


@frozen
class Universe:
    """The contracts to look at, each once and in order; every other contract with the reason that left it out."""

    contracts: tuple[Contract, ...]
    left_out: Mapping[str, Skip] = field(factory=dict)
    queued: tuple[QueuedSymbol, ...] = ()
    """Symbols that waited for this run, and were taken from those who wait."""

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(contract.symbol for contract in self.contracts)

    def with_queued(self, queued: Sequence[QueuedSymbol], listed: Sequence[Contract]) -> Universe:
        """Queued symbols come first, whatever left them out; one that no contract bears is left out as unknown."""
        known = {contract.symbol: contract for contract in listed}
        wanted = [one.symbol for one in queued]
        first = {symbol: known[symbol] for symbol in wanted if symbol in known}
        unknown = {symbol: Skip(Reason.SYMBOL_UNKNOWN) for symbol in wanted if symbol not in known}
        contracts = first | {contract.symbol: contract for contract in self.contracts if contract.symbol not in first}
        left_out = {symbol: skip for symbol, skip in self.left_out.items() if symbol not in first}
        return Universe(tuple(contracts.values()), left_out | unknown, tuple(queued))

    def limited(self, limit: int | None) -> Universe:
        """No more than the first `limit` contracts; the rest is left out with that reason. None: as it is."""
        if limit is None or limit >= len(self.contracts):
            return self
        beyond = Skip(Reason.BEYOND_UNIVERSE_LIMIT, (("bucket", "of the request"), ("limit", limit)))
        left_out = dict.fromkeys((contract.symbol for contract in self.contracts[limit:]), beyond)
        return Universe(self.contracts[:limit], {**self.left_out, **left_out}, self.queued)


def select_universe(
    settings: ContractSelection, contracts: Sequence[Contract], switchboard: Switchboard, now_ms: int
) -> Universe:
    """The TOP bucket, then the MID bucket, then symbols whose switch is about to come back on.

    TOP is turnover above `mid_max_turnover`, MID between `min_turnover` and it, both included. Symbols switched off
    take no place in a bucket.
    """
    filters, limits, order = settings.filters, settings.limits, settings.order
    left_out: dict[str, Skip] = {}
    eligible = []
    for contract in contracts:
        if (unfit := _unfit(settings, contract, now_ms)) is not None:
            left_out[contract.symbol] = unfit
        else:
            eligible.append(contract)
    off = {contract.symbol for contract in eligible if switchboard.is_off(contract.symbol)}
    left_out |= dict.fromkeys(off, Skip(Reason.SYMBOL_SWITCHED_OFF))
    on = [contract for contract in eligible if contract.symbol not in off]
    top = _sorted((one for one in on if one.turnover_24h > filters.mid_max_turnover), order.top)
    enough = [one for one in on if filters.min_turnover <= one.turnover_24h <= filters.mid_max_turnover]
    middle = _sorted(enough, order.mid)
    for bucket, contracts_there, limit in (("TOP", top, limits.top_n), ("MID", middle, limits.mid_n)):
        left_out |= {contract.symbol: _beyond(bucket, limit, contract) for contract in contracts_there[limit:]}
    for contract in on:
        if contract.turnover_24h < filters.min_turnover:
            facts = (("turnover_24h", contract.turnover_24h), ("min_turnover", filters.min_turnover))
            left_out[contract.symbol] = Skip(Reason.TURNOVER_TOO_LOW, facts)
    returning = [contract for contract in eligible if switchboard.comes_back_soon(contract.symbol)]
    chosen = {one.symbol: one for one in top[: limits.top_n] + middle[: limits.mid_n] + returning}
    return Universe(tuple(chosen.values()), {symbol: left_out[symbol] for symbol in left_out if symbol not in chosen})


def _unfit(settings: ContractSelection, contract: Contract, now_ms: int) -> Skip | None:
    """Why the settings do not want this contract, whatever its turnover; None when they might."""
    filters = settings.filters
    if contract.quote_currency != filters.quote_currency:
        facts = (("quote_currency", contract.quote_currency), ("wanted", filters.quote_currency))
        return Skip(Reason.OTHER_QUOTE_CURRENCY, facts)
    if contract.status != filters.status:
        return Skip(Reason.CONTRACT_NOT_TRADING, (("status", str(contract.status)), ("wanted", str(filters.status))))
    if filters.require_not_expired and 0 < contract.expires_at_ms <= now_ms:
        return Skip(Reason.CONTRACT_NOT_TRADING, (("expired_at", format_instant(contract.expires_at_ms)),))
    if contract.symbol in settings.blacklist:
        return Skip(Reason.BLACKLISTED)
    age_ms = now_ms - contract.opened_at_ms
    if age_ms < filters.min_age_hours * HOUR_MS:
        facts = (("age_hours", str(round(age_ms / HOUR_MS, 1))), ("min_age_hours", str(filters.min_age_hours)))
        return Skip(Reason.CONTRACT_TOO_YOUNG, facts)
    return None


def _beyond(bucket: str, limit: int, contract: Contract) -> Skip:
    facts = (("bucket", bucket), ("limit", limit), ("turnover_24h", contract.turnover_24h))
    return Skip(Reason.BEYOND_UNIVERSE_LIMIT, facts)


def _sorted(contracts: Iterable[Contract], order: TurnoverOrder) -> list[Contract]:
    """By turnover, then by symbol, so that the same contracts give the same order."""
    sign = -1 if order is TurnoverOrder.DESC else 1
    return sorted(contracts, key=lambda contract: (sign * contract.turnover_24h, contract.symbol))
