"""Python runs this at its start where the harness puts its folder on PYTHONPATH: only engines are meddled with."""

import os
import sys

if "COPYDESK_CHAOS" in os.environ and "crawler.engine" in sys.orig_argv:
    from tests.chaos.meddling import meddle

    meddle(os.environ["COPYDESK_CHAOS"])
