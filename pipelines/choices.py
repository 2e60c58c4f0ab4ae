"""Choices: what a user may decide of cleaning, besides single lines."""

from __future__ import annotations

SECOND_OPINIONS = ("auto", "never", "always")
"""Whether another extractor is asked too: where in doubt, never, always."""

PARTS = ("standfirst", "subheads", "lists", "tables", "embeds", "captions")
"""What some count as part of an article's text, and others do not."""
