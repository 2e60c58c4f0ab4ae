"""Command: a message on the standard input of a program, which is run without a shell."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress

from crawler.errors import BadTarget, Undelivered
from crawler.notices.message import Message, first_line

SECONDS = 60.0
"""For the whole program; then it is killed, with all that it started."""

_TOLD_BYTES = 2_000  # of what it wrote to standard error, of which the first line may be told


def check(command: str) -> None:
    """Raises BadTarget where ``command`` cannot be taken apart as a shell does, or names no program."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise BadTarget(f"{command[:200]!r} is no command: {error}", "quote it as for a shell") from None
    if not words or shutil.which(words[0]) is None:
        raise BadTarget(f"{words[0] if words else command!r}: no such program", "give its path; for a shell: sh -c '…'")


def run(message: Message, command: str) -> None:
    """Deliver. Raises Undelivered where the program cannot be run, takes too long, or does not end with 0."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as errors:
        given.write(message.payload + b"\n")
        given.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603 - the operator's own command
                shlex.split(command), stdin=given, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True,
                env=os.environ | {"COPYDESK_DELIVERY": message.id},
            )  # fmt: skip
        except (OSError, ValueError) as error:
            raise Undelivered(f"it cannot be run: {first_line(str(error))}") from error
        try:
            code = process.wait(SECONDS)
        except BaseException as error:
            with suppress(ProcessLookupError, PermissionError):  # all of it is gone already
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise Undelivered(f"it was killed after {SECONDS:.0f} s") from error
            raise
        if code:
            errors.seek(0)
            said = first_line(errors.read(_TOLD_BYTES).decode("utf-8", "replace"))
            raise Undelivered(f"exit code {code}" + (f": {said}" if said else ""))
