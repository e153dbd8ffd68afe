"""Requests over a real connection: what is sent, how often, and what every ugly answer comes to."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal

import httpx
import pytest
from attrs import define, evolve, field

from mtf_adapters.limits import BudgetSpentError, Reading
from mtf_adapters.okx.codes import write_result
from mtf_adapters.okx.endpoints import (
    BALANCE,
    CANCEL_ALGOS,
    CANDLES,
    INSTRUMENTS,
    ORDER,
    PLACE_ORDER,
    SET_LEVERAGE,
    TIME,
)
from mtf_adapters.okx.rest import USER_AGENT, Exchanged, KeyRefusedError, NoReply, NoSuchOrderError, Reply
from mtf_core.market import WriteResult
from mtf_core.ports import ExchangeError, ExchangeUnavailableError, Priority, UnknownSymbolError
from tests.unit.bitmart.loopback import HTML, Answer, Asked
from tests.unit.okx.calling import (
    COINS,
    CREDENTIALS,
    NOW_MS,
    TAKEN,
    TIMING,
    Calls,
    CoinRow,
    answered,
    calls,
    client_of,
    clock,
    ok,
    refused,
    row_refused,
)

BODY = {"instId": "BTC-USDT-SWAP", "tdMode": "cross", "side": "buy", "posSide": "long", "sz": "1", "clOrdId": "a1"}
SIGNED = {"ok-access-key", "ok-access-passphrase", "ok-access-timestamp", "ok-access-sign"}


async def write(at: Calls, not_after_ms: int | None = None, leaves_within_ms: int | None = None) -> Exchanged:
    return await at.rest.write(PLACE_ORDER, BODY, Priority.ENTRY, not_after_ms, leaves_within_ms)


async def coins(at: Calls) -> list[CoinRow]:
    return await at.rest.read(BALANCE, CoinRow)


def result_of(exchanged: Exchanged) -> WriteResult:
    """What the adapter makes of a write whose answer has one row."""
    assert isinstance(exchanged, Reply)
    codes = exchanged.envelope.row_codes
    return write_result(exchanged.envelope.code, codes[0] if codes else "", exchanged.status)


def signature_of(asked: Asked) -> str:
    """Over what came, and nothing that the client says of it."""
    signed = f"{asked.headers['ok-access-timestamp']}{asked.method}{asked.target}".encode() + asked.body
    return base64.b64encode(hmac.new(CREDENTIALS.secret.encode(), signed, hashlib.sha256).digest()).decode()


async def test_the_bytes_that_are_signed_are_the_bytes_that_are_sent() -> None:
    async with calls() as at:
        at.exchange.answer("order", TAKEN)
        at.exchange.answer("cancel-algos", TAKEN)
        at.exchange.answer("balance", COINS)
        await write(at)
        await at.rest.write(CANCEL_ALGOS, [{"instId": "BTC-USDT-SWAP", "algoId": "7"}], Priority.EXIT)
        await at.rest.read(BALANCE, CoinRow, {"ccy": "USDT,USDC", "odd": "a b+c/é&d=e", "limit": 100})
        await coins(at)
        order, algos, queried, plain = at.exchange.asked
    assert [one.headers["ok-access-sign"] for one in at.exchange.asked] == list(map(signature_of, at.exchange.asked))
    assert (order.method, order.content, order.headers["content-type"]) == ("POST", BODY, "application/json")
    assert algos.content == [{"instId": "BTC-USDT-SWAP", "algoId": "7"}]
    assert queried.params == {"ccy": "USDT,USDC", "odd": "a b+c/é&d=e", "limit": "100"}
    assert (plain.method, plain.target, plain.body) == ("GET", "/api/v5/account/balance", b"")


async def test_a_time_stamp_is_the_exchange_s_time_in_milliseconds() -> None:
    async with calls() as at:
        at.exchange.answer("time", clock(NOW_MS + 90_007))
        at.exchange.answer("order", TAKEN)
        await write(at)
        assert await at.rest.server_time_ms() == NOW_MS + 90_007
        await write(at)
        stamps = [one.headers["ok-access-timestamp"] for one in at.exchange.of("order")]
    assert stamps == ["2026-11-27T00:00:00.042Z", "2026-11-27T00:01:30.049Z"]


async def test_public_data_carries_no_key_and_the_account_all_of_it() -> None:
    async with calls() as at:
        at.exchange.answer("candles", ok())
        at.exchange.answer("balance", COINS)
        await at.rest.read(CANDLES, CoinRow, {"instId": "BTC-USDT-SWAP"})
        await coins(at)
    public, private = at.exchange.asked
    assert not [name for name in public.headers if name.startswith("ok-")]
    assert set(private.headers) >= SIGNED
    assert private.headers["ok-access-passphrase"] == CREDENTIALS.passphrase
    assert {public.headers["user-agent"], private.headers["user-agent"]} == {USER_AGENT}


@pytest.mark.parametrize("is_demo", [True, False], ids=["demo", "live"])
async def test_every_request_to_this_machine_says_that_it_is_a_simulated_one(is_demo: bool) -> None:
    async with calls(is_demo=is_demo) as at:
        for name, answer in (("candles", ok()), ("balance", COINS), ("order", TAKEN), ("time", clock(NOW_MS))):
            at.exchange.answer(name, answer)
        await at.rest.read(CANDLES, CoinRow)
        await coins(at)
        await write(at)
        await at.rest.measure_time()
        assert [one.headers["x-simulated-trading"] for one in at.exchange.asked] == ["1"] * 4


class ToThisMachine(httpx.AsyncBaseTransport):
    """Carries every request to one address, whatever the host that it is for."""

    def __init__(self, address: str) -> None:
        self._address = httpx.URL(address)
        self._carrier = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        at = self._address
        request.url = request.url.copy_with(scheme=at.scheme, host=at.host, port=at.port)
        return await self._carrier.handle_async_request(request)

    async def aclose(self) -> None:
        await self._carrier.aclose()


@pytest.mark.parametrize(("is_demo", "said"), [(True, "1"), (False, None)], ids=["demo", "live"])
async def test_beyond_this_machine_the_environment_decides_whose_money_a_request_is_about(
    is_demo: bool, said: str | None
) -> None:
    """The host is the same: without the header a demo's order would be one of real money."""
    async with calls() as at:
        for name, answer in (("candles", ok()), ("balance", COINS), ("order", TAKEN), ("time", clock(NOW_MS))):
            at.exchange.answer(name, answer)
        rest = client_of("https://openapi.okx.com", is_demo=is_demo, transport=ToThisMachine(at.exchange.url))
        await rest.read(CANDLES, CoinRow)
        await rest.read(BALANCE, CoinRow)
        await rest.write(PLACE_ORDER, BODY, Priority.ENTRY)
        await rest.measure_time()
        await rest.aclose()
        asked = at.exchange.asked
    assert [one.headers["host"] for one in asked] == ["openapi.okx.com"] * 4
    assert [one.headers.get("x-simulated-trading") for one in asked] == [said] * 4


async def test_a_write_with_a_deadline_tells_the_exchange_when_to_drop_it() -> None:
    async with calls() as at:
        at.exchange.answer("order", TAKEN)
        at.exchange.answer("balance", COINS)
        await write(at, not_after_ms=NOW_MS + 5_000)
        await write(at)
        await coins(at)
        ends = [one.headers.get("exptime") for one in at.exchange.asked]
        stamps = {one.headers["ok-access-timestamp"] for one in at.exchange.asked}
    assert ends == [str(NOW_MS + 5_000), None, None]
    assert stamps == {"2026-11-27T00:00:00.042Z"}, "the signature is dated now: the deadline is said in its own header"


UGLY = {
    "a page of the network in front": HTML,
    "a page with a status of success": evolve(HTML, status=200),
    "half a body": Answer(b'{"code":"0","msg":"","da', promised=400),
    "half a body that claims to be whole": Answer(b'{"code":"0","msg":"","da'),
    "no answer at all": Answer(drop=True),
    "an answer that comes too late": evolve(TAKEN, wait_s=5.0),
    "null": Answer(b"null"),
    "nothing": Answer(b""),
    "a list": Answer(b"[]"),
    "a number": Answer(b"0"),
    "no code": Answer(b'{"msg":"","data":[]}'),
    "a code that is no number": answered("ok", []),
    "a truth for a code": Answer(b'{"code":false,"data":[]}'),
    "a number with a point for a code": Answer(b'{"code":0.0,"data":[]}'),
    "not UTF-8": Answer(b'{"code":"0","msg":"\xff","data":[]}'),
    "a number that is none": Answer(b'{"code":"0","msg":"","data":[NaN]}'),
    "success without rows": answered("0"),
    "success with null for rows": answered("0", None),
    "success with an object for rows": answered("0", {}),
    "success with a text for rows": answered("0", ""),
    "a code that comes twice": Answer(b'{"code":"51008","code":"0","msg":"","data":[]}'),
    "a row's code that comes twice": Answer(b'{"code":"0","msg":"","data":[{"sCode":"51008","sCode":"0"}]}'),
    "a service that is not there": refused("50001", "Service temporarily unavailable", 503),
    "a system error": refused("50026", "System error", 500),
    "a gateway that failed": Answer(b"Bad gateway", 502),
    "an exchange that waited too long": refused("50004", "API endpoint request timeout", 400),
    "an order that took too long": row_refused("51149", "Order timed out"),
    "success from a failing server": evolve(TAKEN, status=500),
    "success with a status of refusal": evolve(TAKEN, status=400),
    "success with too many requests": evolve(TAKEN, status=429),
    "all failed, and the row says success": row_refused("0"),
    "all failed, and no row says why": answered("1", [], "All operations failed"),
    "some failed, and no row says which": answered("2", [], "Bulk operation partially succeeded"),
    "packed, without an end": Answer(gzip.compress(TAKEN.body)[:-6], headers={"Content-Encoding": "gzip"}),
    "packed twice": Answer(gzip.compress(gzip.compress(TAKEN.body)), headers={"Content-Encoding": "gzip, gzip"}),
    "packed as nobody asked for": Answer(TAKEN.body, headers={"Content-Encoding": "br"}),
    "a redirection": Answer(b"", 307, {"Location": "http://127.0.0.1:9/"}),
    "a code that nobody knows": refused("50999", "who knows"),
    "a row's code that nobody knows": row_refused("51999", "who knows"),
}


@pytest.mark.parametrize("answer", UGLY.values(), ids=UGLY)
async def test_whatever_is_no_answer_leaves_a_write_open_and_it_is_not_sent_again(answer: Answer) -> None:
    async with calls() as at:
        at.exchange.answer("order", answer)
        exchanged = await write(at)
        assert len(at.exchange.asked) == 1
    if isinstance(exchanged, NoReply):
        assert not exchanged.nothing_left
    else:
        assert result_of(exchanged) is WriteResult.UNKNOWN


@pytest.mark.parametrize("answer", UGLY.values(), ids=UGLY)
async def test_whatever_is_no_answer_is_an_error_of_a_read(answer: Answer) -> None:
    async with calls(timing=evolve(TIMING, attempt_s=0.1)) as at:
        at.exchange.answer("balance", answer)
        with pytest.raises(ExchangeError) as caught:
            await coins(at)
        assert 1 <= len(at.exchange.asked) <= TIMING.attempts
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (TAKEN, WriteResult.ACCEPTED),
        (row_refused("51008", "Insufficient balance"), WriteResult.REJECTED),
        (row_refused("51008_1000", "Insufficient balance"), WriteResult.REJECTED),
        (row_refused("51008", envelope="2"), WriteResult.REJECTED),
        (row_refused("51008", envelope="0"), WriteResult.REJECTED),
        (row_refused("51016"), WriteResult.DUPLICATE),
        (row_refused("51400"), WriteResult.NOT_FOUND),
        (row_refused("50061"), WriteResult.RATE_LIMITED),
        (row_refused("50037"), WriteResult.CLOCK_SKEW),
        (refused("50011"), WriteResult.RATE_LIMITED),
        (refused("50011", status=429), WriteResult.RATE_LIMITED),
        (refused("50102", status=401), WriteResult.CLOCK_SKEW),
        (refused("50036"), WriteResult.CLOCK_SKEW),
        (refused("50119", status=401), WriteResult.AUTH),
        (refused("50101", status=401), WriteResult.AUTH),
        (refused("51000", status=400), WriteResult.REJECTED),
    ],
)
async def test_a_write_that_was_answered_is_told_by_its_row_and_else_by_the_whole(
    answer: Answer, result: WriteResult
) -> None:
    async with calls() as at:
        at.exchange.answer("order", answer)
        exchanged = await write(at)
        assert len(at.exchange.asked) == 1
    assert result_of(exchanged) is result
    assert isinstance(exchanged, Reply)
    assert exchanged.is_success is (result is WriteResult.ACCEPTED)


async def test_what_was_answered_is_said_in_the_words_of_the_row() -> None:
    async with calls() as at:
        at.exchange.answer("order", row_refused("51008", "Insufficient USDT margin"), refused("51000", "sz error"))
        row, whole = await write(at), await write(at)
        assert isinstance(row, Reply)
        assert isinstance(whole, Reply)
        assert (at.rest.said(row), at.rest.said(whole)) == ("Insufficient USDT margin", "sz error")


async def test_a_write_that_is_refused_for_its_key_says_what_to_look_at() -> None:
    async with calls() as at:
        at.exchange.answer("order", refused("50119", "API key doesn't exist", 401))
        exchanged = await write(at)
        assert isinstance(exchanged, Reply)
        said = at.rest.said(exchanged)
    assert "OKX_REGION" in said
    assert "MTF_ENVIRONMENT" in said
    assert "API key doesn't exist" in said


async def test_a_refusal_needs_no_data() -> None:
    async with calls() as at:
        at.exchange.answer("set-leverage", refused("59107", "cancel all pending cross-margin orders"))
        exchanged = await at.rest.write(SET_LEVERAGE, {"instId": "A"}, Priority.ENTRY)
    assert isinstance(exchanged, Reply)
    assert (exchanged.envelope.code, exchanged.envelope.rows) == ("59107", [])


async def test_numbers_are_kept_to_the_last_digit() -> None:
    async with calls() as at:
        at.exchange.answer("order", Answer(b'{"code":"0","msg":"","data":[{"px":0.10000000000000000001}]}'))
        exchanged = await write(at)
    assert isinstance(exchanged, Reply)
    assert exchanged.envelope.rows == [{"px": Decimal("0.10000000000000000001")}]


async def test_a_packed_answer_is_unpacked() -> None:
    async with calls() as at:
        at.exchange.answer("balance", Answer(gzip.compress(COINS.body), headers={"Content-Encoding": "gzip"}))
        (row,) = await coins(at)
        assert at.exchange.asked[0].headers["accept-encoding"] == "gzip"
    assert row.ccy == "USDT"


@pytest.mark.parametrize(
    "answer",
    [
        HTML,
        Answer(drop=True),
        Answer(b""),
        refused("50001", status=503),
        refused("50004", status=400),
        refused("50011", status=429),
        refused("50011"),
        refused("50013", status=429),
        refused("50026", status=500),
        refused("50999", status=502),
    ],
    ids=lambda answer: answer.body.decode()[:20] or "nothing",
)
async def test_a_read_that_had_no_answer_is_sent_again(answer: Answer) -> None:
    async with calls() as at:
        at.exchange.answer("balance", answer, COINS)
        (row,) = await coins(at)
        assert len(at.exchange.asked) == 2
    assert row.ccy == "USDT"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused("51001", "Instrument ID doesn't exist."), UnknownSymbolError),
        (refused("51603", "Order does not exist."), NoSuchOrderError),
        (refused("51400", "filled, canceled or does not exist"), NoSuchOrderError),
        (refused("50119", "API key doesn't exist", 401), KeyRefusedError),
        (refused("50101", "APIKey does not match current environment.", 401), KeyRefusedError),
        (refused("50113", "Invalid signature.", 401), KeyRefusedError),
        (refused("50120", "no permission"), KeyRefusedError),
        (refused("51000", "Parameter instId error", 400), ExchangeError),
        (refused("51010", "Request unsupported under current account mode"), ExchangeError),
        (refused("50005", "API endpoint is inactive", 410), ExchangeUnavailableError),
        (refused("50999", "who knows"), ExchangeError),
    ],
)
async def test_a_read_that_would_be_refused_again_is_sent_once(answer: Answer, error: type[ExchangeError]) -> None:
    async with calls() as at:
        at.exchange.answer("balance", answer)
        with pytest.raises(ExchangeError) as caught:
            await coins(at)
        assert len(at.exchange.asked) == 1
    assert type(caught.value) is error


async def test_a_key_that_is_not_known_is_an_error_that_names_each_likely_reason_and_setting() -> None:
    async with calls() as at:
        at.exchange.answer("balance", refused("50119", "API key doesn't exist", 401))
        with pytest.raises(KeyRefusedError) as caught:
            await coins(at)
    assert str(caught.value) == (
        "OKX: balance: this key is not known here. It may belong to another region than OKX_REGION says, to another "
        "environment than MTF_ENVIRONMENT says, or be mistyped (code 50119: API key doesn't exist); "
        "see OKX_API_KEY, OKX_SECRET_KEY and OKX_PASSPHRASE"
    )


async def test_a_key_of_the_other_environment_is_an_error_that_names_the_setting() -> None:
    async with calls() as at:
        at.exchange.answer("balance", refused("50101", "APIKey does not match current environment.", 401))
        with pytest.raises(KeyRefusedError, match="MTF_ENVIRONMENT"):
            await coins(at)


async def test_a_refusal_by_a_failing_server_is_no_refusal() -> None:
    async with calls() as at:
        at.exchange.answer("balance", refused("51000", "Parameter error", 500))
        with pytest.raises(ExchangeUnavailableError, match="code 51000"):
            await coins(at)


async def test_a_row_that_cannot_be_read_is_an_error_of_the_whole_answer() -> None:
    async with calls() as at:
        at.exchange.answer("balance", ok({"ccy": "USDT"}, {"ccy": 7}, {}))
        with pytest.raises(ExchangeUnavailableError, match="balance: the answer cannot be read"):
            await coins(at)


async def test_no_rows_are_an_answer() -> None:
    async with calls() as at:
        at.exchange.answer("balance", ok())
        assert await coins(at) == []


@pytest.mark.parametrize("answer", [ok(), ok({"ts": "1"}, {"ts": "2"}), ok({"ts": "x"}), ok("1"), refused("50001")])
async def test_a_time_that_cannot_be_read_is_not_known(answer: Answer) -> None:
    async with calls() as at:
        at.exchange.answer("time", answer)
        with pytest.raises(ExchangeUnavailableError):
            await at.rest.measure_time()


async def test_a_write_that_waited_past_its_deadline_does_not_leave() -> None:
    async with calls() as at:
        at.exchange.answer("order", TAKEN)
        exchanged = await write(at, not_after_ms=NOW_MS - 1)
        assert at.exchange.asked == []
    assert isinstance(exchanged, NoReply)
    assert (exchanged.expired, exchanged.nothing_left) == (True, True)


async def test_the_deadline_is_looked_at_once_more_when_the_connection_stands() -> None:
    async with calls() as at:
        at.exchange.answer("order", TAKEN)
        looks = iter([NOW_MS, NOW_MS])
        at.clock.now_ms = lambda: next(looks, NOW_MS + 5000)  # type: ignore[method-assign]
        exchanged = await write(at, not_after_ms=NOW_MS + 4000)
        assert at.exchange.asked == []
    assert isinstance(exchanged, NoReply)
    assert (exchanged.expired, exchanged.nothing_left) == (True, True)


async def test_what_its_guards_said_too_long_ago_does_not_leave_however_long_the_exchange_would_take_it() -> None:
    async with calls() as at:
        at.exchange.answer("order", TAKEN)
        now = iter([NOW_MS, NOW_MS, NOW_MS + 1001])
        at.clock.steady_ms = lambda: next(now, NOW_MS)  # type: ignore[method-assign]
        exchanged = await write(at, not_after_ms=NOW_MS + 60_000, leaves_within_ms=1000)
        assert at.exchange.asked == []
    assert isinstance(exchanged, NoReply)
    assert exchanged.expired


async def test_without_a_key_nothing_of_the_account_is_asked_and_the_settings_are_named() -> None:
    async with calls(None) as at:
        at.exchange.answer("instruments", ok())
        exchanged = await write(at)
        with pytest.raises(ExchangeError, match="OKX_API_KEY, OKX_SECRET_KEY, OKX_PASSPHRASE"):
            await coins(at)
        assert at.exchange.asked == []
        assert await at.rest.read(INSTRUMENTS, CoinRow, {"instType": "SWAP"}) == []
        assert not at.rest.has_key
    assert isinstance(exchanged, NoReply)
    assert exchanged.nothing_left


@define(eq=False)
class Ledger:
    """A limiter that notes what it is told."""

    permits: list[tuple[str, Priority]] = field(factory=list)
    pauses: list[tuple[str, int]] = field(factory=list)
    spent: bool = False
    waited: Mapping[str, float] = field(factory=dict)
    uses: Mapping[str, object] = field(factory=dict)

    @asynccontextmanager
    async def permit(self, bucket: str, priority: Priority, *, timeout_s: float | None = None) -> AsyncIterator[None]:
        if self.spent:
            raise BudgetSpentError(bucket, timeout_s or 0.0)
        self.permits.append((bucket, priority))
        yield

    def learn(self, bucket: str, reading: Reading) -> None:
        assert reading == Reading(), "OKX tells nothing in its headers"

    def refused(self, bucket: str, pause_ms: int) -> None:
        self.pauses.append((bucket, pause_ms))

    def exits_left(self, bucket: str) -> int | None:
        return None

    def banned(self, pause_ms: int) -> None:
        self.pauses.append(("everything", pause_ms))


@pytest.mark.parametrize(
    ("answer", "pauses"),
    [
        (refused("50011", "Rate limit reached"), [("order", 2000)]),
        (refused("50011", "Too Many Requests", 429), [("order", 2000)]),
        (row_refused("50061", "maximum order rate limit"), [("order", 2000)]),
        (row_refused("50011", envelope="2"), [("order", 2000)]),
        (refused("50013", "Systems are busy", 429), [("order", 2000)]),
        (Answer(b"slow down", 429), [("order", 2000)]),
        (row_refused("51008"), []),
        (refused("50001", status=503), []),
        (TAKEN, []),
    ],
    ids=lambda one: one.body.decode()[:24] if isinstance(one, Answer) else "",
)
async def test_an_exchange_that_asks_for_quiet_gets_it(answer: Answer, pauses: list[tuple[str, int]]) -> None:
    ledger = Ledger()
    async with calls(limiter=ledger) as at:
        at.exchange.answer("order", answer)
        await write(at)
    assert ledger.pauses == pauses


async def test_each_request_asks_for_its_bucket_and_reads_and_writes_of_one_path_for_different_ones() -> None:
    ledger = Ledger()
    async with calls(limiter=ledger) as at:
        at.exchange.answer("order", TAKEN)
        at.exchange.answer("time", clock(NOW_MS))
        await write(at)
        with pytest.raises(ExchangeUnavailableError):
            await at.rest.read(ORDER, CoinRow, {"instId": "A", "ordId": "1"}, Priority.EXIT)
        await at.rest.measure_time()
    assert ledger.permits == [("order", Priority.ENTRY), ("get-order", Priority.EXIT), ("time", Priority.ACCOUNT)]


async def test_a_write_that_finds_no_room_in_its_limit_does_not_leave() -> None:
    async with calls(limiter=Ledger(spent=True)) as at:
        exchanged = await write(at)
        assert at.exchange.asked == []
    assert isinstance(exchanged, NoReply)
    assert (exchanged.limited, exchanged.nothing_left) == (True, True)


async def test_an_exchange_that_is_not_there_leaves_the_write_unsent_and_says_which_address_to_set() -> None:
    async with calls() as at:
        base = at.exchange.url
    exchanged = await write(at)
    with pytest.raises(ExchangeUnavailableError) as told:
        await coins(at)
    await at.rest.aclose()
    assert isinstance(exchanged, NoReply)
    assert (exchanged.why, exchanged.nothing_left) == ("cannot be reached", True)
    assert str(told.value) == (
        f"OKX at {base}: balance: cannot be reached; see that it runs there, or set its address (OKX_REST_URL)"
    )


async def test_a_redirection_is_not_followed_and_carries_no_key_anywhere() -> None:
    async with calls() as at:
        elsewhere = Answer(b"", 307, {"Location": f"{at.exchange.url}/api/v5/elsewhere"})
        at.exchange.answer("order", elsewhere)
        at.exchange.answer("balance", elsewhere)
        await write(at)
        with pytest.raises(ExchangeError):
            await coins(at)
        assert at.exchange.of("elsewhere") == []


async def test_a_cancelled_call_leaves_nothing_behind() -> None:
    async with calls() as at:
        arrived = asyncio.Event()
        answers = iter([evolve(COINS, wait_s=5.0)])

        def computed(_: Asked) -> Answer:
            arrived.set()
            return next(answers, COINS)

        at.exchange.computed = computed
        call = asyncio.create_task(coins(at))
        await arrived.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert [row.ccy for row in await coins(at)] == ["USDT"]


@pytest.mark.parametrize(
    "answer",
    [
        refused("50102", "Timestamp request expired.", 401),
        refused("50112", "Invalid OK-ACCESS-TIMESTAMP.", 401),
        refused("50036", "The expTime can't be earlier than the current system time."),
        row_refused("50037", "Order expired."),
    ],
    ids=["50102", "50112", "50036", "50037"],
)
async def test_after_a_refusal_for_its_time_the_next_write_of_any_kind_looks_at_the_clock_first(
    answer: Answer,
) -> None:
    async with calls() as at:
        at.exchange.answer("order", answer, TAKEN)
        at.exchange.answer("time", clock(NOW_MS + 90_000))
        assert at.rest.knows_the_time
        await at.rest.write(PLACE_ORDER, BODY, Priority.EXIT)
        assert not at.rest.knows_the_time
        for _ in range(2):
            await at.rest.write(PLACE_ORDER, BODY, Priority.EXIT)
        asked = [one.path.rpartition("/")[2] for one in at.exchange.asked]
        stamps = [one.headers["ok-access-timestamp"] for one in at.exchange.of("order")]
    assert asked == ["order", "time", "order", "order"]
    assert stamps == ["2026-11-27T00:00:00.042Z", *["2026-11-27T00:01:30.042Z"] * 2]


async def test_an_exit_does_not_wait_for_a_clock_that_does_not_answer() -> None:
    async with calls(timing=evolve(TIMING, attempt_s=5.0)) as at:
        at.exchange.answer("order", refused("50102", status=401), TAKEN)
        at.exchange.answer("time", Answer(wait_s=30.0))
        await at.rest.write(PLACE_ORDER, BODY, Priority.EXIT)
        async with asyncio.timeout(3.0):
            exchanged = await at.rest.write(PLACE_ORDER, BODY, Priority.EXIT)
    assert isinstance(exchanged, Reply)
    assert exchanged.is_success


async def test_the_time_is_asked_without_a_key() -> None:
    async with calls(None) as at:
        at.exchange.answer("time", clock(NOW_MS))
        await at.rest.measure_time()
        (asked,) = at.exchange.asked
    assert (asked.method, asked.target) == ("GET", TIME.path)
    assert not SIGNED & set(asked.headers)
