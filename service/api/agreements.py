"""Agreements: their standing, and every change that takes the whole agreement further."""

from datetime import date, datetime
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session, col, select

from service.api.contract import Body, Day, IfMatch, Shown, once, tagged
from service.api.listing import After, Asked, Page
from service.api.route import Route
from service.cases import dates, decide, documents, finish, opening, propose, publish, step_up
from service.cases.case_number import set_case_number
from service.store.standing import Standing, current_frozen, load, scope, view
from service.store.tables import Agreement, Document
from service.web import Visit, permit
from states import agreement as rule
from states.access import Operation
from states.errors import Blocked, Reason

router = APIRouter(tags=["agreements"], route_class=Route)


class PartyShown(Shown):
    """A party with its own case number; `waits` says that the others wait for it."""

    id: UUID
    organisation: UUID
    name: str
    kind: str
    case_number: str
    waits: bool


class AgreementShown(Shown):
    """An agreement; `waiting_on` is derived, `due` a civil date through 23.59.59 in Stockholm.

    `control_code` is there when the text is frozen: decisions and signatures name it.
    """

    id: UUID
    programme: UUID
    title: str
    state: rule.State
    period_from: date
    period_to: date
    due: date | None
    due_firm: bool
    pause: str | None
    waiting_since: datetime | None
    reopened_at: datetime | None
    ended_reason: str
    control_code: str | None
    version: int
    parties: list[PartyShown]
    waiting_on: list[UUID]
    can: list[str]


class AgreementLine(Shown):
    """An agreement in a list."""

    id: UUID
    programme_id: UUID
    title: str
    state: rule.State
    due: date | None
    version: int


class Proposal(Body):
    due: Day | None = None
    due_firm: bool | None = None


class Why(Body):
    reason: str = ""


class Declination(Body):
    """A fresh code from `/step-ups` goes with the reason."""

    reason: str
    code: str


class DateWish(Body):
    day: Day
    reason: str = ""


class DateAnswer(Body):
    granted: bool
    day: Day | None = None


class CaseNumber(Body):
    party: UUID
    case_number: str


class DocumentShown(Shown):
    id: UUID
    kind: str
    seq: int
    file_name: str
    media_type: str
    file_sha256: str
    size: int
    at: datetime


def shown(session: Session, standing: Standing, visit: Visit) -> AgreementShown:
    """An agreement as its parties see it."""
    row, waiting = standing.agreement, standing.waiting_on()
    frozen = current_frozen(session, row.id)
    return AgreementShown(
        id=row.id,
        programme=row.programme_id,
        title=row.title,
        state=row.state,
        period_from=row.period_from,
        period_to=row.period_to,
        due=row.due,
        due_firm=row.due_firm,
        pause=row.pause,
        waiting_since=row.waiting_since,
        reopened_at=row.reopened_at,
        ended_reason=row.ended_reason,
        control_code=frozen.control_code if frozen else None,
        version=row.version,
        parties=[
            PartyShown(
                id=p.id,
                organisation=p.organisation.id,
                name=p.organisation.name,
                kind=p.organisation.kind,
                case_number=p.row.case_number,
                waits=p.id in waiting,
            )
            for p in standing.parties
        ],
        waiting_on=sorted(waiting),
        can=list(rule.RULEBOOK.open_to(row.state, visit.actor.role)),
    )


def answer(visit: Visit, session: Session, standing: Standing, status: int = 200) -> Response:
    return tagged(visit.request, shown(session, standing, visit), standing.agreement.version, status)


@router.get("/agreements")
@permit(Operation.view_agreement)
def list_agreements(
    visit: Visit, cut: Asked, programme: UUID | None = None, state: rule.State | None = None, after: After = None
) -> Page[AgreementLine]:
    """The agreements the caller can know of, oldest first."""
    query = select(Agreement).where(scope(visit.actor))
    query = query.where(col(Agreement.programme_id) == programme) if programme else query
    query = query.where(col(Agreement.state) == state) if state else query
    with visit.read() as session:
        return cut.growing(session, query, col(Agreement.id), AgreementLine.model_validate, after=after)


@router.get("/agreements/{agreement_id}", response_model=AgreementShown)
@permit(Operation.view_agreement)
def get_agreement(visit: Visit, agreement_id: UUID) -> Response:
    with visit.read() as session:
        return answer(visit, session, view(session, visit.actor, agreement_id))


@router.patch("/agreements/{agreement_id}", response_model=AgreementShown)
@permit(Operation.set_case_number)
def number_agreement(visit: Visit, agreement_id: UUID, body: CaseNumber, version: IfMatch) -> Response:
    """Give a party its own case number."""
    with visit.write() as session:
        standing = load(session, visit.actor, Operation.set_case_number, agreement_id, version=version)
        set_case_number(session, visit.actor, visit.now, standing, body.party, body.case_number)
        return answer(visit, session, standing)


@router.post("/agreements/{agreement_id}/proposal", response_model=AgreementShown)
@permit(Operation.send_proposal)
def send(visit: Visit, agreement_id: UUID, body: Proposal, version: IfMatch) -> Response:
    """Send the draft to the other parties."""
    return once(
        visit,
        body,
        lambda s: answer(
            visit,
            s,
            propose.send_proposal(s, visit.actor, visit.now, agreement_id, version, due=body.due, due_firm=body.due_firm),
        ),
    )


@router.post("/agreements/{agreement_id}/date-requests", response_model=AgreementShown, status_code=201)
@permit(Operation.propose_date)
def ask_date(visit: Visit, agreement_id: UUID, body: DateWish) -> Response:
    """Ask for another last day; reminders rest until the region has answered."""

    def act(session: Session) -> Response:
        dates.propose_date(session, visit.actor, visit.now, agreement_id, body.day, body.reason)
        return answer(visit, session, view(session, visit.actor, agreement_id), 201)

    return once(visit, body, act)


@router.post("/date-requests/{request_id}/answer", response_model=AgreementShown)
@permit(Operation.answer_date)
def answer_date(visit: Visit, request_id: UUID, body: DateAnswer) -> Response:
    def act(session: Session) -> Response:
        told = dates.answer_date(session, visit.actor, visit.now, request_id, granted=body.granted, day=body.day)
        return answer(visit, session, told)

    return once(visit, body, act)


@router.post("/agreements/{agreement_id}/decision-request", response_model=AgreementShown)
@permit(Operation.plan_decision)
def request_decision(visit: Visit, agreement_id: UUID, version: IfMatch) -> Response:
    return once(
        visit, None, lambda s: answer(visit, s, decide.request_decision(s, visit.actor, visit.now, agreement_id, version))
    )


@router.post("/agreements/{agreement_id}/signing", response_model=AgreementShown)
@permit(Operation.open_signing)
def open_signing(visit: Visit, agreement_id: UUID, version: IfMatch) -> Response:
    return once(visit, None, lambda s: answer(visit, s, opening.open_signing(s, visit.actor, visit.now, agreement_id, version)))


@router.post("/agreements/{agreement_id}/declination", response_model=AgreementShown)
@permit(Operation.decline)
def decline(visit: Visit, agreement_id: UUID, body: Declination, version: IfMatch) -> Response:
    def act(session: Session) -> Response:
        step_up.use_step_up(session, visit.actor, visit.real_now, "decline", agreement_id)
        return answer(visit, session, finish.decline(session, visit.actor, visit.now, agreement_id, body.reason, version))

    return once(visit, body, act, first=lambda: visit.confirm_code("decline", agreement_id, body.code))


@router.post("/agreements/{agreement_id}/withdrawal", response_model=AgreementShown)
@permit(Operation.withdraw)
def withdraw(visit: Visit, agreement_id: UUID, body: Why, version: IfMatch) -> Response:
    return once(
        visit, body, lambda s: answer(visit, s, finish.withdraw(s, visit.actor, visit.now, agreement_id, body.reason, version))
    )


@router.post("/agreements/{agreement_id}/resumption", response_model=AgreementShown)
@permit(Operation.resume)
def resume(visit: Visit, agreement_id: UUID, version: IfMatch) -> Response:
    return once(visit, None, lambda s: answer(visit, s, finish.resume(s, visit.actor, visit.now, agreement_id, version)))


@router.get("/agreements/{agreement_id}/documents")
@permit(Operation.view_agreement)
def list_documents(visit: Visit, agreement_id: UUID, cut: Asked) -> Page[DocumentShown]:
    with visit.read() as session:
        view(session, visit.actor, agreement_id)
        return cut.whole([DocumentShown.model_validate(d) for d in documents.documents_of(session, agreement_id)])


@router.put("/agreements/{agreement_id}/publication", response_model=AgreementShown)
@permit(Operation.publish)
def put_publication(visit: Visit, agreement_id: UUID, version: IfMatch) -> Response:
    """Publish the signed file."""
    with visit.write() as session:
        document = _signed_file(documents.signed_document(session, agreement_id))
        publish.publish(session, visit.actor, visit.now, agreement_id, document.id, version)
        return answer(visit, session, view(session, visit.actor, agreement_id))


@router.delete("/agreements/{agreement_id}/publication", response_model=AgreementShown)
@permit(Operation.publish)
def delete_publication(visit: Visit, agreement_id: UUID, body: Why, version: IfMatch) -> Response:
    """Take it down; the reason stands at its address."""
    with visit.write() as session:
        publish.unpublish(session, visit.actor, visit.now, agreement_id, body.reason, version)
        return answer(visit, session, view(session, visit.actor, agreement_id))


def _signed_file(document: Document | None) -> Document:
    if document is None:
        raise Blocked(Reason("no-signed-file", "Den undertecknade filen saknas."))
    return document
