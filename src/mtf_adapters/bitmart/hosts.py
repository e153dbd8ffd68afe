"""BitMart's hosts (sheet §1.1), and the world that a set of addresses leads to."""

from __future__ import annotations

from urllib.parse import urlsplit

from attrs import frozen

from mtf_adapters.online.hosts import HostsError, HostWorld, World, world_of


@frozen
class Hosts:
    """The four addresses of one world; those of streams are whole, those of REST end before the path."""

    public_api: str
    private_api: str
    ws_public: str
    ws_private: str


_LIVE = "https://api-cloud-v2.bitmart.com"
_LIVE_STREAM = "wss://openapi-ws-v2.bitmart.com"
_DEMO = "https://demo-api-cloud-v2.bitmart.com"
_DEMO_STREAM = "wss://openapi-wsdemo-v2.bitmart.com"

HOSTS = {
    "live": Hosts(_LIVE, _LIVE, f"{_LIVE_STREAM}/api?protocol=1.1", f"{_LIVE_STREAM}/user?protocol=1.1"),
    "demo": Hosts(_DEMO, _DEMO, f"{_DEMO_STREAM}/api?protocol=1.1", f"{_DEMO_STREAM}/user?protocol=1.1"),
}
DEFAULT_ENVIRONMENT = "demo"

_DEMO_HOSTS = frozenset(filter(None, (urlsplit(_DEMO).hostname, urlsplit(_DEMO_STREAM).hostname)))


def world_of_hosts(hosts: Hosts, environment: str) -> World:
    """The world of the addresses; raises `HostsError` where they do not agree with each other or with `environment`.

    On this machine every environment may be tried. A key works in both of BitMart's worlds, so the host alone decides
    whose money it is.
    """
    rest = {"BITMART_PUBLIC_API_URL": hosts.public_api, "BITMART_PRIVATE_API_URL": hosts.private_api}
    streams = {"BITMART_WS_PUBLIC_URL": hosts.ws_public, "BITMART_WS_PRIVATE_URL": hosts.ws_private}
    world = world_of({**rest, **streams}, _DEMO_HOSTS)
    for name, url in rest.items():
        if urlsplit(url).scheme not in {"http", "https"} or set("?# ") & set(url):
            raise HostsError(f"{name}: {url!r} is no beginning of REST addresses, like https://host")
        place = world_of({name: url}, _DEMO_HOSTS).place
        if place != world.place:  # a market of one and an account of another
            raise HostsError(f"the addresses lead to two sandboxes: {name} to {place}, the other to {world.place}")
    for name, url in streams.items():
        if urlsplit(url).scheme not in {"ws", "wss"} or " " in url:
            raise HostsError(f"{name}: {url!r} is no address of a stream, like wss://host/path")
    if world.kind is not HostWorld.SANDBOX and world.kind.value != environment:
        raise HostsError(f"MTF_ENVIRONMENT is {environment}, and the addresses of BitMart lead to {world.kind.value}")
    return world
