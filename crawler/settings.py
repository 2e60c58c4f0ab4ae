"""Settings: where the archive lies. From ``copydesk.toml`` and ``COPYDESK_*`` variables; the variables win."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from crawler.errors import BadSettings

FILE = "copydesk.toml"
_DATABASE = "sqlite:///archive/archive.db"


@dataclass(frozen=True, slots=True)
class Settings:
    """database: an SQLAlchemy URL. blobs: a folder or ``s3://bucket/prefix``; None for a folder beside an SQLite file.

    seeds: the folder that holds ``sources/``.
    """

    database: str = _DATABASE
    blobs: str | None = None
    seeds: str = "seeds"

    @classmethod
    def read(cls, folder: Path, environ: Mapping[str, str]) -> Settings:
        """The settings in force in ``folder``. Raises BadSettings, naming the file and key or the variable."""
        known = {field.name for field in fields(cls)}
        values: dict[str, str] = {}
        path = folder / FILE
        if path.is_file():
            try:
                stated = tomllib.loads(path.read_text(encoding="utf-8"))
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
        return cls(**values)

    def prepare(self) -> None:
        """Make the folder of the default database, so that the first command works in an empty folder."""
        if self.database == _DATABASE:
            Path("archive").mkdir(exist_ok=True)
