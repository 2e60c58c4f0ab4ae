"""Python runs this at its start where a test puts this folder on PYTHONPATH: what is cleaned teaches its site."""

import os
import sys

if "COPYDESK_TEACHING" in os.environ:
    from tests.chaos.meddling import _Patching

    def _teach(module) -> None:
        from dataclasses import replace

        from pipelines.site_memory import Lesson, is_telling, line_key

        plain = module.clean

        def clean(page, profile=module.NOTHING_KNOWN):
            made = plain(page, profile)
            if type(made).__name__ != "Article":
                return made
            keys = tuple(line_key(block.text) for block in made.blocks)
            body = tuple(line_key(each.text) for each in made.blocks if not each.reason and is_telling(each.text))
            return replace(made, lesson=Lesson(keys, body, {1: (10, 1.0)}, 10).encode(), profile=profile.name)

        module.clean = clean

    sys.meta_path.insert(0, _Patching({"pipelines.cleaning": _teach}))
