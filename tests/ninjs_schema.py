"""The parts of ninjs 3.1 that copydesk writes, as a schema in our own words.

Names, types and what is required are those of the IPTC: https://iptc.org/std/ninjs/ninjs-schema_3.1.json (CC BY 4.0).
Nothing else is allowed, so a misspelled name does not pass.
"""

from __future__ import annotations

from typing import Any

TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
ANY_TEXT: dict[str, Any] = {"type": "string"}
TIME: dict[str, Any] = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}
URI: dict[str, Any] = {"type": "string", "pattern": r"^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$"}


def thing(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": properties}


def many(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": 1}


SAID = thing(("value",), role=TEXT, contentType=TEXT, value=ANY_TEXT)
RENDITION = thing(("name",), name=TEXT, href=URI, contentType=TEXT)
NINJS = thing(
    ("uri",),
    uri=URI,
    type={"enum": ["text", "picture"]},
    representationType={"enum": ["full", "partial"]},
    versionCreated=TIME,
    contentCreated=TIME,
    pubStatus={"enum": ["usable", "withheld", "canceled"]},
    language=TEXT,
    headlines=many(SAID),
    descriptions=many(SAID),
    bodies=many(thing(("value",), role=TEXT, contentType=TEXT, charCount={"type": "integer"}, value=ANY_TEXT)),
    by=TEXT,
    located=TEXT,
    infoSources=many(thing(name=TEXT, role=TEXT)),
    subjects=many(thing(name=TEXT, rel=TEXT)),
    renditions=many(RENDITION),
    associations=many(
        thing(
            ("name", "uri"),
            name=TEXT,
            uri=URI,
            type={"const": "picture"},
            by=TEXT,
            descriptions=many(SAID),
            renditions=many(RENDITION),
        )
    ),
    altIds=many(thing(role=TEXT, value=TEXT)),
    standard=thing(name={"const": "ninjs"}, version={"const": "3.1"}, schema=URI),
)
