"""The documentation is true: every command, option, setting, reason and example in it exists and works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import get_args

import click
import pytest

from crawler.cli import copydesk
from crawler.settings import Settings
from storage.changes import ChangeKind
from storage.query_language import MOST_OPERATORS, OPERATORS, understood
from storage.records import ArchivedArticle, CountedBy, Outcome, Reason
from storage.resemblance import Guard

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "training" / "README.md"]
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)


def commands_of(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command by its words, those of groups such as ``sources list`` among them."""
    for name, command in group.commands.items():
        yield before + name, command
        if isinstance(command, click.Group):
            yield from commands_of(command, f"{before}{name} ")


COMMANDS = dict(commands_of(copydesk))


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_documented_and_has_help(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    assert command.short_help
    assert f"copydesk {name}" in TEXT
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts}"


@pytest.mark.parametrize(
    "line", [line for page in PAGES for block in CONSOLE.findall(page.read_text()) for line in block.splitlines()]
)
def test_every_shown_command_exists(line: str) -> None:
    words = line.partition("#")[0].split()
    if "copydesk" not in words:
        return
    command: click.Command = copydesk
    rest = words[words.index("copydesk") + 1 :]
    while isinstance(command, click.Group) and (
        not command.invoke_without_command or not "".join(rest[:1]).startswith("-")
    ):
        command = command.commands[rest.pop(0)]
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in rest if word.startswith("--")} <= options


def test_tables_are_complete() -> None:
    cleaning = (ROOT / "docs" / "cleaning.md").read_text(encoding="utf-8")
    assert all(f"`{reason}`" in cleaning for reason in get_args(Reason))
    tutorial = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    assert all(f"`{outcome}`" in tutorial for outcome in get_args(Outcome))
    querying = (ROOT / "docs" / "querying.md").read_text(encoding="utf-8")
    assert all(f"`{field.name}`" in querying for field in fields(ArchivedArticle))
    duplicates = (ROOT / "docs" / "duplicates.md").read_text(encoding="utf-8")
    assert all(f"`{kind}`" in duplicates for kind in get_args(ChangeKind) if kind != "reused")
    assert all(f"`{guard}`" in duplicates for guard in (*get_args(Guard), "centre"))
    operating = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    assert all(f"`COPYDESK_{field.name.upper()}`" in operating for field in fields(Settings))


def test_the_query_language_is_documented_as_it_is() -> None:
    querying = (ROOT / "docs" / "querying.md").read_text(encoding="utf-8")
    section = querying.partition("## The query language")[2].partition("\n## ")[0]
    cells = [row.split("|")[1] for row in section.splitlines() if row.startswith("| `")]
    shown = [code for cell in cells for code in re.findall(r"`([^`]+)`", cell)]
    operators = {code.partition(":")[0].lstrip("-") for code in shown if ":" in code}
    assert operators == set(OPERATORS)
    for code in shown:
        question = understood(code, date(2026, 7, 15))
        assert question.groups, code
        assert not question.notes, code
    assert f"{MOST_OPERATORS} operators" in section
    assert all(f"`{by}`" in querying for by in get_args(CountedBy))


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_example_of_the_readme_runs(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "seeds").symlink_to(ROOT / "seeds")
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, check=True, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert "Le phare de Kergoat-Vihan rallumé" in done.stdout.splitlines()[-1]


def test_no_rule_names_a_publisher_of_the_samples() -> None:
    """Rules are general: what the samples call their outlets and people stands in no phrase."""
    phrases = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "pipelines" / "phrases").glob("*.toml"))
    for name in ("Sputnik", "Soha", "TTXVN", "VNA", "CVN", "Fanal", "Grayle Courier", "Nhân Dân"):
        assert not re.search(rf"\b{name}\b", phrases, re.IGNORECASE), name
