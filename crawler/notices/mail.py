"""Mail: a message in plain text, through the mail server of the settings."""

from __future__ import annotations

import re
import smtplib
import ssl
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from ipaddress import ip_address
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from crawler.errors import BadSettings, BadTarget, Undelivered
from crawler.notices.message import Message, first_line

SECONDS = 30.0
"""For each step of the conversation with the mail server."""

_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@[^\s@<>()\[\],;:\\\"]{1,255}")
_EXAMPLE = "smtp://user:password@mail.example:587?starttls=yes, or smtps://mail.example"


@dataclass(frozen=True, slots=True)
class Relay:
    """A mail server. tls: from the first byte; starttls: before anything of worth is said."""

    host: str
    port: int
    tls: bool
    starttls: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, url: str) -> Self:
        """From ``smtp://user:password@host:port?starttls=yes`` or ``smtps://…``. Raises BadSettings.

        What must be escaped in a user name or password is written with %. A password goes out encrypted only, unless
        the server is this machine.
        """
        try:
            parts = urlsplit(url)
            host, port, asked = parts.hostname, parts.port, parse_qs(parts.query, strict_parsing=bool(parts.query))
        except ValueError:  # its text may repeat the password
            raise BadSettings("smtp: the address of the mail server cannot be read", f"write {_EXAMPLE}") from None
        starttls = asked.pop("starttls", ["no"])[-1]
        if parts.scheme not in {"smtp", "smtps"} or not host or asked or starttls not in {"yes", "no"}:
            raise BadSettings("smtp: not the address of a mail server", f"write {_EXAMPLE}")
        tls = parts.scheme == "smtps"
        relay = cls(
            host, port or (465 if tls else 587 if starttls == "yes" else 25), tls, starttls == "yes",
            unquote(parts.username) if parts.username else None, unquote(parts.password) if parts.password else None,
        )  # fmt: skip
        if relay.password and not (relay.tls or relay.starttls or _is_this_machine(host)):
            raise BadSettings("smtp: a password is not sent unencrypted", "add ?starttls=yes, or write smtps://")
        if not f"{relay.user}{relay.password}".isascii():
            raise BadSettings("smtp: smtplib sends no user or password beyond ASCII", "give the account another")
        return relay


def check(address: str) -> None:
    """Raises BadTarget where ``address`` is not one address of mail, and nothing but that."""
    if not _ADDRESS.fullmatch(address):
        raise BadTarget(f"{first_line(address)!r} is no mail address", "give one address: desk@gazette.example")


def send(message: Message, to: str, relay: Relay, sender: str) -> None:
    """Deliver. Raises Undelivered where the mail server does not take it."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = sender, to
    mail["Subject"] = first_line(message.subject)  # one line: a title can add no header
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{message.id}@copydesk.invalid>"  # the same again, for mail programs that drop the second
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday reply
    mail["Copydesk-Delivery"] = message.id
    mail.set_content(message.text)
    try:
        with closing(_connected(relay)) as server:
            if relay.user:
                server.login(relay.user, relay.password or "")
            server.send_message(mail)
            with suppress(OSError, smtplib.SMTPException):  # it was taken already
                server.quit()
    except smtplib.SMTPResponseException as error:
        said = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        raise Undelivered(f"{relay.host}: {error.smtp_code} {first_line(said)}") from error
    except smtplib.SMTPRecipientsRefused as error:
        code, answer = next(iter(error.recipients.values()))
        raise Undelivered(f"{relay.host}: {code} {first_line(answer.decode('utf-8', 'replace'))}") from error
    except (OSError, smtplib.SMTPException) as error:
        raise Undelivered(f"{relay.host}: {first_line(str(error)) or type(error).__name__}") from error


def _connected(relay: Relay) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if relay.tls:
        return smtplib.SMTP_SSL(relay.host, relay.port, timeout=SECONDS, context=context)
    server = smtplib.SMTP(relay.host, relay.port, timeout=SECONDS)
    try:
        if relay.starttls:
            server.starttls(context=context)
    except BaseException:
        server.close()
        raise
    return server


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
