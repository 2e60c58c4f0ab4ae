"""Clean room: what workers begin with. The server that they are forked from imports it once, for all of them."""

from __future__ import annotations

import gc
import os
from contextlib import suppress
from datetime import UTC, datetime

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy reads it: there is a worker for each core already

from crawler.listings import feeds, sections, sitemaps  # noqa: F401 - to be there
from pipelines import clean
from storage.records import Page

_PAGE = """<!DOCTYPE html><html lang="en"><head><title>The river rose</title></head><body>
<article><h1>The river rose</h1>
<p>By Jane Doe, 3 May 2024</p>
<p>The river rose by two metres in the night, and the council asked everyone in the lower streets to leave.</p>
<p>"We have not seen this much water since the bridge was built," said the mayor, who had been up since four.</p>
</article></body></html>"""

with suppress(Exception):  # what does not work will be seen at the first page
    clean(Page("https://gazette.example/river", _PAGE.encode(), "text/html", datetime(2024, 5, 3, tzinfo=UTC)))
gc.freeze()  # so that no worker's collector writes to what they share
