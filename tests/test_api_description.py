"""schemathesis asks all that the description of the API allows, and what it does not: every answer is as described.

``SCHEMATHESIS_EXAMPLES=500`` asks for longer.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from storage import Archive
from storage.records import Query
from tests.reading_room import serving
from tests.small_archive import furnish
from tests.test_api import sources  # noqa: F401 - a fixture

EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "20")


def test_it_answers_as_it_says(archive: Archive, sources: Path, backend: str, tmp_path: Path) -> None:  # noqa: F811
    furnish(archive)
    archive.watches.add("floods", Query(words="flood"), "command", "cat")
    # On SQLite everything is asked; that PostgreSQL takes the same strange texts is what the random ones show.
    phases = [] if backend == "sqlite" else ["--phases", "examples,fuzzing"]
    with serving(archive, sources) as address:
        done = subprocess.run(
            [
                Path(sys.executable).with_name("schemathesis"), "run", f"{address}/api/v1/openapi.json",
                "--checks", "all", "--max-examples", EXAMPLES, "--seed", "1", "--continue-on-failure",
                "--warnings", "off", *phases,
            ],
            capture_output=True, text=True, cwd=tmp_path, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-10_000:] + done.stderr[-1000:]
