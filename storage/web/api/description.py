"""The description of the API: OpenAPI, the same text for the same version, with an example of every answer.

What the gate answers for every route, and what parameters can get wrong, is added here, where it cannot be forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path

from storage.web.api import examples
from storage.web.api.answers import JSON, tagged
from storage.web.problems import KINDS, MEDIA_TYPE, Fault, Problem

ADDRESS = "/api/v1/openapi.json"

_ABOUT = """The archive over HTTP: what `copydesk search`, `show`, `export` and `why` answer, with the same meaning.

Lists come in pages: `limit`, and `next` as the next `after`; no position goes stale. Questions are never errors:
`notes` says what was read otherwise than it looks. Any other answer is a problem (RFC 9457). Answers have an `ETag`."""
_EVERYWHERE = ("token", "not-found", "too-long", "host", "parameter", "headers", "defect", "unavailable")
_WRITING = ("request", "scope", "refused", "too-large", "media-type")
_OF_ONE = ("forgotten",)
_METHODS = ("get", "post")
_PROBLEM = {
    "title": "Problem",
    "description": "An answer other than the one asked for (RFC 9457).",
    "type": "object",
    "properties": {
        "type": {"type": "string", "description": "where the kind of problem is described"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "hint": {"type": "string", "description": "a command or step to try"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"parameter": {"type": "string"}, "detail": {"type": "string"}},
                "required": ["parameter", "detail"],
            },
        },
    },
    "required": ["type", "title", "status"],
}


def describe(app: FastAPI) -> None:
    """Have the application give its description, and hold requests to it. To be called behind all other routes."""
    said = description(app)
    app.state.parameters = {
        operation["operationId"]: [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
        for operation in _operations(said)
    }
    app.state.methods = [(compile_path(path)[0], _with_head(said["paths"][path])) for path in said["paths"]]
    text = json.dumps(said, ensure_ascii=False, indent=1).encode()

    def openapi(request: Request) -> Response:
        return tagged(request, text, JSON)

    app.add_api_route(ADDRESS, openapi, include_in_schema=False)


def _with_head(methods: Iterable[str]) -> list[str]:
    """What may be done to an address: where GET may, HEAD may too, and the server leaves its body out."""
    named = {method.upper() for method in methods}
    return sorted(named | ({"HEAD"} if "GET" in named else set()))


def methods_of(request: Request) -> Sequence[str]:
    """What may be done to the address of a request; nothing where it is none of the API."""
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    return next((methods for pattern, methods in request.app.state.methods if pattern.match(path)), ())


def description(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1."""
    said = get_openapi(
        title="copydesk", version=app.version, description=_ABOUT, routes=app.routes,
        separate_input_output_schemas=False,
    )  # fmt: skip
    schemas = said["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM
    said["components"]["schemas"] = dict(sorted(schemas.items()))
    said["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "copydesk tokens add NAME --scope read"}
    }
    said["security"] = [{"token": []}, {}]
    for operation in _operations(said):
        for content in (response.get("content", {}) for response in operation["responses"].values()):
            if JSON in content:  # FastAPI has it there for routes that answer with something else, too
                example = examples.OF.get(operation["operationId"])
                content[JSON] |= {"example": example} if example else {}
                if not example:
                    del content[JSON]
        is_of_one = any(each["name"] == "id" for each in operation.get("parameters", ()))
        kinds = (*_EVERYWHERE, *(_WRITING if "requestBody" in operation else ()), *(_OF_ONE if is_of_one else ()))
        for status, kind in sorted((KINDS[kind].status, kind) for kind in kinds):
            operation["responses"][str(status)] = _problem(kind)
        operation["responses"] = dict(sorted(operation["responses"].items()))
    return said


def _operations(said: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in said["paths"].values():
        yield from (path[method] for method in _METHODS if method in path)


def _problem(kind: str) -> dict[str, Any]:
    same = [each for each, other in KINDS.items() if other.status == KINDS[kind].status]
    return {
        "description": "; or: ".join(KINDS[each].title for each in dict.fromkeys((kind, *same))),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": _example(kind)}},
    }


def _example(kind: str) -> dict[str, Any]:
    errors = [Fault("limit", "a whole number from 1 to 200")] if kind == "parameter" else []
    said: dict[str, Any] = json.loads(bytes(Problem(kind, errors=errors).response().body))
    return said
