"""OKX's own words for what goes wrong with a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import evolve, frozen

from mtf_adapters.sandbox.faces.faulty import Document
from mtf_adapters.sandbox.faces.http import Response
from mtf_adapters.sandbox.faces.okx.codes import OK, Problem, problem
from mtf_adapters.sandbox.faces.okx.envelope import traded
from mtf_adapters.sandbox.faces.stranger import stranger_in
from mtf_adapters.sandbox.faults import Fault, FaultKind
from mtf_adapters.sandbox.matching.commands import PresetsFail
from mtf_adapters.sandbox.world import World

UNLISTED_CODE = "59999"
SYSTEM_ERROR = 50026
_GATEWAY_CODES: Mapping[FaultKind, int] = {
    FaultKind.RATE_LIMITED: 50011,
    FaultKind.BANNED: 50013,
    FaultKind.MAINTENANCE: 50001,
}


@frozen(eq=False)
class OkxWire:
    """See `mtf_adapters.sandbox.faces.faulty.Wire`."""

    refused: Callable[[Problem], Response]
    world: World

    def refusal_by(self, fault: Fault) -> Response:
        if fault.kind in _GATEWAY_CODES:
            return self.refused(problem(_GATEWAY_CODES[fault.kind]))
        if fault.kind in (FaultKind.SERVER_ERROR, FaultKind.SERVER_ERROR_AFTER):
            return evolve(self.refused(problem(50001)), status=fault.status)
        code = str(fault.code or SYSTEM_ERROR)
        if fault.kind is FaultKind.REFUSED_IN_ROW:
            now_ms = self.world.now_ms
            nothing = {"ordId": "", "clOrdId": "", "algoId": "", "algoClOrdId": "", "tag": "", "ts": str(now_ms)}
            return traded([{**nothing, "sCode": code, "sMsg": fault.text, "subCode": ""}], now_ms)
        return self.refused(Problem(code, fault.status, fault.text))

    def is_success(self, document: Document) -> bool:
        return document.get("code") == OK

    def emptied(self, document: Document) -> Document:
        return {**document, "data": []}

    @property
    def unlisted_code(self) -> str:
        return UNLISTED_CODE

    def stranger(self) -> str:
        return stranger_in(self.world)

    def leave_unprotected(self) -> None:
        self.world.happen(PresetsFail())
