"""How copydesk speaks: on a real terminal (a pseudo-terminal), in a pipe, and as JSON."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.console import Column, Desk, visible
from storage.snippet import snippet
from storage.times import ago

NOW = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
HOSTILE = "[red]\x1b[31mR\x1b]0;t\x07 :smile: \x9b1m \u202egnp\u2066 [/] [link=x]\r\n\tend"
SHOWN = "[red]␛[31mR␛]0;t␇ :smile: \\u009b1m \\u202egnp\\u2066 [/] [link=x]␍␊␉end"


@dataclass(frozen=True)
class Item:
    id: str
    title: str
    at: datetime
    words: int


ITEMS = [
    Item("7f3a91", "River authority delays the repair of the flood gate until spring", NOW - timedelta(hours=3), 310),
    Item("b2", HOSTILE, NOW - timedelta(days=40), 9),
    Item("c3", "東京都知事選挙の候補者が出そろい論戦始まる、各党が支援", NOW, 12_000),
]
COLUMNS: list[Column[Item]] = [
    Column("id", lambda item: item.id),
    Column("when", lambda item: item.at),
    Column("words", lambda item: item.words),
    Column("title", lambda item: item.title, shrinks=True),
]


def as_json(item: Item) -> dict[str, object]:
    return {"id": item.id, "title": item.title, "words": item.words}


def on_terminal(
    speak: Callable[[Desk], object], width: int = 60, json: bool = False, **environ: str
) -> tuple[str, str]:
    """What stdout and stderr of ``speak`` put on a pseudo-terminal each."""
    streams, seen, readers = [], ["", ""], []

    def read(number: int, master: int) -> None:
        chunks = []
        with suppress(OSError):  # EIO: the other end is closed
            while chunk := os.read(master, 4096):
                chunks.append(chunk)
        os.close(master)
        seen[number] = b"".join(chunks).decode().replace("\r\n", "\n")

    for number in range(2):
        master, slave = pty.openpty()
        streams.append(os.fdopen(slave, "w", encoding="utf-8"))
        readers.append(threading.Thread(target=read, args=(number, master)))
        readers[-1].start()
    environment = {"TERM": "xterm-256color", "COLUMNS": str(width), **environ}
    with Desk(json=json, stdout=streams[0], stderr=streams[1], environ=environment, now=lambda: NOW) as desk:
        speak(desk)
    for stream, reader in zip(streams, readers, strict=True):
        stream.close()
        reader.join()
    return seen[0], seen[1]


def in_a_pipe(speak: Callable[[Desk], object], **options: bool) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    with Desk(stdout=out, stderr=err, environ={"FORCE_COLOR": "1"}, now=lambda: NOW, **options) as desk:  # type: ignore[arg-type]  # flags
        speak(desk)
    return out.getvalue(), err.getvalue()


def test_a_table_on_a_terminal_is_fitted() -> None:
    out, err = on_terminal(lambda desk: desk.table(ITEMS, COLUMNS, as_json), width=64)
    assert ESCAPE.sub("", out).splitlines() == [
        "id      when                   words  title",
        "7f3a91  3 h ago                  310  River authority delays th…",
        "b2      11 Oct 2026 14:05 UTC      9  [red]␛[31mR␛]0;t␇ :smile:…",
        "c3      0 s ago                12000  東京都知事選挙の候補者が …",
    ]
    assert "\x1b[1m" in out
    assert err == ""


def test_columns_that_do_not_shrink_are_never_cut() -> None:
    out, _ = on_terminal(lambda desk: desk.table(ITEMS, COLUMNS, as_json), width=20)
    assert "11 Oct 2026 14:05 UTC      9  [red]␛[…" in ESCAPE.sub("", out)


def test_a_table_in_a_pipe_is_tab_separated_and_whole() -> None:
    out, err = in_a_pipe(lambda desk: desk.table(ITEMS, COLUMNS, as_json))
    assert out.splitlines() == [
        f"7f3a91\t2026-11-20T11:05:00Z\t310\t{ITEMS[0].title}",
        f"b2\t2026-10-11T14:05:00Z\t9\t{SHOWN}",
        f"c3\t2026-11-20T14:05:00Z\t12000\t{ITEMS[2].title}",
    ]
    assert err == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_json_is_json_and_bypasses_every_style(terminal: bool) -> None:
    def speak(desk: Desk) -> None:
        desk.say("3 articles")
        assert desk.table(ITEMS, COLUMNS, as_json) == 3
        desk.record({"text": "\u2028\x85\x7f\ud800", "none": None})

    out = on_terminal(speak, json=True, FORCE_COLOR="1")[0] if terminal else in_a_pipe(speak, json=True)[0]
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", out)
    *items, last = map(json.loads, out.splitlines())
    assert items == [as_json(item) for item in ITEMS]
    assert last == {"text": "\u2028\x85\x7f\ud800", "none": None}
    assert "東京" in out


def test_foreign_text_is_shown_as_what_it_is() -> None:
    def speak(desk: Desk) -> None:
        desk.show(HOSTILE)
        desk.error(HOSTILE, HOSTILE, HOSTILE)
        desk.failed(HOSTILE, HOSTILE, HOSTILE)
        desk.note(HOSTILE)

    for out, err in (in_a_pipe(speak), on_terminal(speak, width=400, NO_COLOR="1")):
        assert out.expandtabs() == f"{SHOWN.replace('␊', chr(10)).replace('␉', chr(9)).expandtabs()}\n"
        assert err.count("\x1b") == 0
        assert err.count(SHOWN) == 6
    out, err = on_terminal(speak, width=400)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", ESCAPE.sub("", out + err))


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}])
def test_styling_can_be_turned_off(environ: dict[str, str]) -> None:
    def speak(desk: Desk) -> None:
        desk.table(ITEMS, COLUMNS, as_json)
        desk.error("no such article")

    out, err = on_terminal(speak, **environ)  # type: ignore[arg-type]  # variables only
    assert "\x1b" not in out + err
    assert "error: no such article\n" in err


def test_a_snippet_stands_below_its_row() -> None:
    text = "First.\n\n" + "The river rose. " * 9 + "The flood [gate] was shut. " + "The end. " * 30

    def speak(desk: Desk) -> None:
        desk.table(
            ITEMS[:1], [COLUMNS[0], Column("", lambda i: i.title)], as_json, lambda _: snippet(text, "flood gate")
        )

    out, _ = on_terminal(speak, width=80)
    row, below = out.splitlines()[1:]
    assert "River authority" in row
    assert below.startswith("        …")
    assert "\x1b[1mflood\x1b[0m [\x1b[1mgate\x1b[0m]" in below
    assert len(ESCAPE.sub("", below)) <= 80
    piped = in_a_pipe(speak)[0].split("\t")
    assert len(piped) == 3
    assert "flood [gate] was shut." in piped[2]


def test_errors_say_what_where_and_what_to_try() -> None:
    def speak(desk: Desk) -> None:
        desk.error("no article 7f", "archive.db", "copydesk search WORDS")
        desk.failed("saved/0412.jsonl:88", "not JSON", "sed -n 88p saved/0412.jsonl")
        desk.note("remark")
        desk.say("summary")

    out, err = in_a_pipe(speak)
    said = (
        "error: no article 7f\n  archive.db\n  try: copydesk search WORDS\n"
        "failed  saved/0412.jsonl:88  not JSON\n        try: sed -n 88p saved/0412.jsonl\n"
    )
    assert err == said + "remark\n"
    assert out == "summary\n"
    assert in_a_pipe(speak, quiet=True) == ("", said)
    assert in_a_pipe(speak, json=True)[0] == ""


def work(desk: Desk, steps: int = 100) -> None:
    with desk.progress("reading [x]", steps) as advance:
        for _ in range(steps):
            advance(1)
        desk.failed("a.txt", "empty")


def test_progress_is_a_bar_on_a_terminal_and_stays_on_stderr() -> None:
    out, err = on_terminal(work)
    assert out == ""
    assert "reading [x]" in err
    assert "100/100" in err
    assert "failed  a.txt  empty" in ESCAPE.sub("", err)


def test_progress_elsewhere_is_a_line_now_and_then() -> None:
    clock = iter(range(0, 10_000, 7))

    def said(**options: bool) -> list[str]:
        err = io.StringIO()
        with Desk(stdout=io.StringIO(), stderr=err, seconds=lambda: next(clock), **options) as desk:  # type: ignore[arg-type]  # flags
            work(desk, 12)
        return err.getvalue().splitlines()

    assert said() == ["reading [x]: 5 of 12, 35 s", "reading [x]: 10 of 12, 70 s", "failed  a.txt  empty"]
    assert said(quiet=True) == ["failed  a.txt  empty"]
    assert "\x1b" not in on_terminal(work, TERM="dumb")[1]


def test_no_progress_means_lines_on_a_terminal_too() -> None:
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as stream, os.fdopen(master, "rb") as seen:
        clock = iter(range(0, 1_000, 31))
        with Desk(
            progress=False, stderr=stream, environ={"TERM": "xterm", "NO_COLOR": "1"}, seconds=lambda: next(clock)
        ) as desk:
            work(desk, 2)
        assert seen.read1().decode().splitlines()[:2] == ["reading [x]: 1 of 2, 31 s", "reading [x]: 2 of 2, 62 s"]


SPEAK = (
    "import sys; from storage.console import *\n"
    "with Desk({options}) as desk:\n"
    "    for n in range(100_000): desk.show(f'line {{n}}'); desk.note('remark') if n == 0 else None\n"
)


@pytest.mark.parametrize("redirect", ["", "2>&1"])
def test_a_closed_pipe_ends_quietly(redirect: str) -> None:
    command = f'"{sys.executable}" -c "$0" {redirect} | head -1; exit ${{PIPESTATUS[0]}}'
    done = subprocess.run(
        ["bash", "-c", command, SPEAK.format(options="")], capture_output=True, text=True, check=False, cwd=Path.cwd()
    )
    assert done.returncode == 0
    assert done.stdout in ("line 0\n", "remark\n")
    assert "Traceback" not in done.stderr
    assert "Broken" not in done.stderr


def test_a_locale_without_the_script_is_no_failure() -> None:
    program = "from storage.console import *\nwith Desk() as desk: desk.show('Đập 東京'); desk.error('Đập')"
    environ = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, env=environ, cwd=Path.cwd())
    assert done.stdout == b"\\u0110\\u1eadp \\u6771\\u4eac\n"
    assert done.stderr == b"error: \\u0110\\u1eadp\n"


def test_rich_is_not_imported_for_a_pipe() -> None:
    program = (
        "import sys; from storage.console import *\nwith Desk() as desk: desk.say('x')\nprint('rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert done.stdout == "x\nFalse\n"


def test_visible_keeps_what_it_is_told_to() -> None:
    assert visible("a\nb\tc\x7f\u2028", keep="\n") == "a\nb␉c␡\\u2028"
    assert visible("Đập 東京 👍🏽 \u200fعربي") == "Đập 東京 👍🏽 \u200fعربي"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s ago"), (59, "59 s ago"), (60, "1 min ago"), (3_599, "59 min ago"), (3_600, "1 h ago"),
        (86_399, "23 h ago"), (86_400, "1 day ago"), (6 * 86_400, "6 days ago"), (7 * 86_400, "13 Nov 2026 14:05 UTC"),
        (-1, "20 Nov 2026 14:05 UTC"),
    ],
)  # fmt: skip
def test_relative_times(seconds: int, expected: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == expected
