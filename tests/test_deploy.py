"""What is deployed is true: every command, variable and path in ``deploy/`` exists, and the services start and stop."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import tomllib
import urllib.request
from configparser import ConfigParser
from dataclasses import fields
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from crawler.cli import copydesk
from crawler.settings import Settings
from storage.web.safety import Safety

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
FILES = [*UNITS, DEPLOY / "Dockerfile", DEPLOY / "compose.yaml", *sorted(DEPLOY.glob("*.example"))]
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
OURS = {name: service for name, service in COMPOSE["services"].items() if service["image"] == "copydesk"}
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
SERVICE = "/opt/copydesk/.venv/bin/copydesk"


def parsed(unit: Path) -> ConfigParser:
    found = ConfigParser(interpolation=None)
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read_string(unit.read_text(encoding="utf-8"))
    return found


def words_of(unit: Path) -> list[str]:
    program, *words = shlex.split(parsed(unit)["Service"]["ExecStart"])
    assert program == SERVICE
    return words


def check(words: list[str]) -> None:
    """Have click read a command line as it would, without running it: an unknown word raises."""
    command: click.Command = copydesk
    context = click.Context(copydesk)
    while isinstance(command, click.Group):
        command, words = command.commands[words[0]], words[1:]
    command.make_context("copydesk", [re.sub(r"\$\{\w+:-(.*?)\}", r"\1", word) for word in words], parent=context)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_say_what_exists(unit: Path) -> None:
    check(words_of(unit))
    service = parsed(unit)["Service"]
    assert service["EnvironmentFile"] == "/etc/copydesk/copydesk.env"
    assert (service["WorkingDirectory"], service["StateDirectory"]) == ("%S/copydesk", "copydesk")
    assert service["User"] == "copydesk"
    assert (service["NoNewPrivileges"], service["ProtectSystem"]) == ("yes", "strict")
    assert service["Restart"] == "on-failure"
    for named in (SERVICE.removesuffix("/bin/copydesk"), service["EnvironmentFile"], unit.name.partition(".")[0]):
        assert named in GUIDE


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_variables_are_settings(file: Path) -> None:
    named = set(re.findall(r"COPYDESK_[A-Z_]+", file.read_text(encoding="utf-8")))
    assert named <= {f"COPYDESK_{field.name.upper()}" for field in fields(Settings)}


def test_what_the_image_copies_exists_and_is_sent() -> None:
    assert re.search(r"^USER copydesk$", DOCKERFILE, re.MULTILINE)
    sent = [line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[0] == "!"]
    assert all(list(ROOT.glob(pattern)) for pattern in sent)
    copied = re.findall(r"^COPY (?!--from)(?:--\S+ )?(.+) \S+$", DOCKERFILE, re.MULTILINE)
    for path in " ".join(copied).split():
        assert (ROOT / path).exists(), path
        assert any(fnmatch(path.rstrip("/"), pattern) for pattern in sent), path
    for said in re.findall(r"CMD (\[.*\])$", DOCKERFILE, re.MULTILINE):
        words = json.loads(said)
        if words != ["--help"]:  # after ENTRYPOINT
            assert words.pop(0) == "copydesk"
            check(words)
    assert 'ENTRYPOINT ["copydesk"]' in DOCKERFILE


def pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==([^\s;]+)", lock.read_text(encoding="utf-8"), re.MULTILINE))


def names(requirements: list[str]) -> set[str]:
    found = (re.match(r"[\w.-]+", each) for each in requirements)
    return {re.sub(r"[._]", "-", match.group().lower()) for match in found if match}


def test_the_image_has_what_is_tested_and_nothing_of_development() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    run, made, tested = (
        pins(lock) for lock in (DEPLOY / "requirements.lock", DEPLOY / "package.lock", ROOT / "requirements.lock")
    )
    assert run.items() | made.items() <= tested.items()
    assert names(project["project"]["dependencies"]) <= {re.sub(r"[._]", "-", name) for name in run}
    assert names(project["build-system"]["requires"]) <= set(made)
    assert not {"pytest", "ruff", "mypy", "moto", "playwright", "datasette", "hatchling"} & set(run)
    for lock in DEPLOY.glob("*.lock"):
        assert "://" not in lock.read_text(encoding="utf-8")
        assert "--index" not in lock.read_text(encoding="utf-8")


def test_compose_says_what_exists() -> None:
    build = OURS["scheduler"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()
    for name in ("scheduler", "worker", "web"):
        check(OURS[name]["command"])
    assert OURS["scheduler"]["command"] == ["schedule", "--file-only"]
    named = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text(encoding="utf-8")))
    filled_in = set(re.findall(r"^(\w+)=", (DEPLOY / "compose.env.example").read_text(encoding="utf-8"), re.MULTILINE))
    assert named == filled_in
    for service in COMPOSE["services"].values():
        for other in service.get("depends_on", {}):
            assert other in COMPOSE["services"]
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in COMPOSE["volumes"]
    json.loads(re.sub(r"\$\{.*?\}", "x", COMPOSE["configs"]["keys"]["content"]))


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_containers_return_after_a_reboot_and_fill_no_disk(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["restart"] == ("on-failure" if name == "bucket" else "unless-stopped")
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}


def test_the_health_of_the_web_is_asked_at_a_name_that_it_goes_by() -> None:
    (address,) = re.findall(r"http://([^/]+)/health", str(OURS["web"]["healthcheck"]["test"]))
    assert Safety(frozenset({"news.example"}), needs_token=True).answers_for(address)


def test_the_guide_shows_what_exists() -> None:
    shown = re.findall(r"^# news (?!\()(.+?)(?:  +#.*)?$", GUIDE, re.MULTILINE)
    shown += re.findall(r"run --rm scheduler ([a-z ]+?)(?: +#.*)?$", GUIDE, re.MULTILINE)
    symptoms = GUIDE.partition("## By symptom")[2]
    shown += re.findall(r"`copydesk (?!-)([^`]+)`", symptoms)
    assert len(shown) > 20
    for line in shown:
        check(line.split())
    for path in re.findall(r"\bdeploy/[\w./*-]+", GUIDE):
        assert path == "deploy/.env" or list(ROOT.glob(path)), path
    heads = re.findall(r"^#+ (.+)", GUIDE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}
    for target in re.findall(r"\]\(#([\w-]+)\)", GUIDE):
        assert target in anchors


def test_commands_of_the_guide_are_shown_as_commands() -> None:
    """A line ``# command`` outside of a block would be a heading."""
    told = re.sub(r"^```.*?^```$", "", GUIDE, flags=re.MULTILINE | re.DOTALL)
    assert "```" not in told
    assert re.findall(r"^(?:# (?!Operating)|\$ ).*", told, re.MULTILINE) == []
    assert all(heading in GUIDE for heading in ("\n\n## Upgrade\n\n", "\n\n## Move to another database\n\n"))


def test_commands_by_hand_run_as_the_services_do() -> None:
    news = (DEPLOY / "news").read_text(encoding="utf-8")
    assert os.access(DEPLOY / "news", os.X_OK)
    asked = dict(re.findall(r"-p (\w+)=(\S+)", news))
    for unit in UNITS:
        service = parsed(unit)["Service"]
        stated = {name: service[name].replace("%S", "/var/lib") for name in asked}
        assert asked == stated
    assert asked.keys() == {"User", "UMask", "WorkingDirectory", "EnvironmentFile"}
    assert f'{SERVICE} "$@"' in news
    assert len(re.findall(r"install deploy/news /usr/local/bin/", GUIDE)) == 2  # at first, and at each upgrade


def test_the_bucket_is_made_once(s3_environment: dict[str, str]) -> None:
    import boto3

    (script,) = OURS["bucket"]["command"]
    for _ in range(2):
        subprocess.run([sys.executable, "-c", script], check=True, env=os.environ | s3_environment, timeout=60)
    client: Any = boto3.client(
        "s3", endpoint_url=s3_environment["AWS_ENDPOINT_URL"], region_name=s3_environment["AWS_DEFAULT_REGION"],
        aws_access_key_id=s3_environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=s3_environment["AWS_SECRET_ACCESS_KEY"],
    )  # fmt: skip
    place = OURS["web"]["environment"]["COPYDESK_BLOBS"]
    assert place.split("/")[2] in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze on this machine")
    here = tmp_path / "copydesk"
    here.write_text("#!/bin/sh\n")
    here.chmod(0o755)
    for unit in UNITS:  # the program has to be where they say it is
        (tmp_path / unit.name).write_text(unit.read_text(encoding="utf-8").replace(SERVICE, str(here)))
    done = subprocess.run(
        [analyze, "verify", *(str(tmp_path / unit.name) for unit in UNITS)], capture_output=True, text=True, check=False
    )
    about_ours = [line for line in done.stderr.splitlines() if "copydesk" in line]
    assert (done.returncode, about_ours) == (0, [])


def settings(folder: Path) -> dict[str, str]:
    """The example settings, with their folder moved here."""
    example = (DEPLOY / "copydesk.env.example").read_text(encoding="utf-8")
    stated = dict(re.findall(r"^(COPYDESK_\w+)=(.*)$", example, re.MULTILINE))
    return {name: value.replace("/var/lib/copydesk", str(folder)) for name, value in stated.items()}


STARTED = {"schedule": "the schedule runs", "worker": "working for", "serve": "serving at"}


def test_the_services_start_beside_each_other_and_stop_when_asked(tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COPYDESK_")}
    environ |= settings(tmp_path) | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    shutil.copytree(ROOT / "seeds" / "sources", tmp_path / "seeds" / "sources")
    running: dict[str, subprocess.Popen[str]] = {}
    try:
        for unit in UNITS:
            name, *options = words_of(unit)
            options += ["--port", "0"] if name == "serve" else []  # that of the unit may be taken
            started = subprocess.Popen(
                [sys.executable, "-m", "crawler", name, *options], cwd=tmp_path, env=environ, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            running[name] = started
            giving_up = threading.Timer(120, started.kill)
            giving_up.start()
            assert started.stdout is not None
            lines = []
            for line in started.stdout:
                lines.append(line)
                if STARTED[name] in line:
                    break
            giving_up.cancel()
            assert STARTED[name] in "".join(lines[-1:]), lines
            if name == "serve":
                (address,) = re.findall(r"http://\S+?/", lines[-1])
                with urllib.request.urlopen(f"{address}health", timeout=30) as answer:
                    assert answer.read() == b"ok\n"
        for started in running.values():
            assert started.poll() is None
            started.send_signal(signal.SIGTERM)
        codes = {name: (started.communicate(timeout=120)[0], started.returncode) for name, started in running.items()}
        assert {name: code for name, (_, code) in codes.items()} == dict.fromkeys(STARTED, 0), codes
    finally:
        for started in running.values():
            if started.poll() is None:
                started.kill()
                started.wait()
