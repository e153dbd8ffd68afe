"""The contracts in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

import attrs
from sqlalchemy import Connection, Row, delete, func, insert, select

from mtf_adapters.sql import schema
from mtf_adapters.sql.database import Database
from mtf_adapters.sql.transactions import value_or_none
from mtf_adapters.sql.upserts import upsert
from mtf_core.market import BracketUnit, Contract, ContractStatus, LeverageBracket

_COLUMNS = tuple(schema.contracts.c[field.name] for field in attrs.fields(Contract))
_BRACKET_FIELDS = tuple(field.name for field in attrs.fields(LeverageBracket))


class SqlContractStore:
    """The core's `ContractStore` of one namespace."""

    def __init__(self, database: Database, namespace: str) -> None:
        self._database = database
        self._namespace = namespace

    async def replace_all(self, contracts: Sequence[Contract], synced_ms: int) -> None:
        """Stores the contracts as the whole list of the exchange; those that are no longer listed go."""
        rows = [_row(contract) | {"namespace": self._namespace} for contract in contracts]
        sync = {"namespace": self._namespace, "synced_ms": synced_ms}

        def work(connection: Connection) -> None:
            # The row of the sync comes first: it makes a second process wait until this one is done.
            connection.execute(upsert(schema.contract_sync, connection), sync)
            connection.execute(delete(schema.contracts).where(schema.contracts.c.namespace == self._namespace))
            if rows:
                connection.execute(insert(schema.contracts), rows)

        await self._database.write(work)

    async def all(self) -> tuple[Contract, ...]:
        """Every stored contract, sorted by symbol."""
        query = select(*_COLUMNS).where(schema.contracts.c.namespace == self._namespace)

        def work(connection: Connection) -> list[Contract]:
            return [_contract(row) for row in connection.execute(query).all()]

        return tuple(sorted(await self._database.read(work), key=lambda contract: contract.symbol))

    async def synced_ms(self) -> int | None:
        """When the list was last replaced; None: never."""
        sync = schema.contract_sync.c
        query = select(sync.synced_ms).where(sync.namespace == self._namespace)
        synced_ms: int | None = await self._database.read(value_or_none(query))
        return synced_ms


async def contract_counts(database: Database) -> dict[str, int]:
    """How many contracts are stored of each namespace that has any, by its name."""
    namespace = schema.contracts.c.namespace
    query = select(namespace, func.count()).group_by(namespace).order_by(namespace)
    rows = await database.read(lambda connection: connection.execute(query).all())
    return {row[0]: row[1] for row in rows}


def _row(contract: Contract) -> dict[str, object]:
    row: dict[str, object] = {column.name: getattr(contract, column.name) for column in _COLUMNS}
    row["brackets"] = [
        {name: format(getattr(bracket, name), "f") for name in _BRACKET_FIELDS} for bracket in contract.brackets
    ]
    return row


def _contract(row: Row[tuple[object, ...]]) -> Contract:
    values = dict(row._mapping)
    brackets = tuple(_bracket(*(document[name] for name in _BRACKET_FIELDS)) for document in values["brackets"])
    read = {"status": ContractStatus(values["status"]), "brackets_in": BracketUnit(values["brackets_in"])}
    return Contract(**(values | read | {"brackets": brackets}))


@lru_cache(maxsize=1 << 14)
def _bracket(*texts: str) -> LeverageBracket:
    """A bracket by its fields in order. Many contracts share one, and a process reads them all each minute."""
    return LeverageBracket(**dict(zip(_BRACKET_FIELDS, map(Decimal, texts), strict=True)))
