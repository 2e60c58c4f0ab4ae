"""The commands of saved searches: watch add, list, remove, test, run, retry."""

from __future__ import annotations

import secrets
from dataclasses import asdict, replace
from typing import TYPE_CHECKING
from uuid import uuid4

import click

from storage.console import Column, Desk
from storage.records import Query
from storage.speaking import OpenArchive, as_said, speaks
from storage.times import rfc3339

if TYPE_CHECKING:
    from crawler.notices.outbox import Outbox
    from storage.watch import Watch


@click.group(short_help="Save searches, and be told of new articles.")
def watch() -> None:
    """Save a search, and be told of new articles by webhook, mail or command.

    \b
    copydesk watch add floods flood OR deluge --webhook https://desk.example/hook
    copydesk watch add mayor '"ana duarte" -opera' --email desk@gazette.example
    copydesk watch list

    copydesk schedule tells each minute what was found; without it, copydesk watch run does so once.
    """


@watch.command(short_help="Save a search.")
@click.argument("name")
@click.argument("words", nargs=-1, required=True, metavar="QUERY…")
@click.option("--webhook", metavar="URL", help="POST what is found there, as JSON.")
@click.option("--email", metavar="ADDRESS", help="Mail what is found there.")
@click.option("--command", metavar="COMMAND", help="Run this, with what is found as JSON on its standard input.")
@click.option("--secret", is_flag=True, help="Sign the webhooks with a secret, which is shown once.")
@click.option("--from-start", is_flag=True, help="Tell what is there already, too.")
@speaks
@click.pass_obj
def add(
    open_archive: OpenArchive, desk: Desk, name: str, words: tuple[str, ...], webhook: str | None, email: str | None,
    command: str | None, *, secret: bool, from_start: bool,
) -> None:  # fmt: skip
    """Save a search under a NAME, and where to tell what it finds: articles that are stored from now on.

    \b
    copydesk watch add floods title:flood lang:en --webhook https://desk.example/hook --secret
    copydesk watch add floods flood --command "/usr/local/bin/page-me --now"

    QUERY is in the language of copydesk search. Each article is told once.
    """
    from storage.search import question_of
    from storage.watch import NOTHING_ASKED, Way, asks_nothing

    ways: dict[Way, str | None] = {"webhook": webhook, "email": email, "command": command}
    given = [(way, target) for way, target in ways.items() if target]
    if len(given) != 1:
        raise click.UsageError("say where to tell it: one of --webhook, --email and --command")
    ((way, target),) = given
    if secret and way != "webhook":
        raise click.UsageError("--secret is of webhooks alone")
    query = Query(as_said(words))
    question = question_of(query)
    if asks_nothing(question):
        raise click.UsageError(NOTHING_ASKED)
    for note in question.notes:
        desk.note(note)
    _outbox().check(way, target)
    key = secrets.token_urlsafe(32) if secret else None
    with open_archive() as archive:
        made = archive.watches.add(name, query, way, target, key, from_start=from_start)
    if desk.json:
        desk.record(_record(made) | ({"secret": key} if key else {}))
    desk.say(f"watch {name} is made; to see it work: copydesk watch test {name}")
    if key:
        desk.say(f"secret {key}   (it is not shown again)")


@watch.command(name="list", short_help="List the saved searches, and how they go.")
@speaks
@click.pass_obj
def list_(open_archive: OpenArchive, desk: Desk) -> None:
    """List the saved searches: what each has told, what waits, what was given up after three days, and why."""
    with open_archive() as archive:
        watches = archive.watches.all()
    desk.table(
        watches,
        [
            Column["Watch"]("watch", lambda watch: watch.name),
            Column("query", lambda watch: watch.query.words, shrinks=True),
            Column("by", lambda watch: watch.way),
            Column("to", lambda watch: watch.target, shrinks=True),
            Column("told", lambda watch: watch.told),
            Column("waiting", lambda watch: watch.waiting),
            Column("given up", lambda watch: watch.given_up),
            Column("last told", lambda watch: watch.told_at),
            Column("why not", lambda watch: watch.why, shrinks=True),
        ],
        _record,
    )
    if not watches:
        desk.note("no watch; make one: copydesk watch add NAME QUERY --webhook URL")


@watch.command(short_help="End a saved search.")
@click.argument("name")
@speaks
@click.pass_obj
def remove(open_archive: OpenArchive, desk: Desk, name: str) -> None:
    """End a saved search; what it found and did not tell is not told any more."""
    with open_archive() as archive:
        archive.watches.remove(name)
    desk.say(f"watch {name} is ended")


@watch.command(short_help="Send what a saved search would tell.")
@click.argument("name")
@speaks
@click.pass_obj
def test(open_archive: OpenArchive, desk: Desk, name: str) -> None:
    """Send the newest article that a saved search finds now, marked as a test. It counts as nothing."""
    from crawler.notices.finds import trial_of

    with open_archive() as archive:
        tried = archive.watches.get(name)
        newest = tuple(archive.find(replace(tried.query, limit=1)))
    _outbox().send(trial_of(tried, newest, uuid4().hex), tried.way, tried.target, tried.secret)
    if desk.json:
        desk.record({"watch": name, "articles": len(newest)})
    desk.say(f"sent to {tried.target}" + ("" if newest else ", without an article: none answers yet"))


@watch.command(short_help="Tell what the saved searches have found, once.")
@speaks
@click.pass_obj
def run(open_archive: OpenArchive, desk: Desk) -> None:
    """Look for what is new to each saved search, and tell all that is due; once. The exit code is 1 if any failed.

    copydesk schedule does the same each minute. Any number may run at the same time.
    """
    from crawler.notices.rounds import go_round

    with open_archive() as archive:
        done = go_round(archive, _outbox(), desk.note)
    if desk.json:
        desk.record(asdict(done))
    desk.say(f"found {done.found:,}   told {done.told:,}   failed {done.failed:,}")
    if done.failed:
        raise SystemExit(1)


@watch.command(short_help="Tell again what failed.")
@click.argument("name")
@speaks
@click.pass_obj
def retry(open_archive: OpenArchive, desk: Desk, name: str) -> None:
    """Make due now what a saved search could not tell, what was given up too."""
    with open_archive() as archive:
        number = archive.watches.retry(name)
    if desk.json:
        desk.record({"watch": name, "articles": number})
    desk.say(f"{number:,} due now: copydesk watch run, or wait a minute for copydesk schedule")


def _outbox() -> Outbox:
    from crawler.notices.outbox import Outbox
    from crawler.settings import Settings

    return Outbox.of(Settings.here())


def _record(watch: Watch) -> dict[str, object]:
    times = {"made_at": watch.made_at, "matched_at": watch.matched_at, "told_at": watch.told_at}
    return {
        "name": watch.name, "query": watch.query.words, "way": watch.way, "target": watch.target,
        **{name: at and rfc3339(at) for name, at in times.items()},
        "told": watch.told, "waiting": watch.waiting, "given_up": watch.given_up, "why": watch.why,
    }  # fmt: skip


COMMANDS = (watch,)
