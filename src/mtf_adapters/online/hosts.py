"""Which world a process lives in, told from the hosts that it really talks to and not from a setting."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

from attrs import frozen

_SECURE = {"https", "wss"}
_PLAIN = {"http", "ws"}


class HostWorld(StrEnum):
    SANDBOX = "sandbox"
    """This machine."""
    DEMO = "demo"
    """An exchange's own play money."""
    LIVE = "live"
    """Money. Every host that is neither this machine nor known as a demo."""


class HostsError(ValueError):
    """Addresses that cannot be used together, or at all; the message names them."""


@frozen
class World:
    """The one world of a venue's addresses. `place` names the machine and port of a sandbox, and is empty elsewhere."""

    kind: HostWorld
    place: str = ""


def world_of(urls: Mapping[str, str], demo_hosts: frozenset[str]) -> World:
    """The world that all addresses (by the name of their setting) lead to.

    Raises `HostsError` when they lead to several worlds, when one is no address, and when one beyond this machine is
    not encrypted: a key would be readable on the way.
    """
    worlds = {name: _world(name, url, demo_hosts) for name, url in urls.items()}
    kinds = set(worlds.values())
    if len(kinds) != 1:
        listed = "; ".join(f"{name}={urls[name]} is {world}" for name, world in worlds.items())
        raise HostsError(f"the addresses lead to different worlds: {listed}")
    (kind,) = kinds
    return World(kind, _place(next(iter(urls.values()))) if kind is HostWorld.SANDBOX else "")


def _world(name: str, url: str, demo_hosts: frozenset[str]) -> HostWorld:
    if "@" in url:  # first: with a sign that ends addresses in it, a password would make this one no address
        raise HostsError(f"{name}: an address must not hold a user or a password")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in _SECURE | _PLAIN:
        raise HostsError(f"{name}: {url!r} is no address like https://host or wss://host/path")
    if _is_this_machine(host):
        return HostWorld.SANDBOX
    if parts.scheme in _PLAIN:
        raise HostsError(f"{name}: {url!r} is not encrypted; only this machine may be spoken to in the clear")
    return HostWorld.DEMO if host in demo_hosts else HostWorld.LIVE


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 80}"
