"""What is published works on its own: a wheel, installed in an empty place, cleans and archives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_wheel_works_in_an_empty_place(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "pipelines/models/lines.npz" in names
    assert "pipelines/phrases/vi.toml" in names
    assert {"storage/web/templates/base.html", "storage/web/static/copydesk.css"} <= set(names)
    assert any(name.startswith("storage/migrations/versions/") for name in names)
    assert not [name for name in names if name.split("/")[0] in {"tests", "benchmarks", "training", "seeds"}]

    place = tmp_path / "place"
    venv.create(place, with_pip=True, symlinks=True)
    python = place / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--no-deps", str(wheel)], check=True, capture_output=True
    )
    # The libraries are those of this environment: they were installed from the lock, and tested as such.
    site = next((place / "lib").glob("python*")) / "site-packages"
    libraries = next(path for path in sys.path if path.endswith("site-packages"))
    (site / "libraries.pth").write_text(libraries + "\n")
    empty = tmp_path / "empty"
    empty.mkdir()
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COPYDESK_"))}
    done = subprocess.run(
        [place / "bin" / "copydesk", "ingest", ROOT / "seeds" / "articles", "--json"],
        check=True, capture_output=True, cwd=empty, env=environ,
    )  # fmt: skip
    assert json.loads(done.stdout.splitlines()[-1])["stored"] == 23
    assert (empty / "archive" / "archive.db").exists()
    where = subprocess.run(
        [python, "-c", "import crawler, pipelines, storage; print(crawler.__file__)"],
        check=True, capture_output=True, cwd=empty, env=environ, text=True,
    )  # fmt: skip
    assert where.stdout.startswith(str(place)), "the installed package was used, not the working tree"
