"""Listings: what a place lists - feeds, sitemaps, section pages - read as pure functions of its bytes."""

from crawler.listings.autodiscovery import guesses, places_of
from crawler.listings.feeds import read_feed
from crawler.listings.listing import Listed, Listing
from crawler.listings.sections import read_section
from crawler.listings.sitemaps import read_sitemap, within

__all__ = ["Listed", "Listing", "guesses", "places_of", "read_feed", "read_section", "read_sitemap", "within"]
