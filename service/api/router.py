"""Every resource under /api/v1, and the description of them all."""

import json
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.openapi.utils import get_openapi

from service.api import agreements, clauses, outside, people, programmes, signing
from service.api.known import known
from service.web import permit
from states.access import Operation

VERSION = "1.0.0"
COMMITTED = Path(__file__).parent / "openapi.json"

api = APIRouter(prefix="/api/v1")
for concept in (agreements, clauses, outside, people, programmes, signing):
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
    return get_openapi(
        title="Överens",
        version=VERSION,
        openapi_version="3.1.0",
        description="Överenskommelser mellan region och kommun. / Agreements between a region and its municipalities.",
        routes=app.routes,
    )


def write() -> str:
    """The description as the text that is committed."""
    return json.dumps(describe(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
