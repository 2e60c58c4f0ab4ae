"""What a user says of a site's lines holds before every rule."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from crawler.ingest import take_in
from crawler.outlets import record_of
from crawler.source import Source
from pipelines import clean
from pipelines.profile import SiteProfile
from storage import Archive, Article, Page, Query

SAMPLE = Path(__file__).parents[1] / "seeds" / "articles" / "fr_phare_de_kergoat.txt"
SOURCE = """
title = "Fanal"
homepage = "https://fanal.example/"
[[place]]
kind = "feed"
urls = ["https://fanal.example/rss"]
[clean]
remove = ["éteint   DEPUIS une avarie"]
keep = [">> Les gardiens"]
"""


def sample() -> Page:
    return Page(None, SAMPLE.read_bytes(), "text/plain; charset=utf-8", datetime.now(UTC), source="fanal")


def test_lines_that_begin_so_go_or_stay() -> None:
    plain = clean(sample())
    told = clean(sample(), SiteProfile(remove=("éteint   DEPUIS une avarie",), keep=(">> Les gardiens",)))
    assert isinstance(plain, Article)
    assert isinstance(told, Article)
    assert "Éteint depuis une avarie" in plain.text
    assert "Éteint depuis une avarie" not in told.text
    assert ">> Les gardiens" not in plain.text
    assert ">> Les gardiens" in told.text
    (cut,) = [block for block in told.removed if block.rule == "source.remove"]
    assert cut.text.startswith("Éteint depuis")


def test_saved_files_of_a_source_are_cleaned_as_its_file_says(archive: Archive) -> None:
    archive.sources.sync([record_of(Source.parse("fanal", SOURCE))])
    take_in(archive, [sample()], "ingest", "", lambda *_: None, workers=1)
    (article,) = archive.find(Query())
    assert "Éteint depuis une avarie" not in article.text
    assert ">> Les gardiens" in article.text
