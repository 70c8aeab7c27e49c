"""What every resource keeps to: versions as ETags, If-Match on changes, keys that make a POST count once, problem+json."""

import hashlib
import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from service.store.tables import IdempotencyKey
from service.web import Visiting, status_of
from states.errors import (
    Blocked,
    Conflict,
    FieldError,
    Invalid,
    KeyMissing,
    KeyReused,
    OverensError,
    PreconditionMissing,
    Reason,
    Stale,
    TooMany,
)

PROBLEM = "application/problem+json"


class Body(BaseModel):
    """What a request may say: unknown members are refused, so that a slip of the pen is not silently lost."""

    model_config = ConfigDict(extra="forbid")


class Shown(BaseModel):
    """What an answer says."""

    model_config = ConfigDict(from_attributes=True)


class Page(BaseModel):
    """How a list is cut: the address of the next part, or null at the end."""

    next: str | None = None


def problem(request: Request, error: OverensError) -> JSONResponse:
    """RFC 9457 for any of our errors."""
    status = status_of(error)
    said: dict[str, Any] = {
        "type": f"/api/problems/{error.code}",
        "title": (type(error).__doc__ or "").strip(),
        "status": status,
        "detail": error.message,
        "instance": f"urn:uuid:{request.scope.get('request_id', '')}",
        "code": error.code,
        **_more(error),
    }
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, TooMany) else {}
    return JSONResponse(said, status, headers, media_type=PROBLEM)


def _more(error: OverensError) -> dict[str, Any]:
    if isinstance(error, Invalid):
        return {"fields": [_field(f) for f in error.fields]}
    if isinstance(error, Blocked):
        return {"reasons": [_reason(r) for r in error.reasons]}
    if isinstance(error, Stale):
        return {"conflicts": [_conflict(c) for c in error.conflicts]}
    return {}


def _field(fault: FieldError) -> dict[str, str]:
    return {"pointer": f"/{fault.field}", "code": fault.code, "message": fault.message}


def _reason(reason: Reason) -> dict[str, str | None]:
    return {"code": reason.code, "message": reason.message, "clause": reason.clause}


def _conflict(clash: Conflict) -> dict[str, Any]:
    return {"clause": clash.clause, "base": clash.base, "theirs": clash.theirs, "yours": clash.yours}


def etag(version: int) -> str:
    """A resource's version as a strong ETag."""
    return f'"{version}"'


def tagged(request: Request, body: BaseModel, version: int, status: int = 200) -> JSONResponse:
    """An answer with its ETag, or 304 when the caller has it already."""
    tag = etag(version)
    if request.method == "GET" and tag in request.headers.get("if-none-match", ""):
        return JSONResponse(None, 304, {"ETag": tag})
    return JSONResponse(body.model_dump(mode="json"), status, {"ETag": tag})


def _if_match(if_match: Annotated[str | None, Header()] = None) -> int:
    """The version a change was made from: 428 without it, 412 for one that cannot be ours."""
    if not if_match:
        raise PreconditionMissing
    number = if_match.strip().removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise Stale
    return int(number)


IfMatch = Annotated[int, Depends(_if_match)]


def once(
    visit: Visiting, body: BaseModel | None, act: Callable[[Session], JSONResponse], *, required: bool = True
) -> JSONResponse:
    """Do it in one transaction, once for each Idempotency-Key: the same key and body get the stored answer again.

    Raises KeyMissing where a key is required and missing, KeyReused when the key came with another body.
    """
    key = visit.request.headers.get("idempotency-key", "")[:200]
    if not key:
        if required:
            raise KeyMissing
        with visit.write() as session:
            return act(session)
    digest = hashlib.sha256(
        f"{visit.request.method} {visit.request.url.path}\n{body.model_dump_json() if body else ''}".encode()
    ).hexdigest()
    with visit.write() as session:
        stored = session.get(IdempotencyKey, (key, str(visit.actor.assignment)))
        if stored is not None:
            return _again(stored, digest)
        answer = act(session)
        session.add(_kept(key, visit, digest, answer))
        return answer


def _again(stored: IdempotencyKey, digest: str) -> JSONResponse:
    if stored.request_sha256 != digest:
        raise KeyReused
    return JSONResponse(json.loads(stored.body), stored.status, json.loads(stored.headers))


def _kept(key: str, visit: Visiting, digest: str, answer: JSONResponse) -> IdempotencyKey:
    headers = {name: value for name, value in answer.headers.items() if name in ("etag", "location")}
    return IdempotencyKey(
        key=key,
        actor=str(visit.actor.assignment),
        request_sha256=digest,
        status=answer.status_code,
        headers=json.dumps(headers),
        body=bytes(answer.body).decode(),
        at=visit.real_now,
    )
