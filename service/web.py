"""What both web doors share: the visit with its person and transactions, the permission of a route, the error table."""

import hashlib
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import Depends, Request, Response
from python_multipart.exceptions import MultipartParseError
from sqlmodel import Session
from starlette.datastructures import FormData, UploadFile
from starlette.requests import ClientDisconnect

from service import clock
from service.cases import codes, sessions, step_up
from service.courier import Courier
from service.edge import Broken, ForeignForm, UnknownHost
from service.schedules import SchedulerAway
from service.settings import Settings
from service.store.files import Files
from service.store.session import Store
from service.store.tables import IdempotencyKey
from states import errors
from states.access import Operation, may_somewhere
from states.calendar import civil
from states.errors import Invalid, NotYours, OverensError, SignInRequired, TooLarge
from states.parties import Actor, Role
from states.text import BrokenCharacter

VISITOR = Actor(None, None, None, Role.reader, "")
"""Somebody who has not signed in: belongs to no organisation and so can see nothing but what is public."""

STATUS: Mapping[type[OverensError], int] = {
    errors.SignInRequired: 401,
    errors.NotFound: 404,
    errors.NotYours: 403,
    errors.Invalid: 422,
    errors.NotAllowed: 409,
    errors.Blocked: 409,
    errors.Stale: 412,
    errors.Refused: 422,
    errors.TooLarge: 413,
    errors.TooMany: 429,
    errors.KeyReused: 422,
    errors.PreconditionMissing: 428,
    errors.AlreadyDone: 409,
    errors.KeyMissing: 400,
    errors.StoreUnavailable: 503,
    errors.StoreFull: 507,
    SchedulerAway: 503,
    ForeignForm: 403,
    UnknownHost: 400,
    Broken: 500,
    OverensError: 500,
}
"""The one table from error to HTTP status; a test keeps it complete."""

UPLOAD_MAX = 10 * 1024 * 1024
FIELDS_MAX = 2_000
_LONE = re.compile("[\ud800-\udfff]")
"""Half a character: only a strange charset brings one, and neither hash nor database can take it."""

Route = TypeVar("Route", bound=Callable[..., Any])


def status_of(error: OverensError) -> int:
    """The HTTP status of an error: its own line in the table, else its parent's."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def permit(operation: Operation) -> Callable[[Route], Route]:
    """Name the operation of a route; `Visit` asks the matrix, and a test finds every route without one."""

    def named(route: Route) -> Route:
        route.operation = operation  # type: ignore[attr-defined]
        return route

    return named


@dataclass(frozen=True, slots=True)
class House:
    """What the running service holds for its whole life; lies on `app.state.house`."""

    settings: Settings
    store: Store
    files: Files
    courier: Courier
    clock: Callable[[], datetime]
    real_clock: Callable[[], datetime] = lambda: datetime.now(UTC)


def house(settings: Settings, store: Store | None = None) -> House:
    """The parts behind the web, from the settings."""
    rows, files = store or Store(settings.database_url), Files(settings.files_dir)

    def business() -> datetime:
        return clock.now(settings)

    return House(settings, rows, files, Courier(rows, files, settings, business), business)


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file: its name as the browser gave it, its bytes."""

    name: str
    data: bytes = field(repr=False)


class Form(Mapping[str, str]):
    """What was typed: the first value of each name, all of them by `many`, files by `file`."""

    def __init__(self, data: FormData, files: Mapping[str, Upload]) -> None:
        self._data, self._files = data, files

    def __getitem__(self, name: str) -> str:
        value = self._data.getlist(name)[0] if name in self._data else None
        if not isinstance(value, str):
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(k for k, v in self._data.multi_items() if isinstance(v, str)))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def many(self, name: str) -> list[str]:
        return [v for v in self._data.getlist(name) if isinstance(v, str)]

    def file(self, name: str) -> Upload | None:
        return self._files.get(name)


async def _typed(request: Request) -> Form:
    """The form of a POST; files are read whole, they are bounded by the edge before they come here."""
    data = await _fields(request)
    try:
        files = await _uploads(data)
    finally:
        await data.close()
    if any(isinstance(v, str) and not v.isascii() and _LONE.search(v) for _, v in data.multi_items()):
        raise Invalid(*BrokenCharacter().fields)
    request.state.key = data.get("key") or ""
    return Form(data, files)


async def _fields(request: Request) -> FormData:
    """What was sent; the framework would put U+FFFD where bytes are not UTF-8, and a text would be saved that nobody wrote."""
    try:
        if request.headers.get("content-type", "").lower().startswith("application/x-www-form-urlencoded"):
            sent = (await request.body()).decode()
            return FormData([*parse_qsl(sent, keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX)])
        return await request.form(max_files=4, max_fields=FIELDS_MAX, max_part_size=2 * 1024 * 1024)
    except UnicodeDecodeError:
        raise Invalid(*BrokenCharacter().fields) from None
    except (MultipartParseError, ClientDisconnect, ValueError, LookupError):
        raise Invalid from None


async def _uploads(data: FormData) -> dict[str, Upload]:
    files = {}
    for name, value in data.multi_items():
        if isinstance(value, UploadFile) and value.filename:
            read = await value.read(UPLOAD_MAX + 1)
            if len(read) > UPLOAD_MAX:
                raise TooLarge
            files[name] = Upload(value.filename, read)
    return files


Typed = Annotated[Form, Depends(_typed)]


@dataclass(slots=True)
class Visiting:
    """One request: who asks, when, and transactions that are committed before the answer is sent."""

    request: Request
    house: House
    actor: Actor
    organisation: str
    now: datetime
    real_now: datetime
    browser: str

    @property
    def settings(self) -> Settings:
        return self.house.settings

    @property
    def store(self) -> Store:
        return self.house.store

    @property
    def files(self) -> Files:
        return self.house.files

    @property
    def keys(self) -> tuple[bytes, ...]:
        return self.settings.secret_keys

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self.store.read() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction; a form's hidden `key` makes it take effect once. Afterwards mail goes out and files are made."""
        with self.store.write() as session:
            if self.actor.session is not None and not sessions.still_there(session, self.actor):
                raise SignInRequired
            self._claim(session)
            yield session
        self.request.state.key = ""
        self.house.courier.nudge()

    def confirm_code(self, purpose: str, subject: UUID, typed: str) -> None:
        """Try a mailed code; the try is counted even when it is wrong, and then Invalid says so."""
        with self.store.write() as session:
            right = step_up.try_step_up(session, self.keys, self.actor, self.real_now, purpose, subject, typed, self.browser)
        if not right:
            raise codes.wrong_code()

    def new_key(self) -> str:
        return secrets.token_urlsafe(12)

    def version(self, typed: Mapping[str, str]) -> int | None:
        """The version a form was made from, None when it has none or nonsense."""
        value = typed.get("version", "")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None

    def _claim(self, session: Session) -> None:
        key = str(getattr(self.request.state, "key", ""))[:200]
        if not key:
            return
        owner = str(self.actor.assignment or self.browser[:32])[:64]
        if session.get(IdempotencyKey, (key, owner)) is not None:
            raise errors.AlreadyDone
        digest = hashlib.sha256(self.request.url.path.encode()).hexdigest()
        session.add(IdempotencyKey(key=key, actor=owner, request_sha256=digest, status=303, at=self.real_now))
        session.flush()


def _visit(request: Request) -> Visiting:
    """Who asks, judged against the route's operation: SignInRequired, or NotYours for a role that never may."""
    parts: House = request.app.state.house
    operation: Operation = request.scope["endpoint"].operation
    now, real_now = parts.clock(), parts.real_clock()
    found = _signed_in(parts, request, real_now, civil(now))
    if found is None and operation is not Operation.public:
        raise SignInRequired
    actor, organisation = found or (VISITOR, "")
    if not may_somewhere(operation, actor):
        raise NotYours
    visiting = Visiting(request, parts, actor, organisation, now, real_now, _browser(request, found, parts.settings))
    request.state.visit = visiting
    return visiting


Visit = Annotated[Visiting, Depends(_visit)]


def cookie_name(settings: Settings, name: str = "overens") -> str:
    """`__Host-` where https protects it; loopback http cannot carry that prefix."""
    return f"__Host-{name}" if settings.https else name


def set_cookie(response: Response, settings: Settings, value: str, expires_at: datetime, name: str = "overens") -> None:
    response.set_cookie(
        cookie_name(settings, name), value, expires=expires_at, path="/", secure=settings.https, httponly=True, samesite="lax"
    )


def _signed_in(parts: House, request: Request, real_now: datetime, today: Any) -> tuple[Actor, str] | None:
    cookie = request.cookies.get(cookie_name(parts.settings))
    if not cookie:
        return None
    with parts.store.read() as session:
        found = sessions.actor_for(session, real_now, today, cookie)
        stale = found is not None and sessions.needs_seen(session, found[0], real_now)
    if found is not None and stale:
        with parts.store.write() as session:
            sessions.seen(session, found[0], real_now)
    return found


def _browser(request: Request, found: tuple[Actor, str] | None, settings: Settings) -> str:
    """What mailed codes are bound to: the session, or before there is one a secret that the page asking for a code set."""
    if found is not None:
        return str(found[0].session)
    return request.cookies.get(cookie_name(settings, "browser")) or ""
