"""Coming in and going out: password, personal link, mailed code, and the list of one's sessions."""

import hashlib
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from service.cases import sign_in
from service.cases.sign_in import LinkState, Opened
from service.pages.rendering import Paths, render
from service.web import Typed, Visit, Visiting, cookie_name, permit, set_cookie
from states.access import Operation
from states.calendar import civil
from states.errors import FieldError
from states.parties import STAFF
from states.tokens import new_secret

router = APIRouter()

_EXPIRED = "Länken har gått ut. Skriv din e-postadress så skickar vi en ny kod."
_WRONG = (FieldError("email", "wrong", "Uppgifterna stämmer inte. Kontrollera dem och vänta in en ny kod i appen."),)


@router.get("/logga-in", name="sign_in")
@permit(Operation.public)
def form(request: Request, visit: Visit) -> Response:
    return render(request, "sign_in/password.html", email="", key=visit.new_key())


@router.post("/logga-in")
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
    if opened is None:
        return render(
            request, "sign_in/password.html", status=422, errors=_WRONG, email=typed.get("email", ""), key=visit.new_key()
        )
    return _welcome(visit, opened)


@router.get("/k/kod", name="sign_in_code")
@permit(Operation.public)
def ask(request: Request, visit: Visit) -> Response:
    return _code_page(request, visit, "")


@router.post("/k/kod")
@permit(Operation.public)
def send_code(request: Request, visit: Visit, typed: Typed) -> Response:
    """Mail a code; the answer is the same whether the address is known or not."""
    browser = visit.request.cookies.get(cookie_name(visit.settings, "browser")) or new_secret()
    with visit.store.write() as session:
        sign_in.ask_for_code(session, visit.now, visit.real_now, typed.get("email", ""), browser, _ip(request))
    visit.house.courier.nudge()
    response = render(request, "sign_in/code.html", email=typed.get("email", ""), key=visit.new_key())
    set_cookie(response, visit.settings, browser, visit.real_now + sign_in.CODE_LIVES, "browser")
    return response


@router.post("/k/kod/svar", name="sign_in_code_answer")
@permit(Operation.public)
def use_code(request: Request, visit: Visit, typed: Typed) -> Response:
    browser = request.cookies.get(cookie_name(visit.settings, "browser")) or ""
    with visit.store.write() as session:
        code = typed.get("code", "")
        opened = sign_in.sign_in_with_code(session, visit.keys, visit.now, visit.real_now, code, browser) if browser else None
    if opened is None:
        errors = sign_in.wrong_code().fields
        return render(request, "sign_in/code.html", status=422, errors=errors, email=typed.get("email", ""), key=visit.new_key())
    return _welcome(visit, opened)


@router.get("/k/{token}", name="link")
@permit(Operation.public)
def look(request: Request, visit: Visit, token: str) -> Response:
    """Show whom a link is for; nothing changes, for mail scanners come here too."""
    with visit.read() as session:
        view = sign_in.look_at_link(session, visit.real_now, civil(visit.now), token)
    if view.state is not LinkState.usable:
        return _code_page(request, visit, _EXPIRED)
    return render(request, "sign_in/link.html", view=view, token=token)


@router.post("/k/{token}")
@permit(Operation.public)
def open_link(request: Request, visit: Visit, token: str) -> Response:
    with visit.store.write() as session:
        opened = sign_in.open_link(session, visit.now, visit.real_now, token, _agent(request))
    return _welcome(visit, opened) if opened else _code_page(request, visit, _EXPIRED)


@router.post("/logga-ut", name="sign_out")
@permit(Operation.own_session)
def sign_out(request: Request, visit: Visit) -> Response:
    with visit.store.write() as session:
        sign_in.end_session(session, visit.actor, visit.real_now)
    path = "sign_in" if visit.actor.role in STAFF else "sign_in_code"
    response = RedirectResponse(Paths(request)(path), 303)
    response.delete_cookie(cookie_name(visit.settings), path="/", secure=visit.settings.https, httponly=True)
    return response


@router.get("/sessioner", name="sessions")
@permit(Operation.own_session)
def sessions(request: Request, visit: Visit) -> Response:
    with visit.read() as session:
        mine = sign_in.my_sessions(session, visit.actor, visit.real_now)
    return render(request, "sign_in/sessions.html", sessions=mine, here=visit.actor.session or UUID(int=0))


@router.post("/sessioner")
@permit(Operation.own_session)
def end_others(request: Request, visit: Visit) -> Response:
    with visit.store.write() as session:
        sign_in.end_other_sessions(session, visit.actor, visit.real_now)
    return RedirectResponse(Paths(request)("sessions"), 303)


def _code_page(request: Request, visit: Visiting, why: str) -> Response:
    return render(request, "sign_in/ask.html", why=why, key=visit.new_key())


def _welcome(visit: Visiting, opened: Opened) -> Response:
    """A new cookie, and on to where the link leads; only our own paths are stored with links."""
    response = RedirectResponse(opened.path if opened.path.startswith("/") and not opened.path.startswith("//") else "/", 303)
    set_cookie(response, visit.settings, opened.cookie, opened.expires_at)
    return response


def _ip(request: Request) -> str:
    return hashlib.sha256((request.client.host if request.client else "").encode()).hexdigest()


def _agent(request: Request) -> str:
    return request.headers.get("user-agent", "")[:120]
