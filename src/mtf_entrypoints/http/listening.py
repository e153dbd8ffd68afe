"""Where the HTTP service listens, and under which names it may be asked."""

from __future__ import annotations

import errno
import ipaddress
import socket

from attrs import frozen

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


class ListenError(ValueError):
    """The service must not listen there; the message says what to do."""


@frozen
class Listening:
    """Address, port, further names of the service, and how long a request may take (seconds)."""

    host: str = "127.0.0.1"
    port: int = 8080
    allowed_names: tuple[str, ...] = ()
    time_limit: float = 120.0

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the address."""
        address = _address(self.host)
        return self.host.lower() == "localhost" if address is None else address.is_loopback

    @property
    def address(self) -> str:
        """Host and port, as an address of the web writes them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def admits(self, host_header: str) -> bool:
        """Whether a `Host` header names this service.

        A page of another site can make a name of its own point here, but it cannot choose the name that the browser
        then sends. On loopback only loopback names are ours; beyond it also this machine's names and any IP address,
        which no one can rebind.
        """
        name = host_name(host_header)
        if name is None:
            return False
        ours = {*LOOPBACK_NAMES, self.host.lower(), *(allowed.lower() for allowed in self.allowed_names)}
        if not self.is_loopback:
            ours.add(socket.gethostname().lower())
        return name in ours or (not self.is_loopback and _address(name) is not None)


def listener_of(listening: Listening, hint: str = "choose another --port") -> socket.socket:
    """A socket that listens there; raises OSError, with the hint where another program does so already."""
    family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
    try:
        listener = socket.create_server((listening.host, listening.port), family=family, backlog=128)
    except OSError as error:
        why = f"{error.strerror}; another program listens there, {hint}" if error.errno == errno.EADDRINUSE else ""
        raise OSError(f"cannot listen on {listening.host}:{listening.port}: {why or error.strerror}") from None
    # Connections inherit it. asyncio would set it only where a socket names its protocol, which this one does not; an
    # answer's head and body would then wait 40 ms for each other on a connection that is kept open.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def host_name(header: str) -> str | None:
    """The name of a `Host` header without its port, lower case, IPv6 without brackets; None if it is malformed."""
    text = header.strip().lower()
    if text.startswith("["):
        name, bracket, port = text[1:].partition("]")
        if not bracket or _address(name) is None or not (port == "" or (port[0] == ":" and port[1:].isdigit())):
            return None
        return name
    name, colon, port = text.partition(":")
    if not name or (colon and not port.isdigit()):
        return None
    return name.removesuffix(".") or None


def host_of_origin(header: str) -> str | None:
    """The host and port of an `Origin` header as a `Host` header would say them, lower case; None for other texts."""
    scheme, separator, host = header.strip().lower().partition("://")
    return host if separator and scheme in ("http", "https") and host_name(host) is not None else None


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
