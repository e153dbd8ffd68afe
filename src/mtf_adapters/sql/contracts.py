"""The contracts in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import attrs
from sqlalchemy import Row, delete, insert, select

from mtf_adapters.sql import schema
from mtf_adapters.sql.database import Database
from mtf_adapters.sql.upserts import upsert
from mtf_core.market import Contract, LeverageBracket

_COLUMNS = tuple(column.name for column in schema.contracts.columns)
_BRACKET_FIELDS = tuple(field.name for field in attrs.fields(LeverageBracket))


class SqlContractStore:
    """The core's `ContractStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def replace_all(self, contracts: Sequence[Contract], synced_ms: int) -> None:
        """Stores the contracts as the whole list of the exchange; those that are no longer listed go."""
        rows = [_row(contract) for contract in contracts]
        async with self._database.writing() as connection:
            # The one row of the sync comes first: it makes a second process wait until this one is done.
            await connection.execute(upsert(schema.contract_sync, connection), {"id": 1, "synced_ms": synced_ms})
            await connection.execute(delete(schema.contracts))
            if rows:
                await connection.execute(insert(schema.contracts), rows)

    async def all(self) -> tuple[Contract, ...]:
        """Every stored contract, sorted by symbol."""
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(schema.contracts))).all()
            return tuple(sorted(map(_contract, rows), key=lambda contract: contract.symbol))

    async def synced_ms(self) -> int | None:
        """When the list was last replaced; None: never."""
        async with self._database.reading() as connection:
            return (await connection.execute(select(schema.contract_sync.c.synced_ms))).scalar_one_or_none()


def _row(contract: Contract) -> dict[str, object]:
    row: dict[str, object] = {name: getattr(contract, name) for name in _COLUMNS}
    row["brackets"] = [
        {name: format(getattr(bracket, name), "f") for name in _BRACKET_FIELDS} for bracket in contract.brackets
    ]
    return row


def _contract(row: Row[tuple[object, ...]]) -> Contract:
    values = dict(row._mapping)
    return Contract(**(values | {"brackets": tuple(map(_bracket, values["brackets"]))}))


def _bracket(document: Mapping[str, str]) -> LeverageBracket:
    return LeverageBracket(**{name: Decimal(document[name]) for name in _BRACKET_FIELDS})
