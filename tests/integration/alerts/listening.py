"""Real receivers on this machine: an HTTP server and a mail server, each in a thread with its own event loop."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import uvicorn
from attrs import define, field, frozen

_PATIENCE_S = 60


@frozen
class Heard:
    """One request."""

    method: str
    path: str
    body: Any
    """As JSON; None where there was none."""


@define(eq=False)
class Listener:
    """What an HTTP server was asked, and what it answers: at first what stands in `answers`, then 200."""

    base_url: str
    heard: list[Heard] = field(factory=list)
    answers: list[tuple[int, dict[str, Any]]] = field(factory=list)
    hangs: bool = False
    """It takes requests and never answers."""

    def of(self, path: str) -> list[Heard]:
        return [one for one in self.heard if one.path == path]

    async def __call__(
        self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        body, more = b"", True
        while more:
            event = await receive()
            body, more = body + event.get("body", b""), event.get("more_body", False)
        self.heard.append(Heard(scope["method"], scope["path"], json.loads(body) if body else None))
        if self.hangs:
            await receive()  # until the caller hangs up
            return
        status, document = self.answers.pop(0) if self.answers else (200, {"ok": True})
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(document).encode()})


@contextmanager
def listening() -> Iterator[Listener]:
    """Listens until the block ends."""
    sock = socket.create_server(("127.0.0.1", 0))
    listener = Listener(f"http://127.0.0.1:{sock.getsockname()[1]}")
    config = uvicorn.Config(listener, log_config=None, lifespan="off", ws="none", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    thread.start()
    try:
        until(lambda: server.started)
        yield listener
    finally:
        server.should_exit = True
        thread.join()


@define(eq=False)
class Mailbox:
    """A mail server's answers, and what was handed in."""

    port: int
    mails: list[tuple[str, tuple[str, ...], EmailMessage]] = field(factory=list)
    """From whom, to whom, and what."""
    logins: list[str] = field(factory=list)
    commands: list[str] = field(factory=list)
    refuses: dict[str, str] = field(factory=dict)
    """By command: what is answered instead."""


@contextmanager
def mailbox(certificate: Path | None = None) -> Iterator[Mailbox]:
    """Takes mail until the block ends; with a certificate it offers STARTTLS."""
    sock = socket.create_server(("127.0.0.1", 0))
    box = Mailbox(sock.getsockname()[1])
    loop, stop = asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        server = await asyncio.start_server(
            lambda reader, writer: _session(box, certificate, reader, writer), sock=sock
        )
        async with server:
            await stop.wait()

    thread = threading.Thread(target=lambda: (loop.run_until_complete(serve()), loop.close()))
    thread.start()
    try:
        yield box
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


async def _session(
    box: Mailbox, certificate: Path | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    sender, recipients = "", []

    async def say(text: str) -> None:
        writer.write(text.encode() + b"\r\n")
        await writer.drain()

    await say("220 box ready")
    while line := (await reader.readline()).decode().strip():
        command = line.split(" ")[0].upper()
        box.commands.append(command)
        if command in box.refuses:
            await say(box.refuses[command])
        elif command == "EHLO":
            is_open = writer.get_extra_info("sslcontext") is None
            offers = ["STARTTLS"] if certificate is not None and is_open else []
            lines = ["box", *offers, "AUTH PLAIN"]
            for name in lines[:-1]:
                await say(f"250-{name}")
            await say(f"250 {lines[-1]}")
        elif command == "STARTTLS":
            await say("220 go on")
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate or "")
            try:
                await writer.start_tls(context)
            except ssl.SSLError:  # the other side does not trust us
                break
        elif command == "AUTH":
            box.logins.append(line)
            await say("235 welcome")
        elif command == "MAIL":
            sender = line.split("<")[1].split(">")[0]
            await say("250 ok")
        elif command == "RCPT":
            recipients.append(line.split("<")[1].split(">")[0])
            await say("250 ok")
        elif command == "DATA":
            await say("354 go on")
            content = (await reader.readuntil(b"\r\n.\r\n")).removesuffix(b".\r\n")
            mail = message_from_bytes(content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            box.mails.append((sender, tuple(recipients), mail))
            await say("250 taken")
        elif command == "QUIT":
            await say("221 bye")
            break
        else:
            await say("250 ok")
    writer.close()


def certificate_in(folder: Path) -> Path:
    """A certificate for this machine, with its key, that nobody but who is told of it trusts."""
    file = folder / "box.pem"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    words = ["openssl", "req", "-x509", *key, "-days", "2", "-subj", "/CN=localhost", "-addext", names]
    subprocess.run([*words, "-keyout", folder / "key.pem", "-out", file], check=True, capture_output=True)
    file.write_bytes(file.read_bytes() + (folder / "key.pem").read_bytes())
    return file


def until(holds: Callable[[], Any], patience_s: float = _PATIENCE_S) -> Any:
    """What it gives, once that is something; fails after a while."""
    end_s = time.monotonic() + patience_s
    while not (found := holds()):
        assert time.monotonic() < end_s, f"it did not come about within {patience_s:.0f} s"
        time.sleep(0.02)
    return found
