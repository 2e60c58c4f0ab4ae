"""Anchors: the index in which near copies meet. Two texts that share much have some of their lowest hashes in common.

A posting is one number: 36 bits of the hash, then 27 bits of the article's seq; of generations with odd numbers all
bits are the other way round, so that two generations lie apart in one table. Of an article's title there is a posting
too, of its source and pattern: it tells series, such as the gold price of every day. A hash that many articles have
says nothing: it gets no more postings, and finds none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from hashlib import blake2b

from sqlalchemy import Connection, text

from storage.errors import StorageError

MOST = 32
"""Postings of a hash; one that has as many tells nothing of an article."""

SERIES = 5
"""Articles of a source under one title pattern that make a series."""

_SEQ_BITS, _HASH_BITS = 27, 36
_SEQS = (1 << _SEQ_BITS) - 1
_HASHES = (1 << _HASH_BITS) - 1

_FIND = {
    "sqlite": text(
        "SELECT anchor.key FROM json_each(:lows) AS low"
        " CROSS JOIN anchor ON anchor.key BETWEEN low.value AND low.value + :seqs"
    ),
    "postgresql": text(
        "SELECT found.key FROM unnest(CAST(:lows AS bigint[])) AS low CROSS JOIN LATERAL"
        " (SELECT key FROM anchor WHERE key BETWEEN low AND low + :seqs ORDER BY key) AS found"
    ),
}
_ADD = {
    "sqlite": text("INSERT OR IGNORE INTO anchor SELECT value FROM json_each(:keys)"),
    "postgresql": text("INSERT INTO anchor SELECT unnest(CAST(:keys AS bigint[])) ON CONFLICT DO NOTHING"),
}
_DROP = {
    "sqlite": text("DELETE FROM anchor WHERE key IN (SELECT value FROM json_each(:keys))"),
    "postgresql": text("DELETE FROM anchor WHERE key = ANY(CAST(:keys AS bigint[]))"),
}


def short(anchor: int) -> int:
    """What the index keeps of a 64-bit hash."""
    return anchor & _HASHES


def series_hash(source: str, pattern: str) -> int:
    """The hash of a title pattern of a source."""
    named = f"{source}\0{pattern}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(named, digest_size=8).digest(), "little") & _HASHES


class Anchors:
    """The postings of one generation. Hashes are as ``short`` and ``series_hash`` give them."""

    def __init__(self, connection: Connection, generation: int) -> None:
        self._connection = connection
        self._dialect = connection.dialect.name
        self._turned = -(generation % 2)

    def find(self, hashes: Collection[int]) -> dict[int, list[int]]:
        """The seqs of the articles that have each hash, in rising order; hashes that none has are left out."""
        found: dict[int, list[int]] = defaultdict(list)
        if not hashes:
            return found
        lows = [min(self._key(hash_, 0), self._key(hash_, _SEQS)) for hash_ in sorted(hashes)]
        for key in self._connection.execute(_FIND[self._dialect], {"lows": self._array(lows), "seqs": _SEQS}).scalars():
            plain = key ^ self._turned
            found[plain >> _SEQ_BITS].append(plain & _SEQS)
        for seqs in found.values():
            seqs.sort()
        return found

    def add(self, postings: Iterable[tuple[int, int]]) -> None:
        """Enter (hash, seq) each; what is there already is not entered twice."""
        keys = sorted(self._key(*posting) for posting in postings)
        if keys:
            self._connection.execute(_ADD[self._dialect], {"keys": self._array(keys)})

    def drop(self, postings: Iterable[tuple[int, int]]) -> None:
        """Delete (hash, seq) each."""
        if keys := [self._key(*posting) for posting in postings]:
            self._connection.execute(_DROP[self._dialect], {"keys": self._array(keys)})

    def _key(self, hash_: int, seq: int) -> int:
        if seq > _SEQS:
            raise StorageError(f"the index of copies holds {_SEQS:,} articles; this would be number {seq:,}")
        return (hash_ << _SEQ_BITS | seq) ^ self._turned

    def _array(self, numbers: list[int]) -> object:
        return str(numbers) if self._dialect == "sqlite" else numbers
