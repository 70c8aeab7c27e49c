"""Avanmälan: sparing a person the summaries, from the mail itself in one click or from their own page."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from service.cases import digests
from service.pages.rendering import Paths, render, see_other
from service.web import Typed, Visit, Visiting, permit
from states.access import Operation

router = APIRouter(include_in_schema=False)

ONE_CLICK = "One-Click"
"""What a mail program posts for its user as `List-Unsubscribe` (RFC 8058), without cookie; it must not be sent elsewhere."""


@router.get("/avanmal/{token}", name="unsubscription")
@permit(Operation.public)
def ask(request: Request, visit: Visit, token: str) -> HTMLResponse:
    """Look only: mail scanners come here too."""
    return _page(request, visit, token)


@router.post("/avanmal/{token}")
@permit(Operation.public)
def stop(request: Request, visit: Visit, token: str, typed: Typed) -> Response:
    with visit.store.write() as session:
        digests.unsubscribe(session, visit.keys, visit.real_now, token)
    if typed.get("List-Unsubscribe") == ONE_CLICK:
        return _page(request, visit, token)
    return see_other(request, Paths(request)("unsubscription", token=token))


@router.post("/sessioner/sammanfattningar", name="digests")
@permit(Operation.own_session)
def choose(request: Request, visit: Visit, typed: Typed) -> Response:
    with visit.write() as session:
        digests.choose(session, visit.actor, visit.real_now, wanted=typed.get("wanted") == "1")
    return see_other(request, Paths(request)("sessions"))


def _page(request: Request, visit: Visiting, token: str) -> HTMLResponse:
    with visit.read() as session:
        reader = digests.reader(session, visit.keys, token)
    return render(request, "sign_in/unsubscribe.html", reader=reader, token=token)
