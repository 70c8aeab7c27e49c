"""Coming in and going out: password, personal link, mailed code, and the list of one's sessions."""

import hashlib
import re
import time
from collections.abc import AsyncIterator
from uuid import UUID

import anyio
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from service.cases import codes, digests, sessions, sign_in
from service.cases.sessions import Opened
from service.cases.sign_in import LinkState, LinkView
from service.pages.rendering import Paths, render
from service.web import Typed, Visit, Visiting, cookie_name, permit, set_cookie
from states.access import Operation
from states.calendar import civil
from states.errors import FieldError
from states.said import _
from states.tokens import new_secret

router = APIRouter()

PACE = 0.25
"""Seconds that every answer about a password or code takes at least, so that the time says nothing about an address."""

_EXPIRED = {
    LinkState.used: _("Länken är redan använd. Skriv din e-postadress så skickar vi en kod."),
    LinkState.expired: _("Länken har gått ut. Skriv din e-postadress så skickar vi en kod."),
    LinkState.dead: _("Länken gäller inte längre. Skriv din e-postadress så skickar vi en kod."),
}
_WRONG = (FieldError("email", "wrong", _("Uppgifterna stämmer inte. Kontrollera dem och vänta in en ny kod i appen.")),)
_OURS = re.compile(r"/(?:[a-z0-9][a-z0-9/-]*)?")
"""What a path of ours looks like; nothing else is followed after a sign-in."""


async def _paced() -> AsyncIterator[None]:
    started = time.monotonic()
    yield
    await anyio.sleep(max(0.0, started + PACE - time.monotonic()))


Paced = Depends(_paced, scope="function")


@router.get("/logga-in", name="sign_in")
@permit(Operation.public)
def form(request: Request, _: Visit, nasta: str = "/") -> Response:
    return render(request, "sign_in/password.html", email="", goal=_ours(nasta))


@router.post("/logga-in", dependencies=[Paced])
@permit(Operation.public)
def password(request: Request, visit: Visit, typed: Typed) -> Response:
    with visit.store.write() as session:
        opened = sign_in.password_sign_in(
            session,
            visit.keys,
            visit.real_now,
            civil(visit.now),
            typed.get("email", ""),
            typed.get("password", ""),
            typed.get("totp", ""),
            _ip(request),
            _agent(request),
        )
        _leave(visit, session, opened)
    path = _ours(typed.get("nasta", "/"))
    if opened is None:
        return render(request, "sign_in/password.html", status=422, errors=_WRONG, email=typed.get("email", ""), goal=path)
    return _welcome(visit, opened, path)


@router.get("/k/kod", name="sign_in_code")
@permit(Operation.public)
def ask(request: Request, _: Visit) -> Response:
    return _code_page(request, "")


@router.post("/k/kod", dependencies=[Paced])
@permit(Operation.public)
def send_code(request: Request, visit: Visit, typed: Typed) -> Response:
    """Mail a code; the answer is the same whether the address is known or not."""
    browser = _waiting(visit) or new_secret()
    with visit.store.write() as session:
        sign_in.ask_for_code(session, visit.now, visit.real_now, typed.get("email", ""), browser, _ip(request))
    visit.house.courier.nudge()
    response = render(request, "sign_in/code.html", email=typed.get("email", ""))
    set_cookie(response, visit.settings, browser, visit.real_now + codes.CODE_LIVES, "browser")
    return response


@router.post("/k/kod/svar", name="sign_in_code_answer", dependencies=[Paced])
@permit(Operation.public)
def use_code(request: Request, visit: Visit, typed: Typed) -> Response:
    browser, code = _waiting(visit), typed.get("code", "")
    with visit.store.write() as session:
        opened = sign_in.sign_in_with_code(session, visit.keys, visit.now, visit.real_now, code, browser) if browser else None
        _leave(visit, session, opened)
    if opened is None:
        errors = codes.wrong_code().fields
        return render(request, "sign_in/code.html", status=422, errors=errors, email=typed.get("email", ""))
    return _welcome(visit, opened, opened.path)


@router.get("/k/{token}", name="link")
@permit(Operation.public)
def look(request: Request, visit: Visit, token: str) -> Response:
    """Show whom a link is for; nothing changes, for mail scanners come here too. Who has come in by it already goes on."""
    with visit.read() as session:
        view = sign_in.look_at_link(session, visit.real_now, civil(visit.now), token)
    if view.assignment is not None and view.assignment == visit.actor.assignment:
        return RedirectResponse(_ours(view.path), 303)
    if view.state is LinkState.usable:
        return render(request, "sign_in/link.html", view=view, token=token)
    return _unusable(request, view)


@router.post("/k/{token}")
@permit(Operation.public)
def open_link(request: Request, visit: Visit, token: str) -> Response:
    """Spend the link; the one who pressed twice is already in, and goes on."""
    with visit.store.write() as session:
        opened = sign_in.open_link(session, visit.now, visit.real_now, token, _agent(request))
        _leave(visit, session, opened)
    return _welcome(visit, opened, opened.path) if opened else look(request, visit, token)


@router.post("/logga-ut", name="sign_out")
@permit(Operation.own_session)
def sign_out(request: Request, visit: Visit) -> Response:
    with visit.store.write() as session:
        sessions.end_session(session, visit.actor, visit.real_now)
    path = "sign_in" if visit.actor.staff else "sign_in_code"
    response = RedirectResponse(Paths(request)(path), 303)
    response.delete_cookie(cookie_name(visit.settings), path="/", secure=visit.settings.https, httponly=True)
    return response


@router.get("/sessioner", name="sessions")
@permit(Operation.own_session)
def my_sessions(request: Request, visit: Visit) -> Response:
    with visit.read() as session:
        mine = sessions.my_sessions(session, visit.actor, visit.real_now)
        gets = digests.gets_digests(session, visit.actor)
    here = visit.actor.session or UUID(int=0)
    return render(request, "sign_in/sessions.html", sessions=mine, here=here, gets_digests=gets, key=visit.new_key())


@router.post("/sessioner")
@permit(Operation.own_session)
def end_others(request: Request, visit: Visit) -> Response:
    with visit.write() as session:
        sessions.end_other_sessions(session, visit.actor, visit.real_now)
    return RedirectResponse(Paths(request)("sessions"), 303)


def _code_page(request: Request, why: str) -> Response:
    return render(request, "sign_in/ask.html", why=why)


def _unusable(request: Request, view: LinkView) -> Response:
    """Another way in: a code by mail, or for the region's own people their password."""
    if view.state is LinkState.password:
        return RedirectResponse(f"{Paths(request)('sign_in')}?nasta={_ours(view.path)}", 303)
    return _code_page(request, _EXPIRED[view.state])


def _leave(visit: Visiting, session: Session, opened: Opened | None) -> None:
    """A new session replaces the one this browser had."""
    if opened is not None and visit.actor.session is not None:
        sessions.end_session(session, visit.actor, visit.real_now)


def _welcome(visit: Visiting, opened: Opened, path: str) -> Response:
    """A new cookie, and on to where the person wanted to go."""
    response = RedirectResponse(_ours(path), 303)
    set_cookie(response, visit.settings, opened.cookie, opened.expires_at)
    response.delete_cookie(cookie_name(visit.settings, "browser"), path="/", secure=visit.settings.https, httponly=True)
    return response


def _ours(path: str) -> str:
    """A path of ours, else the start."""
    return path if _OURS.fullmatch(path) else "/"


def _waiting(visit: Visiting) -> str:
    """The secret of a browser that has asked for a code."""
    return visit.request.cookies.get(cookie_name(visit.settings, "browser")) or ""


def _ip(request: Request) -> str:
    return hashlib.sha256((request.client.host if request.client else "").encode()).hexdigest()


def _agent(request: Request) -> str:
    return request.headers.get("user-agent", "")[:120]
