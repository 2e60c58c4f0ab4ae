"""Profile: what is known of a site before a page of it is read."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.draft import Draft
from pipelines.site_memory import NEW_SITE, SiteMemory


@dataclass(frozen=True, slots=True)
class SiteProfile:
    """remove, keep: beginnings of lines that a user knows better than the rules, letter case and white space aside.

    keep comes before remove, and both before every rule. memory: what the site has shown; name: what its bytes are
    known by, None for a new site. second_opinion, parts: see ``pipelines.choices``; parts that are not named are as
    learned.
    """

    remove: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    memory: SiteMemory = NEW_SITE
    name: str | None = None
    second_opinion: str = "auto"
    parts: tuple[tuple[str, bool], ...] = ()


NOTHING_KNOWN = SiteProfile()


def heed(draft: Draft, profile: SiteProfile) -> None:
    """Do as the user says."""
    if not profile.keep and not profile.remove:
        return
    kept, removed = (tuple(_folded(text) for text in texts) for texts in (profile.keep, profile.remove))
    for at, line in enumerate(draft.lines):
        text = _folded(line.text)
        if text.startswith(kept):
            draft.protect(at)
        elif text.startswith(removed):
            draft.remove(at, "other", "source.remove")


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
