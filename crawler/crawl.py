"""Crawl: what a crawl starts from. Filing it is all: whoever works on it then, and however often, ends the same."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from crawler.catalogue import read_sources
from crawler.errors import UnknownSource
from crawler.outlets import listings_of, record_of
from crawler.scope import checked_url
from crawler.source import Source
from storage import Archive
from storage.links import Filing, Named, Order

_LONGEST_DETAIL = 500  # characters


def file_source(
    archive: Archive, folder: Path, name: str, order: Order = Order(), kinds: frozenset[str] | None = None
) -> Filing:
    """File a crawl of a source of the catalogue. kinds: of places; None for all, but sitemaps first for the past.

    Raises UnknownSource, BadSource, and BadSettings where there is no catalogue.
    """
    source = find_source(folder, name)
    if not source.enabled:
        raise UnknownSource(
            f"{name} is not enabled", f"copydesk sources preview {name}, then copydesk sources enable {name}"
        )
    archive.sources.sync([record_of(source)])
    named = listings_of(source, 0, kinds or _kinds_for(source, order.since))
    if not named:
        raise UnknownSource(f"{name} has no place of the kind {' or '.join(sorted(kinds or ()))}", f"see {name}.toml")
    return archive.file_run(name, named, order, detail=name)


def file_addresses(archive: Archive, folder: Path, urls: Sequence[str], order: Order = Order()) -> Filing:
    """File a crawl of addresses; each is fetched, known or not, with the manners of the source that covers it.

    Raises UnknownSource for what is no address.
    """
    sources = read_sources(folder).sources if folder.is_dir() else ()
    named = []
    for url in urls:
        try:
            checked_url(url)
        except ValueError as error:
            raise UnknownSource(f"{url[:80]!r}: {error}", "an address begins with http:// or https://") from None
        source = next((each for each in sources if each.covers(url)), None)
        named.append(Named(url, again=True, source=source.name if source else None))
    covering = {each.source for each in named}
    archive.sources.sync([record_of(source) for source in sources if source.name in covering])
    return archive.file_run(None, named, order, detail=_detail(urls))


def _detail(urls: Sequence[str]) -> str:
    """What a crawl of addresses is known by: the same again is the same crawl, if it is still under way."""
    named = " ".join(urls)
    if len(named) <= _LONGEST_DETAIL:
        return named
    return f"{named[:_LONGEST_DETAIL]}… {hashlib.sha256(named.encode(errors='surrogatepass')).hexdigest()[:16]}"


def find_source(folder: Path, name: str) -> Source:
    """A source of the catalogue. Raises UnknownSource, and BadSource where its own file is the fault."""
    catalogue = read_sources(folder)
    for source in catalogue.sources:
        if source.name == name:
            return source
    for fault in catalogue.faults:
        if Path(fault.file).stem == name:
            raise fault
    near = ", ".join(source.name for source in catalogue.sources if name.lower() in source.name)
    raise UnknownSource(f"no source {name!r} in {folder}", f"{near or 'copydesk sources list names them'}")


def _kinds_for(source: Source, since: datetime | None) -> frozenset[str] | None:
    """Feeds hold only the latest: the past is in sitemaps, where there are any, or in sections."""
    kinds = {place.kind for place in source.places}
    for best in ("sitemap", "section") if since else ():
        if best in kinds:
            return frozenset({best})
    return None
