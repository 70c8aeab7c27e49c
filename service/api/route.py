"""A route of the JSON door: a name that no page has, the language of its answers, and what its refusals look like."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

LANGUAGE = "sv"
"""What every sentence of an answer is written in, whatever Accept-Language says, until there is an English catalogue."""


class Route(APIRoute):
    """Named after its module and function, as in `api:agreements.get_agreement`; pages choose names of their own."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **said: Any) -> None:
        where, what = endpoint.__module__.rpartition(".")[2], endpoint.__name__
        said["summary"] = said.get("summary") or what.replace("_", " ").capitalize()
        said["operation_id"] = said.get("operation_id") or f"{where}_{what}"
        said["name"] = said.get("name") or f"api:{where}.{what}"
        super().__init__(path, endpoint, **said)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def spoken(request: Request) -> Response:
            answer = await handle(request)
            answer.headers.setdefault("Content-Language", LANGUAGE)
            return answer

        return spoken


class FieldFault(BaseModel):
    pointer: str
    code: str
    message: str


class Obstacle(BaseModel):
    code: str
    message: str
    clause: str | None = None


class Clash(BaseModel):
    """Texts by field code, `t` is the title: what both started from, what stands now, what was sent."""

    clause: str
    base: dict[str, str]
    theirs: dict[str, str]
    yours: dict[str, str]


class Problem(BaseModel):
    """RFC 9457. `fields` comes with 422, `reasons` with 409, `conflicts` with 412."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    fields: list[FieldFault] = []
    reasons: list[Obstacle] = []
    conflicts: list[Clash] = []


_SAID = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
REFUSALS: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "Judged in this order: 400 not JSON, 401 not signed in, 404 missing or not yours, 403 not allowed, 413 "
        "too large or 415 not JSON, 422 cannot be taken, 428 If-Match missing, 412 something has changed since, 409 not possible "
        "now. 400 also says that Idempotency-Key is missing; 429 carries Retry-After.",
        **_SAID,
    },
    "5XX": {"description": "503 carries Retry-After; 507 means that the store is full.", **_SAID},
    422: {"description": "Something cannot be taken as it was sent; `fields` says what.", **_SAID},
}
