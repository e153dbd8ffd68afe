"""OKX's hosts (sheet §1), and the world that a set of addresses leads to.

Demo and live have the same REST host: what makes a request one of the demo is a header that this adapter then sends
with every request (`rest`). So a REST host of OKX is the demo's where the environment is `demo`, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from attrs import frozen

from mtf_adapters.online.hosts import HostsError, HostWorld, World, world_of


@frozen
class Hosts:
    """The four addresses of one world; those of streams are whole, that of REST ends before the path."""

    rest: str
    ws_public: str
    ws_business: str
    ws_private: str


def _hosts(rest: str, stream: str) -> Hosts:
    beginning = f"wss://{stream}:8443/ws/v5"
    return Hosts(f"https://{rest}", f"{beginning}/public", f"{beginning}/business", f"{beginning}/private")


HOSTS: Mapping[tuple[str, str], Hosts] = {
    ("global", "live"): _hosts("openapi.okx.com", "ws.okx.com"),
    ("global", "demo"): _hosts("openapi.okx.com", "wspap.okx.com"),
    ("eea", "live"): _hosts("eea.okx.com", "wseea.okx.com"),
    ("eea", "demo"): _hosts("eea.okx.com", "wseeapap.okx.com"),
    ("us", "live"): _hosts("us.okx.com", "wsus.okx.com"),
    ("us", "demo"): _hosts("us.okx.com", "wsuspap.okx.com"),
}
"""By region and environment."""

REGIONS = ("global", "eea", "us")
ENVIRONMENTS = ("demo", "live")
DEFAULT_REGION, DEFAULT_ENVIRONMENT = "global", "demo"

_ALSO_REST = {"www.okx.com": "global", "app.okx.com": "us"}
"""Hosts of the sites that serve REST, too, and where other programs still send it."""


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


_REGION_OF_REST = {_host_of(hosts.rest): region for (region, _), hosts in HOSTS.items()} | _ALSO_REST
_PLACE_OF_STREAM = {_host_of(hosts.ws_public): place for place, hosts in HOSTS.items()}


def world_of_hosts(hosts: Hosts, region: str, environment: str) -> World:
    """The world of the addresses; raises `HostsError` where they do not agree with each other, the region or the
    environment. On this machine every environment may be tried. A host that is not known here is live."""
    if (region, environment) not in HOSTS:
        raise HostsError(
            f"OKX_REGION is one of {', '.join(REGIONS)} and MTF_ENVIRONMENT one of {', '.join(ENVIRONMENTS)}; "
            f"found {region!r} and {environment!r}"
        )
    rest = {"OKX_REST_URL": hosts.rest}
    streams = {
        "OKX_WS_PUBLIC_URL": hosts.ws_public,
        "OKX_WS_BUSINESS_URL": hosts.ws_business,
        "OKX_WS_PRIVATE_URL": hosts.ws_private,
    }
    _refuse_other_forms(rest, streams)
    _refuse_other_regions(rest, streams, region)
    world = world_of({**rest, **streams}, _demo_hosts(environment))
    if world.kind is not HostWorld.SANDBOX and world.kind.value != environment:
        raise HostsError(f"MTF_ENVIRONMENT is {environment}, and the addresses of OKX lead to {world.kind.value}")
    return world


def _demo_hosts(environment: str) -> frozenset[str]:
    """Streams have hosts of their own for the demo; REST has its header, which the environment decides."""
    streams = {host for host, (_, of) in _PLACE_OF_STREAM.items() if of == "demo"}
    return frozenset(streams | set(_REGION_OF_REST)) if environment == "demo" else frozenset(streams)


def _refuse_other_forms(rest: Mapping[str, str], streams: Mapping[str, str]) -> None:
    """What could be an address of something, but not of this."""
    for name, url in rest.items():
        if "@" not in url and (not url.startswith(("http://", "https://")) or set("?# ") & set(url)):
            raise HostsError(f"{name}: {url!r} is no beginning of REST addresses, like https://host")
    for name, url in streams.items():
        if "@" not in url and (not url.startswith(("ws://", "wss://")) or " " in url):
            raise HostsError(f"{name}: {url!r} is no address of a stream, like wss://host/path")


def _refuse_other_regions(rest: Mapping[str, str], streams: Mapping[str, str], region: str) -> None:
    """A key lives in one region, and another one answers as if it did not exist."""
    regions = {name: _REGION_OF_REST.get(_host_of(url)) for name, url in rest.items()}
    regions |= {name: _PLACE_OF_STREAM.get(_host_of(url), (None, ""))[0] for name, url in streams.items()}
    others = [f"{name} to {of}" for name, of in regions.items() if of not in {None, region}]
    if others:
        raise HostsError(f"OKX_REGION is {region}, and these addresses lead elsewhere: {', '.join(others)}")
