"""Settings of the Scrapy project, for Scrapy's own command; its ``scrapy.cfg`` names this module."""

from __future__ import annotations

from typing import Any

from crawler.fetching.scrapy_settings import manners
from crawler.settings import Settings


def project(**more: Any) -> dict[str, Any]:
    """The settings of every crawl, ``more`` in place of some."""
    settings = Settings.here()
    browser = {"COPYDESK_CHROMIUM": settings.chromium, "COPYDESK_CHROMIUM_SANDBOX": settings.is_sandboxed}
    here = {"BOT_NAME": "copydesk", "SPIDER_MODULES": ["crawler.spiders"], **browser}
    return manners(settings.agent()) | here | more


globals().update(project(LOG_ENABLED=True, LOG_LEVEL="INFO"))  # Scrapy reads a module's names, and nothing else
