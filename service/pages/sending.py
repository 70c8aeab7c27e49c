"""Sending a prepared response after a check, and taking it back within a minute; opening or retracting one area."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from service.cases.reopen import reopen
from service.cases.respond import send_response
from service.cases.taking_back import recall_response, retract
from service.pages.answers import conflict_page, form_page, number, refused_form, worded
from service.pages.negotiation import agreement_page, back_to, load, look_of, remember
from service.pages.negotiation_view import Negotiation
from service.pages.rendering import Paths, render, see_other
from service.pages.steps import Step, step_page
from service.pages.wording_form import WordingForm, reopening_form
from service.web import Typed, Visit, permit
from states.access import Operation
from states.clause import Command
from states.errors import Blocked, Invalid, NotAllowed, Reason, Stale
from states.said import _

router = APIRouter()


@router.get("/overenskommelser/{agreement_id}/granska", name="response")
@permit(Operation.send_response)
def check(request: Request, visit: Visit, agreement_id: UUID) -> Response:
    return _check_page(request, visit, load(visit, agreement_id))


@router.post("/overenskommelser/{agreement_id}/svar/{response_id}/sandning", name="sending")
@permit(Operation.send_response)
def send(request: Request, visit: Visit, agreement_id: UUID, response_id: UUID, typed: Typed) -> Response:
    """Send every prepared answer as one batch; texts that met new ones come back for a choice."""
    try:
        with visit.write() as session:
            send_response(
                session, visit.actor, visit.now, agreement_id, response_id, visit.version(typed), real_now=visit.real_now
            )
    except Stale as stale:
        if any(c.yours.get("t") for c in stale.conflicts):
            return conflict_page(request, visit, agreement_id, stale, typed)
        return _check_page(request, visit, load(visit, agreement_id), Reason(stale.code, stale.message), status=412)
    except Blocked as blocked:
        return _check_page(request, visit, load(visit, agreement_id), *blocked.reasons, status=409)
    return see_other(request, back_to(Paths(request), agreement_id, "skickat"))


@router.post("/overenskommelser/{agreement_id}/svar/{response_id}/angran", name="recall")
@permit(Operation.send_response)
def recall(request: Request, visit: Visit, agreement_id: UUID, response_id: UUID) -> Response:
    try:
        with visit.write() as session:
            recall_response(session, visit.actor, visit.now, agreement_id, response_id, real_now=visit.real_now)
    except Blocked as blocked:
        return agreement_page(request, visit, load(visit, agreement_id), status=409, warning=blocked.message)
    return see_other(request, back_to(Paths(request), agreement_id, "angrat"))


@router.get("/overenskommelser/{agreement_id}/omraden/{clause_id}/oppning", name="reopening")
@permit(Operation.reopen)
def ask_to_reopen(request: Request, visit: Visit, agreement_id: UUID, clause_id: UUID) -> Response:
    return form_page(request, visit, _reopening(request, load(visit, agreement_id), clause_id))


@router.post("/overenskommelser/{agreement_id}/omraden/{clause_id}/oppning")
@permit(Operation.reopen)
def open_again(request: Request, visit: Visit, agreement_id: UUID, clause_id: UUID, typed: Typed) -> Response:
    """Open an agreed area with a new text and a reason; the text goes to the other party at once."""
    form = _reopening(request, load(visit, agreement_id), clause_id)
    if typed.get("edit"):
        return form_page(request, visit, form.again(typed))
    try:
        with visit.write() as session:
            reopen(
                session,
                visit.actor,
                visit.now,
                agreement_id,
                clause_id,
                number(typed, "base"),
                *worded(typed),
                typed.get("reason", ""),
                visit.version(typed),
            )
    except Stale as stale:
        if stale.conflicts:
            return conflict_page(request, visit, agreement_id, stale, typed, action=form.action)
        return form_page(request, visit, form.again(typed, stale.message), status=412)
    except (Invalid, Blocked) as refused:
        return refused_form(request, visit, form, typed, refused)
    return see_other(request, back_to(Paths(request), agreement_id, "oppnat"))


@router.get("/overenskommelser/{agreement_id}/omraden/{clause_id}/tillbakatagande", name="retraction")
@permit(Operation.retract)
def ask_to_retract(request: Request, visit: Visit, agreement_id: UUID, clause_id: UUID) -> Response:
    return step_page(request, visit, _retraction(request, load(visit, agreement_id), clause_id))


@router.post("/overenskommelser/{agreement_id}/omraden/{clause_id}/tillbakatagande")
@permit(Operation.retract)
def take_back(request: Request, visit: Visit, agreement_id: UUID, clause_id: UUID, typed: Typed) -> Response:
    try:
        with visit.write() as session:
            retract(session, visit.actor, visit.now, agreement_id, clause_id, visit.version(typed))
    except (Blocked, Stale) as refused:
        return agreement_page(
            request,
            visit,
            load(visit, agreement_id),
            status=409 if isinstance(refused, Blocked) else 412,
            warning=refused.message,
            focus=clause_id,
        )
    return see_other(request, back_to(Paths(request), agreement_id, "tillbaka"))


def _check_page(request: Request, visit: Visit, n: Negotiation, *reasons: Reason, status: int = 200) -> Response:
    answer = render(
        request,
        "negotiation/response.html",
        status=status,
        n=n,
        look=look_of(request),
        reasons=reasons,
        key=visit.new_key(),
    )
    remember(request, answer)
    return answer


def _reopening(request: Request, n: Negotiation, clause_id: UUID) -> WordingForm:
    clause = n.clause(clause_id)
    if not n.can(clause, Command.reopen):
        raise NotAllowed(Command.reopen, clause.state)
    where = n.municipality.organisation.name
    return reopening_form(Paths(request), n.agreement.id, where, clause, n.agreement.state, n.agreement.version)


def _retraction(request: Request, n: Negotiation, clause_id: UUID) -> Step:
    clause, paths = n.clause(clause_id), Paths(request)
    if not n.can(clause, Command.retract):
        raise NotAllowed(Command.retract, clause.state)
    return Step(
        heading=_("Ta tillbaka förslaget"),
        where=n.municipality.organisation.name,
        back=f"{paths('agreement', agreement_id=n.agreement.id)}#{clause.anchor}",
        action=paths("retraction", agreement_id=n.agreement.id, clause_id=clause.id),
        button=_("Ta tillbaka förslaget"),
        version=n.agreement.version,
        intro=_("Område {number}. {title}", number=clause.number, title=clause.head.title),
        consequences=(
            _("Texten som gällde innan er senaste ändring gäller igen."),
            _("Er text finns kvar i historiken."),
            _("Den andra parten får ett mejl om det."),
        ),
        danger=True,
    )
