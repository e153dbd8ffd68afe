"""Each receiver tells what it is given, in the other side's own words, and says when it could not."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path

import pytest
from attrs import evolve

from mtf_adapters.alerts import EmailReceiver, HttpPing, MailServer, TelegramReceiver, WebhookReceiver
from mtf_adapters.sandbox.clock import SandboxClock
from mtf_core.ports import Receiver, ReceiverError
from mtf_core.records import Message, Phase
from tests.integration.alerts.listening import Listener, mailbox

NOW_MS = 1_770_000_000_000
CLOCK = SandboxClock(NOW_MS)
MESSAGE = Message(
    phase=Phase.BEGAN,
    serves="bitmart (bitmart-perpetual)",
    word="unprotected",
    subject="BTCUSDT:5m:1:long",
    text="BTCUSDT has had no armed stop for 6 s.",
    advice="Look at the exchange yourself now.",
    began_ms=NOW_MS,
    more=("stale ETHUSDT",),
)
NOBODY = "http://127.0.0.1:9"


def to(box_port: int, **changed: object) -> EmailReceiver:
    server = MailServer("127.0.0.1", box_port, encrypted=False)
    return EmailReceiver(evolve(server, **changed), "mtf@example.org", ("anna@example.org", "ben@example.org"), CLOCK)


async def why_not(receiver: Receiver) -> ReceiverError:
    with pytest.raises(ReceiverError) as refused:
        await receiver.tell(MESSAGE)
    return refused.value


async def test_a_webhook_gets_the_alert_as_json(listener: Listener) -> None:
    await WebhookReceiver(f"{listener.base_url}/hook").tell(MESSAGE)
    (heard,) = listener.heard
    assert (heard.method, heard.path) == ("POST", "/hook")
    assert heard.body == {
        "phase": "began",
        "alert": "unprotected",
        "subject": "BTCUSDT:5m:1:long",
        "text": "BTCUSDT has had no armed stop for 6 s.",
        "what_to_do": "Look at the exchange yourself now.",
        "serves": "bitmart (bitmart-perpetual)",
        "began_at": "2026-02-02T02:40:00Z",
        "ended_at": None,
        "and_more": ["stale ETHUSDT"],
    }


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_a_webhook_that_does_not_confirm_was_not_told(status: int, listener: Listener) -> None:
    listener.answers.append((status, {}))
    assert str(await why_not(WebhookReceiver(f"{listener.base_url}/hook"))) == f"it answered {status}"


async def test_telegram_gets_the_alert_as_its_wire_wants_it(listener: Listener) -> None:
    await TelegramReceiver("123:secret", "-1001", listener.base_url + "/").tell(MESSAGE)
    (heard,) = listener.heard
    assert (heard.method, heard.path) == ("POST", "/bot123:secret/sendMessage")
    text = heard.body.pop("text")
    assert heard.body == {"chat_id": "-1001", "link_preview_options": {"is_disabled": True}}
    assert text.splitlines() == [
        "mtf: unprotected BTCUSDT:5m:1:long",
        "BTCUSDT has had no armed stop for 6 s.",
        "Look at the exchange yourself now.",
        "Since 2026-02-02T02:40:00Z, bitmart (bitmart-perpetual).",
        "And 1 more: stale ETHUSDT. See `mtf alerts list`.",
    ]


async def test_telegram_takes_no_longer_message_than_it_allows(listener: Listener) -> None:
    await TelegramReceiver("t", "1", listener.base_url).tell(evolve(MESSAGE, text="x" * 5000))
    assert len(listener.heard[0].body["text"]) == 4096


async def test_telegram_says_why_and_how_long_to_wait(listener: Listener) -> None:
    too_many = {"ok": False, "description": "Too Many Requests: retry after 7", "parameters": {"retry_after": 7}}
    listener.answers += [(429, too_many), (200, {"ok": False, "description": "chat not found"})]
    receiver = TelegramReceiver("t", "1", listener.base_url)
    refused = await why_not(receiver)
    assert (str(refused), refused.again_after_s) == ("it answered 429: Too Many Requests: retry after 7", 7)
    assert str(await why_not(receiver)) == "it answered 200: chat not found"


async def test_a_ping_is_a_plain_call(listener: Listener) -> None:
    await HttpPing(f"{listener.base_url}/ping/uuid").call()
    assert [(one.method, one.path, one.body) for one in listener.heard] == [("GET", "/ping/uuid", None)]


async def test_certificates_are_read_once_and_not_for_each_call(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    await HttpPing(f"{listener.base_url}/ping").call()
    monkeypatch.setattr(ssl, "create_default_context", None)  # whoever reads them once more fails
    await HttpPing(f"{listener.base_url}/ping").call()
    assert len(listener.of("/ping")) == 2


async def test_who_cannot_be_reached_was_not_told_and_no_address_shows() -> None:
    for receiver in (WebhookReceiver(f"{NOBODY}/hook-of-secret"), TelegramReceiver("secret", "1", NOBODY), to(9)):
        said = str(await why_not(receiver))
        assert said.endswith("cannot be reached")
        assert "secret" not in said
        assert "secret" not in repr(receiver)


async def test_a_mailbox_gets_the_alert_as_a_mail() -> None:
    with mailbox() as box:
        await to(box.port).tell(MESSAGE)
    ((sender, recipients, mail),) = box.mails
    assert (sender, recipients) == ("mtf@example.org", ("anna@example.org", "ben@example.org"))
    assert (mail["Subject"], mail["From"]) == ("mtf: unprotected BTCUSDT:5m:1:long", "mtf@example.org")
    assert mail["To"] == "anna@example.org, ben@example.org"
    assert mail["Date"].startswith("Mon, 02 Feb 2026 02:40:00")
    assert mail["Message-ID"]
    assert "BTCUSDT has had no armed stop for 6 s.\n\nLook at the exchange yourself now." in mail.get_content().replace(
        "\r", ""
    )
    assert "STARTTLS" not in box.commands


async def test_a_password_leaves_only_once_the_connection_is_encrypted(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with mailbox(certificate) as box:
        await to(box.port, host="localhost", encrypted=True, user="mtf", password="hunter2").tell(MESSAGE)
    assert len(box.mails) == 1
    assert box.commands.index("STARTTLS") < box.commands.index("AUTH")
    assert base64.b64decode(box.logins[0].split(" ")[2]) == b"\0mtf\0hunter2"


async def test_a_mail_server_that_nobody_vouches_for_gets_neither_password_nor_mail(certificate: Path) -> None:
    with mailbox(certificate) as box:
        receiver = to(box.port, host="localhost", encrypted=True, user="mtf", password="hunter2")
        assert "cannot be trusted" in str(await why_not(receiver))
    assert (box.mails, box.logins) == ([], [])


async def test_a_mail_server_without_encryption_gets_nothing_where_encryption_is_asked_for() -> None:
    with mailbox() as box:
        said = str(await why_not(to(box.port, encrypted=True, user="mtf", password="hunter2")))
    assert said == "the mail was not taken (SMTPNotSupportedError)"
    assert (box.mails, box.logins) == ([], [])


async def test_a_mail_that_is_refused_was_not_told() -> None:
    with mailbox() as box:
        box.refuses = {"RCPT": "550 no such box"}
        assert "takes no mail for these recipients" in str(await why_not(to(box.port)))
        box.refuses = {"DATA": "451 try later"}
        assert str(await why_not(to(box.port))) == "the mail server answered 451"
