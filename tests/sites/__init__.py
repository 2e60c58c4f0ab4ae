"""Generated news sites on loopback, whose access log is the truth for all that crawls them."""

from __future__ import annotations

from tests.sites.access_log import AccessLog, Record
from tests.sites.behaviour import Fault
from tests.sites.outlet import Outlet
from tests.sites.site import Site, Truth, serve

__all__ = ["AccessLog", "Fault", "Outlet", "Record", "Site", "Truth", "serve"]
