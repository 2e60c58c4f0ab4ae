"""How well copies are told from what is only alike: ``python -m benchmarks.duplicates``, after ``make peers``.

Articles in a dozen languages are edited, in grades, and asked about in an archive that also holds siblings: lottery
results, gold prices, reports of matches. Half of the articles and of the makes of siblings is for development: there
the thresholds were set, and the peers' are, at a precision of .995. The figures are of the other half.

``--data FILE`` takes the articles of another file in the form of ``benchmarks.texts``; ``--no-peers`` leaves the peers
out; ``--json FILE`` writes all figures, and the listed groups that were not found.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.likeness import Shelf, answers, sketched
from benchmarks.likeness_tables import print_report
from benchmarks.listed import Listed, listed
from benchmarks.peers import Costs, Peer, costs, peers
from benchmarks.ten_million import Candidates, growth
from benchmarks.texts import Text, default_file, page_texts, read
from benchmarks.trial import trials
from benchmarks.verdicts import Verdicts, verdicts


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of a run. development, held_out: copydesk's. peers: each at its best variant. missing: packages."""

    data: str
    development: Verdicts
    held_out: Verdicts
    peers: tuple[Peer, ...]
    missing: tuple[str, ...]
    costs: Costs | None
    listed: Listed | None
    growth: tuple[Candidates, Candidates]


def report(file: Path, others: tuple[Text, ...], *, with_peers: bool, most: int | None = None) -> Report:
    """The figures of a file of articles and of others beside it. most: as of ``trials``."""
    collection = read(file)
    both = trials(collection, others, most=most)
    development, held_out = both["development"], both["held out"]
    found, missing = peers(development, held_out) if with_peers else ((), ())
    return Report(
        str(file),
        verdicts(development, answers(development)),
        verdicts(held_out, answers(held_out)),
        found,
        missing,
        costs(collection.texts) if with_peers else None,
        listed(Shelf(collection.texts), collection) if collection.groups else None,
        growth([sketched(text) for text in collection.texts]),
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, metavar="FILE", help="articles, one JSON object a line")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--no-peers", action="store_true", help="leave the peers and the cost beside datasketch out")
    asked = parser.parse_args()
    try:
        file = asked.data or default_file()
        got = report(file, () if asked.data else page_texts(), with_peers=not asked.no_peers)
    except FileNotFoundError as error:
        sys.exit(f"duplicates: skipped: {error}")
    if asked.json:
        asked.json.write_text(json.dumps(asdict(got), ensure_ascii=False, indent=1), encoding="utf-8")
    print_report(got)


if __name__ == "__main__":
    main()
