"""The pages of watches: which searches are saved, what they have found, whether it was told; and the form for one."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from storage.errors import Unruly
from storage.records import Query
from storage.search import question_of
from storage.watch import NOTHING_ASKED, Watch, Way, asks_nothing
from storage.web.asking import Asked, written
from storage.web.front_desk import desk_of
from storage.web.newsroom import Unaskable
from storage.web.rendering import page

WAYS: tuple[tuple[Way, str], ...] = (("webhook", "Webhook, to the address"), ("email", "Mail, to the address"))
"""How a watch that was made here may tell: nobody gets to run a command on this machine through a page."""

_LONGEST_QUERY, _LONGEST_TARGET = 1_000, 2_000  # characters


def watches(request: Request) -> Response:
    """Every watch. Where it tells its finds is not shown: an address of a webhook may be a secret."""
    found = desk_of(request).archive.watches.all()
    made = next((watch.name for watch in found if watch.name == request.query_params.get("made")), None)
    return page(request, "watches", watches=[(watch, _asked(watch.query), _state(watch)) for watch in found], made=made)


def new_watch(request: Request) -> Response:
    """The form that makes a watch; ``q`` is filled in."""
    return _form(request, dict(request.query_params))


def make_watch(request: Request, form: FormData) -> Response:
    """Make a watch as ``copydesk watch add`` does, and go on to the list of them."""
    desk = desk_of(request)
    said = {name: value.strip() for name, value in form.items() if isinstance(value, str)}
    name, words, target = (said.get(field, "") for field in ("name", "q", "target"))
    way = next((way for way, _ in WAYS if way == said.get("way")), None)
    query = Query(words or None)
    faults = [
        fault
        for is_so, fault in (
            (not name, "name: the watch needs one"),
            (asks_nothing(question_of(query)), NOTHING_ASKED),
            (len(words) > _LONGEST_QUERY, f"query: at most {_LONGEST_QUERY:,} characters"),
            (way is None, f"say how to tell it: by {' or '.join(way for way, _ in WAYS)}"),
            (not target, "say where to tell it: the address of a webhook, or of mail"),
            (len(target) > _LONGEST_TARGET, f"address: at most {_LONGEST_TARGET:,} characters"),
        )
        if is_so
    ]
    if faults or way is None:
        return _form(request, said, faults, status=422)
    try:
        desk.newsroom.check_target(way, target)
        with desk.alone:
            made = desk.archive.watches.add(name, query, way, target, from_start=bool(said.get("from_start")))
    except (Unaskable, Unruly) as refused:
        return _form(request, said, [f"{refused}" + (f"; {refused.hint}" if refused.hint else "")], status=422)
    return RedirectResponse(f"{request.scope.get('root_path', '')}/watches?{urlencode({'made': made.name})}", 303)


def _form(request: Request, said: Mapping[str, str], faults: list[str] | None = None, status: int = 200) -> Response:
    query = Query(said.get("q") or None)
    return page(request, "new_watch", status, said=said, faults=faults or [], ways=WAYS, notes=question_of(query).notes)


def _asked(query: Query) -> Asked:
    """The same question as a page of results."""
    return Asked(
        q=query.words or "", source=query.source or "", language=query.language or "",
        since=written(query.since) if query.since else "", until=written(query.until) if query.until else "",
    )  # fmt: skip


def _state(watch: Watch) -> str:
    if watch.given_up:
        return "broken"
    return "late" if watch.waiting and watch.why else "well"
