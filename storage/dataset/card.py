"""The card of a dataset: its README, with the front matter that Hugging Face reads, and what must be known of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from storage.dataset.manifest import Made, Tally, asked_for
from storage.dataset.splits import Plan, Splitting
from storage.records import Query

_SIZES = ((1_000, "1K"), (10_000, "10K"), (100_000, "100K"), (1_000_000, "1M"), (10_000_000, "10M"))
_CODE = re.compile("[a-z]{2,3}")
_MOST = 20  # rows of a table
_ABOUT = """\
{}. Made by copydesk {} from an archive as it stood at change {}.
`manifest.json` has the hashes of the files, all counts, and versions."""
_CLEANING = """\
Boilerplate was removed by rules and a model ({}); what was removed is in the archive and not here. Neither is perfect:
lines of pages may be left, and lines of articles gone. `flags` tells doubts, such as `incomplete` for the teaser of a
paid text."""
_DATES = """\
`published_at` is in UTC and as exact as `published_precision` says; of a day alone the time is midnight. {:,} articles
have no date of publication."""
_GAPS = """\
These are the articles that an archive has met, not all that its sources have published: what was never listed, stood
behind a wall, was refused by robots.txt or rejected as no article is missing. Languages and dates are partly guessed;
`origins` says by what each field is known. Names, quotes and errors stand as published; later corrections may not have
been seen."""
_RIGHTS = """\
The texts belong to their publishers, and no licence comes with them. Whether you may keep, use or share them depends on
the law where you are and on the publishers' terms; `flags` holds what pages said of their use, such as a reservation of
text and data mining. Articles may have to be taken out again: `id` and `url` name them."""


def card(query: Query, splitting: Splitting, plan: Plan, by: Made, tallies: Sequence[Tally]) -> bytes:
    """The card, as Markdown."""
    sources, languages, months = (_sum(tallies, name) for name in ("sources", "languages", "months"))
    rows = sum(each.rows for each in tallies)
    known = sorted(month for month in months if month)
    period = f", published from {known[0]} to {known[-1]}" if known else ""
    sections = (
        (
            "# News articles",
            _ABOUT.format(f"{rows:,} articles of {len(sources):,} sources{period}", by.copydesk, by.change),
        ),
        ("", _table(("split", "articles"), [(f"`{each.file}`", each.rows) for each in tallies])),
        ("## What was asked for", _asked(query)),
        ("## Sources", _table(("source", "articles"), sources.most_common())),
        ("## Languages", _table(("language", "articles"), languages.most_common())),
        ("## Dates", _DATES.format(months[""])),
        ("## Copies and splits", _told(splitting, plan)),
        ("## Cleaning", _CLEANING.format(", ".join(plan.cleaners) or "nothing")),
        ("## Known gaps", _GAPS),
        ("## Rights", _RIGHTS),
    )
    body = "\n\n".join(part for section in sections for part in section if part)
    return f"{_front(rows, languages, tallies)}\n{body}\n".encode()


def _front(rows: int, languages: Counter[str], tallies: Sequence[Tally]) -> str:
    """The front matter; a split without articles is not listed, for it cannot be loaded."""
    below = [said for most, said in _SIZES if rows < most]
    above = [said for least, said in _SIZES if rows >= least]
    size = f"n>{above[-1]}" if not below else f"{above[-1]}<n<{below[0]}" if above else f"n<{below[0]}"
    codes = [f'- "{code}"' for code in sorted(languages) if _CODE.fullmatch(code)]
    splits = [line for each in tallies if each.rows for line in (f"  - split: {each.split}", f"    path: {each.file}")]
    lines = ["---", "license: other", "license_name: rights-of-the-publishers", "tags:", "- news"]
    lines += ["language:", *codes] if codes else []
    lines += ["size_categories:", f"- {size}"]
    lines += ["configs:", "- config_name: default", "  data_files:", *splits] if splits else []
    return "\n".join([*lines, "---", ""])


def _asked(query: Query) -> str:
    return "\n".join(f"- {name}: {_cell(str(value))}" for name, value in asked_for(query).items()) or "Everything."


def _told(splitting: Splitting, plan: Plan) -> str:
    left_out = plan.found - len(plan.splits)
    copies = f"Of each story one article is here; {left_out:,} copies were left out."
    kin = "Articles that are copies of each other or related stay in one split: {:,} such groups, the largest of {:,}."
    said = [
        "All articles of a story are here, copies too." if splitting.copies else copies,
        kin.format(plan.kin, plan.largest),
        f"They were drawn by the seed {_cell(splitting.seed)}, in shares of {splitting.said}.",
        "Texts of fewer than 30 words are told apart by their story and their text alone.",
    ]
    if plan.unlikened:
        said.append(f"So are {plan.unlikened:,} articles that were never likened to others.")
    return "\n".join(said)


def _table(names: tuple[str, str], rows: Sequence[tuple[str, int]]) -> str:
    shown = [(_cell(name) or "(unknown)", number) for name, number in rows[:_MOST]]
    if rest := rows[_MOST:]:
        shown.append((f"{len(rest):,} others", sum(number for _, number in rest)))
    return "\n".join(
        [f"| {names[0]} | {names[1]} |", "|---|---|", *(f"| {name} | {number:,} |" for name, number in shown)]
    )


def _cell(text: str) -> str:
    """A text of strangers, in one line that is no markup."""
    return re.sub(r"([\\|<\[*_])", r"\\\1", " ".join(text.split()))


def _sum(tallies: Sequence[Tally], name: str) -> Counter[str]:
    """Counts of all splits; those that are the same come by name."""
    total: Counter[str] = Counter()
    for each in tallies:
        total.update(getattr(each, name))
    return Counter(dict(sorted(total.items())))
