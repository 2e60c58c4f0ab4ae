"""Who wrote it, for whom, where and when: bylines, agencies, datelines and date stamps, read before they go."""

from __future__ import annotations

import re

from pipelines.draft import SURE, Draft
from pipelines.shape import looks_like_name
from pipelines.stamps import read_stamp

_JOINT = re.compile(r"\s*(?:,|;|&|\||/|\b(?:and|und|et|y|e|và|with)\b)\s*")
_MAIL = re.compile(r"\(?[\w.+-]{1,64}@[\w.-]{1,100}\)?")
_BRACKETED = re.compile(r"^\((?P<inside>[^()]{2,60})\)$")
_SIGNS = re.compile(r"^\(?[A-ZÀ-Ý]{2,8}(?:\s?[/,+&-]\s?[A-ZÀ-Ý]{2,8}){0,3}\)?$")
_LEAD = re.compile(
    r"^(?P<place>[^\W\d_][^()\n:.!?]{1,50}?)\s*[,.]?\s*(?:\((?P<agency>[^()]{2,40})\)\s*[-–—:]|(?:\((?P<other>[^()]{2,40})\))?\s*[–—-]\s)"
)
_DATE_IN_PLACE = re.compile(r"[,.]?\s*(?:ngày\s*)?\d.*$")


def find_stamps(draft: Draft) -> None:
    """Lines that say when: the first before the body, else the first after it, dates the article."""
    first, last = draft.core()
    for at in draft.undecided():
        shape = draft.shapes[at]
        if shape.words > 24 or shape.sentence or at == draft.title_at or not any(map(str.isdigit, shape.folded)):
            continue
        stamp = read_stamp(draft.lines[at].text, draft.phrases)
        if stamp is None:
            continue
        name = looks_like_name(stamp.rest)
        if stamp.rest and not name and (len(stamp.rest.split()) > 2 or first < at < last):
            continue
        if name and first < at < last:
            continue
        draft.remove(at, "byline" if name else "dateline", "stamp.with-name" if name else "stamp.date")
        if name and not draft.authors:
            draft.authors = (stamp.rest,)
        if draft.published_at is None:
            draft.published_at, draft.published_precision = stamp.at, stamp.precision


def find_bylines(draft: Draft) -> None:
    """Names between the headline and the body, or right after the body."""
    first, last = draft.core()
    after = list(draft.undecided(last + 1))[:3] if last >= 0 else []
    for at in [*draft.undecided(stop=first), *after]:
        text, shape = draft.lines[at].text, draft.shapes[at]
        if shape.words > 16 or shape.sentence or at == draft.title_at:
            continue
        opener = draft.phrases.opens("byline", shape.folded)
        named = _names(text[opener.end() :].lstrip(" :：") if opener else text)
        if opener and named:
            draft.remove(at, "byline", "byline.opener")
        elif named and (text.endswith("|") or draft.likelihood[at] < SURE) and looks_like_name(named[0]):
            draft.remove(at, "byline", "byline.name")
        else:
            continue
        draft.authors = draft.authors or named


def _names(text: str) -> tuple[str, ...]:
    """The names a byline lists; none where the first part is no name. Roles and mail addresses behind are let go."""
    parts = [part for part in _JOINT.split(_MAIL.sub(" ", text).strip(" |·•-–—.,")) if part]
    if not parts or not (looks_like_name(parts[0]) or (len(parts) == 1 and len(parts[0].split()) == 1 and parts[0][:1].isupper())):
        return ()
    return tuple(part for part in parts if looks_like_name(part)) or (parts[0],)


def find_agencies(draft: Draft) -> None:
    """A credit line to a wire agency, before or after the body."""
    first, last = draft.core()
    for at in draft.undecided():
        text, shape = draft.lines[at].text, draft.shapes[at]
        if first < at < last or shape.words > 8 or at == draft.title_at or shape.sentence:
            continue
        bracketed = _BRACKETED.match(text)
        inside = bracketed["inside"] if bracketed else text
        folded = shape.folded.strip("()")
        opener = draft.phrases.opens("agency", folded)
        value = inside[opener.end() :].lstrip(" :：").strip() if opener else inside
        if opener and value and value[:1].isupper() and len(value.split()) <= 5:
            draft.remove(at, "agency", "agency.opener")
        elif (_SIGNS.match(text) or (bracketed and value[:1].isupper() and len(value.split()) <= 3)) and at > last:
            draft.remove(at, "agency", "agency.sign")
        else:
            continue
        draft.agency = draft.agency or value


def read_lead(draft: Draft) -> None:
    """Place and agency that open the first paragraph; the words stay where they are."""
    lead = next((at for at in draft.undecided() if at != draft.title_at and draft.shapes[at].words >= 8), None)
    found = _LEAD.match(draft.lines[lead].text) if lead is not None else None
    if not found:
        return
    place = _DATE_IN_PLACE.sub("", found["place"]).strip(" ,")
    agency = found["agency"] or found["other"]
    if place and len(place.split()) <= 5 and (place.isupper() or (agency and all(word[:1].isupper() for word in place.split()))):
        draft.dateline = draft.dateline or place
        draft.agency = draft.agency or (agency.strip() if agency else None)
