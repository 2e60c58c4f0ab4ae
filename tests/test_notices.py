"""How notices go out: to real web servers, mail servers and programs, and to none that they must not reach."""

from __future__ import annotations

import hashlib
import hmac
import json
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from crawler.errors import BadSettings, BadTarget, Undelivered
from crawler.fetching.addresses import networks
from crawler.notices import command, webhook
from crawler.notices.mail import Relay
from crawler.notices.message import Message, first_line
from crawler.notices.outbox import Outbox
from crawler.notices.rounds import Rounds, go_round
from crawler.settings import Settings
from storage import Archive, Query
from tests.test_watches import FLOOD, pass_time, saved

MESSAGE = Message("5f0c" * 8, "watch", "2 new articles", "Überflutung\n.\n.dots\n", {"watch": "floods", "articles": []})
HOME = networks(["127.0.0.0/8", "::1/128"])


@dataclass
class Desk:
    """A web server that keeps what it is sent, and answers as it is told."""

    url: str
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    pause: float = 0.0

    @property
    def deliveries(self) -> list[str]:
        return [headers["copydesk-delivery"] for headers, _ in self.got]

    @property
    def articles(self) -> list[str]:
        return [article["id"] for _, body in self.got for article in json.loads(body)["articles"]]


@pytest.fixture
def desk() -> Iterator[Desk]:
    """It answers 204 where nothing else is in ``answers``."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            desk.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            time.sleep(desk.pause)
            status, headers, said = desk.answers.pop(0) if desk.answers else (204, {}, b"")
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        desk = Desk(f"http://127.0.0.1:{server.server_port}/hook?key=%C3%A9")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield desk
        server.shutdown()
        thread.join()


def outbox(**fields: Any) -> Outbox:
    return replace(Outbox("copydesk/test", HOME), **fields)


# --- webhooks


def test_a_webhook(desk: Desk) -> None:
    outbox().send(MESSAGE, "webhook", desk.url, "the secret")
    outbox().send(MESSAGE, "webhook", desk.url)
    (headers, body), (unsigned, _) = desk.got
    assert json.loads(body) == {"delivery": MESSAGE.id, "kind": "watch", "watch": "floods", "articles": []}
    expected = "sha256=" + hmac.new(b"the secret", body, hashlib.sha256).hexdigest()
    assert (headers["copydesk-signature"], headers["copydesk-delivery"]) == (expected, MESSAGE.id)
    assert (headers["content-type"], headers["user-agent"]) == ("application/json", "copydesk/test")
    assert "copydesk-signature" not in unsigned


@pytest.mark.parametrize(
    ("answer", "why", "wait"),
    [
        ((500, {}, b"\r\n\x1b[31mout of\tdisk\nmore"), "HTTP 500: [31mout of disk", None),
        ((404, {}, b""), "HTTP 404", None),
        ((429, {"Retry-After": "120"}, b"slowly"), "HTTP 429: slowly", timedelta(minutes=2)),
        ((503, {"Retry-After": "9999999"}, b""), "HTTP 503", timedelta(days=1)),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), "HTTP 302: redirects are not followed", None),
    ],
)
def test_what_a_server_refuses(
    desk: Desk, answer: tuple[int, dict[str, str], bytes], why: str, wait: timedelta | None
) -> None:
    desk.answers.append(answer)
    with pytest.raises(Undelivered) as caught:
        outbox().send(MESSAGE, "webhook", desk.url)
    assert str(caught.value).startswith(why)
    assert caught.value.wait == wait
    assert len(desk.got) == 1, "nothing was followed"


def test_private_addresses_are_refused_unless_they_are_allowed(desk: Desk) -> None:
    for url in (desk.url, desk.url.replace("127.0.0.1", "localhost"), desk.url.replace("127.0.0.1", "0x7f.1")):
        with pytest.raises(Undelivered, match="not a public address"):
            outbox(allowed=()).send(MESSAGE, "webhook", url)
    with pytest.raises(Undelivered, match="not a public address"):
        outbox(allowed=networks(["10.0.0.0/8"])).send(MESSAGE, "webhook", "http://169.254.169.254/latest")
    assert desk.got == []


def test_a_server_that_does_not_answer(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "SECONDS", 0.2)
    desk.pause = 1
    with pytest.raises(Undelivered, match="not finished in time"):
        outbox().send(MESSAGE, "webhook", desk.url)
    with pytest.raises(Undelivered, match=r"127\.0\.0\.1"):
        outbox().send(MESSAGE, "webhook", "http://127.0.0.1:1/")


@pytest.mark.parametrize(
    "url", ["", "desk", "ftp://desk.example/", "http://", "http://u:p@desk.example/", "file:///etc/passwd"]
)
def test_no_webhook(url: str) -> None:
    with pytest.raises(BadTarget) as caught:
        outbox().check("webhook", url)
    assert "u:p" not in str(caught.value)


# --- mail


@dataclass
class Post:
    """A mail server: what it was said, the mails, and what it answers to some commands."""

    port: int
    lines: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)

    @property
    def relay(self) -> Relay:
        return Relay.read(f"smtp://127.0.0.1:{self.port}")

    def read(self) -> EmailMessage:
        (raw,) = self.mails
        read = message_from_bytes(raw, policy=default)
        assert isinstance(read, EmailMessage)
        return read


@pytest.fixture
def post() -> Iterator[Post]:
    """It speaks RFC 5321, as far as a relay hears it."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 post.example")
            while line := self.rfile.readline().decode():
                post.lines.append(line.strip())
                verb = line.split()[0].upper()
                if verb in post.answers:
                    self.say(post.answers[verb])
                elif verb == "EHLO":
                    self.say("250-post.example\r\n250-AUTH PLAIN\r\n250 SMTPUTF8")
                elif verb == "AUTH":
                    self.say("235 welcome")
                elif verb == "DATA":
                    self.say("354 go on")
                    post.mails.append(self.data())
                    self.say("250 taken")
                elif verb == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 fine")

        def data(self) -> bytes:
            lines = []
            while (line := self.rfile.readline()) != b".\r\n":
                lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
            return b"".join(lines)

        def say(self, text: str) -> None:
            self.wfile.write(text.encode() + b"\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        post = Post(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield post
        server.shutdown()
        thread.join()


def test_a_mail(post: Post) -> None:
    outbox(relay=post.relay, sender="copydesk@gazette.example").send(MESSAGE, "email", "desk@gazette.example")
    read = post.read()
    assert (read["From"], read["To"]) == ("copydesk@gazette.example", "desk@gazette.example")
    assert (read["Subject"], read["Copydesk-Delivery"]) == ("2 new articles", MESSAGE.id)
    assert MESSAGE.id in read["Message-ID"]
    assert read["Auto-Submitted"] == "auto-generated"
    assert read.get_content().replace("\r\n", "\n") == MESSAGE.text
    assert "rcpt TO:<desk@gazette.example>" in post.lines


@pytest.mark.parametrize(
    "subject", ["a\r\nBcc: thief@example.com\r\n\r\nhello", "a\nBcc: thief@example.com", "\u2028Bcc: x\x00"]
)
def test_a_subject_adds_no_header(post: Post, subject: str) -> None:
    outbox(relay=post.relay, sender="a@b.example").send(replace(MESSAGE, subject=subject), "email", "d@gazette.example")
    assert "bcc" not in {name.lower() for name in post.read().keys()}  # noqa: SIM118 - of a mail
    assert [line for line in post.lines if line.startswith("rcpt")] == ["rcpt TO:<d@gazette.example>"]


@pytest.mark.parametrize(
    "address", ["", "desk", "a@b,c@d", "a@b c@d", "a@b\r\nRCPT TO:<c@d>", "<a@b>", "Desk <a@b>", "a@@b", "a@b\n"]
)
def test_no_mail_address(address: str) -> None:
    with pytest.raises(BadTarget):
        outbox(relay=Relay.read("smtp://127.0.0.1"), sender="a@b.example").check("email", address)


def test_what_a_mail_server_refuses(post: Post) -> None:
    sending = outbox(relay=post.relay, sender="a@b.example")
    for verb, answer, why in (
        ("RCPT", "550 nobody is called so", "127.0.0.1: 550 nobody is called so"),
        ("MAIL", "451 later", "127.0.0.1: 451 later"),
        ("DATA", "452 full", "127.0.0.1: 452 full"),
        ("EHLO", "421 closing", "127.0.0.1"),
    ):
        post.answers = {verb: answer} | ({"HELO": answer} if verb == "EHLO" else {})
        with pytest.raises(Undelivered) as caught:
            sending.send(MESSAGE, "email", "d@gazette.example")
        assert str(caught.value).startswith(why)
    assert post.mails == []
    with pytest.raises(Undelivered, match=r"127\.0\.0\.1"):
        outbox(relay=Relay.read("smtp://127.0.0.1:1"), sender="a@b.example").send(MESSAGE, "email", "d@gazette.example")


def test_a_password_goes_to_this_machine_or_encrypted(post: Post) -> None:
    relay = Relay.read(f"smtp://desk:p%40ss@127.0.0.1:{post.port}")
    assert (relay.password, "p@ss" in repr(relay)) == ("p@ss", False)
    outbox(relay=relay, sender="a@b.example").send(MESSAGE, "email", "d@gazette.example")
    assert any(line.startswith("AUTH PLAIN") for line in post.lines)
    with pytest.raises(Undelivered, match="STARTTLS"):
        outbox(relay=replace(relay, starttls=True), sender="a@b.example").send(MESSAGE, "email", "d@gazette.example")
    with pytest.raises(BadSettings, match="unencrypted"):
        Relay.read("smtp://desk:secret@mail.example")
    assert Relay.read("smtp://desk:s@mail.example?starttls=yes").port == 587
    assert Relay.read("smtps://desk:s@mail.example").port == 465


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://h:99999999",
        "smtp://h?tls=yes",
        "smtp://h?starttls=maybe",
        "smtps://desk:w%C3%B6rd@h",
    ],
)
def test_no_mail_server(url: str) -> None:
    with pytest.raises(BadSettings):
        Relay.read(url)


def test_no_mail_without_settings() -> None:
    with pytest.raises(BadTarget, match="no mail server"):
        outbox().check("email", "d@gazette.example")


# --- commands


def python(code: str) -> str:
    return f"{sys.executable} -c '{code}'"


def test_a_command(tmp_path: Path) -> None:
    out = tmp_path / "out; echo"
    code = 'import os, sys; open(sys.argv[1], "w").write(os.environ["COPYDESK_DELIVERY"] + sys.stdin.read())'
    outbox().send(MESSAGE, "command", f"{python(code)} '{out}' $HOME")
    assert out.read_text() == MESSAGE.id + MESSAGE.payload.decode() + "\n"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import sys; sys.exit(3)", "exit code 3"),
        ('import sys; print("no\\x1b disk", file=sys.stderr); sys.exit(1)', "exit code 1: no  disk"),
        ("import os; os.kill(os.getpid(), 9)", "exit code -9"),
    ],
)
def test_a_command_that_fails(code: str, why: str) -> None:
    with pytest.raises(Undelivered) as caught:
        outbox().send(MESSAGE, "command", python(code))
    assert str(caught.value) == why


def test_a_command_that_hangs_is_killed_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "SECONDS", 2.0)
    alive = tmp_path / "alive"
    code = (
        f'import subprocess, sys, time; subprocess.Popen([sys.executable, "-c", '
        f'"import time, pathlib; time.sleep(4); pathlib.Path(\\"{alive}\\").touch()"]); time.sleep(60)'
    )
    with pytest.raises(Undelivered, match="killed after 2 s"):
        outbox().send(MESSAGE, "command", python(code))
    time.sleep(4)
    assert not alive.exists()


@pytest.mark.parametrize("target", ["", "  ", "'", "/no/such/program", "true;echo", "$HOME"])
def test_no_command(target: str) -> None:
    with pytest.raises(BadTarget):
        outbox().check("command", target)


# --- rounds


def test_a_round(archive: Archive, desk: Desk) -> None:
    lines: list[str] = []
    archive.watches.add("floods", Query('flood -"opera"'), "webhook", desk.url, "key")
    ids = [saved(archive, number, f"The flood is {number} feet deep. " + FLOOD) for number in range(3)]
    done = go_round(archive, outbox(), lines.append)
    assert (done.found, done.told, done.failed, lines) == (3, 3, 0, [])
    ((headers, body),) = desk.got
    sent = json.loads(body)
    assert [article["id"] for article in sent["articles"]] == ids
    assert (sent["watch"], sent["query"], sent["test"], sent["delivery"]) == (
        "floods", 'flood -"opera"', False, headers["copydesk-delivery"],
    )  # fmt: skip
    first = sent["articles"][0]
    assert "text" not in first
    assert {"url", "source", "title", "published_at", "story_id"} < set(first)
    assert "flood" in first["snippet"]


def test_a_round_that_fails_is_made_again_under_the_same_id(archive: Archive, desk: Desk) -> None:
    lines: list[str] = []
    desk.answers += [(500, {}, b"out of disk"), (200, {}, b"")]
    archive.watches.add("floods", Query("flood"), "webhook", desk.url)
    first = saved(archive, 1)
    assert go_round(archive, outbox(), lines.append).failed == 1
    assert lines == ["watch floods: 1 not told: HTTP 500: out of disk"]
    assert archive.watches.get("floods").why == "HTTP 500: out of disk"
    second = saved(archive, 2)
    assert go_round(archive, outbox(), lines.append).told == 0, "not before its time"
    pass_time(archive, timedelta(minutes=1))
    assert go_round(archive, outbox(), lines.append).told == 2
    assert desk.articles == [first, first, second]
    assert desk.deliveries[0] == desk.deliveries[1] != desk.deliveries[2]


def test_a_mail_without_settings_waits_for_them(archive: Archive) -> None:
    archive.watches.add("floods", Query("flood"), "email", "d@gazette.example")
    saved(archive, 1)
    assert go_round(archive, outbox(), lambda _: None).failed == 1
    assert (archive.watches.get("floods").why or "").startswith("no mail can be sent")


def test_the_mail_of_a_watch_can_be_read(archive: Archive, post: Post) -> None:
    archive.watches.add("floods", Query("flood"), "email", "d@gazette.example")
    id_ = saved(archive, 1)
    sending = outbox(relay=post.relay, sender="a@b.example")
    assert go_round(archive, sending, lambda _: None).told == 1
    read = post.read()
    assert read["Subject"] == "1 new article for the watch floods"
    text = read.get_content()
    assert all(part in text for part in ("No 1", "https://gazette.example/1", f"copydesk show {id_}", "flood gate"))


def test_in_the_background(archive: Archive, desk: Desk, database_url: str, tmp_path: Path) -> None:
    archive.watches.add("floods", Query("flood"), "webhook", desk.url)
    id_ = saved(archive, 1)
    lines: list[str] = []
    with Rounds(lambda: Archive.open(database_url, str(tmp_path / "raw")), outbox(), lines.append):
        until(lambda: archive.watches.get("floods").told)
    assert (desk.articles, lines) == ([id_], [])


def until(is_so: Callable[[], object]) -> None:
    for _ in range(600):
        if is_so():
            return
        time.sleep(0.05)
    pytest.fail("it did not happen within half a minute")


def test_settings() -> None:
    made = Outbox.of(
        Settings(webhook_private="127.0.0.1, 10.0.0.0/8", smtp="smtp://localhost", mail_from="a@b.example")
    )
    assert (made.allowed, made.relay, made.sender) == (
        networks(["127.0.0.1", "10.0.0.0/8"]), Relay("localhost", 25, False, False), "a@b.example",
    )  # fmt: skip
    assert Outbox.of(Settings()).allowed == ()
    with pytest.raises(BadSettings, match="webhook_private"):
        Outbox.of(Settings(webhook_private="home"))


def test_first_lines() -> None:
    assert first_line("\n \x00\n a\x1b[0m b \nc") == "a [0m b"
    assert first_line("") == ""
    assert len(first_line("x" * 10_000)) == 200
