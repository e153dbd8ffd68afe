"""The face itself: one ASGI application for REST and the streams."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import asdict, evolve

from mtf_adapters.sandbox.faces.control import KeyRights
from mtf_adapters.sandbox.faces.counting import RateLimits
from mtf_adapters.sandbox.faces.faulty import Faulty
from mtf_adapters.sandbox.faces.http import Receive, Request, Response, Scope, Send, read_request, send_response
from mtf_adapters.sandbox.faces.okx.codes import OK, Problem, RefusedError, problem
from mtf_adapters.sandbox.faces.okx.desk import Desk
from mtf_adapters.sandbox.faces.okx.endpoints import ENDPOINTS, Endpoint, TradeEndpoint
from mtf_adapters.sandbox.faces.okx.envelope import answer, refusal, traded
from mtf_adapters.sandbox.faces.okx.faulty import OkxWire
from mtf_adapters.sandbox.faces.okx.limits import ACCOUNT_LIMIT, Limit
from mtf_adapters.sandbox.faces.okx.notes import Notes
from mtf_adapters.sandbox.faces.okx.parameters import Parameters, body_of, rows_of
from mtf_adapters.sandbox.faces.okx.quirks import Environment, Quirks
from mtf_adapters.sandbox.faces.okx.rows import Row
from mtf_adapters.sandbox.faces.okx.script import parse_script
from mtf_adapters.sandbox.faces.okx.signing import (
    EXPIRY_HEADER,
    KEY_HEADER,
    WORLD_HEADER,
    Credential,
    missing_header,
    signature_problem,
)
from mtf_adapters.sandbox.faces.okx.streams import Streams
from mtf_adapters.sandbox.faces.venue_face import MachineTime, VenueFace
from mtf_adapters.sandbox.faults import FaultPlan
from mtf_adapters.sandbox.world import World
from mtf_core.ports import ExchangeError, UnknownSymbolError

_NOT_FOUND = Problem("404", 404, "Not found")
_LEVERAGE_INFO = "leverage-info"


class OkxFace(VenueFace[Quirks, Credential, Streams]):
    """Answers as OKX would, from a world. `machine_s` is the time by which requests are counted, in seconds."""

    def __init__(
        self,
        world: World,
        credentials: Sequence[Credential],
        quirks: Quirks | None = None,
        faults: FaultPlan | None = None,
        machine_s: MachineTime = time.monotonic,
    ) -> None:
        super().__init__(world, credentials, quirks or Quirks(), faults or FaultPlan(), machine_s)
        self.notes = Notes()
        self.streams = Streams(self, machine_s)
        self._limits = RateLimits(ban_after=None, ban_s=0)
        self._faulty = Faulty(self.faults, OkxWire(self.refused, world))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self.streams.serve(scope, receive, send)
            return
        request = await read_request(scope, receive)
        endpoint = ENDPOINTS.get((request.method, request.path))
        if endpoint is None or (endpoint.name == _LEVERAGE_INFO and not self.quirks.leverage_info_served):
            await send_response(send, self.refused(_NOT_FOUND))
            return

        def respond(account: str | None) -> Response:
            return self.respond(endpoint, request, account)

        await self._faulty.carry(endpoint, respond, receive, send)

    def respond(self, endpoint: Endpoint | TradeEndpoint, request: Request, account: str | None = None) -> Response:
        """The answer to a request that arrived; this moment is when it acts. `account` None: that of its key."""
        response = self._respond(endpoint, request, account)
        self.calls[endpoint.path, response.status] += 1
        return response

    def _respond(self, endpoint: Endpoint | TradeEndpoint, request: Request, account: str | None) -> Response:
        try:
            own = self._admitted(endpoint, request)
            whose = account or own
            said = body_of(request.body) if endpoint.writes else dict(request.query)
            self._in_time(request)
            if isinstance(endpoint, TradeEndpoint):
                return self._trade(endpoint, request, whose, said)
            self._count(endpoint.path, endpoint.limit, request, whose, _contract_of(said))
            return answer(endpoint.handle(self.desk(whose, Parameters(said if isinstance(said, dict) else {}))))
        except RefusedError as error:
            return self.refused(error.problem)
        except UnknownSymbolError:
            return self.refused(problem(51001))
        except ExchangeError:  # the market shows nothing at this instant
            return self.refused(problem(51021))

    def _trade(self, endpoint: TradeEndpoint, request: Request, account: str, said: Any) -> Response:
        """Every row by itself, in turn; one that is refused leaves the others as they are."""
        if endpoint.most_rows is None:
            rows: Sequence[Parameters] = rows_of([said], "body")
        else:
            rows = rows_of(said, "body")
            if not 1 <= len(rows) <= endpoint.most_rows:
                raise RefusedError(problem(51000, f"Parameter body error: 1 to {endpoint.most_rows} rows"))
        for contract in {_contract_of(row.values) for row in rows}:
            weight = sum(_contract_of(row.values) == contract for row in rows)
            # A batch of one counts as a single order.
            path = endpoint.path.replace("batch-orders", "order") if len(rows) == 1 else endpoint.path
            self._count(path, endpoint.limit, request, account, contract, weight)
        if endpoint.places and self._is_over("account", ACCOUNT_LIMIT, account, len(rows)):
            raise RefusedError(problem(50061))
        arrived_ms = self.world.now_ms
        done = [self._row(endpoint, self.desk(account, row)) for row in rows]
        return traded(done[::-1] if self.quirks.batch_rows_reversed else done, arrived_ms)

    def _row(self, endpoint: TradeEndpoint, desk: Desk) -> Row:
        try:
            row, wrong = endpoint.act(desk), None
        except RefusedError as error:
            if error.problem.is_of_gateway and endpoint.most_rows is None and error.problem.status != 200:
                raise
            row, wrong = endpoint.refused(desk), error.problem
        except (UnknownSymbolError, ExchangeError):
            row, wrong = endpoint.refused(desk), problem(51021)
        told = {"sCode": wrong.code, "sMsg": wrong.text, "subCode": wrong.sub_code} if wrong else _FINE
        return {**row, "ts": str(desk.now_ms), **told}

    def desk(self, account: str, said: Parameters) -> Desk:
        return Desk(self.world, self.forming, self.quirks, self.notes, account, said)

    def refused(self, wrong: Problem) -> Response:
        if (wrong.status == 401 and self.quirks.key_errors_with_status_200) or (
            wrong.code == problem(50011).code and self.quirks.rate_limit_with_status_200
        ):
            wrong = evolve(wrong, status=200)
        return refusal(wrong, has_data=self.quirks.errors_have_data)

    @property
    def signing_window_ms(self) -> int:
        return self.quirks.signature_window_sec * 1000

    def restarted(self) -> None:
        """What a restart of the exchange does to its wire: connections end, counts are forgotten."""
        self.streams.disconnect_all()
        self._limits = RateLimits(ban_after=None, ban_s=0)

    def add_key(self, account: str, rights: KeyRights) -> Mapping[str, str]:
        """A further key of an account, with what a client has to know of it."""
        made = evolve(Credential.of_seed(account, 0, len(self.credentials) + 1), **asdict(rights))
        self.credentials[made.key] = made
        return {"account": account, "key": made.key, "secret": made.secret, "passphrase": made.passphrase}

    def use_script(self, text: str) -> None:
        """Behaves otherwise from now on; raises ValueError.

        Quirks that the engine follows were fixed when the exchange was made: another value of one is refused.
        """
        script = parse_script(text)
        if script.quirks.rules() != self.world.engine.rules or script.quirks.sells is not self.quirks.sells:
            raise ValueError(
                "quirks that the engine follows cannot change while it runs; serve it anew with the script"
            )
        self.quirks = script.quirks
        self.faults.set(script.faults)

    def _admitted(self, endpoint: Endpoint | TradeEndpoint, request: Request) -> str:
        """Whose call it is; raises why it is refused before it is looked at. Nobody's, where nothing is signed."""
        if not endpoint.is_signed:
            return ""
        wrong = missing_header(request.headers)
        credential = self.credentials.get(request.headers.get(KEY_HEADER, ""))
        if wrong is None and credential is None:
            wrong = problem(50119)
        if wrong is not None or credential is None:
            raise RefusedError(wrong or problem(50119))
        wrong = self._key_problem(credential, endpoint, request) or signature_problem(
            credential, request, self.signing_ms, self.signing_window_ms
        )
        if wrong is not None:
            raise RefusedError(wrong)
        return credential.account

    def _key_problem(
        self, credential: Credential, endpoint: Endpoint | TradeEndpoint, request: Request
    ) -> Problem | None:
        is_demo = request.headers.get(WORLD_HEADER, "0") == "1"
        if is_demo is not (self.quirks.environment is Environment.DEMO):
            return problem(50101)
        if credential.frozen:
            return problem(50100)
        if credential.expired:
            return problem(50119)
        return problem(50120) if endpoint.writes and not credential.may_trade else None

    def _in_time(self, request: Request) -> None:
        """Raises 50036 for a request whose own last instant has passed."""
        until = request.headers.get(EXPIRY_HEADER, "")
        if not until:
            return
        if not (until.isascii() and until.isdigit()):
            raise RefusedError(problem(51000, "Parameter expTime error"))
        if int(until) < self.signing_ms:
            raise RefusedError(problem(50036))

    def _count(
        self, path: str, limit: Limit | None, request: Request, account: str, contract: str, weight: int = 1
    ) -> None:
        """Counts a call, or so many rows; raises 50011 for one too many."""
        if limit is None:
            return
        whose = request.client if limit.by_address else account
        if limit.by_contract:
            whose = f"{whose}/{contract}"
        if self._is_over(f"{request.method} {path}", limit, whose, weight):
            raise RefusedError(problem(50011))

    def _is_over(self, what: str, limit: Limit, whose: str, weight: int) -> bool:
        if not self.quirks.rate_limits:
            return False
        return self._limits.counted(what, limit, whose, self._rate_s, weight).is_over


_FINE = {"sCode": OK, "sMsg": "", "subCode": ""}


def _contract_of(said: Any) -> str:
    """By what calls about contracts are counted apart."""
    if not isinstance(said, Mapping):
        return ""
    return str(said.get("instId") or said.get("instType") or "")
