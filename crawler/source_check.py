"""Check of a source: step by step from its file to the text of an article, so that the step that fails has a name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from crawler.errors import Unreadable
from crawler.fetching.visit import STEPS, NotFetched, Step, Visited
from crawler.outlets import listings_of
from crawler.probe import Looked, Probe, Sample
from crawler.source import Source
from storage.links import Named
from storage.records import RENDERED, Article

CheckStep = Literal["file", Step, "listing", "scope", "article", "clean"]
State = Literal["passed", "failed", "skipped"]

_OF_LISTING: tuple[CheckStep, ...] = (*STEPS, "listing", "scope")
_FEW_WORDS = 50  # of an article: teasers and notices have fewer
_TO_SEE = "open it in a browser: it may ask for a login or consent"
_BY_SCRIPT = "; or be written by a script: then try render = true under [fetch], which has a browser run it"


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a step. place: 1 for the first [[place]]; None for the file. hint: what to do about a failure."""

    step: CheckStep
    state: State
    detail: str = ""
    place: int | None = None
    url: str | None = None
    hint: str | None = None


async def check_source(probe: Probe, *, whole: bool, tell: Callable[[int], None]) -> tuple[Finding, ...]:
    """Every step, in order. whole: every address of a place, not its first alone. tell: of addresses done.

    Raises CrawlerError where the worker processes cannot be started.
    """
    source = probe.source
    findings = [Finding("file", "passed", f"{len(source.places)} places" if len(source.places) > 1 else "1 place")]
    newest: Named | None = None
    for at, place in enumerate(source.places):
        named = listings_of(source, at)
        if place.kind == "urls":
            newest = newest or named[0]
            continue
        for each in named if whole else named[:1]:
            found, looked = await _listing(probe, each)
            findings += found
            newest = newest or next(iter(looked.wanted if looked else ()), None)
            tell(1)
    findings += await _article(probe, newest)
    tell(1)
    return tuple(findings)


async def _listing(probe: Probe, named: Named) -> tuple[list[Finding], Looked | None]:
    url, place = named.url, named.place + 1

    def found(step: CheckStep, state: State, detail: str = "", hint: str | None = None) -> Finding:
        return Finding(step, state, detail, place, url, hint)

    def rest(after: int) -> Iterator[Finding]:
        return (found(step, "skipped") for step in _OF_LISTING[after:])

    try:
        visited = await probe.fetch(named)
    except NotFetched as error:
        at = STEPS.index(error.step)
        failed = found(error.step, "failed", _at(error, url), error.hint)
        before = (found(step, _state(step, error.url)) for step in STEPS[:at])
        return [*before, failed, *rest(at + 1)], None
    reached = [found(step, state, detail) for step, state, detail in _reached(probe.source, visited)]
    try:
        looked = await probe.read(named, visited)
    except (NotFetched, Unreadable) as error:
        why = f"no {named.kind}: {error}" if isinstance(error, Unreadable) else f"{error.step}: {_at(error, url)}"
        return [*reached, found("listing", "failed", why, error.hint), *rest(len(STEPS) + 1)], None
    if not looked.articles:
        return [*reached, found("listing", "failed", *_nothing(named, looked)), *rest(len(STEPS) + 1)], looked
    listed = found("listing", "passed", _listed(looked))
    return [*reached, listed, found("scope", *_scope(probe.source, looked))], looked


def _reached(source: Source, visited: Visited) -> Iterator[tuple[Step, State, str]]:
    fetched = visited.fetched
    yield "address", "passed", urlsplit(fetched.url).netloc
    yield "connection", "passed", f"answered in {fetched.seconds:.1f} s"
    state = _state("tls", fetched.url)
    yield "tls", state, "certificate verified" if state == "passed" else "http, not encrypted"
    yield "robots", "passed", "allowed"
    yield "status", "passed", _status(source, visited)


def _state(step: Step, url: str) -> State:
    """What came of a step that did not fail."""
    return "skipped" if step == "tls" and not url.startswith("https") else "passed"


def _status(source: Source, visited: Visited) -> str:
    fetched = visited.fetched
    said = [f"{fetched.status}, {len(fetched.body):,} bytes"]
    if visited.hops:
        beyond = "" if source.covers(fetched.url) else ", which is not on the outlet's site"
        said.append(f"redirected to {fetched.url}{beyond}")
    if fetched.truncated:
        said.append(f"not whole: {fetched.truncated}")
    if fetched.header(RENDERED):
        said += fetched.notes
    return "; ".join(said)


def _listed(looked: Looked) -> str:
    said = [f"{len(looked.articles):,} addresses"]
    if looked.within:
        said.append(f"in {looked.within[-1]}, of an index of {len(looked.listing.more):,}")
    dates = [each.claims.published_at or each.changed_at for each in looked.articles]
    if newest := max((date for date in dates if date), default=None):
        said.append(f"the newest of {newest:%d %b %Y %H:%M} UTC")
    return ", ".join([*said, *looked.listing.notes])


def _nothing(named: Named, looked: Looked) -> tuple[str, str]:
    if looked.listing.links:
        return f"{len(looked.listing.links):,} addresses, none of the last days", "name a place with newer articles"
    if looked.within:
        return f"no article in {' and '.join(looked.within)}", "name the sitemap of news rather than the index"
    why = ", ".join(looked.listing.notes)
    hint = (
        "give patterns of their addresses: article, under [fetch]"
        if named.kind == "section"
        else "look for another: copydesk sources discover"
    )
    return f"it lists no article{f': {why}' if why else ''}", hint


def _scope(source: Source, looked: Looked) -> tuple[State, str, str | None]:
    total, wanted = len(looked.articles), len(looked.wanted)
    if wanted == total:
        return "passed", f"all {total:,} on the outlet's site", None
    outside = [(each.url, each.verdict.why) for each in looked.articles if each.verdict]
    hosts = Counter(urlsplit(url).netloc for url, _ in outside if not source.covers(url))
    where = f": {', '.join(host for host, _ in hosts.most_common(3))}" if hosts else f": {outside[0][1]}"
    if wanted:
        return "passed", f"{wanted:,} of {total:,}; outside{where}", None
    hint = f'hosts = ["{hosts.most_common(1)[0][0]}"] under [fetch], if it is the outlet\'s' if hosts else None
    return "failed", f"all {total:,} are outside{where}", hint


async def _article(probe: Probe, named: Named | None) -> list[Finding]:
    if named is None:
        return [Finding("article", "skipped", "there is none to try"), Finding("clean", "skipped")]

    def found(step: CheckStep, state: State, detail: str = "", hint: str | None = None) -> Finding:
        return Finding(step, state, detail, named.place + 1, named.url, hint)

    try:
        sample = await probe.article(named)
    except NotFetched as error:
        why = f"{error.step}: {_at(error, named.url)}"
        return [found("article", "failed", why, error.hint), found("clean", "skipped")]
    except Unreadable as error:
        return [found("article", "passed"), found("clean", "failed", str(error), error.hint)]
    return [found("article", "passed", _status(probe.source, sample.visited)), found("clean", *_cleaned(sample))]


def _cleaned(sample: Sample) -> tuple[State, str, str | None]:
    hint = _TO_SEE if sample.page.rendered else _TO_SEE + _BY_SCRIPT
    if not isinstance(sample.result, Article):
        return "failed", sample.result.detail, hint
    if sample.result.words < _FEW_WORDS:
        return "failed", f"too short: {sample.result.words} words", hint
    return "passed", f"{sample.result.words:,} words: {sample.result.title}", None


def _at(error: NotFetched, url: str) -> str:
    """What went wrong, and where if a redirect led there."""
    return str(error) if error.url in (url, "") or error.url in str(error) else f"{error}, at {error.url}"
