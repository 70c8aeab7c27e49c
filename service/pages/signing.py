"""Beslut och underskrift: the page, and what is done with one button: papers sent, requests, reminding, publishing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session

from service.cases import decide, documents, opening, publish, remind_signers
from service.pages.rendering import NavLink, Paths, date_long, render, see_other
from service.pages.signing_view import Signing, signing
from service.web import Typed, Visit, permit, status_of
from states.access import Operation
from states.agreement import FROZEN, State
from states.errors import Blocked, FieldError, Invalid, NotAllowed, NotFound, Reason, Refused, Stale, TooLarge
from states.labels import label
from states.said import _, listed

router = APIRouter(include_in_schema=False)

Refusal = Invalid | Blocked | NotAllowed | Stale | Refused | TooLarge
"""What a person can do something about, so the page stays and says what."""

REFUSALS = (Invalid, Blocked, NotAllowed, Stale, Refused, TooLarge)

_SAID = {
    "plan": _("Sparat: så fattas beslutet."),
    "anmalt": _("Noterat: delegationsbeslutet är anmält."),
    "handlingar": _("Noterat: handlingarna är skickade."),
    "begart": _("Beslutet är begärt. Kontakterna har fått ett mejl."),
    "beslut": _("Beslutet är inskrivet."),
    "undertecknare": _("Sparat: de här skriver under."),
    "bytt": _("Undertecknaren är bytt."),
    "underskrifter": _("Underskrifterna är begärda."),
    "underskriven": _("Tack. Din underskrift är lämnad."),
    "nej": _("Ditt nej är lämnat. Parterna har fått ditt skäl."),
    "papper": _("Filen är uppladdad. En annan person hos regionen kontrollerar den."),
    "stammer": _("Kontrollen är klar. Underskriften räknas."),
    "stammer-inte": _("Filen godtogs inte. Ladda upp en ny."),
    "pamint": _("De som saknas har fått en påminnelse."),
    "publicerad": _("Överenskommelsen är publicerad."),
    "avpublicerad": _("Överenskommelsen är borttagen från webben."),
}
"""What is said after a change, by the short word in the address."""

_TONES = {State.agreed: "ok", State.deciding: "wait", State.signing: "wait", State.signed: "signed"}


@router.get("/overenskommelser/{agreement_id}/beslut", name="decision")
@permit(Operation.view_agreement)
def show(request: Request, visit: Visit, agreement_id: UUID) -> HTMLResponse:
    return page(request, visit, load(visit, agreement_id))


@router.post("/overenskommelser/{agreement_id}/beslutsbegaran", name="decision_request")
@permit(Operation.plan_decision)
def request_decision(request: Request, visit: Visit, agreement_id: UUID, typed: Typed) -> Response:
    def work(session: Session) -> None:
        decide.request_decision(session, visit.actor, visit.now, agreement_id, visit.version(typed))

    return at_once(request, visit, agreement_id, work, "begart")


@router.post("/overenskommelser/{agreement_id}/beslutssteg/{step_id}/handlingar", name="papers")
@permit(Operation.plan_decision)
def send_papers(request: Request, visit: Visit, agreement_id: UUID, step_id: UUID, _: Typed) -> Response:
    load(visit, agreement_id).step(step_id)

    def work(session: Session) -> None:
        decide.send_papers(session, visit.actor, visit.now, step_id)

    return at_once(request, visit, agreement_id, work, "handlingar")


@router.post("/overenskommelser/{agreement_id}/underskriftsbegaran", name="signing_request")
@permit(Operation.open_signing)
def open_signing(request: Request, visit: Visit, agreement_id: UUID, typed: Typed) -> Response:
    def work(session: Session) -> None:
        opening.open_signing(session, visit.actor, visit.now, agreement_id, visit.version(typed))

    return at_once(request, visit, agreement_id, work, "underskrifter")


@router.post("/overenskommelser/{agreement_id}/underskriftspaminnelser", name="signing_reminders")
@permit(Operation.open_signing)
def remind(request: Request, visit: Visit, agreement_id: UUID, _: Typed) -> Response:
    def work(session: Session) -> None:
        remind_signers.remind_signers(session, visit.actor, visit.now, agreement_id)

    return at_once(request, visit, agreement_id, work, "pamint")


@router.post("/overenskommelser/{agreement_id}/publicering", name="publication")
@permit(Operation.publish)
def put_on_the_web(request: Request, visit: Visit, agreement_id: UUID, typed: Typed) -> Response:
    def work(session: Session) -> None:
        document = documents.signed_document(session, agreement_id)
        if document is None:
            raise Blocked(Reason("no-signed-file", _("Den undertecknade filen är inte klar ännu. Försök igen om en stund.")))
        publish.publish(session, visit.actor, visit.now, agreement_id, document.id, visit.version(typed))

    load(visit, agreement_id)
    return at_once(request, visit, agreement_id, work, "publicerad")


@router.get("/overenskommelser/{agreement_id}/avpublicering", name="unpublication")
@permit(Operation.publish)
def ask_to_unpublish(request: Request, visit: Visit, agreement_id: UUID) -> Response:
    return _unpublish_form(request, visit, load(visit, agreement_id), {})


@router.post("/overenskommelser/{agreement_id}/avpublicering")
@permit(Operation.publish)
def unpublish(request: Request, visit: Visit, agreement_id: UUID, typed: Typed) -> Response:
    s = load(visit, agreement_id)
    with taking(lambda refused: _unpublish_form(request, visit, s, typed, refused)) as done, visit.write() as session:
        publish.unpublish(session, visit.actor, visit.now, agreement_id, typed.get("reason", ""), visit.version(typed))
    return done.answer or see_other(request, back_to(request, agreement_id, "avpublicerad"))


def load(visit: Visit, agreement_id: UUID) -> Signing:
    """What the page shows, in a transaction of its own."""
    with visit.read() as session:
        return signing(session, visit.actor, visit.now, agreement_id)


def back_to(request: Request, agreement_id: UUID, done: str) -> str:
    """The address of the page after a change."""
    return f"{Paths(request)('decision', agreement_id=agreement_id)}?{urlencode({'klart': done})}"


class Done:
    """How a change went: no answer when it was made, else the page that says why not."""

    answer: Response | None = None


@contextmanager
def taking(refused: Callable[[Refusal], Response]) -> Iterator[Done]:
    """Make a change; when it is refused nothing of it is kept, and `refused` makes the page that says why."""
    done = Done()
    try:
        yield done
    except REFUSALS as error:
        done.answer = refused(error)


def at_once(request: Request, visit: Visit, agreement_id: UUID, work: Callable[[Session], None], done: str) -> Response:
    """Do what one button asks for and go back to the page, or show the page with the reasons why not."""
    try:
        with visit.write() as session:
            work(session)
    except REFUSALS as error:
        shown = load(visit, agreement_id)
        return page(request, visit, shown, status=status_of(error), warnings=reasons(error))
    return see_other(request, back_to(request, agreement_id, done))


def page(request: Request, visit: Visit, s: Signing, *, status: int = 200, warnings: Sequence[Reason] = ()) -> HTMLResponse:
    tone, lead, text = _next(s)
    return render(
        request,
        "signing/page.html",
        status=status,
        s=s,
        crumbs=_crumbs(request, s)[:1],
        tone=_TONES.get(s.state, "note"),
        next_step={"tone": tone, "lead": lead, "text": text},
        warnings=warnings,
        said=_SAID.get(request.query_params.get("klart", ""), "") if not warnings else "",
        labelled=label,
        FROZEN=FROZEN,
        key=visit.new_key(),
    )


def form_page(
    request: Request,
    visit: Visit,
    template: str,
    s: Signing,
    heading: str,
    action: str,
    refused: Refusal | None = None,
    **context: object,
) -> HTMLResponse:
    """A step on a page of its own, or the same page again with what was typed and why it was not taken."""
    return render(
        request,
        f"signing/{template}.html",
        status=status_of(refused) if refused else 200,
        headers=None,
        s=s,
        heading=heading,
        action=action,
        back=Paths(request)("decision", agreement_id=s.agreement_id),
        crumbs=_crumbs(request, s),
        errors=refused.fields if isinstance(refused, Invalid) else (),
        warnings=reasons(refused) if refused else (),
        unsaved=refused is not None,
        key=visit.new_key(),
        **context,
    )


def reasons(refused: Refusal) -> Sequence[Reason]:
    """Why not, apart from what stands at the fields."""
    if isinstance(refused, Invalid):
        return ()
    return refused.reasons if isinstance(refused, Blocked) else (Reason(refused.code, refused.message),)


def filled(typed: Mapping[str, str], *names: str, **known: str) -> dict[str, str]:
    """Every field of a form: what was typed, else what is known, else nothing."""
    return {name: typed.get(name, known.get(name, "")) for name in names}


def uuids(values: Sequence[str], field: str) -> list[UUID]:
    """Chosen ids; something made up is an error at the field."""
    try:
        return [UUID(value) for value in values]
    except ValueError:
        raise Invalid(FieldError(field, "unknown", _("Välj i listan."))) from None


def clauses_of(s: Signing) -> list[tuple[str, str]]:
    """The areas of the frozen text, to choose from."""
    return [(c.clause_id, f"{c.number}. {c.title}") for c in s.facts.clauses] if s.facts else []


def frozen_only(s: Signing) -> Signing:
    """The same, when there is a frozen text; else the step does not exist."""
    if s.frozen is None:
        raise NotFound
    return s


def _unpublish_form(
    request: Request, visit: Visit, s: Signing, typed: Mapping[str, str], refused: Refusal | None = None
) -> Response:
    action = Paths(request)("unpublication", agreement_id=s.agreement_id)
    return form_page(request, visit, "unpublish", s, _("Ta bort från webben"), action, refused, typed=filled(typed, "reason"))


def _crumbs(request: Request, s: Signing) -> list[NavLink]:
    paths = Paths(request)
    return [
        NavLink(_("Överenskommelsen"), paths("agreement", agreement_id=s.agreement_id)),
        NavLink(_("Beslut och underskrift"), paths("decision", agreement_id=s.agreement_id)),
    ]


def _next(s: Signing) -> tuple[str, str, str]:
    """What happens now, for somebody who has nothing to sign: tone, lead, more."""
    if s.state is State.agreed:
        if s.lacking or not s.decisions_named:
            return "act", _("Vi är överens. Nu behöver parterna ange vem som beslutar och vem som skriver under."), ""
        if s.requires_decision:
            return "act", _("Vi är överens. Nu kan beslutet begäras."), ""
        return "act", _("Vi är överens. Nu kan underskrifterna begäras."), ""
    if s.state is State.deciding:
        return _decision_awaited(s)
    if s.state is State.signing:
        return _signatures_awaited(s)
    if s.state is State.signed:
        if s.published:
            return "ok", _("Överenskommelsen är undertecknad och publicerad."), ""
        return "ok", _("Överenskommelsen är undertecknad av alla parter."), ""
    return "note", _("Det finns inget att besluta eller skriva under just nu."), ""


def _decision_awaited(s: Signing) -> tuple[str, str, str]:
    """Whose board it is; one's own with its next day to keep in mind."""
    if not s.undecided:
        return "act", _("Besluten är klara."), _("Underskrifterna begärs när alla undertecknare är angivna.")
    mine = next((d for d in s.undecided if d.party in s.own and not s.is_region), None)
    if mine is None or mine.step is None:
        return "wait", _("Beslut väntas från {names}.", names=listed([d.party.organisation.name for d in s.undecided])), ""
    step = mine.step
    when = _("{board} möts {day}.", board=step.body, day=date_long(step.meeting_on)) if step.body and step.meeting_on else ""
    papers = _("Handlingarna ska vara inne senast {day}.", day=date_long(step.papers_due)) if step.papers_due else ""
    known = [when, papers if mine.may_send_papers else ""]
    return "act", _("Nu är det er nämnd som beslutar."), " ".join(part for part in known if part)


def _signatures_awaited(s: Signing) -> tuple[str, str, str]:
    """Who has not signed yet; a signature on paper waits on the region, not on its signatory."""
    asked = [f"{p.name} ({p.party})" for p in s.missing_signatures if not p.to_verify]
    checked = [f"{p.name} ({p.party})" for p in s.missing_signatures if p.to_verify]
    scans = _("Uppladdat papper väntar på regionens kontroll: {names}.", names=listed(checked)) if checked else ""
    if asked:
        return "wait", _("Underskrift väntas från {names}.", names=listed(asked)), scans
    return "wait", scans or _("Underskrifterna är begärda."), ""
