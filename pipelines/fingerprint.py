"""Content keys: what says that two articles are the same."""

from __future__ import annotations

from hashlib import blake2b

from pipelines.normalise import normal_form


def content_key(text: str) -> str:
    """Hex blake2b-128 of the normal form of ``text`` (a body, or a title).

    A cryptographic hash: nobody can write an article that passes for another.
    """
    return blake2b(normal_form(text).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
