"""BitMart's own words for what goes wrong with a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import evolve, frozen

from mtf_adapters.sandbox.faces.bitmart.codes import OK, Problem, problem
from mtf_adapters.sandbox.faces.faulty import Document
from mtf_adapters.sandbox.faces.http import Response
from mtf_adapters.sandbox.faces.stranger import stranger_in
from mtf_adapters.sandbox.faults import Fault, FaultKind
from mtf_adapters.sandbox.matching.commands import PresetsFail
from mtf_adapters.sandbox.world import World

UNLISTED_CODE = 45999
SYSTEM_ERROR = 40012
_GATEWAY_CODES: Mapping[FaultKind, int] = {
    FaultKind.RATE_LIMITED: 30013,
    FaultKind.BANNED: 30017,
    FaultKind.MAINTENANCE: 30016,
}


@frozen(eq=False)
class BitmartWire:
    """See `mtf_adapters.sandbox.faces.faulty.Wire`."""

    refused: Callable[[Problem], Response]
    world: World

    def refusal_by(self, fault: Fault) -> Response:
        if fault.kind in _GATEWAY_CODES:
            return self.refused(problem(_GATEWAY_CODES[fault.kind]))
        if fault.kind in (FaultKind.SERVER_ERROR, FaultKind.SERVER_ERROR_AFTER):
            return evolve(self.refused(problem(30014)), status=fault.status)
        return self.refused(Problem(fault.code or SYSTEM_ERROR, fault.status, fault.text))

    def is_success(self, document: Document) -> bool:
        return document.get("code") == OK

    def emptied(self, document: Document) -> Document:
        """Lists without rows, maps without values."""
        data = document.get("data")
        if isinstance(data, dict):
            return {**document, "data": {name: [] for name, value in data.items() if isinstance(value, list)}}
        return {**document, "data": []}

    @property
    def unlisted_code(self) -> int:
        return UNLISTED_CODE

    def stranger(self) -> str:
        return stranger_in(self.world)

    def leave_unprotected(self) -> None:
        self.world.happen(PresetsFail())
