"""``copydesk``: reads the settings once, hands the archive to the commands, and turns errors into one clear line."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crawler import commands as bringing
from crawler import crawl_commands as crawling
from crawler import prune_commands as pruning
from crawler import reprocess_commands as cleaning
from crawler import source_commands as listing
from crawler import status_commands as telling
from crawler import watch_commands as watching
from crawler import web_commands as serving
from crawler.errors import (
    BadSettings,
    BadSource,
    BadTarget,
    CrawlerError,
    Undelivered,
    Unguarded,
    UnknownField,
    UnknownSource,
)
from crawler.settings import Settings
from storage import agent_commands as answering
from storage import commands as asking
from storage import dataset_commands as dividing
from storage import keeping_commands as keeping
from storage import story_commands as grouping
from storage.console import Desk
from storage.errors import Damaged, NotFound, Refused, StorageError, Unruly

if TYPE_CHECKING:
    from storage.archive import Archive

ATTENTION, USAGE, ENVIRONMENT, INTERRUPTED = 1, 2, 3, 130
"""Exit codes besides 0: see docs/reference."""


@click.group(
    help="Turn news into a clean archive: saved articles in, boilerplate out, each article once.",
    epilog="Start with: copydesk ingest seeds/articles",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(version("copydesk"), prog_name="copydesk")
@click.pass_context
def copydesk(context: click.Context) -> None:
    """All commands; each takes its archive from the settings."""
    context.obj = _open_archive


for command in (
    *bringing.COMMANDS, *crawling.COMMANDS, *listing.COMMANDS, *cleaning.COMMANDS, *pruning.COMMANDS, *asking.COMMANDS,
    *grouping.COMMANDS, *telling.COMMANDS, *keeping.COMMANDS, *dividing.COMMANDS, *watching.COMMANDS,
    *answering.COMMANDS, *serving.COMMANDS,
):  # fmt: skip
    copydesk.add_command(command)


def _open_archive() -> Archive:
    return Settings.here().open_archive()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its code: 0 well, 1 attention, 2 usage, 3 environment, 130 interrupted."""
    said = list(sys.argv[1:] if arguments is None else arguments)
    desk = Desk()
    try:
        copydesk.main(said, standalone_mode=False)
    except click.UsageError as error:
        desk.error(error.format_message(), hint=f"{error.ctx.command_path if error.ctx else 'copydesk'} --help")
        code = USAGE
    except (click.Abort, KeyboardInterrupt):
        desk.error("interrupted; what was committed is kept")
        code = INTERRUPTED
    except (BadSettings, BadSource, BadTarget, Refused, Unguarded, UnknownField, UnknownSource) as error:
        desk.error(str(error), hint=error.hint)
        code = USAGE
    except (NotFound, Damaged, Unruly, Undelivered) as error:
        desk.error(str(error), hint=error.hint)
        code = ATTENTION
    except (StorageError, CrawlerError) as error:
        desk.error(str(error), hint=error.hint)
        code = ENVIRONMENT
    except Exception as error:
        if "--debug" in said:
            raise
        where = traceback.extract_tb(error.__traceback__)[-1]
        desk.error(
            f"a defect of copydesk {version('copydesk')}: {type(error).__name__}: {error}",
            f"{Path(where.filename).name}:{where.lineno}",
            "the same command with --debug, and report what it prints",
        )
        code = ATTENTION
    else:
        code = 0
    raise SystemExit(code)
