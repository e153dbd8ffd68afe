"""`mtf contracts`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from mtf_adapters.sql import contract_counts
from mtf_core.config_nodes import nearest_name
from mtf_core.market import BracketUnit, Contract, format_instant
from mtf_core.records.codec import to_plain
from mtf_core.upkeep import ContractSync, stored_contracts, sync_contracts
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import FAILED, CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.working import working
from mtf_entrypoints.cli.world_settings import settings_of
from mtf_entrypoints.container import opened
from mtf_entrypoints.documents import contract_sync_to_json
from mtf_entrypoints.sandbox_venue import options_for

_SHOWN_NAMES = 10


def sync(world: World, symbol: str | None, as_json: bool) -> None:
    """Replaces the stored list, and says what changed; with a symbol, shows what the exchange says of it now."""
    done, contracts = asyncio.run(_sync(world))
    if symbol is not None:
        _show((_named(contracts, symbol),), symbol, as_json)
    elif as_json:
        output.write_json(contract_sync_to_json(done))
    else:
        _print_sync(done)


async def _sync(world: World) -> tuple[ContractSync, tuple[Contract, ...]]:
    async with working(world) as environment:
        return await sync_contracts(environment), await stored_contracts(environment)


def _print_sync(done: ContractSync) -> None:
    output.write_line(f"{output.counted(done.count, 'contract')} stored, as of {format_instant(done.synced_ms)}")
    for what, names in (("added", done.added), ("removed", done.removed)):
        if names:
            more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
            output.write_line(f"{len(names)} {what}: {', '.join(names[:_SHOWN_NAMES])}{more}")
    for change in done.changed:
        parts = (f"{name} {change.before[name]} → {change.after[name]}" for name in change.after)
        output.write_line(f"{change.symbol}: {change.facet} changed: {'; '.join(parts)}")


def show(world: World, symbol: str | None, as_json: bool) -> None:
    """The stored contracts, all or one; raises `CommandError` when there are none to show."""
    contracts, nothing = asyncio.run(_stored(world))
    if not contracts:
        raise CommandError(nothing, FAILED)
    _show(contracts if symbol is None else (_named(contracts, symbol),), symbol, as_json)


def _named(contracts: tuple[Contract, ...], symbol: str) -> Contract:
    known = {contract.symbol: contract for contract in contracts}
    if symbol not in known:
        near = nearest_name(symbol, known)
        raise CommandError(f"no stored contract is called {symbol!r}" + (f"; did you mean {near!r}?" if near else ""))
    return known[symbol]


def _show(contracts: tuple[Contract, ...], symbol: str | None, as_json: bool) -> None:
    if as_json:
        output.write_json([to_plain(contract) for contract in contracts])
    elif symbol is not None:
        _print_one(contracts[0])
    else:
        _print_all(contracts)


async def _stored(world: World) -> tuple[tuple[Contract, ...], str]:
    """The stored contracts, and what to say when there are none: which other markets have some."""
    async with opened(settings_of(world)) as container:
        environment = container.environment()
        contracts = await stored_contracts(environment)
        others = {} if contracts else await contract_counts(container.database())
        return contracts, _nothing_stored(environment.venue.label, others)


def _nothing_stored(label: str, others: Mapping[str, int]) -> str:
    text = f"no contracts of the {label} are stored; `mtf contracts sync` fetches them"
    stored = "; ".join(
        f"{output.counted(count, 'contract')} of {namespace}" + (f" ({options})" if options else "")
        for namespace, count in others.items()
        for options in (options_for(namespace),)
    )
    return f"{text}. Stored are: {stored}" if stored else text


def _print_all(contracts: tuple[Contract, ...]) -> None:
    numbers = ("tick", "contract size", "step", "min", "max", "leverage", "turnover 24h")
    table = output.table("symbol", "status", *numbers, right=numbers, optional=("status", "leverage", "max", "step"))
    for contract in contracts:
        table.add_row(
            contract.symbol,
            contract.status,
            *(
                f"{value:f}"
                for value in (
                    contract.tick_size,
                    contract.contract_size,
                    contract.size_step,
                    contract.min_size,
                    contract.max_size,
                )
            ),
            f"{contract.min_leverage:f}–{contract.max_leverage:f}",
            f"{contract.turnover_24h:,.0f} {contract.quote_currency}",
        )
    output.console().print(table)
    output.write_line(output.counted(len(contracts), "contract"))


def _print_one(contract: Contract) -> None:
    rows = {
        "symbol": contract.symbol,
        "status": contract.status,
        "currencies": f"{contract.base_currency} / {contract.quote_currency}",
        "tick size": f"{contract.tick_size:f}",
        "contract size": f"{contract.contract_size:f} {contract.base_currency}",
        "size": f"{contract.min_size:f} to {contract.max_size:f}, steps of {contract.size_step:f}",
        "market orders up to": f"{contract.max_market_size:f}",
        "leverage": f"{contract.min_leverage:f} to {contract.max_leverage:f}",
        "fees": f"maker {contract.maker_fee * 100:f} %, taker {contract.taker_fee * 100:f} %",
        "turnover 24h": f"{contract.turnover_24h:,.2f} {contract.quote_currency}",
        "opened": format_instant(contract.opened_at_ms),
    }
    console = output.console()
    console.print(output.pairs(rows))
    in_contracts = contract.brackets_in is BracketUnit.CONTRACTS
    numbers = (
        *("contracts above" if in_contracts else "notional above", "up to"),
        *("max leverage", "maintenance", "amount"),
    )
    table = output.table(*numbers, right=numbers)
    for bracket in contract.brackets:
        table.add_row(
            f"{bracket.notional_floor:f}",
            f"{bracket.notional_cap:f}",
            f"{bracket.max_leverage:f}",
            f"{bracket.maintenance_margin_ratio * 100:f} %",
            f"{bracket.maintenance_amount:f}",
        )
    console.print(table)
