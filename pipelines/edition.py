"""Edition: which cleaner made a text, so that it is known which texts a newer one has not made yet."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

RULES = 1
"""Raise it with every change of the code that makes other texts of the same pages."""


@cache
def edition() -> str:
    """The number of the rules, and a hash of what else decides: the models, and the phrases of every language."""
    digest = hashlib.sha256()
    for folder in ("models", "phrases"):
        files = (resources.files("pipelines") / folder).iterdir()
        for file in sorted(
            (file for file in files if file.name.endswith((".npz", ".toml"))), key=lambda file: file.name
        ):
            digest.update(f"{file.name}\0".encode() + file.read_bytes())
    return f"{RULES}.{digest.hexdigest()[:12]}"
