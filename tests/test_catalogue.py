"""The catalogue: a folder of sources, read, switched and added to; and the sources that come with copydesk."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.catalogue import add, draft, name_for, read_sources, switch
from crawler.errors import BadSettings, BadSource
from crawler.source import NAME, Place, Source

SEEDS = Path(__file__).parents[1] / "seeds" / "sources"
TEXT = 'title = "A"\nhomepage = "https://a.example/"\n[[place]]\nkind = "feed"\nurls = ["https://a.example/rss"]\n'


def test_one_bad_file_hides_no_other(tmp_path: Path) -> None:
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "good.toml").write_text(TEXT)
    (folder / "windows.toml").write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    (folder / "linked.toml").symlink_to(folder / "good.toml")
    (folder / ".hidden.toml").write_text("no")
    (folder / "README.md").write_text("no")
    (folder / "latin.toml").write_bytes('title = "A"\n# é'.encode("latin-1"))
    (folder / "large.toml").write_bytes(b"#\n" * 40_000)
    (folder / "folder.toml").mkdir()
    os.mkfifo(folder / "pipe.toml")
    (folder / "Capital.toml").write_text(TEXT)
    (folder / "bad.toml").write_text(TEXT + "pags = 1")
    (tmp_path / "outside.toml").write_text(TEXT)
    (folder / "out.toml").symlink_to(tmp_path / "outside.toml")
    (folder / "gone.toml").symlink_to(folder / "nowhere.toml")
    (folder / "circle.toml").symlink_to(folder / "circle.toml")
    catalogue = read_sources(folder)
    assert [source.name for source in catalogue.sources] == ["good", "linked", "windows"]
    told = {Path(fault.file).stem: str(fault).partition(f"{fault.line}: ")[2] for fault in catalogue.faults}
    assert told == {
        "Capital": "the file's name is not 1 to 64 of a-z, 0-9 and -, followed by .toml",
        "bad": "place[1].pags: not a key that is known here",
        "circle": "cannot be read: links in a circle",
        "folder": "not a file",
        "gone": "no such source",
        "large": "larger than 64 KiB",
        "latin": "not UTF-8",
        "out": "a link that leads out of the folder",
        "pipe": "not a file",
    }
    assert {Path(fault.file).stem: fault.hint for fault in catalogue.faults if fault.key} == {
        "bad": "did you mean pages?"
    }
    assert {Path(fault.file).stem: fault.line for fault in catalogue.faults if fault.line > 1} == {"bad": 6, "latin": 2}


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="no such folder"):
        read_sources(tmp_path / "sources")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"enabled = false  # off\n{TEXT}", f"enabled = true  # off\n{TEXT}"),
        (f"  'enabled'=false\r\n{TEXT}", f"  'enabled'=true\r\n{TEXT}"),
        (f"\ufeff\"enabled\"\t= false\n{TEXT}", f"\ufeff\"enabled\"\t= true\n{TEXT}"),
        (TEXT, TEXT.replace("homepage", "enabled = true\nhomepage")),
        (TEXT.replace("\n", "\r\n"), TEXT.replace("\n", "\r\n").replace("homepage", "enabled = true\r\nhomepage")),
        (
            TEXT.replace('"A"', '"""\\\nenabled = false"""').replace("homepage", "enabled = false\nhomepage"),
            TEXT.replace('"A"', '"""\\\nenabled = false"""').replace("homepage", "enabled = true\nhomepage"),
        ),
        (f"{TEXT}# enabled = false", f"{TEXT}# enabled = false".replace("homepage", "enabled = true\nhomepage")),
    ],
)  # fmt: skip
def test_a_switch_changes_one_line(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(before.encode())
    path.chmod(0o640)
    source = switch(tmp_path, "a", True)
    assert path.read_bytes().decode() == after == source.definition
    assert source == replace(Source.parse("a", before), enabled=True, definition=after)
    assert path.stat().st_mode & 0o777 == 0o640
    assert switch(tmp_path, "a", False).enabled is False
    assert switch(tmp_path, "a", False).enabled is False
    assert list(tmp_path.iterdir()) == [tmp_path / "a.toml"]


def test_what_cannot_be_switched_stays(tmp_path: Path) -> None:
    text = f'"enabl\\u0065d" = false\n{TEXT}'
    (tmp_path / "odd.toml").write_text(text)
    with pytest.raises(BadSource, match=r"odd.toml:1: enabled: cannot be changed here"):
        switch(tmp_path, "odd", True)
    assert (tmp_path / "odd.toml").read_text() == text
    with pytest.raises(BadSource, match="no such source"):
        switch(tmp_path, "none", True)
    for name in ("../odd", "odd.toml", "/etc/passwd", ""):
        with pytest.raises(BadSource, match="is no name of a source"):
            switch(tmp_path, name, True)


def test_a_linked_source_is_switched_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(TEXT)
    (tmp_path / "b.toml").symlink_to("a.toml")
    switch(tmp_path, "b", True)
    assert (tmp_path / "b.toml").is_symlink()
    assert [source.enabled for source in read_sources(tmp_path).sources] == [True, True]


def test_a_new_source_never_takes_the_place_of_another(tmp_path: Path) -> None:
    assert add(tmp_path, "a", TEXT).title == "A"
    with pytest.raises(BadSource, match="there is such a source already"):
        add(tmp_path, "a", TEXT.replace('"A"', '"B"'))
    with pytest.raises(BadSource, match="title: missing"):
        add(tmp_path, "b", "")
    with pytest.raises(BadSource, match="is no name of a source"):
        add(tmp_path, "../b", TEXT)
    assert list(tmp_path.iterdir()) == [tmp_path / "a.toml"]
    assert (tmp_path / "a.toml").read_text() == TEXT


@pytest.mark.parametrize(
    ("given_words", "name"),
    [
        ("https://www.theguardian.com/international", "theguardian"),
        ("https://fr.vietnamplus.vn/", "fr-vietnamplus"),
        ("http://feeds.bbci.co.uk/news/rss.xml", "bbci"),
        ("http://127.0.0.1:8000/", "127-0-0-1"),
        ("http://localhost/", "localhost"),
        ("Báo Nhân Dân điện tử", "bao-nhan-dan-dien-tu"),
        ("Łódź & Straße!", "lodz-strasse"),
    ],
)
def test_names(given_words: str, name: str) -> None:
    assert name_for(given_words) == name


@settings(deadline=None)
@given(st.text())
def test_every_title_gives_a_name(title: str) -> None:
    assert NAME.fullmatch(name_for(title))
    assert name_for(title) == name_for(title)


def test_a_draft_is_short_and_reads_back() -> None:
    places = (Place("feed", ("https://a.example/rss",)),)
    text = draft("a", "A", "https://a.example/", "vi", "VN", places)
    assert text.count("\n") <= 15
    source = Source.parse("a", text)
    assert (source.title, source.language, source.country, source.enabled) == ("A", "vi", "VN", False)
    assert source.places == places


@settings(deadline=None)
@given(title=st.text(), url=st.text())
def test_a_draft_says_exactly_what_it_was_given(title: str, url: str) -> None:
    places = (Place("section", (url, "b"), pages=2), Place("sitemap", (url,)))
    values = tomllib.loads(draft("a", title, url, None, None, places))
    assert (values["title"], values["homepage"], values["enabled"]) == (title, url, False)
    assert values["place"] == [
        {"kind": "section", "urls": [url, "b"], "pages": 2},
        {"kind": "sitemap", "urls": [url]},
    ]


def test_the_sources_that_come_with_copydesk() -> None:
    catalogue = read_sources(SEEDS)
    assert catalogue.faults == ()
    assert len(catalogue.sources) >= 24
    assert len({source.language for source in catalogue.sources}) >= 10
    assert not any(source.enabled for source in catalogue.sources)
    homepages = [source.homepage for source in catalogue.sources]
    assert len(set(homepages)) == len(homepages)
    for source in catalogue.sources:
        assert source.covers(source.homepage)
        assert source.fetch.delay_seconds >= 5
        assert not source.fetch.allow_private
        for place in source.definition.split("[[place]]\n")[1:]:
            assert re.match(r"# (?:seen in: \S|not seen; unverified)", place), source.name
