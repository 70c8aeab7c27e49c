"""What every resource keeps to: versions as ETags, If-Match on changes, keys that make a POST count once, problem+json."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import Header, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete

from service.api.route import LANGUAGE
from service.store.tables import IdempotencyKey
from service.web import Visiting, status_of
from states.errors import (
    AlreadyDone,
    Blocked,
    Conflict,
    FieldError,
    Invalid,
    KeyMissing,
    KeyReused,
    NotFound,
    OverensError,
    PreconditionMissing,
    Reason,
    Stale,
    TooMany,
)
from states.text import BrokenCharacter, ControlCharacter, TextError

PROBLEM = "application/problem+json"
AWAY_FOR = 30
"""Seconds after which it is worth asking again when the store did not answer."""

KEYS_KEPT = timedelta(hours=24)
_ODD = re.compile("[\0\ud800-\udfff]")
_NAME = re.compile(r"[a-z_]{1,30}")
_HASH = re.compile(r'"((?:\d{1,9}-)?[0-9a-f]{16})"')


class Body(BaseModel):
    """What a request may say: unknown members are refused, so that a slip of the pen is not silently lost."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, said: Any) -> Any:
        """NUL and half characters are text to JSON, but not to every database."""
        for place, fault in _unstorable(said, ()):
            raise PydanticCustomError(fault.code, fault.message, {"place": place})
        return said


def _unstorable(said: Any, place: tuple[int | str, ...]) -> Iterator[tuple[tuple[int | str, ...], TextError]]:
    """Where something stands that no database takes, and what is wrong with it in the words of the pages."""
    if isinstance(said, str) and (odd := _ODD.search(said)):
        yield place, ControlCharacter() if odd[0] == "\0" else BrokenCharacter()
    elif isinstance(said, dict):
        for name, part in said.items():
            yield from _unstorable(name, place)
            yield from _unstorable(part, (*place, name))
    elif isinstance(said, list):
        for index, part in enumerate(said):
            yield from _unstorable(part, (*place, index))


Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2999, 12, 31))]
"""A civil date near enough to have a midnight in Stockholm."""

Small = Annotated[int, Field(ge=1, le=10_000)]
"""A number or a place in an order."""


class Raced(Exception):
    """Another request with the same Idempotency-Key came first."""


class Shown(BaseModel):
    """What an answer says."""

    model_config = ConfigDict(from_attributes=True)


def problem(request: Request, error: OverensError, status: int | None = None) -> JSONResponse:
    """RFC 9457 for any of our errors; `status` where the framework knows better than the table."""
    status = status or status_of(error)
    said: dict[str, Any] = {
        "type": f"/api/v1/problems/{error.code}",
        "title": (type(error).__doc__ or "").strip(),
        "status": status,
        "detail": error.message,
        "instance": f"urn:uuid:{request.scope.get('request_id', '')}",
        "code": error.code,
        **_more(error),
    }
    headers = {"Content-Language": LANGUAGE}
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.retry_after)
    elif status == 503:
        headers["Retry-After"] = str(AWAY_FOR)
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


def etag(version: int | str) -> str:
    """A resource's version as a strong ETag."""
    return f'"{version}"'


def tagged(request: Request, body: BaseModel, version: int | str, status: int = 200) -> Response:
    """An answer with its ETag, or 304 when the caller has it already."""
    tag = etag(version)
    if request.method == "GET" and tag in request.headers.get("if-none-match", ""):
        return Response(None, 304, {"ETag": tag})
    return JSONResponse(body.model_dump(mode="json"), status, {"ETag": tag})


def _version(said: str) -> int:
    number = said.strip().removeprefix('"').removesuffix('"')
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise ValueError("not a version of ours")
    return int(number)


IfMatch = Annotated[int, BeforeValidator(_version, json_schema_input_type=str), Header(alias="If-Match")]
"""The version a change was made from. As a part of what is validated it is judged after the body: see `misread`."""


def made(shown: BaseModel, status: int = 200) -> Response:
    """An answer without an ETag."""
    return JSONResponse(shown.model_dump(mode="json"), status)


def digest(shown: BaseModel) -> str:
    """The state of a resource that counts no versions."""
    return hashlib.sha256(shown.model_dump_json().encode()).hexdigest()[:16]


def _hash(said: str) -> str:
    found = _HASH.fullmatch(said.strip())
    if found is None:
        raise ValueError("not a version of ours")
    return found[1]


IfMatchHash = Annotated[str, BeforeValidator(_hash, json_schema_input_type=str), Header(alias="If-Match")]
"""The same where the ETag is a hash, or a version and a hash."""


def misread(faults: Sequence[Mapping[str, Any]], media_type: str) -> tuple[OverensError, int | None]:
    """What to answer to a request that the framework could not read: 404, 400, 415, 422, 428 or 412, in this order."""
    places = [f["loc"] for f in faults]
    if any(place[0] == "path" for place in places):
        return NotFound(), None
    if any(f["type"] == "json_invalid" for f in faults):
        return Invalid(), 400
    if ("body",) in places and media_type and not media_type.startswith(("application/json", "multipart/form-data")):
        return Invalid(), 415
    rest = [f for f in faults if f["loc"][0] != "header"]
    if rest:
        return Invalid(*(FieldError(_place(f), str(f["type"]), _why(f)) for f in rest)), None
    return (PreconditionMissing() if any(f["type"] == "missing" for f in faults) else Stale()), None


def _why(fault: Mapping[str, Any]) -> str:
    ours = fault["type"] in (ControlCharacter.code, BrokenCharacter.code)
    return str(fault["msg"]) if ours else "Värdet går inte att läsa."


def _place(fault: Mapping[str, Any]) -> str:
    """Where the fault is, in names of ours only: a member that we do not know is not said back."""
    parts = fault["loc"][1:-1] if fault["type"] == "extra_forbidden" else fault["loc"][1:]
    inner = fault.get("ctx", {}).get("place", ())
    return "/".join(str(part) for part in (*parts, *inner) if isinstance(part, int) or _NAME.fullmatch(part))


def once(
    visit: Visiting,
    body: BaseModel | None,
    act: Callable[[Session], Response],
    *,
    required: bool = True,
    first: Callable[[], None] | None = None,
) -> Response:
    """Do it in one transaction, once for each Idempotency-Key: the same key and body get the stored answer again.

    `first` runs in a transaction of its own before, but not before a stored answer. Raises KeyMissing where a key is required and
    missing, KeyReused when the key came with another body, AlreadyDone when the first request with the key has left no answer.
    """
    key = visit.request.headers.get("idempotency-key", "")
    if (required and not key) or len(key) > 200:
        raise KeyMissing
    digest, owner = _digest(visit.request, body), str(visit.actor.assignment)
    if key and (stored := _stored(visit, key, owner)) is not None:
        return _again(stored, digest)
    if first is not None:
        first()
    try:
        return _effect(visit, IdempotencyKey(key=key, actor=owner, request_sha256=digest, status=0, at=visit.real_now), act)
    except Raced:
        stored = _stored(visit, key, owner)
    if stored is None:
        raise AlreadyDone
    return _again(stored, digest)


def _effect(visit: Visiting, claim: IdempotencyKey, act: Callable[[Session], Response]) -> Response:
    """What is asked for and the answer to it in one transaction; without a key nothing is kept."""
    with visit.write() as session:
        if claim.key:
            _claim(session, claim)
        answer = act(session)
        if claim.key:
            claim.status, claim.body = answer.status_code, bytes(answer.body).decode()
            claim.headers = json.dumps({n: v for n, v in answer.headers.items() if n in ("etag", "location")})
            session.add(claim)
        return answer


def _digest(request: Request, body: BaseModel | None) -> str:
    said = "\n".join([request.method, request.url.path, body.model_dump_json() if body else ""])
    return hashlib.sha256(said.encode()).hexdigest()


def _stored(visit: Visiting, key: str, owner: str) -> IdempotencyKey | None:
    with visit.read() as session:
        found = session.get(IdempotencyKey, (key, owner))
        if found is not None:
            session.expunge(found)
    return found if found is not None and found.at > visit.real_now - KEYS_KEPT else None


def _claim(session: Session, claim: IdempotencyKey) -> None:
    """Two at once with one key: the database lets one in. Keys older than a day are free again."""
    session.exec(delete(IdempotencyKey).where(col(IdempotencyKey.at) <= claim.at - KEYS_KEPT))
    session.add(claim)
    try:
        session.flush()
    except IntegrityError:
        raise Raced from None


def _again(stored: IdempotencyKey, digest: str) -> Response:
    if stored.request_sha256 != digest:
        raise KeyReused
    return JSONResponse(json.loads(stored.body), stored.status, json.loads(stored.headers))
