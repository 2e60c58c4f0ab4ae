"""Who wrote it, for whom, where and when: bylines, agencies, datelines and date stamps, read before they go."""

from __future__ import annotations

import re

from pipelines.draft import SURE, Draft
from pipelines.shape import looks_like_name
from pipelines.stamps import read_stamp, says_more_than_when

_JOINT = re.compile(r"\s*(?:,|;|&|\||/|\b(?:and|und|et|y|e|và|with)\b)\s*")
_MAIL = re.compile(r"\(?[\w.+-]{1,64}@[\w.-]{1,100}\)?")
_BRACKETED = re.compile(r"^\((?P<inside>[^()]{2,60})\)$")
_SIGNS = re.compile(r"^\(?[A-ZÀ-Ý]{2,8}(?:\s?[/,+&-]\s?[A-ZÀ-Ýa-z]{2,8}){1,3}\)?$|^\(?[A-ZÀ-Ý]{2,5}\)?$")
_LEAD = re.compile(
    r"^(?P<place>[^\W\d_][^()\n:.!?]{1,50}?)\s*[,.]?\s*(?:\((?P<agency>[^()]{2,40})\)\s*[-–—:]|(?:\((?P<other>[^()]{2,40})\))?\s*[–—-]\s)"
)
_DATE_IN_PLACE = re.compile(r"[,.]?\s*(?:ngày\s*)?\d.*$")


def find_stamps(draft: Draft) -> None:
    """Lines that say when: the first before the body, else the first after it, dates the article."""
    first, last = draft.core()
    for at in draft.undecided():
        shape = draft.shapes[at]
        if shape.words > 24 or shape.sentence or "://" in shape.folded or not any(map(str.isdigit, shape.folded)):
            continue
        within = first < at < last
        stamp = read_stamp(draft.lines[at].text, draft.phrases)
        if stamp is None:
            if not within and not says_more_than_when(draft.lines[at].text, draft.phrases):
                draft.remove(at, "dateline", "stamp.duration")
            continue
        names = _names(draft, stamp.rest)
        if stamp.rest and (within or not (names or len(stamp.rest.split()) <= 2)):
            continue
        if within and draft.likelihood[at] >= 0.5:
            continue  # an entry of a chronicle
        if names:
            draft.remove(at, "byline", "stamp.with-name")
            draft.authors = draft.authors or names
        draft.remove(at, "dateline", "stamp.date")
        if draft.published_at is None:
            draft.published_at, draft.published_precision = stamp.at, stamp.precision


def find_bylines(draft: Draft) -> None:
    """Names between the headline and the body, or right after the body."""
    first, last = draft.core()
    after = [at for at in draft.undecided(last + 1) if not draft.lines[at].outside][:3] if last >= 0 else []
    for at in [*draft.undecided((draft.title_at or -1) + 1, first), *after]:
        text, shape = draft.lines[at].text, draft.shapes[at]
        if shape.words > 16 or shape.sentence:
            continue
        names = _names(draft, text)
        if not names:
            continue
        if draft.phrases.opens("byline", shape.folded):
            draft.remove(at, "byline", "byline.opener")
        elif text.endswith("|") or draft.likelihood[at] < SURE:
            draft.remove(at, "byline", "byline.name")
        else:
            continue
        draft.authors = draft.authors or names


def _names(draft: Draft, text: str) -> tuple[str, ...]:
    """The names a byline lists; none where the first part is no name. Roles and mail addresses behind are let go.

    A single word is a name only after words such as “by”.
    """
    opener = draft.phrases.opens("byline", text.casefold())
    named = text[opener.end() :].lstrip(" :：") if opener else text
    parts = [part for part in _JOINT.split(_MAIL.sub(" ", named).strip(" |·•-–—.,")) if part]
    names = tuple(part for part in parts if looks_like_name(part) and not _has_furniture(draft, part))
    if parts and parts[0] in names:
        return names
    return (parts[0],) if opener and len(parts) == 1 and parts[0].isalpha() and parts[0][0].isupper() else ()


def _has_furniture(draft: Draft, name: str) -> bool:
    return any(
        draft.phrases.is_whole(section, word.casefold()) for word in name.split() for section in ("widget", "nav")
    )


def find_agencies(draft: Draft) -> None:
    """A credit line to a wire agency, before or after the body."""
    first, last = draft.core()
    for at in draft.undecided():
        text, shape = draft.lines[at].text, draft.shapes[at]
        if first < at < last or shape.words > 8 or shape.sentence:
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
    lead = next((at for at in draft.staying() if at != draft.title_at and draft.shapes[at].words >= 8), None)
    found = _LEAD.match(draft.lines[lead].text) if lead is not None else None
    if not found:
        return
    place = _DATE_IN_PLACE.sub("", found["place"]).strip(" ,")
    agency = found["agency"] or found["other"]
    if (
        place
        and len(place.split()) <= 5
        and (place.isupper() or (agency and all(word[:1].isupper() for word in place.split())))
    ):
        draft.dateline = draft.dateline or place
        draft.agency = draft.agency or (agency.strip() if agency else None)
