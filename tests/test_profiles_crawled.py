"""A crawl learns its sites while it goes, and cleans each page with what is known by then."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from storage import schema
from tests.crawling import CrawlDesk, definition, lately
from tests.sites import Outlet, serve

TEACHING = Path(__file__).parent / "teaching"
ROOT = Path(__file__).parents[1]


def test_a_crawl_learns_as_it_goes(tmp_path: Path) -> None:
    outlet = Outlet("127.0.5.1", "Gazette", 31, articles=14, newest_at=lately())
    environ = {"COPYDESK_TEACHING": "1", "PYTHONPATH": f"{TEACHING}:{ROOT}"}
    with serve([outlet], tmp_path / "log") as site:
        desk = CrawlDesk(tmp_path / "desk", environ=environ)
        base = site.bases[outlet.host]
        desk.add("gazette", definition(base, ("feed", [f"{base}/rss.xml"]), delay_seconds=0.4))
        code, _ = desk.crawl("gazette")
        assert code == 0
        preview = desk.copydesk("sources", "preview", "gazette", "--json", "--articles", "1")
        assert preview.returncode == 0, preview.stderr
    with desk.archive() as archive:
        kept = schema.version.c
        with archive._database.reading() as connection:
            made_with = [row[0] for row in connection.execute(select(kept.profile))]
        (newest,) = archive.profiles.all()
        waiting = archive.profiles.waiting([newest.site])
    assert len(made_with) == 14
    assert made_with.count(None) < 10  # the first, and those that came before it was durable
    assert len(set(made_with)) > 2
    assert newest.pages + waiting.get(newest.site, 0) == 14
    assert newest.pages >= 9
