"""Top terms: what the articles of a result have more often than the rest of the archive.

How surprising a term is, is told by the log-likelihood ratio G² of the two-by-two table of articles that have it and
that have it not, in the result and in the rest (T. Dunning, "Accurate Methods for the Statistics of Surprise and
Coincidence", Computational Linguistics 19(1), 1993). It holds for small results too, where chi-squared and ratios of
probabilities favour whatever stands in one article alone. It grows with the evidence, however small the difference: so
a term must stand in the result at least twice as often as in the rest.

Both sides are read from samples: those with the lowest ids, which are hashes, so that they are fair and the same on
both databases. Of a story one article is read, or a wire report would count once for each paper that printed it. The
rest is read in the languages of the result and weighed as they are mixed there: else a French result would say "les".
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import log
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select

from storage.query_language import Words
from storage.records import Query
from storage.schema import article, current, version
from storage.search import number_of_hits, question_of, tally
from storage.word_question import matching
from storage.words import open_ended, pieces, tokens

READ = 1_000
"""Articles that are read at most of the result, and as many of the rest."""

CHARACTERS = 20_000
"""Of each article that is read."""

LEAST_SCORE = 10.83
"""What chance exceeds once in 1,000 terms: the quantile of chi-squared with one degree of freedom."""

LEAST_RATIO = 2.0
"""So many times as often as in the rest."""

_LEAST_ARTICLES = 2  # of the result that have the term: one article is no pattern
_LOOKED_AT = 10 * READ  # articles among which those of the rest are found, in the languages of the result
_TOGETHER = 0.9  # of the articles that have either of two tokens, in which they must stand in a row to be one term
_SPELLED = 20  # times that a token is seen before its spelling is settled
_CONSIDERED = 4  # tokens for each term that is asked for: some are joined


@dataclass(frozen=True, slots=True)
class Term:
    """A term that a result has more often than the rest of the archive, as it is mostly written there.

    articles, elsewhere: how many articles of the result, and of the rest, have it; all of them are counted.
    score: G², from ``read`` articles of the result and ``read_elsewhere`` ones of the rest.
    """

    term: str
    articles: int
    elsewhere: int
    score: float
    read: int
    read_elsewhere: int


@dataclass(frozen=True, slots=True)
class _Text:
    language: str | None
    text: str  # with the title before it
    tokens: tuple[str, ...]


def terms(connection: Connection, query: Query, limit: int) -> tuple[Term, ...]:
    """The terms of all that answers ``query``, its limit apart, the most surprising first; at most ``limit``.

    Tokens that nearly always stand in a row are one term: Đà Nẵng, 選挙区. The words that were asked for are left out,
    and so are single letters and numbers.
    """
    query = replace(query, by="article", sort="newest", limit=None, after=None)
    result = _read(connection, _of_result(connection, query))
    rest = _read(connection, _of_rest(connection, query, {text.language for text in result})) if result else []
    if not rest:
        return ()
    asked = question_of(query).sought
    scores = {token: score for token, score in _scores(result, rest).items() if not _is_idle(token, asked)}
    ranked = sorted(scores, key=lambda token: (-scores[token], token))[: limit * _CONSIDERED]
    chains = _chains(ranked, [text.tokens for text in result])[:limit]
    written = _written({token for chain in chains for token in chain}, result)
    found = []
    for chain in chains:
        here, everywhere = _counted(connection, query, chain)
        score = round(max(scores[token] for token in chain), 1)
        found.append(Term(_joined(chain, written), here, everywhere - here, score, len(result), len(rest)))
    return tuple(found)


def _of_result(connection: Connection, query: Query) -> list[int]:
    asked = tally(query, connection.dialect.name, article.c.seq, article.c.story_id)
    return _one_of_each_story(connection, asked.order_by(article.c.id).limit(2 * READ))


def _of_rest(connection: Connection, query: Query, languages: set[str | None]) -> list[int]:
    end = connection.scalar(
        select(func.max(article.c.id)).where(
            article.c.id.in_(select(article.c.id).order_by(article.c.id).limit(_LOOKED_AT))
        )
    )
    if end is None:
        return []
    hits = set(connection.scalars(tally(query, connection.dialect.name, article.c.seq).where(article.c.id <= end)))
    named = article.c.language.in_([language for language in languages if language is not None])
    spoken = or_(named, article.c.language.is_(None)) if None in languages else named
    near = select(article.c.seq, article.c.story_id).where(article.c.id <= end, spoken)
    return _one_of_each_story(connection, near.order_by(article.c.id), leave_out=hits)


def _one_of_each_story(connection: Connection, asked: Select[Any], leave_out: Iterable[int] = ()) -> list[int]:
    left_out = frozenset(leave_out)
    by_story: dict[str, int] = {}
    for seq, story in connection.execute(asked):
        if seq not in left_out:
            by_story.setdefault(story, seq)
    return list(by_story.values())[:READ]


def _read(connection: Connection, seqs: Sequence[int]) -> list[_Text]:
    found = []
    columns = (article.c.language, version.c.title, func.substr(version.c.text, 1, CHARACTERS))
    rows = connection.execute(
        select(*columns).select_from(article).join(version, current).where(article.c.seq.in_(seqs))
    )
    for language, title, text in rows.yield_per(200):
        whole = f"{title}\n\n{text}"
        found.append(_Text(language, whole, (*tokens(title), "", *tokens(text))))
    return found


def _scores(result: Sequence[_Text], rest: Sequence[_Text]) -> dict[str, float]:
    """G² of each token that is more frequent in the result than by chance, and by enough."""
    here = Counter(token for text in result for token in set(text.tokens))
    mixed = Counter(text.language for text in result)
    by_language: dict[str | None, list[_Text]] = defaultdict(list)
    for text in rest:
        by_language[text.language].append(text)
    known = sum(mixed[language] for language in by_language)
    there: dict[str, float] = defaultdict(float)  # of the rest, if it had the languages of the result
    for language, texts in by_language.items():
        weight = mixed[language] / known * len(rest) / len(texts)
        for token, number in Counter(token for text in texts for token in set(text.tokens)).items():
            there[token] += weight * number
    scores = {}
    for token, number in here.items():
        elsewhere = there.get(token, 0.0)
        if number < _LEAST_ARTICLES or number * len(rest) < LEAST_RATIO * elsewhere * len(result):
            continue
        if (score := likelihood_ratio(number, len(result), elsewhere, len(rest))) >= LEAST_SCORE:
            scores[token] = score
    return scores


def likelihood_ratio(has: float, of: float, has_elsewhere: float, of_elsewhere: float) -> float:
    """Dunning's G² for ``has`` of ``of`` articles here, and ``has_elsewhere`` of ``of_elsewhere`` there."""
    cells = ((has, of), (of - has, of), (has_elsewhere, of_elsewhere), (of_elsewhere - has_elsewhere, of_elsewhere))
    having, lacking = has + has_elsewhere, of + of_elsewhere - has - has_elsewhere
    expected = [side * all_ / (of + of_elsewhere) for (_, side), all_ in zip(cells, (having, lacking) * 2, strict=True)]
    return 2 * sum(
        seen * log(seen / by_chance) for (seen, _), by_chance in zip(cells, expected, strict=True) if seen > 0
    )


def _is_idle(token: str, asked: Sequence[Words]) -> bool:
    """Whether it says nothing: it was asked for, or is a single letter or a number."""
    return (
        len(token) < 2
        or token.isdigit()
        or any(token in term.tokens or (term.is_open and token.startswith(term.tokens[-1])) for term in asked)
    )


def _chains(ranked: Sequence[str], texts: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The tokens, those joined that nearly always stand in a row; in the order of the best of each."""
    among = frozenset(ranked)
    alone: Counter[str] = Counter()
    together: Counter[tuple[str, str]] = Counter()
    for text in texts:
        alone.update(among.intersection(text))
        together.update({pair for pair in pairwise(text) if pair[0] in among and pair[1] in among})
    follows: dict[str, str] = {}
    for (first, second), number in sorted(together.items(), key=lambda each: (-each[1], each[0])):
        is_one = first != second and number >= _TOGETHER * max(alone[first], alone[second])
        if is_one and first not in follows and second not in follows.values():
            follows[first] = second
    before = {second: first for first, second in follows.items()}
    chains: dict[tuple[str, ...], None] = {}
    for token in ranked:
        first, seen = token, {token}
        while (earlier := before.get(first)) is not None and earlier not in seen:
            first = earlier
            seen.add(first)
        chain = [first]
        while (later := follows.get(chain[-1])) is not None and later not in chain:
            chain.append(later)
        chains[tuple(chain)] = None
    return list(chains)


def _written(wanted: set[str], texts: Sequence[_Text]) -> dict[str, str]:
    """How each token is mostly written."""
    ways: dict[str, Counter[str]] = defaultdict(Counter)
    token_of: dict[str, str | None] = {}
    for text in texts:
        if all(sum(ways[token].values()) >= _SPELLED for token in wanted.intersection(text.tokens)):
            continue
        for piece in pieces(text.text):
            word = piece.strip()
            if word not in token_of:
                found = tokens(word)
                token_of[word] = found[0] if len(found) == 1 and found[0] in wanted else None
            if token := token_of[word]:
                ways[token][word] += 1
    return {token: min(counted, key=lambda way: (-counted[way], way)) for token, counted in ways.items() if counted}


def _joined(chain: Sequence[str], written: dict[str, str]) -> str:
    joined = written.get(chain[0], chain[0])
    for before, token in pairwise(chain):
        is_pair = before[-1] == token[0] and open_ended((token[0],))  # of neighbours, which share a character
        joined += token[1:] if is_pair else " " + written.get(token, token)
    return joined


def _counted(connection: Connection, query: Query, chain: tuple[str, ...]) -> tuple[int, int]:
    """How many articles of the result, and of the archive, have the tokens in a row."""
    dialect = connection.dialect.name
    has = matching([Words(chain)], dialect)
    here = connection.scalar(number_of_hits(query, dialect).where(*has)) or 0
    everywhere = connection.scalar(number_of_hits(Query(), dialect).where(*has)) or 0
    return here, everywhere
