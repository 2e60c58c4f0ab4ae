"""The articles of one paper that one worker fetches again and again, with the time in between moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from storage import Archive, Article, Failed, Query, Rejected, crawl_schema, reader_schema
from storage.links import LONG_AGO, Link, Named, Passed, Released
from tests.newsroom import numbered, page

FEED = Named("http://gazette.example/rss", "feed")
_link = crawl_schema.link.c


class Newsstand:
    """The articles of the Gazette, fetched by one worker as often as it is told to."""

    def __init__(self, archive: Archive, number: int) -> None:
        self.archive = archive
        archive.frontier.sign_on("w1", "here", "1")
        self.urls = [f"http://gazette.example/{at}" for at in range(number)]
        past = datetime.now(UTC) - timedelta(minutes=1)
        archive.file_run("gazette", [Named(url, found_on=FEED.url) for url in self.urls])
        for url, link in self._leased().items():
            made = numbered(self.urls.index(url))[1]
            archive.settle(link, page(url, made.text.encode()), made, ask_at=past)
        self._end()

    def again(self, results: dict[int, Failed | Rejected | Article | Passed]) -> dict[int, str]:
        """Look again at some articles; what became of each in the ledger."""
        named = {each.url: each for each in self.archive.paces.rechecks("gazette", 100, datetime.now(UTC))}
        wanted = [named[self.urls[number]] for number in results]
        self.archive.file_run("gazette", [], rechecks=wanted)
        links = self._leased()
        found = {number: links[self.urls[number]] for number in results}
        for number, link in sorted(found.items(), key=lambda each: isinstance(results[each[0]], Failed | Rejected)):
            url, result = link.url, results[number]  # what is well comes first
            body = None if isinstance(result, Failed | Passed) else page(url, b"another", hours=1)
            past = datetime.now(UTC) - timedelta(minutes=1)
            self.archive.settle(link, body, result, ask_at=past)
        self._end()
        return {number: str(self.archive.fates(self.urls[number])[0].outcome) for number in results}

    def _leased(self) -> dict[str, Link]:
        links = {link.url: link for host in self.archive.frontier.lease("w1", 9, 99) for link in host.links}
        for link in links.values():
            assert self.archive.frontier.charge("w1", link.key)
        return links

    def _end(self) -> None:
        self.archive.frontier.release("w1", [Released("gazette.example", LONG_AGO, 0, 0)])
        self.archive.frontier.close_runs()

    def later(self, hours: float) -> None:
        """Have so much time pass since what was missed."""
        with self.archive._database.writing() as connection:
            for row in connection.execute(select(_link.key, _link.missing_at, _link.ask_at, _link.done_at)).all():
                earlier = {
                    name: at and at - timedelta(hours=hours) for name, at in row._mapping.items() if name != "key"
                }
                connection.execute(update(crawl_schema.link).where(_link.key == row.key).values(earlier))

    def flags(self, number: int) -> tuple[str, ...]:
        return {found.url: found.flags for found in self.archive.find(Query())}[self.urls[number]]

    def id_of(self, number: int) -> str:
        return {found.url: found.id for found in self.archive.find(Query())}[self.urls[number]]

    def changes(self) -> list[str]:
        with self.archive._database.reading() as connection:
            wanted = reader_schema.change.c.kind.in_(("withdrawn", "returned"))
            return list(connection.scalars(select(reader_schema.change.c.kind).where(wanted)))


def gone(number: int, reason: str = "http-404") -> Failed:
    url = f"http://gazette.example/{number}"
    return Failed(url, reason, "answered 404", url)


SAME = Passed("unchanged", "304: not modified since")
