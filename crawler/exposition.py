"""Exposition: figures in the text format that Prometheus scrapes (version 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from crawler.lookout import Outlook
from storage import Archive
from storage.problems import STATES

_STATES = ("well", "new", "late", "broken", "off")
_Samples = Iterable[tuple[Mapping[str, str], float]]


def exposition(archive: Archive, outlook: Outlook, now: datetime) -> str:
    """Every figure, with its help and its type."""
    held, waiting, runs = archive.statistics(), archive.frontier.waiting(), archive.frontier.runs()
    lines = [
        *_family("copydesk_articles", "gauge", "Articles in the archive.", [({}, held.articles)]),
        *_family("copydesk_pages", "gauge", "Pages kept.", [({}, held.captures)]),
        *_family("copydesk_runs", "gauge", "Crawls, by whether they have ended.",
                 [({"state": state}, number) for state, number in runs.items()]),
        *_family("copydesk_queue_links", "gauge", "Addresses that wait to be fetched.", [({}, waiting)]),
        *_family("copydesk_offline", "gauge", "Whether this machine reaches nobody.",
                 [({}, outlook.offline is not None)]),
        *_family("copydesk_problems_open", "gauge", "Problems that are open, by kind.",
                 [({"kind": kind}, sum(each.kind == kind for each in outlook.open)) for kind in STATES]),
        *_family("copydesk_source_state", "gauge", "1 for the state that a source is in.",
                 [({"source": each.source, "state": state}, each.state == state)
                  for each in outlook.sources for state in _STATES]),
        *_family("copydesk_source_last_article_age_seconds", "gauge", "Since the last article of a source came out.",
                 [({"source": each.source}, max(0.0, (now - each.article_at).total_seconds()))
                  for each in outlook.sources if each.article_at]),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _family(name: str, kind: str, what: str, samples: _Samples) -> list[str]:
    lines = [f"# HELP {name} {what}", f"# TYPE {name} {kind}"]
    for labels, value in samples:
        said = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        lines.append(f"{name}{{{said}}} {float(value):g}" if said else f"{name} {float(value):g}")
    return lines


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
