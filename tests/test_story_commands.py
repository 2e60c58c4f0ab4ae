"""Copies, versions and stories on the command line: in words, and as JSON that parses line by line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.test_commands import Copydesk, copydesk  # noqa: F401 - a fixture

TITLE = "River authority delays flood gate repair"
SENTENCES = [
    "The river authority said on Tuesday that the northern flood gate will not be repaired before spring",
    "Its director, Ana Duarte, told reporters that 12 of the 40 bolts had rusted through",
    "Residents of the lower town have been waiting for the work since the storm of last autumn",
    "A spokesman for the harbour said that ships would have to wait for high water until then",
    "The mayor called the delay a disgrace and asked the ministry to pay for pumps",
    "Engineers from two universities had warned of the damage in a report three years ago",
    "The report was never published, and the council learned of it from a newspaper",
    "A new contract for the repair is to be signed after the holidays, the authority said",
]  # fmt: skip


THIRTEEN = SENTENCES[1].replace("12", "13")


def text(*instead: tuple[int, str]) -> str:
    sentences = list(SENTENCES)
    for number, sentence in instead:
        sentences[number] = sentence
    return "\n\n".join(". ".join(sentences[at : at + 2]) + "." for at in range(0, len(sentences), 2))


PAGES = [
    ("wire", TITLE, text()),
    ("gazette", "Flood gate stays shut", text((4, "Nobody in the town hall wanted to comment on the new delay"))),
    ("herald", "Gate repair delayed again", text()),
    ("gazette", "Flood gate stays shut", text((4, "Nobody in the town hall spoke"), (1, THIRTEEN))),
    ("courier", "Opera opens in the old mill", "\n\n".join([
        "The opera opened its season in the old mill on Saturday with a play about bees and their keepers.",
        "Singers climbed the stairs of the mill while the wheel was turning, and 300 people heard them.",
        "The next evening is planned for June, when the water is low enough for the orchestra to sit below the wheel.",
    ])),
]  # fmt: skip


@pytest.fixture
def newsroom(copydesk: Copydesk) -> Copydesk:  # noqa: F811 - the fixture
    lines = (
        json.dumps({"url": f"https://{source}.example/gate", "source": source, "title": title, "text": body})
        for source, title, body in PAGES
    )  # fmt: skip
    (copydesk.folder / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert copydesk.json("ingest", "in.jsonl")[-1] == {
        "read": 5, "stored": 3, "version": 1, "duplicate": 1, "unchanged": 0, "rejected": 0, "failed": 0,
    } | {"seconds": pytest.approx(0, abs=1e9)}  # fmt: skip
    return copydesk


def ids(newsroom: Copydesk) -> dict[str, str]:
    return {article["source"]: article["id"] for article in newsroom.json("search")}


def test_stories_on_the_command_line(newsroom: Copydesk, tmp_path: Path) -> None:
    known = ids(newsroom)
    (spread,) = newsroom.json("stories")
    assert (spread["story_id"], spread["outlets"], spread["places"], spread["articles"]) == (known["wire"], 3, 3, 2)
    assert newsroom("stories").stdout.split("\t")[0] == known["wire"]
    assert newsroom.json("stories", "--until", "2020-01") == []
    (story,) = newsroom.json("stories", "show", known["gazette"])
    assert story == newsroom.json("show", known["wire"], "--story")[0]
    assert [member["source"] for member in story["members"]] == ["wire", "gazette"]
    assert 0.7 < story["members"][1]["share"] < 1
    said = newsroom("show", known["gazette"], "--story").stdout
    assert "3 outlets, 3 places, 2 articles" in said
    assert "near copy" in said

    why = newsroom("why", known["gazette"]).stdout
    assert f"copy of {known['wire']}" in why
    assert "by rule 1: jaccard 0." in why
    assert "of 8 sentences are shared (version 1 beside version 1)" in why
    assert f"to undo it: copydesk stories split {known['gazette'][:8]}" in why
    link = next(line for line in newsroom.json("why", known["gazette"]) if "role" in line)
    assert (link["role"], link["other_id"], link["likeness"]["kind"]) == ("copy of", known["wire"], "near")
    assert SENTENCES[2] in " ".join(link["shared"])

    event = newsroom.json("stories", "split", known["gazette"][:8])[0]["event"]
    assert newsroom.json("stories") != [spread]
    again = newsroom("stories", "split", known["gazette"])
    assert again.returncode == 1
    assert again.stderr.startswith("error: ")
    assert "undo" in newsroom("stories", "undo", event).stdout
    assert newsroom.json("stories") == [spread]
    merged = newsroom("stories", "merge", known["wire"], known["courier"])
    assert "to undo it: copydesk stories undo" in merged.stdout
    assert "by hand" in newsroom("why", known["courier"]).stdout
    kinds = [line["kind"] for line in newsroom.json("stories", "events")]
    assert kinds == ["merge", "undo", "split"]
    assert newsroom("stories", "events", known["courier"]).stdout.count("\n") == 1
    assert newsroom("verify").returncode == 0


def test_versions_on_the_command_line(newsroom: Copydesk) -> None:
    known = ids(newsroom)
    shown = newsroom("show", known["gazette"], "--versions", "--diff")
    assert "version 1 → 2, major, +2 −8 words, other numbers" in shown.stdout
    assert "[-12-]{+13+} of the 40 bolts" in shown.stdout
    assert "… 1 paragraph as before" in shown.stdout
    lines = newsroom.json("show", known["gazette"], "--versions", "--diff")
    versions = [line for line in lines if "stands" in line]
    assert [(line["number"], line["change"] is None, line["stands"]) for line in versions] == [
        (1, True, False),
        (2, False, True),
    ]
    assert versions[1]["numbers_changed"] is True
    (diff,) = [line for line in lines if "since" in line]
    before, after = ("".join(words for kind, words in diff["text"] if kind != other) for other in ("added", "removed"))
    assert (before, after) == (PAGES[1][2], PAGES[3][2])
    assert "only one version" in newsroom("show", known["courier"], "--diff").stdout


def test_by_sighting_on_the_command_line(newsroom: Copydesk) -> None:
    assert newsroom.json("search", "--source", "herald") == []
    (seen,) = newsroom.json("search", "--source", "herald", "--by", "sighting")
    assert (seen["title"], seen["url"]) == ("Gate repair delayed again", "https://herald.example/gate")
    assert newsroom("export", "all.jsonl", "--by", "sighting").returncode == 0
    rows = [json.loads(line) for line in (newsroom.folder / "all.jsonl").read_text(encoding="utf-8").splitlines()]
    assert sorted(row["source"] for row in rows) == ["courier", "gazette", "herald", "wire"]
    assert newsroom("search", "--by", "outlet").returncode == 2
