"""OKX as a venue: whose world it is, what keeps what is stored apart, and what it tells of a key."""

from __future__ import annotations

from typing import Any

import pytest

from mtf_adapters.limits import Unlimited
from mtf_adapters.okx.examining import examiner
from mtf_adapters.okx.hosts import HOSTS, Hosts
from mtf_adapters.okx.products import SWAP, XPERP, Product
from mtf_adapters.okx.venue import NEVER_MET, NO_KEY, okx_venue
from mtf_adapters.online.hosts import HostsError
from mtf_adapters.sandbox.clock import SandboxClock
from mtf_core.ports import ExchangeError, ExchangeUnavailableError, ExchangeWorld, Venue
from tests.unit.bitmart.loopback import Answer
from tests.unit.okx.desk import CREDENTIALS, NOW_MS, desk, ok, refused
from tests.unit.okx.payloads import CONFIG


def here(port: int) -> Hosts:
    streams = (f"ws://127.0.0.1:{port}/ws/v5/{name}" for name in ("public", "business", "private"))
    return Hosts(f"http://127.0.0.1:{port}", *streams)


HERE = here(8080)


def venue(
    environment: str = "demo",
    region: str = "global",
    product: Product = SWAP,
    hosts: Hosts | None = None,
    *,
    has_key: bool = True,
) -> Venue:
    return okx_venue(
        environment,
        region,
        product,
        hosts or HOSTS[region, environment],
        CREDENTIALS if has_key else None,
        SandboxClock(NOW_MS),
        Unlimited(),
    )


@pytest.mark.parametrize(
    ("environment", "world", "label"),
    [
        ("demo", ExchangeWorld.DEMO, "demo of OKX, play money"),
        ("live", ExchangeWorld.LIVE, "live exchange OKX, real money"),
    ],
)
def test_the_environment_says_whose_money_it_is(environment: str, world: ExchangeWorld, label: str) -> None:
    found = venue(environment)
    assert (found.world, found.label, found.exchange) == (world, label, "okx")


def test_what_is_stored_of_regions_products_worlds_and_sandboxes_is_kept_apart() -> None:
    found = [
        venue(),
        venue("live"),
        venue(region="eea"),
        venue(product=XPERP),
        venue(hosts=HERE),
        venue(hosts=here(8081)),
    ]
    assert found[0].namespace == "okx-global-swap-demo-demo"
    assert found[4].namespace == "okx-global-swap-demo-sandbox-127.0.0.1:8080"
    assert len({one.namespace for one in found}) == len(found)


def test_addresses_of_two_worlds_are_no_venue() -> None:
    with pytest.raises(HostsError):
        venue("demo", hosts=HOSTS["global", "live"])
    with pytest.raises(HostsError):
        venue(region="eea", hosts=HOSTS["global", "demo"])


def test_that_nobody_of_ours_has_met_it_is_said_wherever_it_is_the_real_one() -> None:
    for environment in ("demo", "live"):
        assert venue(environment).remarks == (NEVER_MET,)
    assert venue(hosts=HERE).remarks == ()


async def test_without_a_key_the_account_is_not_known_and_nothing_can_be_traded() -> None:
    public = venue(hosts=HERE, has_key=False)
    assert public.remarks == (NO_KEY,)
    assert public.trading is None
    with pytest.raises(ExchangeError, match="there is no key"):
        await public.account.account_state()


def test_with_a_key_it_can_be_traded() -> None:
    assert venue(hosts=HERE).trading is not None


async def findings(
    rate: Answer | None = None, status: Answer | None = None, environment: str = "demo", **change: Any
) -> dict[str, tuple[bool, str]]:
    async with desk() as at:
        at.answer("config", ok({**CONFIG, **change}))
        at.answer("account-rate-limit", rate or ok({"accRateLimit": "1000", "fillRatio": "0.3"}))
        at.answer("status", status or ok())
        return {one.name: (one.ok, one.found + one.do) for one in await examiner(at.rest, environment)()}


@pytest.mark.parametrize(
    ("rights", "is_fit"),
    [("read_only,trade", True), ("read_only", False), ("read_only,trade,withdraw", False), ("", False)],
)
async def test_a_key_may_trade_and_not_withdraw(rights: str, is_fit: bool) -> None:
    assert (await findings(perm=rights))["key_rights"][0] is is_fit


@pytest.mark.parametrize(("mode", "is_fit"), [("1", False), ("2", True), ("3", True), ("4", False), ("9", False)])
async def test_an_account_mode_is_fit_where_it_has_contracts_with_both_sides(mode: str, is_fit: bool) -> None:
    assert (await findings(acctLv=mode))["account_mode"][0] is is_fit


async def test_a_key_that_is_bound_to_no_address_is_told_and_no_fault() -> None:
    assert "14 days" in (await findings(ip=""))["key_addresses"][1]
    assert (await findings(ip="192.0.2.1"))["key_addresses"] == (True, "it may be used from: 192.0.2.1")


async def test_a_configuration_that_is_not_one_row_says_nothing() -> None:
    async with desk() as at:
        at.answer("config", ok())
        with pytest.raises(ExchangeUnavailableError, match="0 rows"):
            await examiner(at.rest, "demo")()


async def test_how_fast_the_account_may_trade_is_told_and_is_no_fault_where_it_is_not() -> None:
    assert (await findings())["account_rate"] == (True, "1000 new and amended orders in 2 s, fill ratio 0.3")
    assert (await findings(rate=ok({"accRateLimit": "1000", "fillRatio": ""})))["account_rate"][1].endswith("in 2 s")
    assert (await findings(rate=ok()))["account_rate"] == (True, "not told")
    is_fit, said = (await findings(rate=refused("50011", "Requests too frequent.")))["account_rate"]
    assert (is_fit, said.startswith("not told: ")) == (True, True)


def notice(state: str, env: str = "2", **change: str) -> dict[str, str]:
    return {"title": "Upgrade", "state": state, "begin": "1767225600000", "end": "1767229200000", "env": env, **change}


@pytest.mark.parametrize(
    ("row", "is_fit", "said"),
    [
        (notice("ongoing"), False, "Upgrade until 2026-01-01T01:00:00Z"),
        (notice("pre_open", env=""), False, "Upgrade until"),
        (notice("ongoing", end=""), False, "until nobody knows when"),
        (notice("scheduled"), True, "announced: Upgrade from 2026-01-01T00:00:00Z"),
        (notice("ongoing", env="1"), True, "nothing is announced"),
        (notice("completed"), True, "nothing is announced"),
    ],
)
async def test_work_on_the_world_that_is_used_is_told(row: dict[str, str], is_fit: bool, said: str) -> None:
    found = (await findings(status=ok(row)))["exchange_status"]
    assert (found[0], said in found[1]) == (is_fit, True), found


async def test_work_on_the_live_exchange_is_told_where_it_is_used() -> None:
    assert not (await findings(status=ok(notice("ongoing", env="1")), environment="live"))["exchange_status"][0]


async def test_a_status_that_cannot_be_read_is_no_good_news() -> None:
    found = (await findings(status=refused("50013", "Systems are busy.", 429)))["exchange_status"]
    assert (found[0], "Look at OKX's status page." in found[1]) == (False, True)
