"""Which world addresses lead to, and which must not be used together."""

from __future__ import annotations

import pytest
from attrs import evolve

from mtf_adapters.bitmart.hosts import HOSTS, Hosts, world_of_hosts
from mtf_adapters.online.hosts import HostsError, HostWorld, world_of

SANDBOX = Hosts("http://127.0.0.1:8080", "http://127.0.0.1:8080", "ws://127.0.0.1:8081/api", "ws://localhost:8081/user")


@pytest.mark.parametrize(
    ("url", "world"),
    [
        ("http://127.0.0.1:8080", HostWorld.SANDBOX),
        ("http://127.4.5.6", HostWorld.SANDBOX),
        ("https://[::1]:8080/x", HostWorld.SANDBOX),
        ("ws://localhost/api", HostWorld.SANDBOX),
        ("https://demo.example.org", HostWorld.DEMO),
        ("wss://demo.example.org/api?protocol=1.1", HostWorld.DEMO),
        ("https://example.org", HostWorld.LIVE),
        ("https://demo.example.org.evil.example", HostWorld.LIVE),
        ("https://localhost.example.org", HostWorld.LIVE),
        ("https://192.168.1.4", HostWorld.LIVE),
        ("https://10.0.0.1", HostWorld.LIVE),
        ("https://2130706433", HostWorld.LIVE),
    ],
)
def test_what_is_neither_this_machine_nor_a_known_demo_is_live(url: str, world: HostWorld) -> None:
    assert world_of({"URL": url}, frozenset({"demo.example.org"})).kind is world


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org",
        "ws://demo.example.org",
        "ftp://127.0.0.1",
        "127.0.0.1:8080",
        "https://",
        "https://user:pass@127.0.0.1",
        "https://[::1",
        "https://127.0.0.1:port",
        "",
    ],
)
def test_what_is_no_address_or_would_be_read_on_the_way_is_refused(url: str) -> None:
    with pytest.raises(HostsError, match="URL"):
        world_of({"URL": url}, frozenset({"demo.example.org"}))


@pytest.mark.parametrize("environment", HOSTS)
def test_the_addresses_of_an_environment_lead_to_its_world(environment: str) -> None:
    assert world_of_hosts(HOSTS[environment], environment).kind.value == environment


@pytest.mark.parametrize("environment", HOSTS)
def test_every_environment_may_be_tried_on_this_machine(environment: str) -> None:
    world = world_of_hosts(SANDBOX, environment)
    assert (world.kind, world.place) == (HostWorld.SANDBOX, "127.0.0.1:8080")


@pytest.mark.parametrize("name", ["public_api", "private_api", "ws_public", "ws_private"])
def test_a_single_address_of_another_world_is_refused_and_each_is_named(name: str) -> None:
    for one, other in (("demo", "live"), ("live", "demo")):
        mixed = evolve(HOSTS[one], **{name: getattr(HOSTS[other], name)})
        with pytest.raises(HostsError, match=r"different worlds: BITMART_PUBLIC_API_URL=.* is "):
            world_of_hosts(mixed, one)
    with pytest.raises(HostsError, match="different worlds"):
        world_of_hosts(evolve(SANDBOX, **{name: getattr(HOSTS["live"], name)}), "live")


@pytest.mark.parametrize(("environment", "other"), [("demo", "live"), ("live", "demo")])
def test_the_environment_and_the_world_of_the_addresses_must_agree(environment: str, other: str) -> None:
    with pytest.raises(HostsError, match=f"MTF_ENVIRONMENT is {environment}, .* lead to {other}"):
        world_of_hosts(HOSTS[other], environment)


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("public_api", "ws://127.0.0.1:8080"),
        ("private_api", "http://127.0.0.1:8080/?a=1"),
        ("private_api", "http://127.0.0.1:8080/#a"),
        ("public_api", " http://127.0.0.1:8080"),
        ("ws_public", "http://127.0.0.1:8081/api"),
        ("ws_private", "ws://127.0.0.1:8081/user "),
    ],
)
def test_an_address_of_the_wrong_kind_is_refused_at_the_start(name: str, url: str) -> None:
    """And not by every call later."""
    with pytest.raises(HostsError, match=f"BITMART_{name.upper()}_URL: .* is no "):
        world_of_hosts(evolve(SANDBOX, **{name: url}), "demo")


@pytest.mark.parametrize(
    "password", ["hunter2", "hun/ter2", "hun#ter2", "hun?ter2", "hun@ter2", "hun:ter2", "[hunter2"]
)
def test_an_address_with_a_password_is_refused_and_shows_nothing_of_it(password: str) -> None:
    """Whatever signs are in it, and however little of an address is left then."""
    with pytest.raises(HostsError, match="must not hold a user or a password") as refused:
        world_of_hosts(evolve(SANDBOX, private_api=f"http://user:{password}@127.0.0.1:8080"), "demo")
    assert "ter2" not in str(refused.value)


def test_the_market_of_one_sandbox_and_the_account_of_another_are_refused() -> None:
    with pytest.raises(HostsError, match=r"two sandboxes: BITMART_PRIVATE_API_URL to 127\.0\.0\.1:8090"):
        world_of_hosts(evolve(SANDBOX, private_api="http://127.0.0.1:8090"), "demo")
