"""Kept bytes and the captures log: in a folder, and in S3 over HTTP."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.blobs import open_blobs
from storage.captures import Capture
from storage.errors import ArchiveUnavailable, Damaged, NotFound
from storage.records import Claims
from tests.captured import kept, page

BODIES = [b"", b"one", "Đặng".encode(), bytes(range(256)) * 5_000]


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A folder that does not exist yet, or a bucket."""
    return str(tmp_path / "deep" / "raw") if request.param == "folder" else str(request.getfixturevalue("s3_place"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "raw"


def test_what_is_put_is_there_after_the_flush(place: str) -> None:
    blobs = open_blobs(place)
    names = [blobs.put(body) for body in BODIES + BODIES]
    assert [blobs.get(name) for name in names] == BODIES + BODIES
    assert list(open_blobs(place).hashes()) == []
    blobs.flush()
    again = open_blobs(place)
    assert names == [hashlib.sha256(body).hexdigest() for body in BODIES] * 2
    assert list(again.hashes()) == sorted(set(names))
    assert [again.get(name) for name in names] == BODIES * 2
    assert [again.put(body) for body in BODIES] == names[:4]  # to be kept once more: nothing changes
    again.flush()
    assert list(again.hashes()) == sorted(set(names))


def test_captures_come_back_in_order(place: str) -> None:
    first, second = open_blobs(place), open_blobs(place)
    captures = kept(first, [page(n) for n in range(3)])
    captures += kept(second, [page(3, url=None, claims=Claims(), headers=(), status=None, source=None, origin=None)])
    captures += kept(first, [page(4), page(4)])
    captures += kept(second, [page(n) for n in range(5, 9)])
    found = list(open_blobs(place).captures())
    assert found == captures
    assert [capture.page(b"body") for capture in found][:3] == [page(n) for n in range(3)]
    assert found[3].page(b"body").url is None


def test_a_discarded_batch_leaves_nothing(place: str) -> None:
    blobs = open_blobs(place)
    blobs.log(Capture.of(page(), blobs.put(b"dropped")))
    blobs.discard()
    captures = kept(blobs, [page(1)])
    assert list(blobs.captures()) == captures
    assert list(blobs.hashes()) == [captures[0].sha256]


def test_more_than_is_held_back_is_written_early(place: str) -> None:
    blobs = open_blobs(place)
    names = {blobs.put(bytes([n]) * (9 << 20)) for n in range(5)}
    assert 4 <= len(list(open_blobs(place).hashes())) < 5
    blobs.flush()
    assert set(blobs.hashes()) == names


def test_names_that_are_none(place: str) -> None:
    blobs = open_blobs(place)
    for name in ("0" * 64, "", "../../etc/passwd", "0" * 63 + "G", "\x00"):
        with pytest.raises(NotFound):
            blobs.get(name)
    assert list(blobs.captures()) == []


def test_the_files_are_readable_without_copydesk(folder: Path) -> None:
    blobs = open_blobs(str(folder))
    [capture] = kept(blobs, [page(body=b"as it came")])
    file = folder / "sha256" / capture.sha256[:2] / capture.sha256[2:4] / f"{capture.sha256}.gz"
    assert gzip.decompress(file.read_bytes()) == b"as it came"
    assert file.read_bytes()[4:8] == bytes(4)  # no time in it: the same bytes give the same file
    [log] = (folder / "captures" / f"{datetime.now(UTC):%Y-%m-%d}").iterdir()
    line = json.loads(log.read_text(encoding="utf-8"))
    assert line["url"] == capture.url
    assert line["fetched_at"] == "2026-11-20T12:00:00Z"
    assert not list((folder / "tmp").iterdir())


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied", "other", "trailed"])
def test_damage_is_told(folder: Path, damage: str) -> None:
    blobs = open_blobs(str(folder))
    name = blobs.put(b"some bytes " * 50)
    blobs.flush()
    [file] = folder.glob("sha256/*/*/*.gz")
    packed = file.read_bytes()
    file.write_bytes(
        {
            "cut": packed[:-9],
            "flipped": packed[:20] + bytes([packed[20] ^ 1]) + packed[21:],
            "emptied": b"",
            "other": gzip.compress(b"other bytes"),
            "trailed": packed + b"x",
        }[damage]
    )
    with pytest.raises(Damaged, match=name):
        blobs.get(name)


def test_a_torn_line_loses_no_other(folder: Path) -> None:
    captures = kept(open_blobs(str(folder)), [page(n) for n in range(3)])
    [log] = folder.glob("captures/*/*")
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(lines[0] + b'{"sha256": 3}\n' + b"\xff\x00[]\n" + lines[1] + lines[2] + lines[0][:-40])
    captures += kept(open_blobs(str(folder)), [page(4)])
    told: list[str] = []
    assert list(open_blobs(str(folder)).captures(told.append)) == captures
    assert [line.split(":")[1] for line in told] == ["2", "3", "6"]
    assert "torn" in told[2]


def test_a_log_that_is_large_is_followed_by_another(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.folder.LARGEST_LOG", 1000)
    blobs = open_blobs(str(folder))
    captures = [capture for at in range(12) for capture in kept(blobs, [page(at)])]
    logs = [log.read_bytes() for log in folder.glob("captures/*/*")]
    longest = max(len(line) for log in logs for line in log.splitlines(keepends=True))
    assert 1 < len(logs) < 12
    assert max(map(len, logs)) < 1000 + longest
    assert list(open_blobs(str(folder)).captures()) == captures


TRACE = """
import json, os, sys
events = []
def hook(event, args):
    if event in ("os.rename", "os.mkdir"):
        events.append([event, *(str(arg) for arg in args[:2])])
sys.addaudithook(hook)
import storage.folder
fsync, sync_file_system = os.fsync, storage.folder.sync_file_system
def noted_fsync(handle):
    fsync(handle)
    events.append(["sync", os.readlink(f"/proc/self/fd/{handle}")])
def noted_sync_file_system(path):
    sync_file_system(path)
    events.append(["sync", "everything"])
os.fsync, storage.folder.sync_file_system = noted_fsync, noted_sync_file_system  # neither raises an audit event
from storage.blobs import open_blobs
blobs = open_blobs(sys.argv[1])
for n in range(int(sys.argv[2])):
    blobs.put(b"%d" % n)
blobs.flush()
print(json.dumps(events))
"""


@pytest.mark.parametrize("number", [3, 200])
def test_everything_is_synced_before_the_flush_returns(folder: Path, number: int) -> None:
    """Each file before it is renamed, each folder with a new entry afterwards: one by one, or all at once."""
    run = [sys.executable, "-c", TRACE, str(folder), str(number)]
    done = subprocess.run(run, capture_output=True, text=True, check=True, cwd=Path.cwd())
    events: list[list[str]] = json.loads(done.stdout)

    def synced(path: str) -> list[int]:
        return [at for at, event in enumerate(events) if event in (["sync", path], ["sync", "everything"])]

    renames = [(at, event[1], event[2]) for at, event in enumerate(events) if event[0] == "os.rename"]
    assert len(renames) == number
    for at, source, target in renames:
        assert min(synced(source)) < at < max(synced(str(Path(target).parent)))
    for at, event in enumerate(events):
        if event[0] == "os.mkdir":
            assert at < max(synced(str(Path(event[1]).parent)))


def test_a_writer_that_is_killed_leaves_only_whole_blobs(folder: Path) -> None:
    script = (
        "import itertools, os, sys; from storage.blobs import open_blobs; blobs = open_blobs(sys.argv[1])\n"
        "for n in itertools.count():\n"
        "    names = [blobs.put(os.urandom(3000)) for _ in range(50)]; blobs.flush(); print(*names, flush=True)\n"
    )
    acknowledged: list[str] = []
    for kill in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", script, str(folder)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
        )
        assert writer.stdout
        with writer.stdout:
            acknowledged += [name for _ in range(3 + kill) for name in writer.stdout.readline().split()]
            writer.send_signal(signal.SIGKILL)
            acknowledged += [name for line in writer.stdout if line.endswith("\n") for name in line.split()]
        writer.wait()
    blobs = open_blobs(str(folder))
    there = list(blobs.hashes())
    assert len(acknowledged) >= 600
    assert set(acknowledged) <= set(there)
    for name in there:
        blobs.get(name)


def test_what_a_killed_writer_left_aside_is_swept(folder: Path) -> None:
    kept(open_blobs(str(folder)), [page()])
    old, young = folder / "tmp" / "old", folder / "tmp" / "young"
    old.touch()
    young.touch()
    os.utime(old, (0, 0))
    kept(open_blobs(str(folder)), [page(1)])
    assert not old.exists()
    assert young.exists()


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 300 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a file system cannot be mounted here: {mounted.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_is_told_and_nothing_is_torn(full_disk: Path) -> None:
    blobs = open_blobs(str(full_disk / "raw"))
    captures: list[Capture] = []

    def fill() -> None:
        for n in range(1_000):
            captures.extend(kept(blobs, [page(n, body=os.urandom(9_000), origin="x" * 2_000)]))

    with pytest.raises(ArchiveUnavailable, match="No space left") as raised:
        fill()
    assert raised.value.hint
    assert captures
    left = open_blobs(str(full_disk / "raw"))
    assert list(left.captures(pytest.fail)) == captures
    for name in left.hashes():
        left.get(name)


def test_a_flush_that_failed_can_be_repeated(folder: Path) -> None:
    """A file where a folder should be; once it is gone, all that was held back is kept, once."""
    blobs = open_blobs(str(folder))
    captures = kept(blobs, [page(0)])
    day = next(folder.glob("captures/*"))
    log = next(day.iterdir())
    log.rename(folder / "aside")
    log.mkdir()
    with pytest.raises(ArchiveUnavailable, match="Is a directory"):
        captures += kept(blobs, [page(1)])
    blobs.flush()
    log.rmdir()
    (folder / "aside").rename(log)
    assert len(list(blobs.captures(pytest.fail))) == 2


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    blobs = open_blobs(str(tmp_path / "file"))
    blobs.put(b"x")
    with pytest.raises(ArchiveUnavailable, match="file"):
        blobs.flush()
