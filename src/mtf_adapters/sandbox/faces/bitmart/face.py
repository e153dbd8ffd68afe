"""The face itself: one ASGI application for REST and both streams."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from hashlib import blake2b

from attrs import asdict, evolve

from mtf_adapters.sandbox.faces.bitmart.codes import Problem, RefusedError, problem
from mtf_adapters.sandbox.faces.bitmart.desk import Desk
from mtf_adapters.sandbox.faces.bitmart.details import Board
from mtf_adapters.sandbox.faces.bitmart.endpoints import ENDPOINTS, Auth, Endpoint
from mtf_adapters.sandbox.faces.bitmart.envelope import answer, refusal
from mtf_adapters.sandbox.faces.bitmart.faulty import BitmartWire
from mtf_adapters.sandbox.faces.bitmart.limits import Limit, Per, headers_of
from mtf_adapters.sandbox.faces.bitmart.parameters import Parameters
from mtf_adapters.sandbox.faces.bitmart.quirks import Quirks
from mtf_adapters.sandbox.faces.bitmart.script import parse_script
from mtf_adapters.sandbox.faces.bitmart.signing import (
    KEY_HEADER,
    SIGN_HEADER,
    TIME_HEADER,
    Credential,
    signature_problem,
)
from mtf_adapters.sandbox.faces.bitmart.streams import Streams
from mtf_adapters.sandbox.faces.control import KeyRights
from mtf_adapters.sandbox.faces.counting import Count, RateLimits
from mtf_adapters.sandbox.faces.faulty import Faulty
from mtf_adapters.sandbox.faces.http import Receive, Request, Response, Scope, Send, read_request, send_response
from mtf_adapters.sandbox.faces.venue_face import MachineTime, VenueFace
from mtf_adapters.sandbox.faults import FaultPlan
from mtf_adapters.sandbox.world import World
from mtf_core.ports import ExchangeError, UnknownSymbolError

Headers = Mapping[str, str]


class BitmartFace(VenueFace[Quirks, Credential, Streams]):
    """Answers as BitMart would, from a world. `machine_s` is the time by which requests are counted, in seconds."""

    def __init__(
        self,
        world: World,
        credentials: Sequence[Credential],
        quirks: Quirks | None = None,
        faults: FaultPlan | None = None,
        machine_s: MachineTime = time.monotonic,
    ) -> None:
        super().__init__(world, credentials, quirks or Quirks(), faults or FaultPlan(), machine_s)
        self._board = Board(world)
        self.streams = Streams(self, machine_s)
        self._limits = RateLimits(self.quirks.ban_after, self.quirks.ban_sec)
        self._traces = 0
        self._faulty = Faulty(self.faults, BitmartWire(self.refused, world))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self.streams.serve(scope, receive, send)
            return
        request = await read_request(scope, receive)
        endpoint = ENDPOINTS.get((request.method, request.path))
        if endpoint is None:
            await send_response(send, self.refused(problem(30000)))
            return

        def respond(account: str | None) -> Response:
            return self.respond(endpoint, request, account)

        await self._faulty.carry(endpoint, respond, receive, send)

    def respond(self, endpoint: Endpoint, request: Request, account: str | None = None) -> Response:
        """The answer to a request that arrived; this moment is when it acts. `account` None: that of its key."""
        response = self._respond(endpoint, request, account)
        self.calls[endpoint.path, response.status] += 1
        return response

    def _respond(self, endpoint: Endpoint, request: Request, account: str | None) -> Response:
        credential, wrong = self._admitted(endpoint, request)
        if wrong is not None:
            return self.refused(wrong)
        count = self._counted(endpoint, request, credential)
        headers = headers_of(count) if count else {}
        if count is not None and count.is_over:
            return self.refused(problem(30013), headers)
        try:
            said = Parameters.of_body(request) if endpoint.writes else Parameters.of_query(request)
            data = endpoint.handle(self.desk(account or (credential.account if credential else ""), said))
        except RefusedError as error:
            return self.refused(error.problem, headers)
        except UnknownSymbolError:
            return self.refused(problem(40034), headers)
        except ExchangeError:  # the market shows nothing at this instant
            return self.refused(problem(40015), headers)
        return answer(data, self._trace(), headers)

    def desk(self, account: str, said: Parameters) -> Desk:
        return Desk(self.world, self.forming, self._board, self.quirks, account, said)

    def refused(self, wrong: Problem, headers: Headers | None = None) -> Response:
        if self.quirks.errors_with_status_200 and not wrong.is_gateway:
            wrong = evolve(wrong, status=200)
        return refusal(wrong, self.quirks.gateway_errors_say, self._trace(), headers or {})

    @property
    def signing_window_ms(self) -> int | None:
        window = self.quirks.signature_window_sec
        return None if window is None else window * 1000

    def restarted(self) -> None:
        """What a restart of the exchange does to its wire: connections end, counts are forgotten."""
        self.streams.disconnect_all()
        self._limits = RateLimits(self.quirks.ban_after, self.quirks.ban_sec)

    def add_key(self, account: str, rights: KeyRights) -> Mapping[str, str]:
        """A further key of an account, with what a client has to know of it."""
        made = evolve(Credential.of_seed(account, 0, len(self.credentials) + 1), **asdict(rights))
        self.credentials[made.key] = made
        return {"account": account, "key": made.key, "secret": made.secret, "memo": made.memo}

    def use_script(self, text: str) -> None:
        """Behaves otherwise from now on; raises ValueError.

        Quirks that the engine follows were fixed when the exchange was made: another value of one is refused.
        """
        script = parse_script(text)
        if script.quirks.rules() != self.world.engine.rules:
            raise ValueError(
                "quirks that the engine follows cannot change while it runs; serve it anew with the script"
            )
        self.quirks = script.quirks
        self.faults.set(script.faults)
        self._limits.ban_after, self._limits.ban_s = self.quirks.ban_after, self.quirks.ban_sec

    def _admitted(self, endpoint: Endpoint, request: Request) -> tuple[Credential | None, Problem | None]:
        """Whose call it is, or why it is refused before it is looked at."""
        credential = None
        if endpoint.auth is not Auth.NONE:
            key = request.headers.get(KEY_HEADER, "")
            credential = self.credentials.get(key)
            if credential is None:
                return None, problem(30002 if key else 30001)
        if self.quirks.rate_limits and self._limits.is_banned(_whose(endpoint, request, credential), self._rate_s):
            return credential, problem(30017)
        if credential is None:
            return None, None
        wrong = _right_problem(credential, endpoint) or self._signature_problem(endpoint, request, credential)
        return credential, wrong

    def _signature_problem(self, endpoint: Endpoint, request: Request, credential: Credential) -> Problem | None:
        sign, stamp = request.headers.get(SIGN_HEADER, ""), request.headers.get(TIME_HEADER, "")
        if endpoint.auth is Auth.KEYED and not (self.quirks.get_signatures_checked and sign):
            return None
        payload = request.body if endpoint.writes else b""
        return signature_problem(credential, stamp, sign, payload, self.signing_ms, self.signing_window_ms)

    def _counted(self, endpoint: Endpoint, request: Request, credential: Credential | None) -> Count[Limit] | None:
        if endpoint.limit is None or not self.quirks.rate_limits:
            return None
        whose = _whose(endpoint, request, credential)
        return self._limits.counted(endpoint.path, endpoint.limit, whose, self._rate_s)

    def _trace(self) -> str:
        self._traces += 1
        digest = blake2b(str(self._traces).encode(), digest_size=16).hexdigest()
        return f"{digest}.61.{self.world.now_ms}{self._traces:04}"


def _whose(endpoint: Endpoint, request: Request, credential: Credential | None) -> str:
    """Whose requests are counted together: an address's, a key's or an account's."""
    per = endpoint.limit.per if endpoint.limit else Per.KEY
    if credential is None or per is Per.IP:
        return request.client
    return credential.key if per is Per.KEY else credential.account


def _right_problem(credential: Credential, endpoint: Endpoint) -> Problem | None:
    if credential.frozen:
        return problem(30003)
    if credential.expired:
        return problem(30011)
    return problem(30012) if endpoint.writes and not credential.may_trade else None
