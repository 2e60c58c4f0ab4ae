"""Fetching: between Scrapy and the net. One guarded, bounded request, and the manners that go with it."""
