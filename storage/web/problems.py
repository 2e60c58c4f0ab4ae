"""Problems: every answer that is not the one asked for, as RFC 9457 has it, with what to do next.

Each kind has a page, ``/docs/problems/KIND``: its ``type`` is that address.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem. about: what it means and what to do, for its page."""

    status: int
    title: str
    about: str


KINDS: Mapping[str, Kind] = {
    "parameter": Kind(
        422, "A parameter cannot be read",
        "`errors` names each parameter, or field of the body, and what it takes. Nothing was done.",
    ),
    "not-found": Kind(404, "There is nothing of that name", "`detail` says what is unknown, `hint` where to look."),
    "forgotten": Kind(410, "The article was forgotten", "It was taken out for good, and does not come back."),
    "method": Kind(405, "That cannot be done to this address", "The header `Allow` says what can."),
    "token": Kind(
        401, "A token is needed",
        "Send `Authorization: Bearer TOKEN`. Who keeps the archive makes one: `copydesk tokens add NAME --scope read`.",
    ),
    "scope": Kind(
        403, "The token may not do that",
        "It may only read. A token that may write is made by `copydesk tokens add NAME --scope write`.",
    ),
    "too-many-tries": Kind(429, "Too many wrong tokens", "`Retry-After` says in how many seconds to try again."),
    "form": Kind(403, "The form did not come from this page", "Load the page again, and send the form from there."),
    "cross-site": Kind(
        403, "Another site sent this request",
        "A browser sent it for a page of another site. Without a token only pages of this server may.",
    ),
    "host": Kind(
        421, "This server does not go by that name",
        "The header `Host` names another one. If the name is right: `copydesk serve --allow-host NAME`.",
    ),
    "too-large": Kind(413, "The body is too large", "`detail` says how large it may be. Nothing was done."),
    "too-long": Kind(414, "The address is too long", "`detail` says how long it may be. Ask for less, or in parts."),
    "headers": Kind(431, "The headers are too large", "`detail` says how large they may be."),
    "media-type": Kind(415, "The body is not of a known type", "Send JSON, with `Content-Type: application/json`."),
    "key-reused": Kind(
        409, "The idempotency key was used for another request",
        "A key stands for one request: take another key for another one. Nothing was done.",
    ),
    "refused": Kind(409, "The crawl is refused", "`detail` says why, `hint` what to do first."),
    "took-too-long": Kind(
        503, "The question took too long",
        "It was ended. Narrow it: a shorter period (`since`, `until`), one source, fewer words with `*`.",
    ),
    "not-installed": Kind(501, "The server lacks what writes this format", "`hint` says what to install there."),
    "busy": Kind(503, "Too many exports are under way", "`Retry-After` says in how many seconds to try again."),
    "unavailable": Kind(503, "The archive does not answer", "`detail` says what its database or blob store says."),
    "newer": Kind(503, "The archive was written by a newer copydesk", "Update copydesk on the server."),
    "damaged": Kind(500, "Kept bytes are damaged", "`copydesk verify` names them all; restore them from a backup."),
    "request": Kind(400, "The request cannot be read", "`detail` says what is wrong with it."),
    "defect": Kind(500, "A defect of copydesk", "The server's log says where. Please report it."),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one parameter. parameter: its name; of the body, the path to the field."""

    parameter: str
    detail: str


class Problem(Exception):
    """An answer other than the one asked for. kind: of ``KINDS``. headers: to be sent with it."""

    def __init__(
        self, kind: str, detail: str | None = None, hint: str | None = None, *,
        errors: Sequence[Fault] = (), headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        told = "; ".join(f"{fault.parameter}: {fault.detail}" for fault in errors)
        super().__init__(detail or told or KINDS[kind].title)
        self.kind = kind
        self.status = KINDS[kind].status
        self.title = KINDS[kind].title
        self.detail = detail
        self.hint = hint
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def response(self, root: str = "") -> Response:
        """The answer. root: the path under which the server is reached."""
        kind = KINDS[self.kind]
        said: dict[str, object] = {
            "type": f"{root}/docs/problems/{self.kind}", "title": kind.title, "status": kind.status
        }  # fmt: skip
        said |= {name: value for name, value in (("detail", self.detail), ("hint", self.hint)) if value}
        if self.errors:
            said["errors"] = [{"parameter": fault.parameter, "detail": fault.detail} for fault in self.errors]
        return Response(
            json.dumps(said, ensure_ascii=False).encode("utf-8", "backslashreplace"),
            kind.status, self.headers, MEDIA_TYPE,
        )  # fmt: skip
