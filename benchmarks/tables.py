"""The table of ``benchmarks.extraction``, as it is printed."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.extraction import Report
    from benchmarks.figures import Quality

AIMS = {"aeb": (0.972, 0.50), "fundus": (0.976, 0.52), "trafilatura": (0.94, None)}
AIMS_FROM_TEXT = {"aeb": 0.93, "fundus": 0.945}
AIMS_OF_METADATA = (0.85, None, 0.85, 0.98)
AIM_OF_COST = 0.25
FROM_TEXT = "copydesk, from text"


def print_report(report: Report) -> None:
    """Quality, claims, languages, metadata and cost, in this order."""
    for note in report.notes:
        print(f"note: {note}")
    for system in report.missing:
        print(f"{system}: not installed")
    for name, systems in report.quality.items():
        _print_set(Path(name).name, systems, report.failures[name])
    _print_claims(report)
    _print_languages(report)
    _print_metadata(report)
    _print_costs(report)


def _print_set(name: str, systems: dict[str, Quality], failures: dict[str, dict[str, int]]) -> None:
    pages = next(iter(systems.values())).pages
    print(f"\n{f'{name}, {pages} pages':28}{'P':>7}{'R':>7}{'F1':>7}{'left':>7}{'lost':>7}{'clean':>7}  failed")
    for system, got in systems.items():
        shares = "".join(_number(value, 3) for value in (got.precision, got.recall, got.f1))
        lines = "".join(_number(value, 2) for value in (got.left, got.lost)) + _number(got.clean, 3)
        failed = ", ".join(f"{count} {kind}" for kind, count in failures[system].items())
        print(f"{system:28}{shares}{lines}  {failed}".rstrip())
    if name in AIMS:
        f1, clean = AIMS[name]
        print(f"{'aim':28}{'':14}{_number(f1, 3)}{'':14}{_number(clean, 3)}".rstrip())
    if name in AIMS_FROM_TEXT:
        print(f"{'aim, from text':28}{'':14}{_number(AIMS_FROM_TEXT[name], 3)}")


def _print_claims(report: Report) -> None:
    print("\ncopydesk minus the best peer: mean and deviation of 1000 draws of the pages")
    for name, claims in report.claims.items():
        for kind, peer, mean, deviation in claims:
            verdict = "" if abs(mean) > deviation else "  (within one deviation: no difference)"
            measure = {"f1": "F1", "clean": "clean pages", "snippets": "F1"}[kind]
            print(f"  {Path(name).name:14}{measure:13}{peer:24}{mean:+.4f} +- {deviation:.4f}{verdict}")


def _print_languages(report: Report) -> None:
    if not report.languages:
        return
    print(f"\n{'F1 by language, fundus':28}{'pages':>7}{'copydesk':>12}{'trafilatura':>13}")
    for lang, systems in report.languages.items():
        ours, theirs = (systems[each].f1 if each in systems else None for each in ("copydesk", "trafilatura"))
        below = "  below" if ours is not None and theirs is not None and ours < theirs else ""
        print(f"  {lang:26}{next(iter(systems.values())).pages:7}{_number(ours, 3):>12}{_number(theirs, 3):>13}{below}")


def _print_metadata(report: Report) -> None:
    for name, systems in report.metadata.items():
        columns = f"{'title':>8}{'similar':>9}{'authors':>9}{'day':>8}{'no day':>8}"
        print(f"\n{f'metadata, {Path(name).name}':28}{columns}")
        for system, got in systems.items():
            figures = f"{got.title:8.3f}{got.similar:9.3f}{got.authors:9.3f}{got.day:8.3f}{got.no_day:8.3f}"
            print(f"{system:28}{figures}")
        if name == "fundus":
            title, _, authors, day = AIMS_OF_METADATA
            print(f"{'aim':28}{title:8.3f}{'':9}{authors:9.3f}{day:8.3f}")


def _print_costs(report: Report) -> None:
    if not report.costs:
        return
    print(f"\n{'processor time, cold caches':28}{'ms/page':>9}{'beside':>9}{'ratio':>8}{'rounds from .. to':>20}")
    for system, got in report.costs.items():
        spread = f"{got.lowest:.2f} .. {got.highest:.2f}"
        failed = f"  {got.failed} pages failed" if got.failed else ""
        print(f"{system:28}{got.milliseconds:9.1f}{got.base:9.1f}{got.ratio:8.2f}{spread:>20}{failed}")
    print(f"{'aim':28}{'':18}{AIM_OF_COST:8.2f}")
    print("beside: trafilatura with metadata on the same pages in the same process; ratio: the median of the rounds.")
    print("resiliparse and trafipy give text alone, readability-lxml and magic-html text and title.")


def _number(value: float | None, digits: int) -> str:
    return f"{'':7}" if value is None else f"{'–':>7}" if math.isnan(value) else f"{value:7.{digits}f}"
