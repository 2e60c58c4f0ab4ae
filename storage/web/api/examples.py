"""Examples of answers, for the description: what a small archive of three articles says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ID, _COPY, _OTHER = "8f1c021e0b02f0bb", "66ce414f6b362074", "3f5f95a041fa3346"
_LEAD = "The river authority said on Tuesday that the northern flood gate will not be repaired before spring."
_TEXT = f"{_LEAD} Its director, Ana Duarte, told reporters that 13 of the 40 bolts had rusted through."
_TITLE = "Flood gate stays shut"
_SEEN = "2026-11-20T13:00:00Z"

ARTICLE: Mapping[str, Any] = {
    "id": _COPY,
    "url": "https://gazette.example/gate",
    "canonical_url": None,
    "source": "gazette",
    "title": _TITLE,
    "text": _TEXT,
    "authors": ["Ana Duarte"],
    "agency": None,
    "dateline": None,
    "published_at": _SEEN,
    "published_precision": "minute",
    "modified_at": None,
    "language": "en",
    "section": None,
    "keywords": [],
    "image": None,
    "access": None,
    "flags": [],
    "content_hash": "1f0c8cb27b6b4a3f9f6f2a4b8c1d7e55",
    "norm_version": 1,
    "fetched_at": "2026-11-20T15:00:00Z",
    "story_id": _ID,
    "copy_of": _ID,
    "published_zone": None,
    "image_caption": None,
    "image_credit": None,
    "amp_url": None,
    "origins": {"title": "heading", "published_at": "json-ld"},
}
ARTICLES = {"articles": [ARTICLE], "next": f"{_SEEN}~{_COPY}", "notes": []}
REMOVED = {
    "article_id": _COPY,
    "removed": [
        {"line": 3, "reason": "byline", "rule": "byline.by-name", "score": None, "text": "By Ana Duarte", "start": 12,
         "end": 25, "pages": None, "of_pages": None},
        {"line": 14, "reason": "repeated", "rule": "site.repeated", "score": 0.212, "text": "Follow us", "start": 340,
         "end": 349, "pages": 22, "of_pages": 24},
    ],
}  # fmt: skip
_FIRST = {
    "number": 1, "came_by": None, "cleaner": None, "profile": None, "fetched_at": _SEEN, "words": 123,
    "change": None, "changed_since": None, "words_added": None, "words_removed": None, "numbers_changed": None,
    "names_changed": None, "stands": False,
}  # fmt: skip
_SECOND = _FIRST | {
    "number": 2, "fetched_at": "2026-11-20T15:00:00Z", "words": 117, "change": "major", "changed_since": 1,
    "words_added": 2, "words_removed": 8, "numbers_changed": True, "names_changed": False, "stands": True,
}  # fmt: skip
VERSIONS = {"article_id": _COPY, "versions": [_FIRST, _SECOND]}
VERSION = {"number": 2, "stands": True, "article": ARTICLE}
DIFFERENCE = {
    "article_id": _COPY,
    "since": 1,
    "number": 2,
    "title": [{"kind": "same", "text": _TITLE}],
    "text": [
        {"kind": "same", "text": f"{_LEAD} Its director, Ana Duarte, told reporters that "},
        {"kind": "removed", "text": "12"},
        {"kind": "added", "text": "13"},
        {"kind": "same", "text": " of the 40 bolts had rusted through."},
    ],
}
SEARCH = {
    "hits": [
        {
            "id": _COPY, "url": "https://gazette.example/gate", "source": "gazette", "title": _TITLE,
            "authors": ["Ana Duarte"], "agency": None, "language": "en", "published_at": _SEEN,
            "fetched_at": "2026-11-20T15:00:00Z", "story_id": _ID, "copy_of": _ID, "flags": [],
            "snippet": {
                "pieces": [
                    {"text": "said on Tuesday that the northern ", "is_mark": False},
                    {"text": "flood", "is_mark": True},
                    {"text": " ", "is_mark": False},
                    {"text": "gate", "is_mark": True},
                    {"text": " will not be repaired before spring.", "is_mark": False},
                ],
                "before": True, "after": True,
            },
        },
    ],
    "count": 2,
    "facets": {"source": [{"key": "gazette", "number": 1}, {"key": "wire", "number": 1}]},
    "next": f"{_SEEN}~{_COPY}~1.2069e-06",
    "notes": [],
}  # fmt: skip
COUNTS = {
    "by": "week",
    "total": 2,
    "counts": [{"key": "2026-11-16", "number": 2, "of": 3, "share": 0.666667}],
    "notes": [],
    "versus": [],
}
_STORY = {
    "title": "River authority delays flood gate repair", "language": "en", "agency": None, "outlets": 3, "places": 3,
    "first_seen_at": "2026-11-20T12:00:00Z",
}  # fmt: skip
STORIES = {
    "stories": [_STORY | {"story_id": _ID, "source": "wire", "articles": 2, "last_seen_at": "2026-11-20T14:00:00Z"}]
}
_LIKENESS = {
    "article_id": _COPY, "other_id": _ID, "kind": "near", "jaccard": 0.71, "containment": 0.86, "guard": None,
    "differing": ["13"], "rule": 1, "number": 2, "other_number": 1,
}  # fmt: skip
STORY = _STORY | {
    "id": _ID,
    "centre": _ID,
    "members": [
        {
            "article_id": _COPY, "title": _TITLE, "source": "gazette", "url": "https://gazette.example/gate",
            "agency": None, "published_at": _SEEN, "first_seen_at": _SEEN, "places": 1, "copy_of": _ID, "share": 0.87,
            "likeness": _LIKENESS,
        },
    ],
}  # fmt: skip
RUN = {
    "id": 4812, "kind": "crawl", "source": "gazette", "slot": "2026-11-20T13:00:00Z", "started_at": _SEEN,
    "finished_at": "2026-11-20T13:01:00Z", "named": 41, "known": 29, "left_out": 0, "pending": 0, "read": 12,
    "outcomes": {"stored": 8, "version": 1, "duplicate": 1, "rejected": 1, "failed": 1}, "listings": {"listed": 1},
}  # fmt: skip
RUNS = {"runs": [RUN], "next": None}
_FATE = {
    "run_id": 4812, "at": _SEEN, "origin": None, "url": "https://gazette.example/gate-2", "outcome": "failed",
    "why": "HTTP 503, three times", "article_id": None,
}  # fmt: skip
LINKS = {"run_id": 4812, "fate": "failed", "links": [_FATE], "next": None}
WHY = {
    "url": "https://gazette.example/gate",
    "fates": [_FATE | {"url": "https://gazette.example/gate", "outcome": "stored", "why": "new text, a near copy of"
                       f" {_ID}", "article_id": _COPY}],
    "article_id": _COPY,
    "links": [
        {"role": "copy of", "other_id": _ID, "title": "River authority delays flood gate repair", "source": "wire",
         "url": "https://wire.example/gate", "likeness": _LIKENESS, "shared": [_LEAD], "sentences": 8, "event": None},
    ],
    "nearest": [],
}  # fmt: skip
SOURCES = {
    "sources": [
        {"name": "gazette", "title": "Example Gazette", "language": "en", "country": "GB",
         "homepage": "https://gazette.example/", "enabled": True, "state": "late",
         "problem": {"kind": "late", "since": _SEEN, "opened_at": "2026-11-20T21:00:00Z", "last_article_id": _COPY,
                     "detail": "silent for 5 times its usual gap: 12 articles were due",
                     "hint": "copydesk sources check gazette"},
         "verified_at": _SEEN, "next_at": "2026-11-20T13:30:00Z", "last_run": RUN},
    ],
    "offline": None,
}  # fmt: skip
CHANGES = {
    "changes": [{"seq": 48211, "kind": "version", "article_id": _COPY, "version": 2, "at": "2026-11-20T15:00:02Z"}],
    "next": 48211,
    "more": False,
}
DAYS = {
    "source": "gazette",
    "days": [
        {"day": "2026-11-19", "articles": 0, "is_covered": False, "is_gap": True},
        {"day": "2026-11-20", "articles": 41, "is_covered": True, "is_gap": False},
    ],
}
CRAWLS: Mapping[str, Any] = {
    "source": {"summary": "What a source has that is new", "value": {"source": "gazette", "limit": 100}},
    "addresses": {"summary": "Addresses, known or not", "value": {"urls": ["https://gazette.example/gate"]}},
}
FILED = {"run_id": 4813, "is_new": True, "why": ""}

TERMS = {
    "terms": [
        {"term": "flood gate", "articles": 2, "elsewhere": 0, "score": 14.2, "read": 2, "read_elsewhere": 1},
    ],
    "notes": [],
}  # fmt: skip
WATCHES = {
    "watches": [
        {"name": "flood-gate", "query": {"q": '"flood gate"', "source": None, "language": "en", "since": None,
                                         "until": None},
         "way": "webhook", "made_at": "2026-11-20T12:00:00Z", "seen": 48211, "matched_at": _SEEN, "told_at": _SEEN,
         "waiting": 0, "told": 2, "given_up": 0},
    ]
}  # fmt: skip

OF: Mapping[str, Mapping[str, Any]] = {
    "search": SEARCH, "count": COUNTS, "list_articles": ARTICLES, "get_article": ARTICLE, "list_removed": REMOVED,
    "list_versions": VERSIONS, "get_version": VERSION, "compare_versions": DIFFERENCE, "list_changes": CHANGES,
    "list_stories": STORIES, "get_story": STORY, "list_sources": SOURCES, "list_days": DAYS, "list_runs": RUNS,
    "get_run": RUN, "list_links": LINKS, "explain": WHY, "file_run": FILED,
    "list_terms": TERMS, "list_watches": WATCHES,
}  # fmt: skip
"""The answer of each operation that answers in JSON."""
