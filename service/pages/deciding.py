"""How a party decides, on pages of their own: the plan (board, meeting, last day for papers) and the outcome."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.cases import decide
from service.pages.rendering import Paths, see_other
from service.pages.signing import Refusal, back_to, clauses_of, filled, form_page, frozen_only, load, taking, uuids
from service.pages.signing_view import Signing
from service.pages.steps import Field, Step, carry_out, day, step_page
from service.web import Form, Typed, Visit, permit
from states.access import Operation
from states.decision import Kind, Outcome
from states.errors import FieldError, Invalid, NotFound, NotYours
from states.labels import label
from states.said import _

router = APIRouter(include_in_schema=False)

_HINTS = {
    Kind.resolution: _("En nämnd eller styrelse fattar beslut i ett möte."),
    Kind.delegated: _("Någon beslutar på delegation."),
    Kind.notice: _("Nämnden får en anmälan i efterhand. Inget beslut inväntas."),
    Kind.information: _("Nämnden informeras. Inget beslut inväntas."),
}


@router.get("/overenskommelser/{agreement_id}/beslut/{party_id}", name="decision_plan")
@permit(Operation.plan_decision)
def ask_for_plan(request: Request, visit: Visit, agreement_id: UUID, party_id: UUID) -> Response:
    return _plan_form(request, visit, load(visit, agreement_id), party_id, request.query_params)


@router.post("/overenskommelser/{agreement_id}/beslut/{party_id}")
@permit(Operation.plan_decision)
def plan(request: Request, visit: Visit, agreement_id: UUID, party_id: UUID, typed: Typed) -> Response:
    s = load(visit, agreement_id)
    with taking(lambda refused: _plan_form(request, visit, s, party_id, typed, refused)) as done:
        planned = decide.StepPlan(_kind(typed), typed.get("body", ""), _maybe(typed, "meeting_on"), _maybe(typed, "papers_due"))
        with visit.write() as session:
            decide.plan_step(session, visit.actor, visit.now, agreement_id, party_id, planned, visit.version(typed))
    return done.answer or see_other(request, back_to(request, agreement_id, "plan"))


@router.get("/overenskommelser/{agreement_id}/beslutssteg/{step_id}/utfall", name="outcome")
@permit(Operation.record_outcome)
def ask_for_outcome(request: Request, visit: Visit, agreement_id: UUID, step_id: UUID) -> Response:
    return _outcome_form(request, visit, load(visit, agreement_id), step_id, {})


@router.post("/overenskommelser/{agreement_id}/beslutssteg/{step_id}/utfall")
@permit(Operation.record_outcome)
def record(request: Request, visit: Visit, agreement_id: UUID, step_id: UUID, typed: Typed) -> Response:
    s = load(visit, agreement_id)
    s.step(step_id)
    with taking(lambda refused: _outcome_form(request, visit, s, step_id, typed, refused)) as done:
        decided = _decided(typed, s)
        with visit.write() as session:
            decide.record_outcome(session, visit.actor, visit.now, step_id, decided, visit.version(typed))
    return done.answer or see_other(request, back_to(request, agreement_id, "beslut"))


@router.get("/overenskommelser/{agreement_id}/beslutssteg/{step_id}/anmalan", name="decision_report")
@permit(Operation.record_outcome)
def ask_for_report(request: Request, visit: Visit, agreement_id: UUID, step_id: UUID) -> Response:
    return step_page(request, visit, _report(request, load(visit, agreement_id), step_id))


@router.post("/overenskommelser/{agreement_id}/beslutssteg/{step_id}/anmalan")
@permit(Operation.record_outcome)
def report(request: Request, visit: Visit, agreement_id: UUID, step_id: UUID, typed: Typed) -> Response:
    """Note the paragraph under which a delegated decision was reported to the board."""
    shown = _report(request, load(visit, agreement_id), step_id)

    def work(session: Session) -> None:
        decide.report_decision(session, visit.actor, visit.now, step_id, typed.get("paragraph", ""))

    return carry_out(request, visit, shown, typed, work, back_to(request, agreement_id, "anmalt"))


def _report(request: Request, s: Signing, step_id: UUID) -> Step:
    found = s.step(step_id)
    if found.party not in s.own:
        raise NotFound
    return Step(
        heading=_("Anmäl delegationsbeslutet för {party}", party=found.party.organisation.name),
        where=found.party.organisation.name,
        back=Paths(request)("decision", agreement_id=s.agreement_id),
        back_label=_("Till beslut och underskrift"),
        action=Paths(request)("decision_report", agreement_id=s.agreement_id, step_id=step_id),
        button=_("Spara paragrafen"),
        intro=_("Skriv under vilken paragraf beslutet är anmält till nämnden."),
        fields=(Field("paragraph", _("Paragraf"), hint=_("Till exempel § 47"), width="short"),),
    )


def _plan_form(
    request: Request, visit: Visit, s: Signing, party_id: UUID, typed: Mapping[str, str], refused: Refusal | None = None
) -> Response:
    found = s.decision(party_id)
    if found.party not in s.own:
        raise NotYours
    step, board = found.step, next((b for b in found.boards if b.meeting), None)
    known = {"kind": Kind.resolution.value, "body": board.name if board else "", "meeting_on": "", "papers_due": ""}
    if board and board.meeting:
        known |= {"meeting_on": str(board.meeting.date), "papers_due": str(board.meeting.papers_due)}
    if step is not None:
        known = {"kind": step.kind.value, "body": step.body, "meeting_on": _iso(step.meeting_on)}
        known |= {"papers_due": _iso(step.papers_due)}
    return form_page(
        request,
        visit,
        "plan",
        s,
        _("Så beslutar {party}", party=found.party.organisation.name),
        Paths(request)("decision_plan", agreement_id=s.agreement_id, party_id=party_id),
        refused,
        d=found,
        kinds=[(k.value, label(k), _HINTS[k]) for k in Kind],
        typed=filled(typed, "kind", "body", "meeting_on", "papers_due", **known),
    )


def _outcome_form(
    request: Request, visit: Visit, s: Signing, step_id: UUID, typed: Mapping[str, str], refused: Refusal | None = None
) -> Response:
    found = frozen_only(s).step(step_id)
    if found.party not in s.own or found.step is None:
        raise NotFound
    known = {"decided_on": _iso(found.step.meeting_on if (found.step.meeting_on or s.today) <= s.today else s.today)}
    return form_page(
        request,
        visit,
        "outcome",
        s,
        _("Skriv in beslutet för {party}", party=found.party.organisation.name),
        Paths(request)("outcome", agreement_id=s.agreement_id, step_id=step_id),
        refused,
        d=found,
        outcomes=[(o.value, label(o)) for o in Outcome],
        clauses=clauses_of(s),
        chosen=typed.many("clauses") if isinstance(typed, Form) else [],
        typed=filled(typed, "outcome", "decided_on", "paragraph", "reason", "next_meeting", **known),
    )


def _decided(typed: Form, s: Signing) -> decide.Decided:
    """The outcome as it was typed; a tabled matter has no day of decision, only a next meeting."""
    try:
        outcome = Outcome(typed.get("outcome", ""))
    except ValueError:
        raise Invalid(FieldError("outcome", "missing", _("Välj vad beslutet blev."))) from None
    return decide.Decided(
        outcome=outcome,
        control_code=typed.get("control_code", ""),
        decided_on=s.today if outcome is Outcome.tabled else day(typed, "decided_on"),
        paragraph=typed.get("paragraph", ""),
        reason=typed.get("reason", ""),
        clauses=uuids(typed.many("clauses"), "clauses") if outcome is Outcome.referred_back else (),
        next_meeting=_maybe(typed, "next_meeting") if outcome is Outcome.tabled else None,
    )


def _kind(typed: Mapping[str, str]) -> Kind:
    try:
        return Kind(typed.get("kind", ""))
    except ValueError:
        raise Invalid(FieldError("kind", "missing", _("Välj hur parten beslutar."))) from None


def _maybe(typed: Mapping[str, str], name: str) -> date | None:
    return day(typed, name) if typed.get(name, "").strip() else None


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
