"""The pages of stories: which went widest, and of one story who had it, when, and how much of it."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from storage.link_reasons import reasons, role_of
from storage.spread import Member, Sight, Story
from storage.web.asking import Asked
from storage.web.front_desk import desk_of
from storage.web.rendering import page
from storage.web.spread_chart import minutes_later, spread_chart

_WIDEST = 50
_PERIODS = (("today", "Today"), ("7d", "7 days"), ("30d", "30 days"), ("365d", "A year"))
_USUAL = "7d"


def stories(request: Request) -> Response:
    """The stories that most outlets had in a period."""
    archive = desk_of(request).archive
    asked = Asked.read(request.query_params.multi_items())
    since = asked.since or _USUAL
    query = Asked(since=since, until=asked.until, source=asked.source, language=asked.language)
    found = archive.stories.widest(query.query(datetime.now(UTC).date()))[:_WIDEST]
    return page(request, "stories", spreads=found, since=since, asked=asked, periods=_PERIODS,
                notes=query.notes(query.query(datetime.now(UTC).date())))  # fmt: skip


def story(request: Request) -> Response:
    """The page of a story, by its id or by one of its articles."""
    archive = desk_of(request).archive
    said = request.path_params["story"]
    found = archive.stories.of(archive.overview.member(said) or said)
    links = archive.stories.links(found.centre)
    return page(
        request, "story", story=found, chart=spread_chart(found), sights=_sights(found),
        role_of=role_of, links=[(link, reasons(link)) for link in links], events=archive.stories.events(found.centre),
    )  # fmt: skip


def _sights(story: Story) -> list[tuple[Sight, Member, int]]:
    """Each outlet of each article, with the article, and how many minutes later it had it."""
    members = {member.article_id: member for member in story.members}
    return [(sight, members[sight.article_id], minutes_later(story, sight)) for sight in story.sights]
