"""What a look need not read again: rows that take longer to read than everything else, and seldom change."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, evolve, field

from mtf_core.market import ContractStatus
from mtf_core.ports import ContractStore, RunStore
from mtf_core.records import RunRecord

_RUNS = 8
"""Of each profile: enough for its usual pace."""


@define(eq=False)
class Remembered:
    """Of one venue's store, between the looks of one process."""

    _runs: dict[str, tuple[RunRecord, ...]] = field(factory=dict, init=False)
    _statuses: Mapping[str, ContractStatus] = field(factory=dict, init=False)
    _synced_ms: int | None = field(default=None, init=False)

    async def runs(self, store: RunStore, profile: str) -> tuple[RunRecord, ...]:
        """The last runs of a profile, the newest first, without their reports; read anew where one began or ended."""
        known = self._runs.get(profile, ())
        newest = (await store.history(1, profile=profile)).items
        is_known = [run.run_id for run in newest] == [run.run_id for run in known[:1]]
        if not is_known or any(run.finished_ms is None for run in known):
            found = (await store.history(_RUNS, profile=profile)).items
            known = self._runs[profile] = tuple(evolve(run, report=None) for run in found)
        return known

    async def statuses(self, store: ContractStore) -> Mapping[str, ContractStatus]:
        """Of each contract, by symbol; read anew where the contracts were synchronised."""
        synced_ms = await store.synced_ms()
        if synced_ms is None or synced_ms != self._synced_ms:
            self._statuses = {contract.symbol: contract.status for contract in await store.all()}
            self._synced_ms = synced_ms
        return self._statuses
