"""The door: who asks, by a token or a login, and what they may do.

Programs send ``Authorization: Bearer TOKEN``. A browser logs in with a token once and gets a session in a cookie: the
name of the token and an hour to end at, signed with a secret of this process and the token's hash. So the token itself
is never in a cookie (those go to every port of a host), and a session ends with the token, the hour, or the process.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from storage.archive import Archive
from storage.tokens import Token, is_due, token_of
from storage.web.problems import Problem

SESSION = "copydesk_session"
SESSION_SECONDS = 12 * 3600
_FRESH = 1.0  # seconds that what was read of the tokens is believed: so long one that was removed may still work
_FREE_TRIES = 10  # wrong tokens of one address in a minute that are answered as such
_MINUTE = 60.0
_MOST_CLIENTS = 1_000  # whose wrong tokens are counted


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks. token: None where the archive has none and needs none. by_cookie: a browser sent it by itself."""

    token: Token | None
    by_cookie: bool = False

    @property
    def name(self) -> str:
        """The name of the token; empty for anyone."""
        return self.token.name if self.token else ""

    @property
    def may_write(self) -> bool:
        """Whether crawls may be filed, and watches made."""
        return self.token is None or self.token.may_write


class Door:
    """Lets in whom it knows. now: seconds of a clock that only goes forward; for tests."""

    def __init__(
        self, archive: Archive, secret: bytes, needs_token: bool, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._archive = archive
        self._secret = secret
        self._needs_token = needs_token
        self._now = now
        self._alone = threading.Lock()
        self._held: tuple[Token, ...] = ()
        self._read_at = -_FRESH
        self._noted: dict[str, datetime] = {}  # when, by the hash of the token
        self._tries: OrderedDict[str, tuple[float, int]] = OrderedDict()  # since when, and how many

    @property
    def is_fresh(self) -> bool:
        """Whether ``ask`` answers without asking the archive."""
        return self._now() - self._read_at < _FRESH

    def ask(self, bearer: str | None, cookies: Mapping[str, str], client: str) -> Asker:
        """Who asks. Raises Problem for a token that is wrong, and one that is lacking; and ArchiveUnavailable."""
        self._refresh()
        if not self._held and not self._needs_token:
            return Asker(None)
        if bearer is not None:
            return Asker(self.check(bearer, client))
        if found := self._in_session(cookies.get(SESSION, "")):
            return Asker(found, by_cookie=True)
        raise Problem("token", headers={"WWW-Authenticate": 'Bearer realm="copydesk"'})

    def check(self, said: str, client: str) -> Token:
        """The token that is said. Raises Problem for a wrong one.

        Nobody guesses 256 bits, so a right one is always let in: else anyone could keep others out by guessing. Those
        who go on with wrong ones are told to wait.
        """
        self._refresh()
        if found := token_of(said, self._held):
            return found
        with self._alone:
            since, number = self._tries.pop(client, (self._now(), 0))
            if self._now() - since >= _MINUTE:
                since, number = self._now(), 0
            self._tries[client] = since, number + 1
            if len(self._tries) > _MOST_CLIENTS:
                self._tries.popitem(last=False)
        if number >= _FREE_TRIES:
            wait = max(1, round(since + _MINUTE - self._now()))
            raise Problem("too-many-tries", f"wait {wait} s", headers={"Retry-After": str(wait)})
        raise Problem(
            "token", "no such token", headers={"WWW-Authenticate": 'Bearer realm="copydesk", error="invalid_token"'}
        )

    def session(self, token: Token) -> str:
        """What the cookie of a browser that has logged in says."""
        ends = str(int(time.time()) + SESSION_SECONDS)
        return f"{ends}~{self._signed(token, ends)}~{token.name}"

    def notes_use(self, token: Token, at: datetime) -> bool:
        """Whether this use of a token is one to be noted; then another one is not, for a while."""
        with self._alone:
            if not is_due(self._noted.get(token.hash, token.used_at), at):
                return False
            self._noted[token.hash] = at
            return True

    def _refresh(self) -> None:
        if not self.is_fresh:
            self._held, self._read_at = self._archive.tokens.all(), self._now()

    def _in_session(self, said: str) -> Token | None:
        ends, _, rest = said.partition("~")
        signed, _, name = rest.partition("~")
        if not (ends.isascii() and ends.isdecimal() and len(ends) < 16 and int(ends) > time.time()):
            return None
        for token in self._held:
            if token.name == name and hmac.compare_digest(
                signed.encode("utf-8", "replace"), self._signed(token, ends).encode()
            ):
                return token
        return None

    def _signed(self, token: Token, ends: str) -> str:
        said = "\0".join(("session", token.name, token.hash, ends))
        return hmac.new(self._secret, said.encode(), hashlib.sha256).hexdigest()
