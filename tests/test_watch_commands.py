"""Watches on the command line: added, told, listed, retried, removed; and by the schedule."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from storage import Archive
from storage.notices import HELD
from tests.test_commands import ARTICLE, SAMPLES, Copydesk, copydesk, sqlite_copydesk  # noqa: F401 - fixtures
from tests.test_watches import pass_time


def keeping(copydesk: Copydesk, name: str = "told", then: str = "") -> str:  # noqa: F811 - the fixture
    """A command that keeps what it is given in a file."""
    return f"sh -c 'cat >> {copydesk.folder / name}; {then}'"


def told(copydesk: Copydesk, name: str = "told") -> list[dict[str, Any]]:  # noqa: F811 - the fixture
    path: Path = copydesk.folder / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_the_whole_path(copydesk: Copydesk) -> None:  # noqa: F811 - the fixture
    assert copydesk("ingest", SAMPLES).returncode == 0
    made = copydesk("watch", "add", "gates", "flood gate", "title:gate", "--command", keeping(copydesk))
    assert (made.returncode, made.stderr) == (0, "")
    assert (
        copydesk("watch", "add", "ferries", "ferry", "--command", keeping(copydesk, "old"), "--from-start").returncode
        == 0
    )
    (copydesk.folder / "news.txt").write_text(ARTICLE)
    assert copydesk("ingest", "news.txt").returncode == 0
    assert copydesk.json("watch", "run") == [{"found": 2, "told": 2, "failed": 0}]
    assert copydesk.json("watch", "run") == [{"found": 0, "told": 0, "failed": 0}]
    (sent,) = told(copydesk)
    assert (sent["query"], [article["title"] for article in sent["articles"]]) == (
        '"flood gate" title:gate', ["Gate stays shut"],
    )  # fmt: skip
    assert [article["title"] for article in told(copydesk, "old")[0]["articles"]] == [
        "Grayle Sound ferry to run through winter for the first time in forty years"
    ]
    listed = copydesk.json("watch", "list")
    assert [(each["name"], each["told"], each["waiting"], each["given_up"]) for each in listed] == [
        ("ferries", 1, 0, 0), ("gates", 1, 0, 0),
    ]  # fmt: skip
    assert "\t" in copydesk("watch", "list").stdout
    assert copydesk("watch", "test", "gates").returncode == 0
    assert [each["test"] for each in told(copydesk)] == [False, True]
    assert copydesk.json("watch", "list") == listed, "a test counts as nothing"
    assert copydesk("watch", "remove", "gates").returncode == 0
    gone = copydesk("watch", "remove", "gates")
    assert (gone.returncode, gone.stderr.startswith("error: no watch 'gates'")) == (1, True)


def test_failures_are_told_and_retried(sqlite_copydesk: Copydesk) -> None:  # noqa: F811 - the fixture
    run = sqlite_copydesk
    run("watch", "add", "gates", "gate", "--command", "sh -c 'test -e up || { echo no disk >&2; exit 3; }'")
    (run.folder / "news.txt").write_text(ARTICLE)
    run("ingest", "news.txt")
    failed = run("watch", "run")
    assert (failed.returncode, failed.stderr) == (1, "watch gates: 1 not told: exit code 3: no disk\n")
    (listed,) = run.json("watch", "list")
    assert (listed["waiting"], listed["why"]) == (1, "exit code 3: no disk")
    assert run("watch", "test", "gates").returncode == 1
    (run.folder / "up").touch()
    assert run.json("watch", "retry", "gates") == [{"watch": "gates", "articles": 1}]
    assert run.json("watch", "run") == [{"found": 0, "told": 1, "failed": 0}]


def test_killed_between_delivery_and_note(sqlite_copydesk: Copydesk) -> None:  # noqa: F811 - the fixture
    run = sqlite_copydesk
    run("watch", "add", "gates", "gate", "--command", keeping(run, then="test -e spared || kill -9 $PPID"))
    (run.folder / "news.txt").write_text(ARTICLE)
    run("ingest", "news.txt")
    assert run("watch", "run").returncode == -signal.SIGKILL
    assert run.json("watch", "run") == [{"found": 0, "told": 0, "failed": 0}], "it is held"
    (run.folder / "spared").touch()
    with Archive.open(run.environ["COPYDESK_DATABASE"]) as archive:
        pass_time(archive, HELD)
    assert run.json("watch", "run") == [{"found": 0, "told": 1, "failed": 0}]
    first, second = told(run)
    assert first == second, "the same delivery, the same articles"


def test_the_schedule_tells(sqlite_copydesk: Copydesk) -> None:  # noqa: F811 - the fixture
    run = sqlite_copydesk
    run("watch", "add", "gates", "gate", "--command", keeping(run))
    (run.folder / "news.txt").write_text(ARTICLE)
    run("ingest", "news.txt")
    assert run("schedule", "--once").returncode == 0
    assert len(told(run)) == 1
    (run.folder / "more.txt").write_text(ARTICLE.replace("northern", "southern"))
    run("ingest", "more.txt")
    command = [sys.executable, "-m", "crawler", "schedule", "--file-only"]
    with subprocess.Popen(command, cwd=run.folder, env=run.environ, stderr=subprocess.DEVNULL) as scheduling:
        for _ in range(600):
            if len(told(run)) == 2:
                break
            time.sleep(0.1)
        scheduling.send_signal(signal.SIGTERM)
        assert scheduling.wait(60) == 0
    assert len(told(run)) == 2


def test_wrong_usage(sqlite_copydesk: Copydesk) -> None:  # noqa: F811 - the fixture
    run = sqlite_copydesk
    add = ("watch", "add", "w")
    for words, said in (
        ((*add, "flood"), "one of --webhook, --email and --command"),
        ((*add, "flood", "--command", "true", "--email", "a@b.example"), "one of --webhook, --email and --command"),
        ((*add, "--command", "true"), "Missing argument"),
        ((*add, "?!", "--command", "true"), "no word in the query"),
        ((*add, "flood", "--command", "/no/such"), "no such program"),
        ((*add, "flood", "--email", "a@b.example"), "no mail server"),
        ((*add, "flood", "--webhook", "ftp://desk.example"), "only http and https"),
        ((*add, "flood", "--command", "true", "--secret"), "of webhooks alone"),
    ):
        done = run(*words)
        assert (done.returncode, said in done.stderr) == (2, True), (words, done.stderr)
    bad_name = run("watch", "add", "a b", "flood", "--command", "true")
    assert (bad_name.returncode, "is no name of a watch" in bad_name.stderr) == (1, True)
    assert run("watch", "list", "--json").stdout == ""


def test_the_secret_is_shown_once(sqlite_copydesk: Copydesk) -> None:  # noqa: F811 - the fixture
    made = sqlite_copydesk.json("watch", "add", "w", "flood", "--webhook", "https://desk.example/", "--secret")
    secret = made[0]["secret"]
    assert len(secret) >= 40
    assert secret not in sqlite_copydesk("watch", "list", "--json").stdout + sqlite_copydesk("watch", "list").stdout


def test_terms(copydesk: Copydesk) -> None:  # noqa: F811 - the fixture
    lines = [
        json.dumps({"url": f"https://gazette.example/{n}", "title": f"No {n}", "text": ARTICLE.replace("gate", word)})
        for n, word in enumerate(
            ["zeppelin landing", "zeppelin flight", "zeppelin race"] + [f"thing{n}" for n in range(20)]
        )
    ]
    (copydesk.folder / "in.jsonl").write_text("\n".join(lines))
    assert copydesk("ingest", "in.jsonl").returncode == 0
    found = copydesk.json("search", "landing OR flight OR race", "--terms")
    assert [(each["term"], each["articles"], each["elsewhere"]) for each in found] == [("zeppelin", 3, 0)]
    assert set(found[0]) == {"term", "articles", "elsewhere", "score", "read", "read_elsewhere"}
    nothing = copydesk("search", "zzz", "--terms")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert "clearly more often" in nothing.stderr
    assert os.linesep in copydesk("search", "zeppelin", "--terms", "--limit", "3").stderr
