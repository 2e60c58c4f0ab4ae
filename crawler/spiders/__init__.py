"""Scrapy spiders, one for each kind of place, and one that carries out whatever is filed."""
