"""A dataset: articles in splits that share no text, with a manifest and a card."""
