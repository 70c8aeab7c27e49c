"""Every resource under /api/v1, and the description of them all."""

import json
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from service.api import (
    agreements,
    clauses,
    dialogues,
    meetings,
    messages,
    outside,
    people,
    programmes,
    responses,
    schedules,
    signing,
)
from service.api.known import known
from service.api.route import REFUSALS, Problem, Route
from service.web import STATUS, permit
from states.access import Operation
from states.errors import NotFound

VERSION = "1.0.0"
COMMITTED = Path(__file__).parent / "openapi.json"

ABOUT = """\
Överenskommelser mellan region och kommun, från förslag till publicering. Hela vägen med curl: `tests/journeys/main_job.sh`.

Agreements between a region and its municipalities, from proposal to publication. All the way with curl:
`tests/journeys/main_job.sh`.

* Sign in on the pages (`POST /logga-in`, or the mailed link): the cookie works here. Changes need an `Origin` of ours.
* `ETag` → `If-Match` on every change of an agreement, a response, a contact, an organisation. Moved on: 412, with both texts.
* `Idempotency-Key` works on every POST and is demanded where mail, a signature or a new agreement follows; kept 24 hours.
* Lists: `limit` (20, at most 100), `page` (at most 50), `after` where they grow; go on at `next`. `?count=capped` says "1000+".
* Errors are `application/problem+json`; `code`, also in `fields` and `reasons`, is stable, the sentences are for people.
"""
LIMITATIONS = [
    "Every sentence is in Swedish (Content-Language: sv), whatever Accept-Language asks for; an English catalogue comes later.",
    "A session cookie is the only way to sign in; bearer tokens come later.",
    "A body above the limit is refused (413) before anything else is judged.",
    "Idempotency-Key is not read by PUT, PATCH and DELETE: they carry If-Match, or have the same effect when repeated.",
]

api = APIRouter(prefix="/api/v1", route_class=Route, responses=REFUSALS)
for concept in (
    agreements,
    clauses,
    responses,
    messages,
    outside,
    people,
    programmes,
    schedules,
    signing,
    dialogues,
    meetings,
):
    api.include_router(concept.router, dependencies=[Depends(known)])


@api.get("/api-info", tags=["info"])
@permit(Operation.public)
def info() -> dict[str, str]:
    """What this API is and in which state, as DIGG's profile asks for."""
    return {
        "apiName": "Överens",
        "apiVersion": VERSION,
        "apiReleased": "2026-11-22",
        "apiDocumentation": "/api/v1/openapi.json",
        "apiStatus": "beta",
    }


class ProblemKind(BaseModel):
    """What a problem's `type` leads to: when it is said, in the words people read."""

    code: str
    status: int
    title: str


@api.get("/problems/{problem}", tags=["info"])
@permit(Operation.public)
def problem_kind(problem: str) -> ProblemKind:
    """What a kind of refusal means."""
    for kind in STATUS:
        if kind.code == problem:
            return ProblemKind(code=kind.code, status=STATUS[kind], title=(kind.__doc__ or "").strip())
    raise NotFound


@api.get("/openapi.json", tags=["info"])
@permit(Operation.public)
def openapi() -> dict[str, Any]:
    """The description of this API."""
    described: dict[str, Any] = json.loads(COMMITTED.read_text())
    return described


def describe() -> dict[str, Any]:
    """The OpenAPI 3.1 description made from the routes; the committed file is compared with it by a test."""
    app = FastAPI()
    app.include_router(api)
    said = get_openapi(title="Överens", version=VERSION, openapi_version="3.1.0", description=ABOUT, routes=app.routes)
    said["info"] |= {"x-limitations": LIMITATIONS, "x-sla": "none: beta"}
    _, problem = models_json_schema([(Problem, "serialization")], ref_template="#/components/schemas/{model}")
    said["components"]["schemas"] |= problem["$defs"]
    return said


def write() -> str:
    """The description as the text that is committed."""
    return json.dumps(describe(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
