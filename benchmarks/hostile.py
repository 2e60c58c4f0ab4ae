"""What hostile pages cost, and what size costs: ``python -m benchmarks.hostile``.

Each page is cleaned in the sandbox, in a fresh worker, with the limits of every run: 20 seconds, 1 GiB. It must end
within them, and its text must be complete, or flagged, or the page refused with a reason. Then a news page is grown to
5 MB, beside trafilatura.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.extractors import Asked
from benchmarks.hostile_pages import HostilePage, grown, hostile_pages, page
from benchmarks.timing import cost
from crawler.sandbox import SandboxLimits, clean_all
from pipelines import clean
from storage.records import Article, Failed, Page, Rejected

URL = "https://gazette.example/2026/bridge.html"
SIZES = (50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000, 5_000_000)
FETCHED_AT = "2026-11-01T00:00:00+00:00"
WORD_LENGTH = 28


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a page. seconds: of the processor; megabytes: above an idle worker; nan where it was ended.

    verdict: complete, flagged, refused or failed; or what is wrong, then not ``good``.
    """

    name: str
    kilobytes: float
    seconds: float
    wall: float
    megabytes: float
    verdict: str
    good: bool
    content_hash: str = ""


def measured(page: Page) -> Rejected:
    """Clean a page, and tell as a rejection's detail what came of it and what it took."""
    _warm_up()
    base, start = _peak(), time.process_time()
    result = clean(page)
    said: dict[str, object] = {"seconds": time.process_time() - start, "megabytes": (_peak() - base) / 1024}
    if isinstance(result, Article):
        said["flags"] = result.flags
        said["text"], said["content_hash"] = result.text, result.content_hash
        said["fields"] = [result.title, result.canonical_url, result.image, *result.authors, *result.keywords]
    else:
        said["refused"] = f"{result.reason}: {result.detail}"
    return Rejected("measured", json.dumps(said))


def outcome_of(hostile: HostilePage, limits: SandboxLimits = SandboxLimits()) -> Outcome:
    """Clean the page in the sandbox and judge what comes back."""
    body = hostile.make()
    start = time.monotonic()
    result = next(iter(clean_all([_page(body, hostile.content_type)], measured, workers=1, limits=limits)))
    wall = time.monotonic() - start
    size = len(body) / 1000
    if isinstance(result, Failed):  # the sandbox ended it; a crash is no fault of the pipeline's, but no good either
        nan = float("nan")
        return Outcome(hostile.name, size, nan, wall, nan, f"failed: {result.reason}", good=False)
    _, answer = result
    assert isinstance(answer, Rejected)
    said = json.loads(answer.detail)
    verdict, good = judged(hostile, said)
    return Outcome(
        hostile.name, size, said["seconds"], wall, said["megabytes"], verdict, good, said.get("content_hash", "")
    )


def judged(hostile: HostilePage, said: dict) -> tuple[str, bool]:
    """Whether a result will do: complete, flagged or refused, and nothing in it that must not be."""
    if "refused" in said:
        return f"refused: {said['refused']}", True
    leaked = [each for each in hostile.never if any(each in (field or "") for field in said["fields"])]
    if leaked:
        return f"LEAKED: {leaked[0]!r}", False
    if all(each in said["text"] for each in hostile.keeps):
        return " ".join(["complete", *said["flags"]]), True
    return (f"flagged: {' '.join(said['flags'])}", True) if said["flags"] else ("TEXT LOST", False)


def twins(pages: list[HostilePage], outcomes: list[Outcome]) -> list[str]:
    """Lines about pages whose texts are the same and whose content hashes are not."""
    hashes: defaultdict[str, set[str]] = defaultdict(set)
    for hostile, outcome in zip(pages, outcomes, strict=True):
        if hostile.alike:
            hashes[hostile.alike].add(outcome.content_hash)
    return [f"{word}: {len(each)} content hashes for the same text" for word, each in hashes.items() if len(each) > 1]


def print_hostile(pages: list[HostilePage]) -> list[Outcome]:
    """One line a page."""
    print(f"{'':42}{'kB':>9}{'CPU s':>8}{'MiB':>7}  outcome")
    outcomes = []
    for hostile in pages:
        outcome = outcome_of(hostile)
        outcomes.append(outcome)
        mark = "" if outcome.good else "  <--"
        took = f"{outcome.kilobytes:9.1f}{outcome.seconds:8.2f}{outcome.megabytes:7.0f}"
        print(f"{outcome.name:42}{took}  {outcome.verdict[:90]}{mark}", flush=True)
    slowest = max((each.seconds for each in outcomes if each.seconds == each.seconds), default=0)
    print(
        f"{sum(each.good for each in outcomes)} of {len(outcomes)} within the limits and complete, flagged or refused;"
    )
    print(f"the slowest that ended by itself took {slowest:.1f} s")
    for line in twins(pages, outcomes):
        print(line)
    return outcomes


def print_sizes(most: int, rounds: int) -> list[dict[str, float]]:
    """Processor time against size, beside trafilatura."""
    print(f"\n{'a news page of':>16}{'copydesk s':>12}{'s/MB':>8}{'trafilatura s':>15}{'s/MB':>8}{'ratio':>8}")
    rows = []
    for around, title in ((False, "its article grows"), (True, "what is around it grows")):
        print(f"  {title}")
        for size in (size for size in SIZES if size <= most):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "page.html"
                path.write_bytes(grown(size, around=around))
                megabytes = path.stat().st_size / 1e6
                got = cost("copydesk", [Asked(str(path), URL)], rounds)
            if got is None:
                print(f"{megabytes:13.2f} MB  one of the two did not end")
                continue
            ours, theirs = got.milliseconds / 1000, got.base / 1000
            pace = f"{ours:12.3f}{ours / megabytes:8.2f}{theirs:15.3f}{theirs / megabytes:8.2f}{got.ratio:8.2f}"
            print(f"{megabytes:13.2f} MB{pace}", flush=True)
            rows.append({"around": around, "megabytes": megabytes, "copydesk": ours, "trafilatura": theirs})
    return rows


def _page(body: bytes, content_type: str) -> Page:
    from datetime import datetime

    return Page(URL, body, content_type, datetime.fromisoformat(FETCHED_AT))


def _peak() -> int:
    """Most memory so far, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _warm_up() -> None:
    """Have everything loaded that a page needs, so that none pays for it."""
    clean(_page(page("<p>One sentence is enough here, and another one follows.</p>" * 3).encode(), "text/html"))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hostile", description=__doc__)
    parser.add_argument("--only", metavar="TEXT", default="", help="hostile pages with this in their name")
    parser.add_argument("--largest", type=int, default=SIZES[-1], metavar="BYTES", help="0 for no figures by size")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures, to be read by programs")
    options = parser.parse_args()
    outcomes = print_hostile([each for each in hostile_pages() if options.only in each.name])
    rows = print_sizes(options.largest, options.rounds) if options.largest else []
    if options.json:
        report = {"hostile": [asdict(each) for each in outcomes], "sizes": rows}
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
