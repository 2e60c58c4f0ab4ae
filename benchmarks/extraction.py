"""How well articles are found in HTML, beside the peers: ``python -m benchmarks.extraction``.

Each page of the evaluation data goes through copydesk and through every peer in the same run, comments left out. The
models that judge a page have learned from other sites than the page's (``training/folds``); for the pages of other
folders (``--data``) the shipped ones judge. ``make peers`` installs the peers into a place of their own; what is
missing is said and left out.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import tables
from benchmarks.cleaner import missing_folds
from benchmarks.extractors import PEERS, TELL_METADATA, Asked, Found
from benchmarks.figures import (
    MetadataFigures,
    Quality,
    all_figures,
    differences,
    metadata_figures,
    quality,
    snippet_quality,
)
from benchmarks.gold import SNIPPETS, Gold, gold_pages, siblings_of
from benchmarks.timing import PAGES, Cost, cost
from benchmarks.workers import read_all
from training.pages import SETS

OURS, FROM_TEXT = "copydesk", "copydesk, from text"
SETS_FROM_TEXT = ("aeb", "fundus")
SET_BY_LANGUAGE, LEAST_PAGES = "fundus", 3
SLOW = ("news-please", "newspaper4k")  # begun first, so that the cores end together


@dataclass(slots=True)
class Report:
    """All figures of a run, by set and system. failures: pages that an extractor hung, died or gave up on, by kind.

    claims: of a set, ours minus the best peer: measure, peer, mean, deviation.
    """

    quality: dict[str, dict[str, Quality]] = field(default_factory=dict)
    failures: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    claims: dict[str, list[tuple[str, str, float, float]]] = field(default_factory=dict)
    languages: dict[str, dict[str, Quality]] = field(default_factory=dict)
    metadata: dict[str, dict[str, MetadataFigures]] = field(default_factory=dict)
    costs: dict[str, Cost] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Progress:
    """What is done, on a terminal."""

    def __init__(self, total: int, what: str) -> None:
        self._total, self._what, self._count = total, what, 0
        self._lock = threading.Lock()

    def __call__(self, count: int) -> None:
        """So many more are done."""
        with self._lock:
            self._count += count
            if sys.stderr.isatty():
                end = "\n" if self._count >= self._total else ""
                print(f"\r{self._what}: {self._count} of {self._total}", end=end, file=sys.stderr, flush=True)


def read(pages: dict[str, list[Gold]], systems: Sequence[str], siblings: int) -> dict[str, dict[str, list[Found]]]:
    """What each system that is installed found, by set."""
    flat = [page for mine in pages.values() for page in mine]
    others = [each for mine in pages.values() for each in siblings_of(mine, siblings)]
    asked = [page.asked(siblings) for page, siblings in zip(flat, others, strict=True)]
    wanted = dict.fromkeys(sorted(systems, key=lambda each: each not in SLOW), asked)
    wanted[FROM_TEXT] = [one for page, one in zip(flat, asked, strict=True) if page.set in SETS_FROM_TEXT]
    found = read_all(list(wanted.items()), Progress(sum(map(len, wanted.values())), "pages read"))
    by_set: dict[str, dict[str, list[Found]]] = {name: {} for name in pages}
    for system in (*systems, FROM_TEXT):
        results = iter(found[system] or ())
        for name, mine in pages.items():
            if found[system] is not None and (system != FROM_TEXT or mine[0].set in SETS_FROM_TEXT):
                by_set[name][system] = [next(results) for _ in mine]
    return by_set


def report_on(pages: dict[str, list[Gold]], found: dict[str, dict[str, list[Found]]], report: Report) -> None:
    """Put the figures of all sets into the report."""
    for name, mine in pages.items():
        figures = all_figures(mine, found[name])
        is_snippets = mine[0].text is None
        measure = snippet_quality if is_snippets else quality
        report.quality[name] = {system: measure(each) for system, each in figures.items()}
        report.failures[name] = {
            system: dict(Counter(one.failure for one in results if one.failure))
            for system, results in found[name].items()
        }
        rivals = [system for system in report.quality[name] if system in PEERS]
        report.claims[name] = []
        for kind in ("snippets",) if is_snippets else ("f1", "clean"):
            if not rivals or OURS not in figures:
                continue
            value = "clean" if kind == "clean" else "f1"
            best = max(rivals, key=lambda system: getattr(report.quality[name][system], value))
            report.claims[name].append((kind, best, *differences(figures[OURS], figures[best])[kind]))
        if mine[0].set == SET_BY_LANGUAGE:
            counts = Counter(page.lang for page in mine if page.lang != "??")
            for lang in sorted(lang for lang, count in counts.items() if count >= LEAST_PAGES):
                report.languages[lang] = {
                    system: quality(
                        [each for page, each in zip(mine, figures[system], strict=True) if page.lang == lang]
                    )
                    for system in (OURS, "trafilatura")
                    if system in figures
                }
        if any(page.title for page in mine):
            report.metadata[name] = {
                system: metadata_figures(mine, results)
                for system, results in found[name].items()
                if system in TELL_METADATA
            }


def costs(pages: Sequence[Gold], systems: Sequence[str], rounds: int) -> dict[str, Cost]:
    """What each system costs, two at a time."""
    asked = [Asked(str(page.html), page.url) for page in pages]
    progress = Progress(len(asked) * len(systems) * rounds, "pages timed")
    with ThreadPoolExecutor(2) as pool:
        measured = pool.map(lambda system: cost(system, asked, rounds, progress), systems)
        return {system: each for system, each in zip(systems, measured, strict=True) if each}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.extraction", description=__doc__)
    parser.add_argument("--data", action="append", default=[], metavar="FOLDER", help="other sites in the same form")
    parser.add_argument("--sets", nargs="*", default=None, help=f"of {', '.join((*SETS, SNIPPETS))}; none with --data")
    parser.add_argument(
        "--peers", nargs="*", default=list(PEERS), choices=[*PEERS], metavar="NAME", help="; ".join(PEERS)
    )
    parser.add_argument("--pages", type=int, metavar="N", help="a sample of so many pages a set")
    parser.add_argument("--siblings", type=int, default=0, metavar="K", help="pages of the site that are read before")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="rounds of timing; 0 for none")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures, to be read by programs")
    options = parser.parse_args()
    names = options.sets if options.sets is not None else ([] if options.data else [*SETS, SNIPPETS])
    try:
        pages = {name: gold_pages(name, options.pages) for name in (*names, *options.data)}
    except FileNotFoundError as error:
        sys.exit(f"extraction: skipped: {error}")
    systems = [OURS, *options.peers]
    report = Report()
    if missing := missing_folds():
        report.notes.append(f"training/folds lacks {', '.join(missing)}: copydesk has seen these sites; F1 flatters it")
    found = read(pages, systems, options.siblings)
    present = {system for by_system in found.values() for system in by_system}
    report.missing = [system for system in systems if system not in present]
    report_on(pages, found, report)
    if options.rounds:
        flat = [page for mine in pages.values() for page in mine if page.text]
        step = max(1, len(flat) // PAGES)
        report.costs = costs(flat[::step][:PAGES], [each for each in systems if each in present], options.rounds)
    tables.print_report(report)
    if options.json:
        options.json.write_text(json.dumps(asdict(report), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
