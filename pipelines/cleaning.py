"""Cleaning, to be read aloud: decode, screen, lay out in lines, find the body, judge each line, write the article."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time

from pipelines.access import is_teaser
from pipelines.boilerplate import judge
from pipelines.decoding import Decoded, NotText, decode
from pipelines.draft import Draft
from pipelines.edition import edition
from pipelines.fingerprint import content_key
from pipelines.language import language_code, language_of
from pipelines.lines import Line, plain_lines
from pipelines.metadata import Metadata
from pipelines.normalise import NORM_VERSION
from pipelines.profile import NOTHING_KNOWN, SiteProfile
from pipelines.screen import screen, screen_page
from pipelines.shape import count_words
from pipelines.sketch import sketch
from pipelines.terms import terms
from storage.records import Article, Block, Claims, Page, Precision, Rejected, Removed

_CLAIMED = ("title", "authors", "published_at", "modified_at", "language", "section", "keywords", "image")
_MOST_UNPROVEN = 40  # lines: a short text with no sentence that the model trusts is still somebody's text


def clean(page: Page, profile: SiteProfile = NOTHING_KNOWN) -> Article | Rejected:
    """The article of a page, or why it holds none. Pure: the same page and profile give the same result.

    Takes time and memory in proportion to the page; hostile bytes are for ``crawler.sandbox``.
    """
    decoded = decode(page.body, page.content_type)
    if isinstance(decoded, NotText):
        return Rejected("not-text", f"{decoded.kind}, not text", unreadable=True)
    markup = _is_markup(page.content_type)
    if refusal := screen_page(decoded.text) if markup else screen(decoded.text, page.content_type):
        return Rejected(refusal.reason, refusal.detail, unreadable=True)
    if markup:
        from pipelines.html_body import judge_html  # noqa: PLC0415 - the parser and the model are only needed for HTML

        judged = judge_html(decoded.text, page, profile)
        draft, said, lesson = judged.draft, judged.said, judged.lesson
        said = replace(said, flags=(*said.flags, *terms(page.headers, page.body)))
    else:
        said, lesson = _claimed(page.claims), None
        draft = judge(plain_lines(decoded.text), said.title, profile)
    if not draft.lines:
        return Rejected("empty", "no visible text")
    if page.cut:
        said = replace(said, flags=(*said.flags, "incomplete"))
    written = _written(draft, said, decoded)
    if isinstance(written, Rejected):
        return written
    return replace(written, profile=profile.name, lesson=lesson.encode() if lesson else None)


def _is_markup(content_type: str) -> bool:
    return "html" in content_type.partition(";")[0].lower()


def _claimed(claims: Claims) -> Metadata:
    """What others say of a plain text is all there is besides the text itself."""
    return Metadata(
        title=claims.title,
        authors=claims.authors,
        published_at=claims.published_at,
        published_precision=_claimed_precision(claims.published_at),
        published_origin="claims" if claims.published_at else None,
        modified_at=claims.modified_at,
        language=claims.language,
        section=claims.section,
        keywords=claims.keywords,
        image=claims.image,
        description=claims.description,
        origins=tuple((name, "claims") for name in _CLAIMED if getattr(claims, name)),
    )


def _claimed_precision(at: datetime | None) -> Precision | None:
    """A date alone is claimed as its midnight."""
    if at is None:
        return None
    return "day" if at.time() == time() else "second"


def _written(draft: Draft, said: Metadata, decoded: Decoded) -> Article | Rejected:
    """The article that a judged draft amounts to."""
    blocks = tuple(_block(draft, at) for at in range(len(draft.lines)))
    text = "\n\n".join(" ".join(block.text.split()) for block in blocks if not isinstance(block, Removed))
    if not text:
        return Rejected("no-text", f"all {len(blocks)} lines are boilerplate")
    if draft.core()[1] < 0 and len(blocks) > _MOST_UNPROVEN:
        return Rejected("no-article", f"none of {len(blocks)} lines reads like an article")
    dated = said.published_at is not None
    words = count_words(text)
    language = language_of(text, said.language)
    flags = (
        *decoded.flags,
        *said.flags,
        *(("incomplete",) if is_teaser(said.access, words, said.stated_words) else ()),
    )
    article = Article(
        title=draft.title,
        text=text,
        blocks=blocks,
        content_hash=content_key(text),
        title_hash=content_key(draft.title),
        norm_version=NORM_VERSION,
        words=words,
        authors=said.authors or draft.authors,
        agency=draft.agency or said.agency,
        dateline=draft.dateline,
        published_at=said.published_at if dated else draft.published_at,
        published_precision=said.published_precision if dated else draft.published_precision,
        published_origin=said.published_origin if dated else ("text" if draft.published_at else None),
        modified_at=said.modified_at,
        language=language,
        section=said.section,
        keywords=said.keywords,
        image=said.image,
        canonical_url=said.canonical_url,
        access=said.access,
        flags=tuple(dict.fromkeys(flags)),
        published_zone=said.published_zone,
        image_caption=said.image_caption,
        image_credit=said.image_credit,
        amp_url=said.amp_url,
        origins=_origins(draft, said, language),
        cleaner=edition(),
        sketch=sketch(draft.title, text, language),
    )
    return article if article.title else replace(article, flags=(*article.flags, "no-title"))


def _origins(draft: Draft, said: Metadata, language: str | None) -> tuple[tuple[str, str], ...]:
    """Where each field came from: what the page or others said, and ``text`` for what its lines told."""
    read = {
        "title": draft.title and not said.title,
        "authors": draft.authors and not said.authors,
        "agency": draft.agency,
        "dateline": draft.dateline,
        "published_at": draft.published_at and not said.published_at,
        "language": language and language != language_code(said.language),
    }
    return tuple(sorted({**dict(said.origins), **{name: "text" for name, is_read in read.items() if is_read}}.items()))


def _block(draft: Draft, at: int) -> Block:
    line: Line = draft.lines[at]
    verdict = draft.verdicts[at]
    if verdict is None:
        return Block(line.start, line.end, line.number, line.text)
    score = round(draft.likelihood[at], 3)
    pages = verdict.pages or ()
    return Removed(line.start, line.end, line.number, line.text, verdict.reason, verdict.rule, score, *pages)
