"""The pages of runs: what each did, and what failed in it and why; and the form that files one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import get_args

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from storage.links import Order
from storage.records import FateOutcome
from storage.times import moment
from storage.web.front_desk import desk_of
from storage.web.funnel import funnel
from storage.web.newsroom import Unaskable
from storage.web.rendering import page

RELOAD_SECONDS = 5
"""Between two looks at a run under way, for those who ask for it."""

_RUNS = 50
_LINKS = 100
_MOST_URLS = 500
_LARGEST_NUMBER = 2**31 - 1  # of a run, in the databases


def runs(request: Request) -> Response:
    """The latest runs; ``source``, ``outcome=failed`` and ``before`` narrow."""
    desk = desk_of(request)
    said = request.query_params
    source, failing, before = said.get("source") or None, said.get("outcome") == "failed", _number(said.get("before"))
    found = desk.archive.overview.runs(_RUNS + 1, source=source, before=before, failing=failing)
    shown = found[:_RUNS]
    return page(
        request, "runs", runs=[(run, funnel(run)) for run in shown], source=source, failing=failing, before=before,
        causes=desk.archive.overview.causes([run.id for run in shown]),
        older=shown[-1].id if len(found) > len(shown) else None,
        next_at=desk.newsroom.next_run(source) if source else None,
    )  # fmt: skip


def run(request: Request) -> Response:
    """One run. ``fate``: lists what had that outcome; ``after``: beyond a number; ``reload``: it is loaded again."""
    archive = desk_of(request).archive
    said = request.query_params
    found = archive.run(_number(request.path_params["run"]) or 0)
    fate: FateOutcome | None = next((each for each in _fates() if each == said.get("fate")), None)
    links, more = archive.overview.inputs(found.id, fate, _LINKS, _number(said.get("after"))) if fate else ((), None)
    reloads = "reload" in said and found.finished_at is None
    return page(
        request, "run", headers={"Refresh": str(RELOAD_SECONDS)} if reloads else None, run=found, funnel=funnel(found),
        reloads=reloads, seconds=RELOAD_SECONDS, causes=archive.overview.causes([found.id]).get(found.id, ()),
        fate=fate, links=links, filed=said.get("filed"), more=more,
    )  # fmt: skip


def new_run(request: Request) -> Response:
    """The form that files a crawl."""
    return _form(request, dict(request.query_params))


def file_run(request: Request, form: FormData) -> Response:
    """File a crawl, of a source or of addresses, and go on to its page."""
    desk = desk_of(request)
    said = {name: value for name, value in form.items() if isinstance(value, str)}
    urls = said.get("urls", "").split()
    today = datetime.now(UTC).date()
    since, until, limit = (
        moment(said.get("since", ""), today),
        moment(said.get("until", ""), today),
        _number(said.get("limit")),
    )
    faults = [
        f"{name}: no time such as 2026-07, 2026-07-15, yesterday, 7d"
        for name, read in (("since", since), ("until", until))
        if said.get(name) and read is None
    ]
    if said.get("limit") and not limit:
        faults.append("limit: a whole number from 1")
    if len(urls) > _MOST_URLS:
        faults.append(f"addresses: at most {_MOST_URLS} at once")
    if not urls and not said.get("source"):
        faults.append("name a source, or addresses")
    if faults:
        return _form(request, said, faults, status=422)
    order = Order(since, until, limit, again=bool(urls and said.get("again")))
    try:
        with desk.alone:
            filing = (
                desk.newsroom.file_addresses(urls, order) if urls else desk.newsroom.file_source(said["source"], order)
            )
    except Unaskable as refused:
        return _form(request, said, [f"{refused}" + (f"; {refused.hint}" if refused.hint else "")], status=409)
    base = request.scope.get("root_path", "")
    return RedirectResponse(f"{base}/runs/{filing.run}?filed={'now' if filing.is_new else 'before'}", 303)


def _form(request: Request, said: Mapping[str, str], faults: list[str] | None = None, status: int = 200) -> Response:
    names = [source.name for source in desk_of(request).archive.sources.all() if source.enabled]
    return page(request, "new_run", status, said=said, faults=faults or [], sources=names)


def _fates() -> tuple[FateOutcome, ...]:
    outcomes, others = get_args(FateOutcome)
    return (*get_args(outcomes), *get_args(others))


def _number(said: str | None) -> int | None:
    """A number of a run, or of a row; None for what is none."""
    if said is None or not said.isascii() or not said.isdecimal() or len(said) > 18:
        return None
    return min(int(said), _LARGEST_NUMBER) or None
