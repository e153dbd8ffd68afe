"""Which world a set of OKX's addresses leads to, and which sets are refused."""

from __future__ import annotations

import pytest
from attrs import evolve

from mtf_adapters.okx.hosts import HOSTS, REGIONS, Hosts, world_of_hosts
from mtf_adapters.online.hosts import HostsError, HostWorld

SANDBOX = Hosts(
    "http://127.0.0.1:8001",
    "ws://127.0.0.1:8002/ws/v5/public",
    "ws://127.0.0.1:8002/ws/v5/business",
    "ws://127.0.0.1:8002/ws/v5/private",
)
STREAMS = ("ws_public", "ws_business", "ws_private")
PLACES = sorted(HOSTS)


@pytest.mark.parametrize(("region", "environment"), PLACES)
def test_the_known_hosts_are_of_their_environment(region: str, environment: str) -> None:
    assert world_of_hosts(HOSTS[region, environment], region, environment).kind.value == environment


def test_demo_and_live_differ_in_their_streams_alone() -> None:
    """The same REST host serves both: the header decides, and so the environment has to be the adapter's."""
    for region in REGIONS:
        demo, live = HOSTS[region, "demo"], HOSTS[region, "live"]
        assert demo.rest == live.rest
        assert not {demo.ws_public, demo.ws_business, demo.ws_private} & {live.ws_public, live.ws_business}


def test_the_hosts_are_those_of_the_sheet() -> None:
    assert HOSTS["global", "live"] == Hosts(
        "https://openapi.okx.com",
        "wss://ws.okx.com:8443/ws/v5/public",
        "wss://ws.okx.com:8443/ws/v5/business",
        "wss://ws.okx.com:8443/ws/v5/private",
    )
    assert {hosts.rest for hosts in HOSTS.values()} == {
        "https://openapi.okx.com",
        "https://eea.okx.com",
        "https://us.okx.com",
    }
    assert {hosts.ws_private.split("/")[2] for hosts in HOSTS.values()} == {
        f"{name}.okx.com:8443" for name in ("ws", "wspap", "wseea", "wseeapap", "wsus", "wsuspap")
    }


@pytest.mark.parametrize(("region", "environment"), PLACES)
def test_this_machine_is_a_sandbox_whatever_is_said_of_it(region: str, environment: str) -> None:
    world = world_of_hosts(SANDBOX, region, environment)
    assert (world.kind, world.place) == (HostWorld.SANDBOX, "127.0.0.1:8001")


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("one", STREAMS)
def test_a_stream_of_the_other_environment_is_refused(region: str, one: str) -> None:
    demo, live = HOSTS[region, "demo"], HOSTS[region, "live"]
    for environment, of, other in (("demo", demo, live), ("live", live, demo)):
        with pytest.raises(HostsError, match="different worlds"):
            world_of_hosts(evolve(of, **{one: getattr(other, one)}), region, environment)


@pytest.mark.parametrize("environment", ["demo", "live"])
@pytest.mark.parametrize(("region", "other"), [(a, b) for a in REGIONS for b in REGIONS if a != b])
def test_addresses_of_another_region_are_refused_and_the_setting_is_named(
    region: str, other: str, environment: str
) -> None:
    right, wrong = HOSTS[region, environment], HOSTS[other, environment]
    for one in ("rest", *STREAMS):
        with pytest.raises(HostsError, match=f"OKX_REGION is {region}"):
            world_of_hosts(evolve(right, **{one: getattr(wrong, one)}), region, environment)


@pytest.mark.parametrize("region", REGIONS)
def test_all_addresses_of_live_are_refused_where_the_demo_was_meant_and_the_reverse(region: str) -> None:
    with pytest.raises(HostsError):
        world_of_hosts(HOSTS[region, "live"], region, "demo")
    with pytest.raises(HostsError):
        world_of_hosts(HOSTS[region, "demo"], region, "live")


@pytest.mark.parametrize(
    "host",
    ["okx.example.com", "openapi.okx.com.example.org", "openapi.okx.com.", "aws.okx.com", "10.0.0.1", "demo.okx.com"],
)
def test_a_host_that_is_not_known_is_live(host: str) -> None:
    """What it does with the header of the demo, nobody knows."""
    unknown = Hosts(f"https://{host}", *(f"wss://{host}:8443/ws/v5/{name}" for name in STREAMS))
    assert world_of_hosts(unknown, "global", "live").kind is HostWorld.LIVE
    with pytest.raises(HostsError, match="lead to live"):
        world_of_hosts(unknown, "global", "demo")


@pytest.mark.parametrize("one", ["rest", *STREAMS])
def test_one_unknown_host_among_those_of_the_demo_is_refused(one: str) -> None:
    scheme = "https" if one == "rest" else "wss"
    with pytest.raises(HostsError, match="different worlds"):
        world_of_hosts(evolve(HOSTS["eea", "demo"], **{one: f"{scheme}://okx.example.com"}), "eea", "demo")


@pytest.mark.parametrize("one", ["rest", *STREAMS])
def test_a_sandbox_and_an_exchange_together_are_refused(one: str) -> None:
    for environment in ("demo", "live"):
        mixed = evolve(HOSTS["global", environment], **{one: getattr(SANDBOX, one)})
        with pytest.raises(HostsError):
            world_of_hosts(mixed, "global", environment)


@pytest.mark.parametrize(
    ("host", "region"), [("www.okx.com", "global"), ("app.okx.com", "us")], ids=["the site", "the site of the US"]
)
def test_the_sites_serve_requests_too(host: str, region: str) -> None:
    demo = evolve(HOSTS[region, "demo"], rest=f"https://{host}")
    assert world_of_hosts(demo, region, "demo").kind is HostWorld.DEMO
    live = evolve(HOSTS[region, "live"], rest=f"https://{host}")
    assert world_of_hosts(live, region, "live").kind is HostWorld.LIVE


@pytest.mark.parametrize(
    ("one", "url", "words"),
    [
        ("rest", "http://openapi.okx.com", "not encrypted"),
        ("ws_private", "ws://wspap.okx.com:8443/ws/v5/private", "not encrypted"),
        ("rest", "wss://openapi.okx.com", "no beginning of REST addresses"),
        ("rest", "https://openapi.okx.com?a=1", "no beginning of REST addresses"),
        ("rest", "https://openapi.okx.com/a b", "no beginning of REST addresses"),
        ("rest", "", "no beginning of REST addresses"),
        ("rest", "https://", "no address"),
        ("rest", "https://openapi.okx.com:x", "no address"),
        ("ws_public", "https://wspap.okx.com:8443/ws/v5/public", "no address of a stream"),
        ("rest", "https://me:word@openapi.okx.com", "must not hold a user or a password"),
    ],
)
def test_what_is_no_address_of_its_kind_is_refused_by_its_setting(one: str, url: str, words: str) -> None:
    with pytest.raises(HostsError, match=words) as told:
        world_of_hosts(evolve(HOSTS["global", "demo"], **{one: url}), "global", "demo")
    assert f"OKX_{one.upper()}_URL" in str(told.value)
    assert "me:word" not in str(told.value)


@pytest.mark.parametrize(("region", "environment"), [("mars", "demo"), ("global", "paper"), ("", "")])
def test_a_region_or_an_environment_that_there_is_not_is_refused(region: str, environment: str) -> None:
    with pytest.raises(HostsError, match="OKX_REGION is one of global, eea, us"):
        world_of_hosts(SANDBOX, region, environment)
