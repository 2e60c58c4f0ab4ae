"""Forbidden addresses in rendered pages: whatever a script does with them, nobody connects to them but the guard allows."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import quote, urlsplit

from crawler.fetching.addresses import Networks, networks
from crawler.fetching.proxy import Proxy
from tests.crawling import CrawlDesk, adds_up, definition
from tests.scripted import serving
from tests.test_addresses_crawled import CANARY, SITE, SPELLINGS, canary
from tests.test_addresses import SPELLINGS as HOSTS
from tests.test_rendered_crawls import rendering_desk
