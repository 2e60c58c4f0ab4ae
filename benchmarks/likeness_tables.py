"""The table of ``benchmarks.duplicates``, as it is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.edits import HEAVY
from benchmarks.siblings import BEYOND, KINDS

if TYPE_CHECKING:
    from benchmarks.duplicates import Report
    from benchmarks.listed import Listed
    from benchmarks.verdicts import Verdicts

_SHOWN = 40  # disagreements


def print_report(report: Report) -> None:
    """The figures beside their aims, then what they are made of."""
    got = report.held_out
    print(f"{report.data}: {got.queries} queries held out, {report.development.queries} for development\n")
    print(f"{'':46}{'development':>12}{'held out':>10}{'aim':>10}")
    for name, aim, value in _rows(report):
        print(f"{name:46}{_share(value(report.development)):>12}{_share(value(got)):>10}{aim:>10}")
    for kind in sorted(BEYOND & got.siblings.keys()):
        shares = (_share(each.siblings.get(kind)) for each in (report.development, got))
        print(f"{f'  siblings in {kind} (not counted)':46}{next(shares):>12}{next(shares):>10}{'':>10}")
    _print_edits(report)
    _print_peers(report)
    _print_costs(report)
    _print_growth(report)
    if report.listed:
        _print_listed(report.listed)


def _rows(report: Report):
    yield "precision, siblings counted", ">= .995", lambda got: got.precision
    yield "recall, core edits", ">= .99", lambda got: got.core
    yield "recall, all edits", ">= .965", lambda got: got.all
    yield "heavy update: copy", ">= .80", lambda got: got.heavy[0]
    yield "heavy update: copy or related", ">= .97", lambda got: got.heavy[1]
    for name in report.held_out.others:
        yield f"wrongly merged: {name}", "<= .02", lambda got, name=name: got.others.get(name)
    for kind in KINDS:
        yield f"wrongly merged siblings: {kind}", "<= .005", lambda got, kind=kind: got.siblings.get(kind)
    for kind in sorted(report.development.siblings.keys() - {*KINDS, *BEYOND}):
        yield f"wrongly merged siblings: {kind}", "", lambda got, kind=kind: got.siblings.get(kind)
    yield "wrongly merged: unrelated", "", lambda got: got.unrelated


def _print_edits(report: Report) -> None:
    got = report.held_out
    print("\nrecall by edit, where it is not 1; held out")
    for name, share in got.edits.items():
        if share < 1 or name == HEAVY:
            print(f"  {name:44}{_share(share):>12}")
    print("\nrecall of core edits by language; held out")
    by_size = sorted(got.languages.items(), key=lambda each: -each[1][1])
    print("  " + ", ".join(f"{language} {_share(share)} ({count})" for language, (share, count) in by_size))


def _print_peers(report: Report) -> None:
    for package in report.missing:
        print(f"\n{package}: not installed; `make peers` installs it")
    if not report.peers:
        return
    print(
        f"\n{'peers, tuned on development; held out':40}"
        f"{'P':>8}{'core':>8}{'all':>8}{'heavy':>8}{'half':>8}{'siblings':>10}"
    )
    rows = [(f"{each.name}, {each.variant}, >= {each.threshold:.2f}", each.held_out) for each in report.peers]
    for name, got in [("copydesk", report.held_out), *rows]:
        print(f"{name:40}" + "".join(f"{_share(each):>8}" for each in _line(got)) + f"{_share(_worst(got)):>10}")
    best = max(each.held_out.core for each in report.peers)
    print(f"{'recall of core edits above the best peer':40}{report.held_out.core - best:+16.3f}{'aim >= +.15':>18}")
    print("half: the worst of the three with half of another as background; siblings: the worst kind.")


def _line(got: Verdicts) -> tuple[float, ...]:
    half = max((share for name, share in got.others.items() if name.startswith("half")), default=0.0)
    return got.precision, got.core, got.all, got.heavy[0], half


def _worst(got: Verdicts) -> float:
    return max((share for kind, share in got.siblings.items() if kind not in BEYOND), default=0.0)


def _print_costs(report: Report) -> None:
    if not (got := report.costs):
        return
    whole = got.sketch + got.exact_key
    print(f"\nsignature, processor milliseconds a text, {got.texts} texts of {got.characters} characters, medians")
    print(f"  {'sketch':44}{got.sketch:12.3f}{got.datasketch / got.sketch:9.1f} x as cheap, aim >= 4 x")
    print(f"  {'sketch and exact key':44}{whole:12.3f}{got.datasketch / whole:9.1f} x")
    print(f"  {'datasketch, 128 permutations of 5-grams':44}{got.datasketch:12.3f}")


def _print_growth(report: Report) -> None:
    check, million = report.growth
    print("\ncandidates verified an article, simulated")
    print(f"  {f'{check.articles:,}, foretold by a quarter':44}{check.mean:12.2f}   measured {check.measured:.2f}")
    print(
        f"  {f'{million.articles:,}':44}{million.mean:12.2f}   aim <= 20; "
        f"99th percentile {million.percentile_99:.0f}, aim <= 64"
    )


def _print_listed(got: Listed) -> None:
    print(f"\nlisted groups: {got.groups}")
    print(f"  {'found: the first two are copies':44}{_share(got.found):>12}   aim >= .97")
    print(f"  {'of those that share a third of their text':44}{_share(got.sharing):>12}")
    print(f"  {'whole groups around one member':44}{_share(got.whole):>12}")
    print(f"  {'the first two have an anchor in common':44}{_share(got.with_candidates):>12}")
    print(f"  disagreements, {len(got.disagreements)}; the nearest {min(_SHOWN, len(got.disagreements))}:")
    nearest = sorted(got.disagreements, key=lambda each: -each.containment)[:_SHOWN]
    for each in nearest:
        why = f"{each.kind}{f', {each.guard}' if each.guard else ''}"
        print(
            f"    {'/'.join(each.ids):14}{each.jaccard:6.2f}{each.containment:6.2f}  {why:20}"
            f"{each.titles[0].strip()[:60]}"
        )


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}".lstrip("0") if 0 < value < 1 else f"{value:.0f}"
