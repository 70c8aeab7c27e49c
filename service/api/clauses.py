"""Clauses and responses: texts with their versions and stances, a party's draft answers, their sending."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from sqlmodel import Session, col, select
from starlette.responses import Response as Answered

from service.api.agreements import AgreementShown, answer
from service.api.contract import Body, IfMatch, Shown, once, tagged
from service.cases import reopen as reopening
from service.cases import respond
from service.cases.respond import Draft
from service.store.standing import Standing, view
from service.store.tables import Answer, Clause, ClauseVersion, Response, Stance
from service.store.tables.response import AnswerKind
from service.web import Visit, Visiting, permit
from states.access import Operation
from states.clause import Negotiated, StanceKind, State
from states.errors import NotFound

router = APIRouter(tags=["clauses"])


class VersionShown(Shown):
    id: UUID
    seq: int
    base_seq: int
    title: str
    fields: dict[str, str]
    reason: str
    party_id: UUID
    at: datetime


class StanceShown(Shown):
    id: UUID
    version_id: UUID
    party_id: UUID
    kind: StanceKind
    note: str
    at: datetime


class ClauseShown(Shown):
    """A clause with its head; `state` and `waiting_on` are derived."""

    id: UUID
    agreement: UUID
    area: UUID | None
    position: int
    origin_party: UUID
    state: State
    waiting_on: list[UUID]
    head: VersionShown


class Wording(Body):
    """A text: `base` is the version it was written from; fields by code w, g, r, k, f."""

    base: UUID
    title: str
    fields: dict[str, str]
    reason: str = ""


class OwnArea(Body):
    title: str
    fields: dict[str, str]
    reason: str = ""


class AnswerBody(Body):
    """An answer to a clause's head; title and fields only with counter and propose_again."""

    answer: AnswerKind
    version: UUID
    title: str = ""
    fields: dict[str, str] = {}
    reason: str = ""


class AnswerShown(Shown):
    id: UUID
    clause_id: UUID | None
    base_version_id: UUID | None
    kind: AnswerKind
    title: str
    fields: dict[str, str]
    reason: str
    saved_at: datetime
    version: int


class ResponseShown(Shown):
    id: UUID
    agreement_id: UUID
    party_id: UUID
    sent_at: datetime | None
    recalled_at: datetime | None
    version: int
    answers: list[AnswerShown]


@router.get("/agreements/{agreement_id}/clauses")
@permit(Operation.view_agreement)
def list_clauses(visit: Visit, agreement_id: UUID) -> list[ClauseShown]:
    with visit.read() as session:
        standing = view(session, visit.actor, agreement_id)
        return [_clause(session, standing, c) for c in standing.clauses]


@router.post("/agreements/{agreement_id}/clauses", response_model=ResponseShown, status_code=201)
@permit(Operation.answer)
def add_area(visit: Visit, agreement_id: UUID, body: OwnArea) -> Answered:
    """Draft an area of one's own; it becomes a clause when the response is sent."""
    with visit.write() as session:
        draft = Draft(AnswerKind.add, title=body.title, fields=body.fields, reason=body.reason)
        row = respond.save_answer(session, visit.actor, visit.now, agreement_id, draft)
        return _response(visit, session, session.get_one(Response, row.response_id), 201)


@router.get("/clauses/{clause_id}", response_model=ClauseShown)
@permit(Operation.view_agreement)
def get_clause(visit: Visit, clause_id: UUID) -> Answered:
    with visit.read() as session:
        standing, clause = _found(session, visit, clause_id)
        return tagged(visit.request, _clause(session, standing, clause), standing.agreement.version)


@router.get("/clauses/{clause_id}/versions")
@permit(Operation.view_agreement)
def list_versions(visit: Visit, clause_id: UUID) -> list[VersionShown]:
    with visit.read() as session:
        _found(session, visit, clause_id)
        query = select(ClauseVersion).where(col(ClauseVersion.clause_id) == clause_id).order_by(col(ClauseVersion.seq))
        return [VersionShown.model_validate(v) for v in session.exec(query)]


@router.get("/clauses/{clause_id}/stances")
@permit(Operation.view_agreement)
def list_stances(visit: Visit, clause_id: UUID) -> list[StanceShown]:
    with visit.read() as session:
        _, clause = _found(session, visit, clause_id)
        query = select(Stance).where(col(Stance.version_id).in_([v.id for v in clause.versions])).order_by(col(Stance.id))
        return [StanceShown.model_validate(s) for s in session.exec(query)]


@router.post("/clauses/{clause_id}/reopening", response_model=AgreementShown)
@permit(Operation.reopen)
def reopen(visit: Visit, clause_id: UUID, body: Wording, version: IfMatch) -> Answered:
    """Open an agreed clause again with a new text and a reason; signatures become void but stay on file."""

    def act(session: Session) -> Answered:
        standing, _ = _found(session, visit, clause_id)
        return answer(
            visit,
            reopening.reopen(
                session,
                visit.actor,
                visit.now,
                standing.agreement.id,
                clause_id,
                body.base,
                body.title,
                body.fields,
                body.reason,
                version,
            ),
        )

    return once(visit, body, act)


@router.post("/clauses/{clause_id}/retraction", response_model=AgreementShown)
@permit(Operation.retract)
def retract(visit: Visit, clause_id: UUID, version: IfMatch) -> Answered:
    """Take the own side's latest text back while nobody has answered it."""

    def act(session: Session) -> Answered:
        standing, _ = _found(session, visit, clause_id)
        respond.retract(session, visit.actor, visit.now, standing.agreement.id, clause_id, version)
        return answer(visit, view(session, visit.actor, standing.agreement.id))

    return once(visit, None, act)


@router.get("/agreements/{agreement_id}/responses")
@permit(Operation.answer)
def list_responses(visit: Visit, agreement_id: UUID) -> list[ResponseShown]:
    """The own side's responses, newest first."""
    with visit.read() as session:
        standing = view(session, visit.actor, agreement_id)
        party = standing.party_of(visit.actor)
        query = select(Response).where(col(Response.party_id) == party.id).order_by(col(Response.id).desc())
        return [_shown(session, row) for row in session.exec(query).all()]


@router.get("/responses/{response_id}", response_model=ResponseShown)
@permit(Operation.answer)
def get_response(visit: Visit, response_id: UUID) -> Answered:
    with visit.read() as session:
        return _response(visit, session, _own(session, visit, response_id))


@router.put("/agreements/{agreement_id}/answers/{clause_id}", response_model=ResponseShown)
@permit(Operation.answer)
def put_answer(visit: Visit, agreement_id: UUID, clause_id: UUID, body: AnswerBody) -> Answered:
    """Save one answer as a draft of the own side; If-Match with the draft's version guards against a colleague."""
    with visit.write() as session:
        draft = Draft(body.answer, clause_id, body.version, body.title, body.fields, body.reason)
        row = respond.save_answer(session, visit.actor, visit.now, agreement_id, draft)
        return _response(visit, session, session.get_one(Response, row.response_id))


@router.delete("/agreements/{agreement_id}/answers/{answer_id}", status_code=204)
@permit(Operation.answer)
def delete_answer(visit: Visit, agreement_id: UUID, answer_id: UUID) -> None:
    with visit.write() as session:
        respond.drop_answer(session, visit.actor, agreement_id, answer_id)


@router.post("/responses/{response_id}/sending", response_model=ResponseShown, status_code=201)
@permit(Operation.send_response)
def send(visit: Visit, response_id: UUID, version: IfMatch) -> Answered:
    """Send every draft answer as one batch; 412 with both texts when a head has moved."""

    def act(session: Session) -> Answered:
        row = _own(session, visit, response_id)
        sent = respond.send_response(session, visit.actor, visit.now, row.agreement_id, row.id, version, real_now=visit.real_now)
        return _response(visit, session, sent, 201)

    return once(visit, None, act)


@router.post("/responses/{response_id}/retraction", response_model=ResponseShown)
@permit(Operation.send_response)
def recall(visit: Visit, response_id: UUID) -> Answered:
    """Undo a sending within a minute; the answers are drafts again."""

    def act(session: Session) -> Answered:
        row = _own(session, visit, response_id)
        restored = respond.recall_response(session, visit.actor, visit.now, row.agreement_id, row.id, real_now=visit.real_now)
        return _response(visit, session, restored)

    return once(visit, None, act)


def _found(session: Session, visit: Visiting, clause_id: UUID) -> tuple[Standing, Negotiated]:
    row = session.get(Clause, clause_id)
    if row is None:
        raise NotFound
    standing = view(session, visit.actor, row.agreement_id)
    return standing, standing.clause(clause_id)


def _own(session: Session, visit: Visiting, response_id: UUID) -> Response:
    """A response of the caller's own side; anybody else's is a 404."""
    row = session.get(Response, response_id)
    if row is None or view(session, visit.actor, row.agreement_id).party_of(visit.actor).id != row.party_id:
        raise NotFound
    return row


def _clause(session: Session, standing: Standing, clause: Negotiated) -> ClauseShown:
    row = standing.rows[clause.id]
    return ClauseShown(
        id=row.id,
        agreement=row.agreement_id,
        area=row.area_id,
        position=row.position,
        origin_party=row.origin_party_id,
        state=standing.state_of(clause),
        waiting_on=sorted(standing.clause_waits_on(clause)),
        head=VersionShown.model_validate(session.get_one(ClauseVersion, clause.head.id)),
    )


def _shown(session: Session, row: Response) -> ResponseShown:
    answers: list[Answer] = respond.answers_of(session, row)
    return ResponseShown(
        id=row.id,
        agreement_id=row.agreement_id,
        party_id=row.party_id,
        sent_at=row.sent_at,
        recalled_at=row.recalled_at,
        version=row.version,
        answers=[AnswerShown.model_validate(a) for a in answers],
    )


def _response(visit: Visiting, session: Session, row: Response, status: int = 200) -> Answered:
    session.flush()
    return tagged(visit.request, _shown(session, row), row.version, status)
