"""Health: what that which is known of a source says of it. No clock, no archive, no network: only a decision.

A source has one problem at a time, the one that explains the most. It is opened when it is sure, and closed by the
first thing that contradicts it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from crawler.choice import USUAL_CHOICE
from crawler.known import Known
from crawler.rhythm import Hours, Rhythm, hour_of, moment_of_hour
from crawler.volume import HIGH, Window
from storage.problems import ProblemKind

USUAL_GAPS = 4
"""A source is late when it is silent for so many times its own usual gap."""

FAILING_AFTER = timedelta(hours=6)
"""A server that is down for less is no problem yet."""

_LEAST_FAILURES = 3
_LEAST_HOSTS = 3
_AT_ONCE = timedelta(hours=1)  # hosts that fail within it, fail together
_LEAST_MISSED = 5  # links without an article in a row
_UNLIKELY = 11.5  # surprise at so many links without an article, one in a hundred thousand by chance
_SURPRISING, _SURPRISING_ANYWHERE = 9.0, 5.0  # at articles that no listing named: of this source, and of any
_LEAST_UNLISTED = 6  # of them, where it is this source's own part that they are compared with
_LEAST_MISSED_IN_PART, _MOST_MISSED = 8, 0.5  # links without an article, and the part of all that they are at least
_LEAST_USUAL = 0.05  # of all links, so many hold none anywhere
_LINK_HOURS = (6, 12, 24)  # that they are counted over
_SMALL = 28.0  # a paper of so few articles a day may leave one out
_DAYS_OF_A_WEEKLY = 2.5  # its week has no more of the best day's articles, and it may leave one out
_MORE_THAN_A_DAY, _MORE_THAN_A_WEEK = 2.0, 1.25
_LEAST_EXPECTED = 8.0  # articles, in hours whose volume is judged by itself
_BAND, _BAND_HOURS = 4.25, 6  # standard deviations, in so many hours or more: a holiday shows in neighbours by then
_DOUBT = 1.5  # the same, for a second look
_SECOND_LOOKS = timedelta(hours=3)  # between two
_ENOUGH_UNLISTED = 10  # articles that no listing named
_WELL_AGAIN, _WELL_HOURS = 0.75, 12  # of the expected volume
_NEW_NORMAL = timedelta(days=14)  # another volume that lasts so long is the usual one

_CHECK, _TEACH = "copydesk sources check {}", "copydesk sources teach {}"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a source, since when, in words, and what to try."""

    kind: ProblemKind
    since: datetime
    detail: str
    hint: str


def trouble_of(known: Known) -> Trouble | None:
    """What is wrong with a source; None where nothing is, or nothing is sure."""
    return _failing(known) or _unread(known) or _late(known) or _volume(known) or _listing(known) or _layout(known)


def is_doubtful(known: Known, now: datetime) -> bool:
    """Whether its front page is to be looked at now: less came than is likely, and it tells whether there was more."""
    looked_at = known.second_look_at
    if known.failures or (looked_at is not None and abs(now - looked_at) < _SECOND_LOOKS):
        return False
    return any(window.strayed < -_DOUBT for window in known.windows)


def outranks(trouble: Trouble, open_kind: ProblemKind) -> bool:
    """Whether a trouble explains more than the problem that is open."""
    if open_kind == "listing":
        return trouble.kind not in ("listing", "layout")
    return trouble.kind in ("failing", "unread") and open_kind in ("late", "volume", "layout")


def is_over(kind: ProblemKind, since: datetime, known: Known, now: datetime) -> bool:
    """Whether a problem that was opened has ended."""
    match kind:
        case "failing":
            return known.failures == 0
        case "unread":
            return known.missed == 0
        case "late":
            return known.article_at is not None and known.article_at > since
        case "volume":
            return now - since > _NEW_NORMAL or _is_in_band(known, since)
        case "listing":
            return not known.failing_listings
        case "layout":
            return known.layout_at is None
    return False


def is_offline(failing: int, answering: int) -> bool:
    """Whether it is this machine that fails: of the hosts that answered lately, so many cannot be reached now."""
    return failing >= _LEAST_HOSTS and failing > 4 * answering and answering < _LEAST_HOSTS


def offline_since(failing: Mapping[str, datetime], answered: Mapping[str, datetime]) -> datetime | None:
    """Since when this machine reaches nobody; None where it does.

    failing: hosts that cannot be reached, and since when. answered: hosts, and when they answered last.
    """
    for since in sorted(failing.values(), reverse=True):
        fails = sum(at >= since for at in failing.values())
        if is_offline(fails, sum(at >= since for host, at in answered.items() if host not in failing)):
            return min(at for at in failing.values() if since - at <= _AT_ONCE)
    return None


def _failing(known: Known) -> Trouble | None:
    if known.failing_since is None or known.failed_at is None:
        return None
    if not _fails(known.failures, known.failing_since, known.failed_at):
        return None
    return Trouble("failing", known.failing_since, f"cannot be read: {known.why}", _CHECK.format(known.name))


def _listing(known: Known) -> Trouble | None:
    for each in known.failing_listings:
        if _fails(each.looks, each.since, each.last):
            detail = f"one of its listings cannot be read: {each.url}: {each.why}"
            return Trouble("listing", each.since, detail, _CHECK.format(known.name))
    return None


def _fails(looks: int, since: datetime, last: datetime) -> bool:
    return looks >= _LEAST_FAILURES and last - since >= FAILING_AFTER


def _unread(known: Known) -> Trouble | None:
    """Links, and no article in any of them. Of a source where few links are articles, more are needed."""
    if known.missing_since is None or known.missed < _LEAST_MISSED:
        return None
    read = known.rhythm.read if known.rhythm else 0.5
    if _surprise(known.missed, known.missed, 1 - read) < _UNLIKELY:
        return None
    changed = f"; layout changed {known.layout_at:%d %b}" if known.layout_at else ""
    return Trouble(
        "unread", known.missing_since, f"links found, no article read in {known.missed:,}{changed}",
        (_TEACH if known.layout_at else _CHECK).format(known.name),
    )  # fmt: skip


def _surprise(number: int, of: int, usual: float) -> float:
    """How unlikely it is that of so many, so many or more are what a usual part of them is: minus the logarithm
    (Chernoff's bound); 0 for no more than usual."""
    part = number / of if of else 0.0
    if part <= usual:
        return 0.0
    rest = (1 - part) * log((1 - part) / (1 - usual)) if part < 1 else 0.0
    return of * (part * log(part / max(usual, 1e-9)) + rest)


def _missed(hours: Hours) -> NDArray[np.int64]:
    """Of each of the last hours, the links without an article; none of the first look after a gap, since those that it
    tells of have other hours than the articles beside them."""
    number = _LINK_HOURS[-1]
    known = hours.known[-number - 1 :]
    missed: NDArray[np.int64] = np.where(known[1:] & known[:-1], hours.missed[-len(known) + 1 :], 0)
    return missed


def _late(known: Known) -> Trouble | None:
    """Only time of which something is known counts, up to the last look: an outage is no silence."""
    if known.article_at is None or known.listed_at is None:
        return None
    silent = known.listed_at - known.article_at
    hint = _CHECK.format(known.name)
    if known.longest_silence is not None:
        if silent <= known.longest_silence:
            return None
        return Trouble("late", known.article_at, f"silent for longer than {_span(known.longest_silence)}", hint)
    if known.rhythm is None:
        return None
    hours = known.hours
    number = min(len(hours.articles), hours.end - hour_of(known.article_at) - 1)
    expected = float(known.quietly_due(number).sum()) if number > 0 else 0.0
    if expected < max(USUAL_GAPS * known.rhythm.usual_gap, _sure(known.rhythm)):
        return None
    return Trouble(
        "late", known.article_at,
        f"silent for {expected / known.rhythm.usual_gap:.0f} times its usual gap: {expected:,.0f} articles were due",
        hint,
    )  # fmt: skip


def _volume(known: Known) -> Trouble | None:
    """By what came instead of articles, by what a second look found beside, or by the numbers alone."""
    rhythm = known.rhythm
    if rhythm is None:
        return None
    if unread := _unread_in_part(known, rhythm):
        return unread
    check = _CHECK.format(known.name)
    for window in known.windows:
        since = moment_of_hour(known.hours.end - window.hours)
        if window.strayed < -_DOUBT and _is_unlisted(window, known.left_out):
            if window.came == 0 and known.article_at is not None:
                return Trouble("late", known.article_at, _beside(window), check)
            return Trouble("volume", since, _beside(window), check)
        if window.due < max(_LEAST_EXPECTED, _sure(rhythm)):
            continue
        if window.strayed < -_BAND and window.hours >= _BAND_HOURS:
            return Trouble("volume", since, _compared(window), check)
        if window.strayed > 2 * _BAND:
            return Trouble("volume", since, _compared(window), "copydesk sources preview " + known.name)
    return None


def _unread_in_part(known: Known, rhythm: Rhythm) -> Trouble | None:
    """Too few articles, and far more links without one than usual: a part of the pages is behind a wall, or made
    otherwise."""
    usual, each_hour = max(_LEAST_USUAL, 1 - rhythm.read), _missed(known.hours)
    for length in _LINK_HOURS:
        without = each_hour[-length:]
        if (missed := int(without.sum())) < _LEAST_MISSED_IN_PART:
            continue
        links = missed + int(known.hours.articles[-length:].sum())
        if missed < _MOST_MISSED * links or _surprise(missed, links, usual) < _UNLIKELY:
            continue
        since = moment_of_hour(known.hours.end - len(without) + int(np.flatnonzero(without)[0]))
        if not _is_in_band(known, since):
            detail = f"no article read in {missed:,} of {links:,} links, where {usual:.0%} are usual"
            return Trouble("volume", since, detail, _CHECK.format(known.name))
    return None


def _is_unlisted(window: Window, left_out: float) -> bool:
    """Whether what is missing was published, and no listing named it: half of that or a good number, and more than its
    listings leave out on any day, or than those of any source that is a choice do."""
    if window.unlisted < min(_ENOUGH_UNLISTED, (window.due - window.came) / 2):
        return False
    of = window.unlisted + window.came
    if _surprise(window.unlisted, of, max(left_out, USUAL_CHOICE)) > _SURPRISING_ANYWHERE:
        return True
    return window.unlisted >= _LEAST_UNLISTED and _surprise(window.unlisted, of, left_out) > _SURPRISING


def _sure(rhythm: Rhythm) -> float:
    """Articles that must be due before their absence says anything by itself: more than a small paper's day, and more
    than the week of one that comes out on a day or two."""
    week = float(rhythm.rates.sum())
    if week < _DAYS_OF_A_WEEKLY * rhythm.day:
        return _MORE_THAN_A_WEEK * week
    return _MORE_THAN_A_DAY * rhythm.day if rhythm.day < _SMALL else 0.0


def _layout(known: Known) -> Trouble | None:
    if known.layout_at is None:
        return None
    return Trouble(
        "layout", known.layout_at, "its pages are made otherwise, and are learned again", _TEACH.format(known.name)
    )


def least_of_day(rhythm: Rhythm, expected: float) -> float:
    """So few articles of a day, of which so many were expected, are no gap yet."""
    return max(0.0, expected - 2 * sqrt(expected + (rhythm.spread * expected) ** 2))


def _is_in_band(known: Known, since: datetime) -> bool:
    if known.rhythm is None:
        return True
    length = min(len(known.hours.articles), max(1, known.hours.end - hour_of(since)), _WELL_HOURS)
    due = float(known.due(length).sum())
    came = int(np.where(known.hours.known, known.hours.articles, 0)[-length:].sum())
    return due >= _LEAST_EXPECTED and _WELL_AGAIN * due <= came <= HIGH * due


def _compared(window: Window) -> str:
    return f"{window.came:,} articles in {window.hours} hours, where {window.due:,.0f} are usual"


def _beside(window: Window) -> str:
    return (
        f"its front page names {window.unlisted:,} articles of the last {window.hours} hours that its listings do not; "
        f"they named {window.came:,}, where {window.due:,.0f} are usual"
    )


def _span(span: timedelta) -> str:
    hours = span / timedelta(hours=1)
    return f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:.0f} days"
