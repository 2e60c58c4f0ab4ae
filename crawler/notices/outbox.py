"""Outbox: sends a message one of the three ways, as the settings allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from crawler.errors import BadSettings, BadTarget
from crawler.fetching.addresses import Networks, networks
from crawler.notices import command, mail, webhook
from crawler.notices.mail import Relay
from crawler.notices.message import Message
from crawler.settings import Settings
from storage.watch import Way


@dataclass(frozen=True, slots=True)
class Outbox:
    """agent: how web servers know us. allowed: networks that webhooks may reach although they are not public.

    relay, sender: the mail server and the address that mails come from; None where none is set.
    """

    agent: str
    allowed: Networks = ()
    relay: Relay | None = None
    sender: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the settings say. Raises BadSettings."""
        try:
            allowed = networks(filter(None, settings.webhook_private.split(",")))
        except BadSettings as error:
            raise BadSettings(f"webhook_private: {error}", error.hint) from error
        return cls(settings.agent(), allowed, Relay.read(settings.smtp) if settings.smtp else None, settings.mail_from)

    def check(self, way: Way, target: str) -> None:
        """Raises BadTarget where nothing can be told there."""
        match way:
            case "webhook":
                webhook.check(target)
            case "email":
                mail.check(target)
                self._mailing()
            case "command":
                command.check(target)

    def send(self, message: Message, way: Way, target: str, secret: str | None = None) -> None:
        """Deliver. Raises Undelivered, and BadTarget for mail where no mail server is set."""
        match way:
            case "webhook":
                webhook.post(message, target, secret, self.agent, self.allowed)
            case "email":
                mail.send(message, target, *self._mailing())
            case "command":
                command.run(message, target)

    def _mailing(self) -> tuple[Relay, str]:
        if self.relay is None or self.sender is None:
            raise BadTarget(
                "no mail can be sent: no mail server or no sender is set", "set COPYDESK_SMTP and COPYDESK_MAIL_FROM"
            )
        mail.check(self.sender)
        return self.relay, self.sender
