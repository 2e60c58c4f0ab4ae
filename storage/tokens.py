"""Tokens: who may ask over HTTP. Of a token itself nothing is kept but its hash: it is shown once, when it is made."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, insert, select, update

from storage.database import Database
from storage.errors import NotFound, Refused
from storage.frontier import Writing
from storage.reader_schema import token as table
from storage.records import Scope

_USED_WITHIN = timedelta(hours=1)  # ``used_at`` is no older than this: a row written at each request would be too much
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token. hash: hex sha256 of it. used_at: to the hour; None where it never was."""

    name: str
    hash: str = field(repr=False)
    scope: Scope
    made_at: datetime
    used_at: datetime | None

    @property
    def may_write(self) -> bool:
        """Whether it allows more than reading."""
        return self.scope == "write"


class Tokens:
    """The tokens of an archive. Every method may raise ArchiveUnavailable."""

    def __init__(self, database: Database, writing: Writing) -> None:
        self._database = database
        self._writing = writing

    def all(self) -> tuple[Token, ...]:
        """Every token, by name."""
        columns = [table.c[name] for name in Token.__dataclass_fields__]
        with self._database.reading() as connection:
            return tuple(Token(*row) for row in connection.execute(select(*columns).order_by(table.c.name)))

    def add(self, name: str, scope: Scope) -> str:
        """Make a token: 256 random bits, as a text. Raises Refused for a name that is taken, or is none."""
        if not _NAME.fullmatch(name):
            raise Refused(f"{name[:80]!r} is no name of a token", "letters and digits, and . _ @ - behind the first")
        made = f"copydesk_{secrets.token_urlsafe(32)}"
        with self._writing() as connection:
            if connection.scalar(select(table.c.name).where(table.c.name == name)):
                raise Refused(f"there is a token {name!r} already", f"copydesk tokens remove {name}")
            connection.execute(
                insert(table).values(name=name, hash=_hash(made), scope=scope, made_at=datetime.now(UTC))
            )
        return made

    def remove(self, name: str) -> None:
        """Whoever has the token is refused from now on. Raises NotFound."""
        with self._writing() as connection:
            if not connection.execute(delete(table).where(table.c.name == name)).rowcount:
                raise NotFound(f"no token {name[:80]!r}", "copydesk tokens list")

    def used(self, token: Token, at: datetime) -> None:
        """Note that a token was used, if that was not noted within the hour."""
        if is_due(token, at):
            with self._writing() as connection:
                connection.execute(update(table).where(table.c.name == token.name).values(used_at=at))


def is_due(token: Token, at: datetime) -> bool:
    """Whether a use is to be noted."""
    return token.used_at is None or at - token.used_at >= _USED_WITHIN


def token_of(said: str, known: Iterable[Token]) -> Token | None:
    """The token that somebody says. It takes the same time whatever is said, right or nearly right."""
    hashed = _hash(said)
    found = None
    for token in known:
        if hmac.compare_digest(token.hash, hashed):
            found = token
    return found


def _hash(said: str) -> str:
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()
