"""The catalogue of sources: a folder of TOML files, read, switched and added to."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from crawler.definition import LARGEST
from crawler.errors import BadSettings, BadSource
from crawler.scope import host_and_port, site_of
from crawler.source import NAME, Place, Source
from crawler.toml_edit import NotEditable, quoted, with_items, without_items
from crawler.toml_lines import key_lines

_SWITCH = re.compile(r"\A(\ufeff?\s*(?:enabled|\"enabled\"|'enabled')[ \t]*=[ \t]*)(true|false)")
_COMMON_LABELS = frozenset({"www", "www1", "www2", "m", "feed", "feeds", "rss", "news"})
_LETTERS = str.maketrans({"đ": "d", "ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "ı": "i"})


@dataclass(frozen=True, slots=True)
class Catalogue:
    """sources: by name. faults: one for each file that cannot be used; it hides no other file."""

    sources: tuple[Source, ...]
    faults: tuple[BadSource, ...]


def read_sources(folder: Path) -> Catalogue:
    """Read every ``*.toml`` of a folder; hidden files are passed over. Raises BadSettings where there is no folder."""
    if not folder.is_dir():
        raise BadSettings(f"{folder}: no such folder", "the setting seeds names the folder that holds sources/")
    sources: list[Source] = []
    faults: list[BadSource] = []
    for path in sorted(folder.glob("*.toml")):
        if not path.name.startswith("."):
            try:
                sources.append(_parsed(path, _text(path)))
            except BadSource as fault:
                faults.append(fault)
    return Catalogue(tuple(sources), tuple(faults))


def switch(folder: Path, name: str, enabled: bool) -> Source:
    """Set ``enabled`` in a source's file, which otherwise stays as it is, byte for byte. Raises BadSource, OSError."""
    path = _path(folder, name)
    text = _text(path)
    source = _parsed(path, text)
    if source.enabled == enabled and ("enabled",) in key_lines(text):
        return source
    changed = _parsed(path, _switched(path, text, enabled))
    if replace(changed, definition=text) != replace(source, enabled=enabled):  # nothing else may have moved
        raise BadSource(str(path), 1, "enabled", "cannot be changed here", "change it in an editor")
    _put(path, changed.definition)
    return changed


def advise(folder: Path, name: str, remove: Sequence[str], keep: Sequence[str]) -> Source:
    """Have a source's file say which lines to remove and which to keep; all else there stays as it is.

    Raises BadSource, OSError.
    """
    path = _path(folder, name)
    text = _text(path)
    source = _parsed(path, text)
    try:
        for key, had, wanted in (("remove", source.clean.remove, remove), ("keep", source.clean.keep, keep)):
            text = without_items(text, "clean", key, [at for at, item in enumerate(had) if item not in wanted])
            text = with_items(text, "clean", key, [item for item in wanted if item not in had])
    except NotEditable as error:
        raise BadSource(str(path), 1, "clean", f"cannot be changed here: {error}", "change it in an editor") from None
    changed = _parsed(path, text)
    said = replace(changed.clean, remove=source.clean.remove, keep=source.clean.keep)
    others_stay = replace(changed, definition=source.definition, clean=said) == source
    if not others_stay or set(changed.clean.remove) != set(remove) or set(changed.clean.keep) != set(keep):
        raise BadSource(str(path), 1, "clean", "cannot be changed here", "change it in an editor")
    if text != source.definition:
        _put(path, text)
    return changed


def add(folder: Path, name: str, text: str) -> Source:
    """Write a new source's file. Raises BadSource for a text that is none and a name that is taken, and OSError."""
    path = _path(folder, name)
    source = _parsed(path, text)
    with _written_aside(path, text) as aside:
        try:
            path.hardlink_to(aside)  # unlike a rename, this never takes the place of another file
        except FileExistsError:
            raise BadSource(str(path), 1, "", "there is such a source already") from None
    return source


def name_for(url_or_title: str) -> str:
    """A name for a source: the main part of an address's host, or a title in plain letters."""
    if found := host_and_port(url_or_title):
        host = found[0]
        site = site_of(host) or host
        below = [label for label in host.removesuffix(site).split(".") if label and label not in _COMMON_LABELS]
        words = "-".join([*below, host if site == host and site_of(host) is None else site.partition(".")[0]])
    else:
        words = url_or_title
    plain = unicodedata.normalize("NFKD", words.lower().translate(_LETTERS))
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64].rstrip("-")
    return name or f"source-{hashlib.sha256(words.encode(errors='replace')).hexdigest()[:8]}"


def draft(
    name: str, title: str, homepage: str, language: str | None, country: str | None, places: Sequence[Place]
) -> str:
    """The TOML text of a new source, not enabled, with a word of comment. What is wrong in it, reading it will say."""
    lines = [
        f"# {name}.toml: checked with copydesk sources check",
        f"title = {quoted(title)}",
        *([f"language = {quoted(language)}"] if language else ['# language = "en"']),
        *([f"country = {quoted(country)}"] if country else []),
        f"homepage = {quoted(homepage)}",
        "enabled = false  # nothing is fetched until this is true",
    ]
    for place in places:
        lines += ["", "[[place]]  # the next is tried when one yields nothing", f"kind = {quoted(place.kind)}"]
        lines += _listed("urls", place.urls)
        lines += [f"pages = {place.pages}"] if place.pages > 1 else []
    return "\n".join([*lines, "", "[schedule]", 'every = "1h"', ""])


def _listed(key: str, texts: Sequence[str]) -> list[str]:
    if len(texts) == 1:
        return [f"{key} = [{quoted(texts[0])}]"]
    return [f"{key} = [", *(f"    {quoted(text)}," for text in texts), "]"]


def _path(folder: Path, name: str) -> Path:
    if not NAME.fullmatch(name):
        raise BadSource(str(folder), 1, "", f"{name[:80]!r} is no name of a source: 1 to 64 of a-z, 0-9 and -")
    return folder / f"{name}.toml"


def _parsed(path: Path, text: str) -> Source:
    return Source.parse(path.stem, text, str(path))


def _text(path: Path) -> str:
    """What a file of the folder says. Raises BadSource."""
    file = str(path)
    try:
        if not path.resolve(strict=True).is_relative_to(path.parent.resolve()):
            raise BadSource(file, 1, "", "a link that leads out of the folder")
        if not path.is_file():
            raise BadSource(file, 1, "", "not a file")
        with path.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except FileNotFoundError:
        raise BadSource(file, 1, "", "no such source") from None
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        raise BadSource(
            file, 1, "", f"cannot be read: {getattr(error, 'strerror', None) or 'links in a circle'}"
        ) from error
    if len(content) > LARGEST:
        raise BadSource(file, 1, "", f"larger than {LARGEST // 1024} KiB")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadSource(file, line, "", "not UTF-8", "save the file in the encoding UTF-8") from None


def _switched(path: Path, text: str, enabled: bool) -> str:
    value = "true" if enabled else "false"
    known = key_lines(text)
    lines = text.split("\n")
    if ("enabled",) not in known:
        at = known["homepage",] - 1
        ending = "\r" if lines[at].endswith("\r") else ""
        return "\n".join([*lines[:at], f"enabled = {value}{ending}", *lines[at:]])
    at = known["enabled",] - 1
    lines[at], changes = _SWITCH.subn(rf"\g<1>{value}", lines[at], count=1)
    if not changes:
        raise BadSource(str(path), at + 1, "enabled", "cannot be changed here", "change it in an editor")
    return "\n".join(lines)


def _put(path: Path, text: str) -> None:
    """Another text in the place of a file."""
    with _written_aside(path.resolve(), text) as aside:
        aside.chmod(path.stat().st_mode & 0o777)
        aside.replace(path.resolve())


@contextmanager
def _written_aside(path: Path, text: str) -> Iterator[Path]:
    """A synced file beside ``path``, to be put in its place at once; gone afterwards, and the folder synced."""
    aside = path.parent / f".{path.stem}.{uuid4().hex}.tmp"
    try:
        with aside.open("xb") as stream:
            stream.write(text.encode())
            stream.flush()
            os.fsync(stream.fileno())
        yield aside
    finally:
        aside.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
