"""Scrapy's settings: what its engine does for us, and all that it must leave alone."""

from __future__ import annotations

from crawler.fetching.limits import FetchLimits

_HANDLER = "crawler.fetching.download.GuardedDownloadHandler"


def manners(agent: str) -> dict[str, object]:
    """Settings for every crawl: requests go through the guarded handler alone, and nothing listens.

    agent: the User-Agent. Redirects, retries, pacing and robots.txt are the frontier's matter, which decides each of
    them again for each request; Scrapy's own would hide them from it.
    """
    limits = FetchLimits()
    return {
        "USER_AGENT": agent,
        "DEFAULT_REQUEST_HEADERS": {},  # the fetcher has its own
        "DOWNLOAD_HANDLERS": {"http": _HANDLER, "https": _HANDLER, "data": None, "file": None, "ftp": None, "s3": None},
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "DOWNLOAD_TIMEOUT": limits.seconds,  # said for Scrapy's own statistics; the fetcher keeps its limits itself
        "DOWNLOAD_MAXSIZE": limits.body_bytes,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_DELAY": 0,
        "CONCURRENT_REQUESTS": 64,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 64,
        "AUTOTHROTTLE_ENABLED": False,
        "COMPRESSION_ENABLED": False,
        "COOKIES_ENABLED": False,
        "HTTPCACHE_ENABLED": False,
        "HTTPPROXY_ENABLED": False,
        "METAREFRESH_ENABLED": False,
        "REDIRECT_ENABLED": False,
        "REFERER_ENABLED": False,
        "RETRY_ENABLED": False,
        "ROBOTSTXT_OBEY": False,
        "HTTPERROR_ALLOW_ALL": True,  # every status has its meaning for the frontier
        "URLLENGTH_LIMIT": 0,
        "TELNETCONSOLE_ENABLED": False,  # it listens, and runs what it is told
        "REMOTE_CONTROL_ENABLED": False,  # likewise
        "MEMUSAGE_ENABLED": False,
        "LOG_ENABLED": False,
        "LOGSTATS_INTERVAL": 0,
        "STATS_DUMP": False,
    }
