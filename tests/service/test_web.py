"""What both doors share: a permission on every route, a status for every error, and no answer before its commit."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlmodel import col, select
from starlette.requests import Request

from service.app import create_app
from service.cases import sessions
from service.cases.backup import BadBackup
from service.cases.contacts import block
from service.post.inbox import MailboxAway
from service.settings import Settings, SettingsError
from service.store.session import Store
from service.store.tables import ContactAssignment, Person
from service.web import STATUS, Visit, Visiting, cookie_name, status_of
from states.access import Operation
from states.errors import OverensError, SignInRequired
from states.parties import Actor
from tests.browser import CERTIFICATES, serving
from tests.people import Cast, arrive

UNMAPPED = {SettingsError, BadBackup, MailboxAway}
"""What no request can meet."""


@pytest.fixture
def app(store: Store, tmp_path: Path) -> FastAPI:
    return create_app(Settings(data_dir=tmp_path), store)


@pytest.fixture
def url(app: FastAPI) -> Iterator[str]:
    with serving(app) as address:
        yield address


@pytest.fixture
def cast(store: Store) -> Cast:
    with store.write() as session:
        return arrive(session)


def client(app: FastAPI, url: str, actor: Actor) -> httpx.Client:
    """The person's browser, signed in."""
    house = app.state.house
    with house.store.write() as session:
        assignment = session.get_one(ContactAssignment, actor.assignment)
        cookie = sessions.open_session(session, assignment, house.real_clock(), "/", "Firefox").cookie
    return httpx.Client(base_url=url, cookies={cookie_name(house.settings): cookie}, headers={"origin": url}, verify=CERTIFICATES)


def _routes(app: FastAPI) -> Iterator[APIRoute]:
    for route in app.routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from _inside(route.original_router)


def _inside(router: object) -> Iterator[APIRoute]:
    for route in getattr(router, "routes", ()):
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from _inside(route.original_router)


def test_every_route_names_its_operation_and_asks_the_matrix(app: FastAPI) -> None:
    asks = get_args(Visit)[1].dependency
    routes = list(_routes(app))
    assert len(routes) > 60
    for route in routes:
        operation = getattr(route.endpoint, "operation", None)
        assert isinstance(operation, Operation), f"{route.path} names no operation"
        if operation is not Operation.public:
            assert asks in {d.call for d in route.dependant.dependencies}, f"{route.path} never asks who is there"


def _errors(kind: type[OverensError] = OverensError) -> Iterator[type[OverensError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _errors(child)


def test_every_error_has_a_status_of_its_own_or_of_a_parent_that_is_not_the_root() -> None:
    known = {kind for kind in STATUS if kind is not OverensError}
    for kind in set(_errors()) - {OverensError} - UNMAPPED:
        assert known & set(kind.__mro__), kind


@pytest.mark.parametrize("kind", STATUS)
def test_a_status_is_an_error_status(kind: type[OverensError]) -> None:
    assert 400 <= status_of(kind.__new__(kind)) < 600


def test_a_commit_that_fails_is_no_success_and_leaves_nothing(app: FastAPI, url: str, store: Store, cast: Cast) -> None:
    with client(app, url, cast.karin) as mine, client(app, url, cast.karin) as other:

        def fail(*_: object) -> None:
            raise OperationalError("COMMIT", {}, RuntimeError("database or disk is full"))

        event.listen(store.engine, "commit", fail)
        try:
            refused = mine.post("/sessioner")
        finally:
            event.remove(store.engine, "commit", fail)
        assert refused.status_code == 507
        assert "går att läsa" in refused.text
        assert other.get("/sessioner").status_code == 200, "nothing was ended"
        assert mine.post("/sessioner").status_code == 303
        assert other.get("/sessioner").status_code == 303, "now it was: off to the sign-in"


def test_a_person_who_was_shut_out_meanwhile_writes_nothing(app: FastAPI, store: Store, cast: Cast) -> None:
    """The block comes after the request was let in and before its transaction."""
    house = app.state.house
    now = house.real_clock()
    with store.write() as session:
        assignment = session.get_one(ContactAssignment, cast.karin.assignment)
        cookie = sessions.open_session(session, assignment, now, "/", "").cookie
        found = sessions.actor_for(session, now, now.date(), cookie)
    assert found is not None
    request = Request({"type": "http", "path": "/", "headers": [], "state": {}})
    visit = Visiting(request, house, *found, now, now, "")
    with visit.write() as session:
        block(session, visit.actor, now, assignment.id, blocked=True)
    with pytest.raises(SignInRequired), visit.write():
        pytest.fail("the transaction was opened")


@pytest.mark.parametrize(
    ("path", "status"),
    [("/min-kommun", 303), ("/sessioner", 303), ("/api/v1/agreements", 401), (f"/overenskommelser/{UUID(int=7)}", 303)],
)
def test_a_stranger_is_sent_to_the_sign_in_and_a_program_told(url: str, path: str, status: int) -> None:
    answer = httpx.get(url + path, verify=CERTIFICATES)
    assert answer.status_code == status
    if status == 303:
        assert answer.headers["location"] == f"/logga-in?nasta={path.replace('/', '%2F')}"


def test_a_role_that_never_may_is_told_so(app: FastAPI, url: str, cast: Cast) -> None:
    with client(app, url, cast.karin) as mine:
        assert mine.get("/program").status_code == 403
        assert mine.get("/sessioner").status_code == 200


@pytest.mark.parametrize("cookie", ["", "x", "å", "a" * 3000, "x; overens=y"])
def test_a_strange_cookie_is_nobodys(url: str, cookie: str) -> None:
    answer = httpx.get(f"{url}/sessioner", headers=[(b"cookie", b"overens=" + cookie.encode())], verify=CERTIFICATES)
    assert answer.status_code == 303


def test_a_form_that_comes_twice_takes_effect_once(app: FastAPI, url: str, store: Store, cast: Cast) -> None:
    typed = {"key": "samma", "name": "Ny Kollega", "email": "ny@falun.example", "role": "deputy"}
    with client(app, url, cast.karin) as mine, client(app, url, cast.hanna) as stranger:
        for _ in range(3):
            assert mine.post("/min-kommun/kontakter/ny", data=typed).status_code == 303
        assert _colleagues(store, cast.falun) == 1
        assert stranger.post("/min-kommun/kontakter/ny", data=typed).status_code == 303
        assert _colleagues(store, cast.borlange) == 1, "another person's key is another key"


def test_a_form_that_was_refused_may_come_again_with_its_key(app: FastAPI, url: str, store: Store, cast: Cast) -> None:
    typed = {"key": "samma", "name": "Ny Kollega", "email": "", "role": "deputy"}
    with client(app, url, cast.karin) as mine:
        assert mine.post("/min-kommun/kontakter/ny", data=typed).status_code == 422
        assert mine.post("/min-kommun/kontakter/ny", data=typed | {"email": "ny@falun.example"}).status_code == 303
    assert _colleagues(store, cast.falun) == 1


def _colleagues(store: Store, organisation: UUID) -> int:
    """How many have come to an organisation since the cast did."""
    query = select(ContactAssignment).join(Person, col(Person.id) == col(ContactAssignment.person_id))
    with store.read() as session:
        new = query.where(col(Person.name) == "Ny Kollega", col(ContactAssignment.organisation_id) == organisation)
        return len(session.exec(new).all())
