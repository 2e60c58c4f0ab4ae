"""Health: what is known of a source, and what that says of it. No clock, no archive, no network: only a decision.

A source has one problem at a time, the one that explains the most. It is opened when it is sure, and closed by the
first thing that contradicts it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import exp, log, sqrt

import numpy as np

from crawler.rhythm import Hours, Numbers, Rhythm, hour_of, moment_of_hour
from storage.problems import ProblemKind

USUAL_GAPS = 4
"""A source is late when it is silent for so many times its own usual gap."""

FAILING_AFTER = timedelta(hours=6)
"""A server that is down for less is no problem yet."""

_LEAST_FAILURES = 3
_LEAST_HOSTS = 3
_AT_ONCE = timedelta(hours=1)  # hosts that fail within it, fail together
_LEAST_MISSED = 5  # links without an article in a row
_UNLIKELY = log(1e-5)  # that so many links hold no article by chance
_MORE_THAN_A_DAY, _SMALL = 1.25, 32.0  # days: a paper of so few articles a day may leave one out
_WINDOWS = (12, 15, 18, 21, 24, 30, 36, 48)  # hours, over which the volume is compared
_LEAST_EXPECTED = 8.0  # articles, in a window that is compared
_BAND = 4.2  # standard deviations
_DRIFT = 0.06  # how far the usual may have moved since it was learned, as a part of it
_HOLIDAY = 0.8  # how far sources stray from their neighbours on a quiet day, as a part of what all of them lack
LOW, _WELL_AGAIN = 0.65, 0.75  # of the expected volume
_HIGH = 5.0  # times the expected volume
_NEW_NORMAL = timedelta(days=14)  # another volume that lasts so long is the usual one

_CHECK, _TEACH = "copydesk sources check {}", "copydesk sources teach {}"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a source, since when, in words, and what to try."""

    kind: ProblemKind
    since: datetime
    detail: str
    hint: str


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What is known of a source.

    listed_at: when its listings were read last. article_at: when its last article was published, or came. failures:
    looks in a row that brought nothing, from ``failing_since`` to ``failed_at``, for the reason ``why``. missed: links
    fetched since the last article, without finding one; the first at ``missing_since``. hours: the last days. common:
    for each of them, the part of the usual that its neighbours brought, at most 1. layout_at: when its pages changed,
    if they are still being learned again.
    """

    name: str
    rhythm: Rhythm | None
    hours: Hours
    listed_at: datetime | None = None
    article_at: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    failed_at: datetime | None = None
    why: str = ""
    missed: int = 0
    missing_since: datetime | None = None
    common: Numbers = field(default_factory=lambda: np.ones(0))
    layout_at: datetime | None = None
    longest_silence: timedelta | None = None

    @property
    def usual(self) -> Numbers:
        """Of each of the hours, the articles that are usual then; none where nobody looked."""
        if self.rhythm is None:
            return np.zeros(len(self.hours.articles))
        return np.where(self.hours.known, self.rhythm.expected(self.hours.start, self.hours.end), 0.0)


def trouble_of(known: Known) -> Trouble | None:
    """What is wrong with a source; None where nothing is, or nothing is sure."""
    return _failing(known) or _unread(known) or _late(known) or _volume(known) or _layout(known)


def outranks(trouble: Trouble, open_kind: ProblemKind) -> bool:
    """Whether a trouble explains more than the problem that is open."""
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
    if known.failing_since is None or known.failed_at is None or known.failures < _LEAST_FAILURES:
        return None
    if known.failed_at - known.failing_since < FAILING_AFTER:
        return None
    return Trouble("failing", known.failing_since, f"cannot be read: {known.why}", _CHECK.format(known.name))


def _unread(known: Known) -> Trouble | None:
    """Links, and no article in any of them. Of a source where few links are articles, more are needed."""
    if known.missing_since is None or known.missed < _LEAST_MISSED:
        return None
    read = known.rhythm.read if known.rhythm else 0.5
    if known.missed * log(max(1e-9, 1 - read)) > _UNLIKELY:
        return None
    changed = f"; layout changed {known.layout_at:%d %b}" if known.layout_at else ""
    return Trouble(
        "unread", known.missing_since, f"links found, no article read in {known.missed:,}{changed}",
        (_TEACH if known.layout_at else _CHECK).format(known.name),
    )  # fmt: skip


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
    begins = max(hours.start, hour_of(known.article_at) + 1)
    expected = float(_expected(known)[begins - hours.start :].sum())
    if expected < max(USUAL_GAPS * known.rhythm.usual_gap, _sure(known.rhythm)):
        return None
    return Trouble(
        "late", known.article_at,
        f"silent for {expected / known.rhythm.usual_gap:.0f} times its usual gap: {expected:,.0f} articles were due",
        hint,
    )  # fmt: skip


def _volume(known: Known) -> Trouble | None:
    rhythm = known.rhythm
    if rhythm is None:
        return None
    expected = _expected(known)
    for length in _WINDOWS:
        due, came = float(expected[-length:].sum()), _came(known, length)
        if due < max(_LEAST_EXPECTED, _sure(rhythm)):
            continue
        quiet = 1 - due / float(known.usual[-length:].sum())
        spread = sqrt(rhythm.spread**2 * rhythm.day / due + _DRIFT**2 + (_HOLIDAY * quiet) ** 2)
        since = moment_of_hour(known.hours.end - length)
        strayed = _strayed(came, due, spread)
        if strayed < -_BAND and came < LOW * due:
            return Trouble("volume", since, _compared(came, due, length), _CHECK.format(known.name))
        if strayed > 2 * _BAND and came > _HIGH * due:
            return Trouble("volume", since, _compared(came, due, length), "copydesk sources preview " + known.name)
    return None


def _sure(rhythm: Rhythm) -> float:
    """Articles that must be due before their absence says anything."""
    return _MORE_THAN_A_DAY * rhythm.day if rhythm.day < _SMALL else 0.0


def _strayed(came: int, due: float, spread: float) -> float:
    """How many standard deviations a volume is from what was due, by chance and by the spread of days together.

    The root of the least deviance: a day that is ``exp(u)`` times the usual costs ``(u / spread) ** 2``, and the rest
    is chance (Poisson).
    """
    u = 0.0
    for _ in range(30):  # Newton; the slope only rises
        step = (u / spread**2 + due * exp(u) - came) / (1 / spread**2 + due * exp(u))
        u -= step
        if abs(step) < 1e-6:
            break
    rate = due * exp(u)
    chance = 2 * (rate - came + (came * log(came / rate) if came else 0.0))
    return (1 if came > due else -1) * sqrt((u / spread) ** 2 + max(0.0, chance))


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
    length = min(len(known.hours.articles), known.hours.end - hour_of(since), _WINDOWS[0])
    due, came = float(_expected(known)[-length:].sum()), _came(known, length)
    return due >= _LEAST_EXPECTED and _WELL_AGAIN * due <= came <= _HIGH * due


def _expected(known: Known) -> Numbers:
    """Of each of the hours, the articles that were due and looked for."""
    return known.usual * known.common if len(known.common) else known.usual


def _came(known: Known, length: int) -> int:
    return int(np.where(known.hours.known, known.hours.articles, 0)[-length:].sum())


def _compared(came: int, due: float, length: int) -> str:
    return f"{came:,} articles in {length} hours, where {due:,.0f} are usual"


def _span(span: timedelta) -> str:
    hours = span / timedelta(hours=1)
    return f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:.0f} days"
