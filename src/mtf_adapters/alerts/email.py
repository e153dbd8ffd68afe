"""A mailbox, told over SMTP with the standard library, in a thread of its own."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from attrs import field, frozen

from mtf_core.ports import Clock, ReceiverError
from mtf_core.records import Message

_TIMEOUT_S = 10.0


@frozen
class MailServer:
    """Where mail is handed in. `encrypted`: with STARTTLS, and never without it; the certificate is checked."""

    host: str
    port: int
    encrypted: bool = True
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@frozen
class EmailReceiver:
    """Implements the port `Receiver`."""

    server: MailServer
    sender: str
    recipients: tuple[str, ...]
    clock: Clock
    name: str = "email"

    async def tell(self, message: Message) -> None:
        """Raises `ReceiverError`."""
        await asyncio.to_thread(self._hand_in, self._written(message))

    def _written(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.sender, ", ".join(self.recipients), message.headline
        mail["Date"] = formatdate(self.clock.now_ms() / 1000)
        mail["Message-ID"] = make_msgid(domain="mtf.invalid")
        mail.set_content("\n\n".join(message.lines) + "\n")
        return mail

    def _hand_in(self, mail: EmailMessage) -> None:
        server = self.server
        try:
            with smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT_S) as session:
                if server.encrypted:
                    session.starttls(context=ssl.create_default_context())
                if server.user is not None:
                    session.login(server.user, server.password or "")
                session.send_message(mail, self.sender, list(self.recipients))
        except smtplib.SMTPResponseException as error:
            raise ReceiverError(f"the mail server answered {error.smtp_code}") from None
        except smtplib.SMTPRecipientsRefused:
            raise ReceiverError("the mail server takes no mail for these recipients") from None
        except smtplib.SMTPException as error:
            raise ReceiverError(f"the mail was not taken ({type(error).__name__})") from None
        except ssl.SSLError:
            raise ReceiverError("the mail server cannot be trusted: see its certificate") from None
        except OSError:
            raise ReceiverError("the mail server cannot be reached") from None
