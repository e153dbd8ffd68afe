"""Tiers of leverage: asked for by five families a call, ten calls in two seconds, and kept (sheet §3, §4)."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from mtf_adapters.okx.endpoints import POSITION_TIERS
from mtf_adapters.okx.products import Product
from mtf_adapters.okx.rest import RestClient
from mtf_adapters.okx.wire import TierRow
from mtf_adapters.online.together import every
from mtf_core.market import HOUR_MS
from mtf_core.ports import ExchangeError, ExchangeUnavailableError, UnknownSymbolError

KEPT_MS = 12 * HOUR_MS
"""The exchange announces changes of tiers days before; a contract that is new is asked for at once."""
_FAMILIES_A_CALL = 5
_CALLS_AT_ONCE = 5

_log = logging.getLogger(__name__)


class Tiers:
    """What was read of each family, and when: also what a list had read when it was broken off."""

    def __init__(self, rest: RestClient, product: Product) -> None:
        self._rest = rest
        self._product = product
        self._read: dict[str, tuple[int, tuple[TierRow, ...]]] = {}
        """By family: when it was read, by the steady clock, and its rows."""

    async def of(self, families: Iterable[str]) -> Mapping[str, tuple[TierRow, ...]]:
        """The tiers of the families; a family that the exchange does not know here has none.

        Raises `ExchangeError` where some of them could not be read; what could is kept.
        """
        wanted = sorted(set(families))
        now_ms = self._rest.clock.steady_ms()
        lacking = [name for name in wanted if not self._is_known(name, now_ms)]
        turn = asyncio.Semaphore(_CALLS_AT_ONCE)

        async def read(some: Sequence[str]) -> None:
            async with turn:
                await self._read_some(some)

        starts = range(0, len(lacking), _FAMILIES_A_CALL)
        await every(read(lacking[at : at + _FAMILIES_A_CALL]) for at in starts)
        return {name: self._read[name][1] for name in wanted if name in self._read}

    def _is_known(self, family: str, now_ms: int) -> bool:
        known = self._read.get(family)
        return known is not None and 0 <= now_ms - known[0] < KEPT_MS

    async def _read_some(self, families: Sequence[str]) -> None:
        """One call for all; each by itself where the exchange refuses one of them, or leaves one out."""
        try:
            found = await self._asked(families)
        except ExchangeUnavailableError:
            raise
        except ExchangeError as error:
            if len(families) == 1:
                _log.warning("%s has no tiers of leverage: %s", families[0], error)
                if isinstance(error, UnknownSymbolError):
                    self._keep(families[0], ())
                return
            found = {}
        for name, rows in found.items():
            self._keep(name, rows)
        lacking = [name for name in families if name not in found]
        if len(families) > 1:
            for name in lacking:
                await self._read_some([name])
        elif lacking:
            _log.warning("%s has no tiers of leverage", lacking[0])
            self._keep(lacking[0], ())

    def _keep(self, family: str, rows: Sequence[TierRow]) -> None:
        self._read[family] = self._rest.clock.steady_ms(), tuple(rows)

    async def _asked(self, families: Sequence[str]) -> Mapping[str, Sequence[TierRow]]:
        params = {"instType": self._product.inst_type, "tdMode": "cross", "instFamily": ",".join(families)}
        by_family: dict[str, list[TierRow]] = defaultdict(list)
        for row in await self._rest.read(POSITION_TIERS, TierRow, params):
            if row.instFamily not in families:
                raise ExchangeUnavailableError(
                    f"{POSITION_TIERS.bucket}: asked for {', '.join(families)}, answered with {row.instFamily}"
                )
            by_family[row.instFamily].append(row)
        return by_family
