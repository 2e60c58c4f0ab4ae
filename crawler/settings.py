"""Settings: where the archive lies. From ``copydesk.toml`` and ``COPYDESK_*`` variables; the variables win."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.durations import duration_of
from crawler.errors import BadSettings

if TYPE_CHECKING:
    from storage.archive import Archive

FILE = "copydesk.toml"
_DATABASE = "sqlite:///archive/archive.db"


@dataclass(frozen=True, slots=True)
class Settings:
    """database: an SQLAlchemy URL. blobs: a folder or ``s3://bucket/prefix``; None for a folder beside an SQLite file.

    seeds: the folder that holds ``sources/``. contact: a page or mail address that servers are told of.
    requests_a_day: a number, shared by all sources whose pace is learned; None for 60 for each of their listings.
    smtp, mail_from: the mail server and the sender of what watches tell. webhook_private: networks, separated by
    commas, that webhooks may reach although they are not public. notices: who is told of problems: ``webhook ADDRESS``,
    ``email ADDRESS`` or ``command PROGRAM …``. notices_secret: what webhooks of problems are signed with.
    prune_after: the age from which a schedule prunes, ``90d``; None for never. chromium: the program that renders
    pages; None to look for it. chromium_sandbox: ``on`` or ``off``.
    """

    database: str = _DATABASE
    blobs: str | None = None
    seeds: str = "seeds"
    contact: str | None = None
    requests_a_day: str | None = None
    smtp: str | None = None
    mail_from: str | None = None
    webhook_private: str = ""
    notices: str | None = None
    notices_secret: str | None = field(default=None, repr=False)
    prune_after: str | None = None
    chromium: str | None = None
    chromium_sandbox: str = "on"

    @property
    def sources(self) -> Path:
        """The folder of sources."""
        return Path(self.seeds) / "sources"

    @property
    def a_day(self) -> int | None:
        """``requests_a_day`` as a number."""
        return int(self.requests_a_day) if self.requests_a_day else None

    @property
    def kept_for(self) -> timedelta | None:
        """``prune_after`` as a span."""
        return duration_of(self.prune_after) if self.prune_after else None

    @property
    def is_sandboxed(self) -> bool:
        """``chromium_sandbox`` as a truth."""
        return self.chromium_sandbox == "on"

    @classmethod
    def here(cls) -> Settings:
        """The settings in force for this process."""
        return cls.read(Path(), os.environ)

    @classmethod
    def read(cls, folder: Path, environ: Mapping[str, str]) -> Settings:
        """The settings in force in ``folder``. Raises BadSettings, naming the file and key or the variable."""
        known = {each.name for each in fields(cls)}
        values: dict[str, str] = {}
        path = folder / FILE
        try:
            stated = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            stated = {}
        except OSError as error:  # not taken for none: there may be one
            raise BadSettings(f"{path}: {error.strerror}", "go to a folder that this user may read") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadSettings(f"{path}: {error}") from error
        for key, value in stated.items():
            if key not in known or not isinstance(value, str):
                raise BadSettings(f"{path}: {key}: not a setting with a text", f"known: {', '.join(sorted(known))}")
            values[key] = value
        for variable in sorted(name for name in environ if name.startswith("COPYDESK_")):
            key = variable.removeprefix("COPYDESK_").lower()
            if key in known and environ[variable]:
                values[key] = environ[variable]
        if not re.fullmatch("[1-9][0-9]{0,8}", values.get("requests_a_day", "1")):
            raise BadSettings("requests_a_day: not a whole number above zero", 'such as requests_a_day = "9600"')
        if "prune_after" in values and not _is_age(values["prune_after"]):
            raise BadSettings("prune_after: not a time of a day or more", 'such as prune_after = "90d"')
        if values.get("chromium_sandbox", "on") not in {"on", "off"}:
            raise BadSettings("chromium_sandbox: neither on nor off", 'such as chromium_sandbox = "off"')
        return cls(**values)

    def open_archive(self) -> Archive:
        """The archive, made where there is none. Raises StorageError."""
        from storage import Archive  # noqa: PLC0415 - the database library is heavy, and help does without

        self.prepare()
        return Archive.open(self.database, self.blobs)

    def agent(self) -> str:
        """How servers know us."""
        from crawler.fetching.fetch import user_agent  # noqa: PLC0415 - as above

        return user_agent(self.contact)

    def prepare(self) -> None:
        """Make the folder of the default database, so that the first command works in an empty folder."""
        if self.database == _DATABASE:
            Path("archive").mkdir(exist_ok=True)


def _is_age(text: str) -> bool:
    try:
        return duration_of(text) >= timedelta(days=1)
    except ValueError:
        return False
