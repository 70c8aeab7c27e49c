"""Saying no to the whole agreement: consequences first, then a fresh code by mail, a reason, and only then the no."""

from dataclasses import replace
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from service.cases.finish import decline
from service.cases.step_up import ask_step_up, use_step_up
from service.pages.negotiation import back_to, load
from service.pages.negotiation_view import Negotiation
from service.pages.rendering import Paths, see_other
from service.pages.steps import Field, Step, refused_step, step_page
from service.web import Typed, Visit, permit
from states.access import Operation
from states.agreement import Event
from states.errors import Blocked, FieldError, Invalid, NotAllowed, Stale
from states.said import _

router = APIRouter()

PURPOSE = "decline"


@router.get("/min-kommun/{agreement_id}/nej", name="declination")
@permit(Operation.decline)
def ask(request: Request, visit: Visit, agreement_id: UUID) -> Response:
    step = _step(request, load(visit, agreement_id))
    return step_page(request, visit, step if request.query_params.get("kod") else _first(request, step, agreement_id))


@router.post("/min-kommun/{agreement_id}/nej/kod", name="declination_code")
@permit(Operation.decline)
def mail_code(request: Request, visit: Visit, agreement_id: UUID) -> Response:
    """Mail a code that this session alone can use."""
    step = _step(request, load(visit, agreement_id))
    try:
        with visit.write() as session:
            ask_step_up(session, visit.actor, visit.now, visit.real_now, PURPOSE, agreement_id, visit.browser)
    except Blocked as blocked:
        return refused_step(request, visit, step, {}, blocked)
    return see_other(request, f"{step.action}?kod=skickad")


@router.post("/min-kommun/{agreement_id}/nej")
@permit(Operation.decline)
def say_no(request: Request, visit: Visit, agreement_id: UUID, typed: Typed) -> Response:
    step = _step(request, load(visit, agreement_id))
    try:
        if not typed.get("reason", "").strip():
            raise Invalid(FieldError("reason", "reason-missing", _("Skriv varför ni tackar nej.")))
        visit.confirm_code(PURPOSE, agreement_id, typed.get("code", ""))
        with visit.write() as session:
            use_step_up(session, visit.actor, visit.real_now, PURPOSE, agreement_id)
            decline(session, visit.actor, visit.now, agreement_id, typed.get("reason", ""), visit.version(typed))
    except (Invalid, Blocked, Stale) as refused:
        return refused_step(request, visit, step, typed, refused)
    return see_other(request, back_to(Paths(request), agreement_id, "nej"))


def _step(request: Request, n: Negotiation) -> Step:
    if Event.decline not in n.events:
        raise NotAllowed(Event.decline, n.agreement.state)
    paths = Paths(request)
    return Step(
        heading=_("Tacka nej"),
        where=n.own.organisation.name,
        back=paths("agreement", agreement_id=n.agreement.id),
        action=paths("declination", agreement_id=n.agreement.id),
        button=_("Tacka nej"),
        version=n.agreement.version,
        intro=_("Vi har skickat en kod till din e-postadress. Den gäller i tio minuter."),
        fields=(
            Field("reason", _("Varför tackar ni nej?"), rows=3, hint=_("Skälet skickas till regionen.")),
            Field("code", _("Kod från mejlet"), width="code", autocomplete="one-time-code", hint=_("Åtta tecken.")),
        ),
        danger=True,
        extra_action=paths("declination_code", agreement_id=n.agreement.id),
        extra_button=_("Skicka en ny kod"),
    )


def _first(request: Request, step: Step, agreement_id: UUID) -> Step:
    """What follows from a no, before anything is asked for."""
    return replace(
        step,
        button=_("Skicka en kod till min e-post"),
        action=Paths(request)("declination_code", agreement_id=agreement_id),
        intro=_("För att tacka nej behöver du en kod, så att ingen annan kan göra det i ert namn."),
        consequences=(
            _("Förhandlingen avslutas, och alla parter får ert skäl."),
            _("Påminnelserna upphör."),
            _("Alla texter finns kvar. Ni kan ändra er när som helst."),
        ),
        fields=(),
        danger=False,
        extra_action="",
        extra_button="",
    )
