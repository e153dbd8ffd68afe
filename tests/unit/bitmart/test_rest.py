"""Requests over a real connection: what is sent, how often, and what every ugly answer comes to."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import hmac
import tracemalloc
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from attrs import define, evolve, field

from mtf_adapters.bitmart import rest
from mtf_adapters.bitmart.endpoints import ASSETS, DETAILS, KLINE, SUBMIT_ORDER
from mtf_adapters.bitmart.rest import USER_AGENT, Exchanged, NoReply, NoSuchOrderError, Reply
from mtf_adapters.bitmart.wire import AssetRow, KlineRow
from mtf_adapters.limits import BudgetSpentError, Reading
from mtf_core.ports import ExchangeError, ExchangeUnavailableError, Priority, UnknownSymbolError
from tests.unit.bitmart.desk import CREDENTIALS, NOW_MS, TIMING, Desk, desk
from tests.unit.bitmart.loopback import HTML, Answer, ok, refused
from tests.unit.bitmart.payloads import ASSETS as ASSET_ROWS

BODY = {"symbol": "BTCUSDT", "side": 1, "size": 3, "price": "61100", "client_order_id": "a1B2c3"}


async def write(at: Desk, not_after_ms: int | None = None, leaves_within_ms: int | None = None) -> Exchanged:
    return await at.rest.write(SUBMIT_ORDER, BODY, Priority.ENTRY, not_after_ms, leaves_within_ms)


async def assets(at: Desk) -> list[AssetRow]:
    return await at.rest.read(ASSETS, list[AssetRow])


async def test_the_bytes_that_are_signed_are_the_bytes_that_are_sent() -> None:
    async with desk() as at:
        at.exchange.answer("submit-order", ok({"order_id": 1}))
        await write(at)
        (asked,) = at.exchange.asked
    stamp = asked.headers["x-bm-timestamp"]
    signed = f"{stamp}#{CREDENTIALS.memo}#".encode() + asked.body
    assert asked.headers["x-bm-sign"] == hmac.new(CREDENTIALS.secret.encode(), signed, hashlib.sha256).hexdigest()
    assert (asked.method, asked.headers["content-type"], stamp) == ("POST", "application/json", str(NOW_MS))
    assert asked.content == BODY


async def test_a_read_of_the_account_carries_the_key_alone_and_public_data_not_even_that() -> None:
    async with desk() as at:
        at.exchange.answer("assets-detail", ok(ASSET_ROWS))
        at.exchange.answer("kline", ok([]))
        await assets(at)
        await at.rest.read(KLINE, list[KlineRow], {"symbol": "BTCUSDT", "step": 1})
    keyed, public = at.exchange.asked
    assert keyed.headers["x-bm-key"] == CREDENTIALS.key
    assert not {"x-bm-sign", "x-bm-timestamp"} & set(keyed.headers)
    assert not [name for name in public.headers if name.startswith("x-bm")]
    assert {keyed.headers["user-agent"], public.headers["user-agent"]} == {USER_AGENT}
    assert public.params == {"symbol": "BTCUSDT", "step": "1"}


UGLY = {
    "a page of the network in front": HTML,
    "a page with a status of success": evolve(HTML, status=200),
    "half a body": Answer(b'{"code":1000,"message":"Ok","da', promised=400),
    "half a body that claims to be whole": Answer(b'{"code":1000,"message":"Ok","da'),
    "no answer at all": Answer(drop=True),
    "an answer that comes too late": Answer(ok({"order_id": 1}).body, wait_s=5.0),
    "null": Answer(b"null"),
    "nothing": Answer(b""),
    "a list": Answer(b"[]"),
    "a number": Answer(b"1000"),
    "no code": Answer(b'{"message":"Ok","data":{"order_id":1}}'),
    "a code that is no number": Answer(b'{"code":"ok","data":{"order_id":1}}'),
    "a truth for a code": Answer(b'{"code":true,"data":{"order_id":1}}'),
    "not UTF-8": Answer(b'{"code":1000,"message":"\xff"}'),
    "a number that is none": Answer(b'{"code":1000,"data":NaN}'),
    "a service that is not there": refused(30014, "service unavailable", 503),
    "a gateway that failed": Answer(b"Bad gateway", 502),
    "success from a failing server": Answer(ok({"order_id": 1}).body, 500),
    "a code that comes twice": Answer(b'{"code":40027,"code":1000,"data":{"order_id":1}}'),
    "a refusal that comes second": Answer(b'{"code":1000,"code":40027,"message":"no","data":{"order_id":1}}'),
    "packed, without an end": Answer(
        gzip.compress(ok({"order_id": 1}).body)[:-6], headers={"Content-Encoding": "gzip"}
    ),
    "packed twice": Answer(
        gzip.compress(gzip.compress(ok({"order_id": 1}).body)), headers={"Content-Encoding": "gzip, gzip"}
    ),
    "packed as nobody asked for": Answer(ok({"order_id": 1}).body, headers={"Content-Encoding": "br"}),
    "a redirection": Answer(b"", 307, {"Location": "http://127.0.0.1:9/"}),
    "a code that nobody knows": refused(45678, "who knows"),
    "success with a status of refusal": Answer(ok({"order_id": 1}).body, 400),
}


@pytest.mark.parametrize("answer", UGLY.values(), ids=UGLY)
async def test_whatever_is_no_answer_leaves_a_write_open_and_it_is_not_sent_again(answer: Answer) -> None:
    async with desk() as at:
        at.exchange.answer("submit-order", answer)
        exchanged = await write(at)
        assert len(at.exchange.asked) == 1
    assert not (isinstance(exchanged, Reply) and exchanged.is_success)
    assert not (isinstance(exchanged, NoReply) and exchanged.nothing_left)


@pytest.mark.parametrize("answer", UGLY.values(), ids=UGLY)
async def test_whatever_is_no_answer_is_an_error_of_a_read(answer: Answer) -> None:
    async with desk(timing=evolve(TIMING, attempt_s=0.1)) as at:
        at.exchange.answer("assets-detail", answer)
        with pytest.raises(ExchangeError) as caught:
            await assets(at)
        assert 1 <= len(at.exchange.asked) <= TIMING.attempts
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


async def test_a_packed_answer_is_unpacked() -> None:
    async with desk() as at:
        at.exchange.answer(
            "assets-detail", Answer(gzip.compress(ok(ASSET_ROWS).body), headers={"Content-Encoding": "gzip"})
        )
        (row,) = await assets(at)
        assert at.exchange.asked[0].headers["accept-encoding"] == "gzip"
    assert row.currency == "USDT"


async def test_an_answer_that_unpacks_to_more_than_any_answer_takes_no_more_memory_than_that() -> None:
    """One of 130 kB that becomes 128 MiB; packed twice it once took 1.6 GB and stood the process still for seconds."""
    bomb = gzip.compress(b'{"code":1000,"data":"' + b"0" * 2**27 + b'"}', 1)
    async with desk(timing=evolve(TIMING, attempt_s=5.0, attempts=1)) as at:
        at.exchange.answer("assets-detail", Answer(bomb, headers={"Content-Encoding": "gzip"}))
        tracemalloc.start()
        try:
            with pytest.raises(ExchangeUnavailableError, match="cannot be unpacked whole"):
                await assets(at)
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert most < 3 * 32 * 2**20


@pytest.mark.parametrize(
    "answer",
    [HTML, Answer(drop=True), refused(30014, status=503), refused(30013, status=429), Answer(b"")],
    ids=["page", "drop", "unavailable", "limited", "empty"],
)
async def test_a_read_that_had_no_answer_is_sent_again(answer: Answer) -> None:
    async with desk() as at:
        at.exchange.answer("assets-detail", answer, ok(ASSET_ROWS))
        (row,) = await assets(at)
        assert len(at.exchange.asked) == 2
    assert row.currency == "USDT"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused(40034, "Symbol Not Exist"), UnknownSymbolError),
        (refused(40035, "The order is not exist"), NoSuchOrderError),
        (refused(30002, "key not found", 401), ExchangeError),
        (refused(30005, "sign error", 401), ExchangeError),
        (refused(30016, "maintenance", 200), ExchangeUnavailableError),
        (refused(30017, "banned", 418), ExchangeUnavailableError),
    ],
)
async def test_a_read_that_would_be_refused_again_is_sent_once(answer: Answer, error: type[ExchangeError]) -> None:
    async with desk() as at:
        at.exchange.answer("assets-detail", answer)
        with pytest.raises(error):
            await assets(at)
        assert len(at.exchange.asked) == 1


async def test_an_error_says_what_the_code_means_and_what_the_exchange_said() -> None:
    async with desk() as at:
        at.exchange.answer("assets-detail", refused(30005, "sign error", 401))
        with pytest.raises(ExchangeError) as caught:
            await assets(at)
    assert str(caught.value) == (
        "BitMart: assets-detail: the signature is wrong: the secret, or the memo (code 30005: sign error); "
        "see BITMART_API_KEY, BITMART_SECRET_KEY and BITMART_API_MEMO"
    )


async def test_a_message_under_its_other_name_is_read_too() -> None:
    async with desk() as at:
        at.exchange.answer("details", Answer(b'{"msg":"Not found","trace":"t","code":30000}', 404))
        with pytest.raises(ExchangeError, match="code 30000: Not found"):
            await at.rest.read(DETAILS, list[AssetRow])


async def test_a_code_as_text_is_a_code() -> None:
    async with desk() as at:
        at.exchange.answer("assets-detail", Answer(b'{"code":"1000","message":"OK","data":[]}'))
        assert await assets(at) == []


@pytest.mark.parametrize("data", [None, {}, "", 0, "text"], ids=repr)
async def test_what_is_no_list_is_not_taken_for_an_empty_one(data: Any) -> None:
    async with desk() as at:
        at.exchange.answer("assets-detail", ok(data))
        with pytest.raises(ExchangeUnavailableError, match="where a list belongs"):
            await assets(at)


async def test_an_answer_without_data_is_not_taken_for_an_empty_one() -> None:
    async with desk() as at:
        at.exchange.answer("assets-detail", ok())
        with pytest.raises(ExchangeUnavailableError, match="where a list belongs"):
            await assets(at)


async def test_a_write_that_waited_past_its_deadline_does_not_leave() -> None:
    async with desk() as at:
        at.exchange.answer("submit-order", ok({"order_id": 1}))
        exchanged = await write(at, not_after_ms=NOW_MS - 1)
        assert at.exchange.asked == []
    assert isinstance(exchanged, NoReply)
    assert (exchanged.expired, exchanged.nothing_left) == (True, True)


async def test_the_deadline_is_looked_at_once_more_when_the_connection_stands() -> None:
    """Opening one takes its time, and the signature is older then."""
    async with desk() as at:
        at.exchange.answer("submit-order", ok({"order_id": 1}))
        looks = iter([NOW_MS, NOW_MS])

        def later() -> int:
            return next(looks, NOW_MS + 5000)

        at.clock.now_ms = later  # type: ignore[method-assign]
        exchanged = await write(at, not_after_ms=NOW_MS + 4000)
        assert at.exchange.asked == []
    assert isinstance(exchanged, NoReply)
    assert exchanged.expired


async def test_what_its_guards_said_too_long_ago_does_not_leave_however_long_the_exchange_would_take_it() -> None:
    async with desk() as at:
        at.exchange.answer("submit-order", ok({"order_id": 1}))
        now = iter([NOW_MS, NOW_MS, NOW_MS + 1001])
        at.clock.steady_ms = lambda: next(now, NOW_MS)  # type: ignore[method-assign]
        exchanged = await write(at, not_after_ms=NOW_MS + 60_000, leaves_within_ms=1000)
        assert at.exchange.asked == []
        assert isinstance(await write(at, not_after_ms=NOW_MS + 60_000, leaves_within_ms=1000), Reply)
        (asked,) = at.exchange.asked
    assert isinstance(exchanged, NoReply)
    assert (exchanged.expired, exchanged.nothing_left) == (True, True)
    assert int(asked.headers["x-bm-timestamp"]) == NOW_MS


async def test_a_signature_is_dated_so_that_the_exchange_refuses_it_after_the_deadline() -> None:
    """It takes a signature for a minute; what is held up on the way must not have an effect after its deadline."""
    async with desk() as at:
        at.exchange.answer("submit-order", ok({"order_id": 1}))
        await write(at, not_after_ms=NOW_MS + 5_000)
        await write(at, not_after_ms=NOW_MS + 500_000)
        soon, late = (int(asked.headers["x-bm-timestamp"]) for asked in at.exchange.asked)
    assert soon + 60_000 == NOW_MS + 5_000
    assert late == NOW_MS


async def test_signatures_go_by_the_exchange_s_clock() -> None:
    async with desk() as at:
        at.exchange.answer("time", ok({"server_time": NOW_MS + 90_000}))
        at.exchange.answer("submit-order", ok({"order_id": 1}))
        assert await at.rest.server_time_ms() == NOW_MS + 90_000
        await write(at)
        skew = at.clock.skew
        assert at.exchange.of("submit-order")[0].headers["x-bm-timestamp"] == str(NOW_MS + 90_000)
    assert skew is not None
    assert (skew.skew_ms, skew.measured_ms) == (90_000, NOW_MS)


async def test_a_write_without_a_key_does_not_leave() -> None:
    async with desk(credentials=None) as at:
        exchanged = await write(at)
        assert at.exchange.asked == []
    assert isinstance(exchanged, NoReply)
    assert exchanged.nothing_left


async def test_a_read_of_the_account_without_a_key_says_which_settings_are_missing() -> None:
    async with desk(credentials=None) as at:
        with pytest.raises(ExchangeError, match="BITMART_API_KEY"):
            await assets(at)
        assert at.exchange.asked == []


@define(eq=False)
class Ledger:
    """A limiter that notes what it is told."""

    permits: list[tuple[str, Priority]] = field(factory=list)
    patience: list[float | None] = field(factory=list)
    readings: list[tuple[str, Reading]] = field(factory=list)
    pauses: list[tuple[str, int]] = field(factory=list)
    spent: bool = False
    waited: Mapping[str, float] = field(factory=dict)

    @asynccontextmanager
    async def permit(self, bucket: str, priority: Priority, *, timeout_s: float | None = None) -> AsyncIterator[None]:
        if self.spent:
            raise BudgetSpentError(bucket, timeout_s or 0.0)
        self.permits.append((bucket, priority))
        self.patience.append(timeout_s)
        yield

    def learn(self, bucket: str, reading: Reading) -> None:
        self.readings.append((bucket, reading))

    def refused(self, bucket: str, pause_ms: int) -> None:
        self.pauses.append((bucket, pause_ms))

    def exits_left(self, bucket: str) -> int | None:
        return None

    def banned(self, pause_ms: int) -> None:
        self.pauses.append(("everything", pause_ms))


async def test_each_request_asks_for_its_bucket_and_tells_what_the_headers_say() -> None:
    ledger = Ledger()
    rate = {"X-BM-RateLimit-Remaining": "3", "X-BM-RateLimit-Limit": "12", "X-BM-RateLimit-Reset": "2"}
    async with desk(limiter=ledger) as at:
        at.exchange.answer("assets-detail", ok(ASSET_ROWS, **rate))
        await at.rest.read(ASSETS, list[AssetRow], priority=Priority.EXIT)
    assert ledger.permits == [("assets-detail", Priority.EXIT)]
    assert ledger.readings == [("assets-detail", Reading(used=3, limit=12, window_ms=2000))]
    assert ledger.pauses == []


@pytest.mark.parametrize(
    ("answer", "pauses"),
    [
        (refused(30013, "Too many requests", 429), [("submit-order", 2000)]),
        (refused(30013, "Too many requests", 429, **{"X-BM-RateLimit-Reset": "5"}), [("submit-order", 5000)]),
        (Answer(b"slow down", 429), [("submit-order", 2000)]),
        (refused(30017, "banned", 418), [("everything", 300_000)]),
        (Answer(b"<html>", 418), [("everything", 300_000)]),
    ],
)
async def test_an_exchange_that_asks_for_quiet_gets_it(answer: Answer, pauses: list[tuple[str, int]]) -> None:
    ledger = Ledger()
    async with desk(limiter=ledger) as at:
        at.exchange.answer("submit-order", answer)
        await write(at)
    assert ledger.pauses == pauses


async def test_a_write_that_finds_no_room_in_its_limit_does_not_leave() -> None:
    async with desk(limiter=Ledger(spent=True)) as at:
        exchanged = await write(at)
        assert at.exchange.asked == []
    assert isinstance(exchanged, NoReply)
    assert (exchanged.limited, exchanged.nothing_left) == (True, True)


async def test_an_exchange_that_is_not_there_leaves_the_write_unsent_and_known_as_such() -> None:
    async with desk() as at:
        pass  # the server is closed here
    exchanged = await write(at)
    await at.rest.aclose()
    assert isinstance(exchanged, NoReply)
    assert (exchanged.why, exchanged.nothing_left) == ("cannot be reached", True)


async def test_a_read_that_reaches_no_exchange_says_which_one_where_and_what_sets_the_address() -> None:
    """`current-plan-order: cannot be reached` told a trader neither."""
    async with desk() as at:
        base = at.rest._addresses.private
    with pytest.raises(ExchangeUnavailableError) as told:
        await assets(at)
    with pytest.raises(ExchangeUnavailableError) as public:
        await at.rest.measure_time()
    await at.rest.aclose()
    assert str(told.value) == (
        f"BitMart at {base}: assets-detail: cannot be reached; "
        "see that it runs there, or set its address (BITMART_PRIVATE_API_URL)"
    )
    assert f"BitMart at {base}: " in str(public.value)
    assert "(BITMART_PUBLIC_API_URL)" in str(public.value)


async def test_a_cancelled_call_leaves_nothing_behind() -> None:
    async with desk() as at:
        at.exchange.answer("assets-detail", Answer(wait_s=5.0), ok(ASSET_ROWS))
        call = asyncio.create_task(assets(at))
        await asyncio.sleep(0.05)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert [row.currency for row in await assets(at)] == ["USDT"]


async def test_a_redirection_is_not_followed_and_carries_no_key_anywhere() -> None:
    async with desk() as at:
        elsewhere = Answer(b"", 307, {"Location": f"{at.exchange.url}/contract/private/elsewhere"})
        at.exchange.answer("submit-order", elsewhere)
        at.exchange.answer("assets-detail", elsewhere)
        await write(at)
        with pytest.raises(ExchangeError):
            await assets(at)
        assert at.exchange.of("elsewhere") == []


async def test_an_answer_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "_LARGEST_BODY", 1000)
    async with desk() as at:
        at.exchange.answer("submit-order", Answer(b" " * 2000 + ok({"order_id": 1}).body))
        exchanged = await write(at)
    assert isinstance(exchanged, NoReply)
    assert (exchanged.why, exchanged.nothing_left) == ("the answer does not end", False)


async def test_a_refusal_by_a_failing_server_is_no_refusal() -> None:
    async with desk() as at:
        at.exchange.answer("assets-detail", refused(40012, "System error", 500))
        with pytest.raises(ExchangeUnavailableError, match="code 40012"):
            await assets(at)


async def test_market_data_waits_for_its_limit_as_long_as_it_takes_and_the_account_does_not() -> None:
    """A cold start is bounded by the limit; whoever needs the account has to know soon."""
    ledger = Ledger()
    async with desk(limiter=ledger) as at:
        at.exchange.answer("kline", ok([]))
        at.exchange.answer("assets-detail", ok(ASSET_ROWS))
        await at.rest.read(KLINE, list[KlineRow])
        await at.rest.read(ASSETS, list[AssetRow], priority=Priority.ACCOUNT)
    assert ledger.patience == [None, TIMING.permit_s]


async def test_after_a_refusal_for_the_time_stamp_the_next_write_of_any_kind_looks_at_the_clock_first() -> None:
    """Exits were refused for half a minute after this machine's clock was set."""
    async with desk() as at:
        at.exchange.answer("submit-order", refused(30007, "timestamp", 401), ok({"order_id": 1}))
        at.exchange.answer("time", ok({"server_time": NOW_MS + 90_000}))
        for _ in range(3):
            await at.rest.write(SUBMIT_ORDER, BODY, Priority.EXIT)
        asked = [one.path.rpartition("/")[2] for one in at.exchange.asked]
        stamps = [one.headers["x-bm-timestamp"] for one in at.exchange.of("submit-order")]
    assert asked == ["submit-order", "time", "submit-order", "submit-order"]
    assert stamps == [str(NOW_MS), *[str(NOW_MS + 90_000)] * 2]


async def test_an_exit_does_not_wait_for_a_clock_that_does_not_answer() -> None:
    async with desk(timing=evolve(TIMING, attempt_s=5.0)) as at:
        at.exchange.answer("submit-order", refused(30007, "timestamp", 401), ok({"order_id": 1}))
        at.exchange.answer("time", Answer(wait_s=30.0))
        await at.rest.write(SUBMIT_ORDER, BODY, Priority.EXIT)
        async with asyncio.timeout(2.0):
            exchanged = await at.rest.write(SUBMIT_ORDER, BODY, Priority.EXIT)
    assert isinstance(exchanged, Reply)
    assert exchanged.is_success
