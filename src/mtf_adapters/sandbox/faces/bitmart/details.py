"""What `details` shows of each contract; like the real one it is put together anew every two seconds."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from attrs import define, field

from mtf_adapters.sandbox.faces.bitmart.quirks import Quirks, ShownStatus
from mtf_adapters.sandbox.faces.bitmart.rows import Row
from mtf_adapters.sandbox.faces.funding import funding_rates, next_funding_ms
from mtf_adapters.sandbox.faces.last_day import last_and_mark, last_day
from mtf_adapters.sandbox.faces.numbers import text
from mtf_adapters.sandbox.quoting import on_tick
from mtf_adapters.sandbox.world import World
from mtf_core.market import HOUR_MS, Candles, Contract, ContractStatus

KEPT_MS = 2000
_SHOWN: Mapping[ContractStatus, ShownStatus] = {ContractStatus.TRADING: ShownStatus.TRADING}


@define(eq=False)
class Board:
    """The rows of all contracts, by symbol."""

    world: World
    _rows: dict[str, Row] = field(factory=dict)
    _made_ms: int = -KEPT_MS
    _quirks: Quirks | None = None

    def rows(self, quirks: Quirks, now_ms: int, symbol: str | None) -> list[Row]:
        """Of one contract as it is now, of all as they were at most two seconds ago."""
        if symbol is not None:
            named = [each for each in self.world.market.contracts(now_ms) if each.symbol == symbol]
            return [detail_row(self.world, each, quirks, now_ms) for each in named]
        if not self._made_ms <= now_ms < self._made_ms + KEPT_MS or self._quirks is not quirks:
            contracts = self.world.market.contracts(now_ms)
            self._rows = {each.symbol: detail_row(self.world, each, quirks, now_ms) for each in contracts}
            self._made_ms, self._quirks = now_ms, quirks
        return list(self._rows.values())


def detail_row(world: World, contract: Contract, quirks: Quirks, now_ms: int) -> Row:
    """One contract of `details`; its status is the engine's, which may have been changed by hand."""
    known = world.engine.contract(contract.symbol)
    status = known.status if known else contract.status
    last, mark = last_and_mark(world, contract.symbol, now_ms)
    day = last_day(world, contract, now_ms)
    high, low = (float(day.high.max()), float(day.low.min())) if len(day) else (0.0, 0.0)
    interest, interest_worth = open_interest_of(contract, last)
    settled, coming = funding_rates(world, contract.symbol, now_ms)
    tick = contract.tick_size
    return {
        "symbol": contract.symbol,
        "product_type": 1,
        "open_timestamp": contract.opened_at_ms,
        "expire_timestamp": contract.expires_at_ms,
        "settle_timestamp": contract.expires_at_ms,
        "base_currency": contract.base_currency,
        "quote_currency": contract.quote_currency,
        "last_price": text(last),
        "volume_24h": text(_volume(day)),
        "turnover_24h": text(contract.turnover_24h),
        "index_price": text(mark),
        "index_name": contract.symbol,
        "contract_size": text(contract.contract_size),
        "min_leverage": text(contract.min_leverage),
        "max_leverage": text(contract.max_leverage),
        "price_precision": text(tick),
        "vol_precision": text(contract.size_step),
        "max_volume": text(contract.max_size),
        "market_max_volume": text(contract.max_market_size),
        "min_volume": text(contract.min_size),
        "funding_rate": text(settled),
        "expected_funding_rate": text(coming),
        "open_interest": text(interest),
        "open_interest_value": text(interest_worth),
        "high_24h": text(on_tick(high, tick)),
        "low_24h": text(on_tick(low, tick)),
        "change_24h": text(_change(day, last)),
        "funding_interval_hours": world.funding_interval_ms // HOUR_MS,
        "funding_time": next_funding_ms(world, now_ms),
        "status": str(_shown_status(status, quirks)),
        "delist_time": contract.expires_at_ms // 1000,
    }


def day_volume(world: World, contract: Contract, now_ms: int) -> Decimal:
    """Contracts traded in the last 24 closed hours."""
    return _volume(last_day(world, contract, now_ms))


def day_change(world: World, contract: Contract, last: Decimal, now_ms: int) -> Decimal:
    """The last price's change over them, as a ratio."""
    return _change(last_day(world, contract, now_ms), last)


def _shown_status(status: ContractStatus, quirks: Quirks) -> ShownStatus:
    if status is ContractStatus.CLOSE_ONLY:
        return quirks.close_only_shown_as
    return _SHOWN.get(status, ShownStatus.DELISTED)


def _volume(day: Candles) -> Decimal:
    return Decimal(int(day.volume.sum()))


def _change(day: Candles, last: Decimal) -> Decimal:
    change = float(last) / float(day.open[0]) - 1 if len(day) else 0.0
    return Decimal(f"{change:.16f}")


def open_interest_of(contract: Contract, last: Decimal) -> tuple[Decimal, Decimal]:
    """Contracts and their worth: a fifth of what a day trades, which no one here depends on."""
    if last <= 0:
        return Decimal(0), Decimal(0)
    contracts = contract.turnover_24h / 5 // (contract.contract_size * last)
    return contracts, contracts * contract.contract_size * last
