"""Chaos: a crawl that is killed at any instant and started again, against oracles that are outside of it."""
